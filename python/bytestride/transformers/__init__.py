"""transformers' tokenizers, encoding through bytestride: a change of one import line.

::

    from bytestride.transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("Qwen/Qwen3-8B")
    tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="pt")

The tokenizer is an instance of a subclass of the class that transformers made, and everything it
does is as before, but for one thing: a call leaves no padding or truncation set behind it. So
threads may share a tokenizer, and what it saves and how it hashes depend on no call before.

`accelerate` converts a tokenizer at hand, and `patch` reaches code that loads its own. Any other
name is that of transformers; a tokenizer class is given as its subclass that encodes here.
"""

from __future__ import annotations

from typing import Any

try:
    import transformers
    from transformers.tokenization_utils_tokenizers import TokenizersBackend
except ImportError as error:
    raise ImportError(
        "bytestride.transformers needs transformers of version 5 or newer, which loads and saves "
        "the tokenizers: pip install 'transformers>=5'"
    ) from error

from bytestride.transformers.accelerating import accelerate
from bytestride.transformers.auto import AutoTokenizer
from bytestride.transformers.classes import accelerated_class
from bytestride.transformers.patching import patch, unpatch

__all__ = ["AutoTokenizer", "accelerate", "patch", "unpatch"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(transformers, name)
    if isinstance(value, type) and issubclass(value, TokenizersBackend):
        return accelerated_class(value)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *dir(transformers)})
