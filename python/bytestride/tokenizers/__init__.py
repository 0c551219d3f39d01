"""A mirror of Hugging Face's tokenizers library: `from bytestride.tokenizers import Tokenizer`.

`Tokenizer`, `Encoding` and `decoders.DecodeStream` are bytestride's, with the surface and the
results of tokenizers 0.23. Whatever else is asked for here (`AddedToken`, `models`, `trainers`, …)
is that library's own, if it is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bytestride.tokenizers.encoding import Encoding
from bytestride.tokenizers.tokenizer import Tokenizer

__all__ = ["Encoding", "Tokenizer"]


def __getattr__(name: str) -> Any:
    """Give what is not mirrored."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "decoders":
        return import_module("bytestride.tokenizers.decoders")
    from bytestride.tokenizers.live import library

    try:
        return getattr(library(), name)
    except AttributeError:
        raise AttributeError(f"neither bytestride nor tokenizers has a {name!r}") from None
