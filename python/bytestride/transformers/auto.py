"""The class that most programs load a tokenizer with."""

from __future__ import annotations

from typing import Any

import transformers

from bytestride.transformers.accelerating import accelerate


class AutoTokenizer(transformers.AutoTokenizer):  # type: ignore[misc]
    """Loads a tokenizer as `transformers.AutoTokenizer` does; it then encodes through bytestride.

    Examples
    --------
    >>> tokenizer = AutoTokenizer.from_pretrained("Qwen/Qwen3-8B")  # doctest: +SKIP
    >>> isinstance(tokenizer, transformers.Qwen2Tokenizer)  # doctest: +SKIP
    True
    """

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Load a tokenizer; arguments, result and errors are those of transformers.

        Warns
        -----
        UserWarning
            The tokenizer is given as transformers made it, and why: see `accelerate`.
        """
        return accelerate(super().from_pretrained(*args, **kwargs), stacklevel=2)
