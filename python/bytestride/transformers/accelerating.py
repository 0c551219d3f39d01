"""Converting a tokenizer at hand."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from transformers.tokenization_utils_tokenizers import TokenizersBackend

from bytestride.tokenizers import Tokenizer
from bytestride.tokenizers.live import real_tokenizer
from bytestride.transformers.classes import accelerated_class

T = TypeVar("T")


def accelerate(tokenizer: T, *, stacklevel: int = 1) -> T:
    """Let a tokenizer of transformers encode and decode through bytestride.

    Parameters
    ----------
    tokenizer
        An instance of any tokenizer class. It is changed itself: afterwards its class is a subclass
        of the one that it had, and what it wraps is a `bytestride.tokenizers.Tokenizer`.
    stacklevel : int
        Whose call a warning shows, as in `warnings.warn`.

    Returns
    -------
    tokenizer
        The same object, as it was where it cannot be converted.

    Warns
    -----
    UserWarning
        It stays as it is, and why: its vocabulary is no byte-level BPE, or it is written in Python.
    """
    reason = _convert(tokenizer, change_class=True)
    if reason is not None:
        _warn(tokenizer, reason, stacklevel + 1)
    return tokenizer


def use_bytestride(tokenizer: Any, *, stacklevel: int) -> None:
    """Convert what a tokenizer wraps, whose class is already one of ours."""
    reason = _convert(tokenizer, change_class=False)
    if reason is not None:
        _warn(tokenizer, reason, stacklevel + 1)


def _convert(tokenizer: Any, *, change_class: bool) -> str | None:
    if not isinstance(tokenizer, TokenizersBackend):
        return "it does not wrap a tokenizer of the tokenizers library"
    backend = tokenizer._tokenizer
    if not isinstance(backend, Tokenizer):
        if type(backend) is not real_tokenizer():
            return f"it wraps {type(backend).__qualname__}, not a tokenizers.Tokenizer"
        backend = Tokenizer._from_real(backend)
        if backend._reason is not None:
            return backend._reason
    if change_class:
        try:
            cls = accelerated_class(type(tokenizer))
        except TypeError as error:
            return str(error)
        tokenizer.__class__ = cls
    tokenizer._tokenizer = backend
    return None


def _warn(tokenizer: Any, reason: str, stacklevel: int) -> None:
    warnings.warn(
        f"{type(tokenizer).__name__} encodes as before, without bytestride: {reason}",
        stacklevel=stacklevel + 1,
    )
