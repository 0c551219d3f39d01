"""Making code that cannot be edited load tokenizers through bytestride.

All ways to load a tokenizer (`AutoTokenizer`, `AutoProcessor`, pipelines, the classes themselves)
end in one class method, so that is the one thing replaced. Streams of decoded text are the other
place where programs hand the wrapped tokenizer to the tokenizers library itself.
"""

from __future__ import annotations

import functools
import threading
from types import TracebackType
from typing import Any

import tokenizers
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from bytestride.tokenizers.decoders import DecodeStream
from bytestride.transformers.accelerating import accelerate

_lock = threading.Lock()
_patches: list[Patch] = []
_originals: list[tuple[Any, str, Any, Any]] = []


class Patch:
    """One call of `patch`; as a context manager it ends with the block."""

    def unpatch(self) -> None:
        """End this patch; further calls do nothing."""
        with _lock:
            if self in _patches:
                _patches.remove(self)
                if not _patches:
                    _restore()

    def __enter__(self) -> Patch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unpatch()


def patch() -> Patch:
    """Let every tokenizer that transformers loads from now on encode through bytestride.

    It holds for the whole process, all threads, until `unpatch`; calls may be nested. Tokenizers
    loaded before stay as they are (`accelerate` converts one), and those loaded while it holds
    stay converted.

    Returns
    -------
    Patch
        A context manager that ends it::

            with patch():
                engine = LLM("Qwen/Qwen3-8B")  # calls transformers.AutoTokenizer
    """
    this = Patch()
    with _lock:
        if not _patches:
            _replace()
        _patches.append(this)
    return this


def unpatch() -> None:
    """End the latest `patch` that holds.

    Raises
    ------
    RuntimeError
        None does.
    """
    with _lock:
        if not _patches:
            raise RuntimeError("unpatch() ends a patch(), and there is none that holds")
        _patches.pop()
        if not _patches:
            _restore()


def _replace() -> None:
    load = PreTrainedTokenizerBase.__dict__["from_pretrained"]

    @functools.wraps(load.__func__)
    def from_pretrained(cls: Any, *args: Any, **kwargs: Any) -> Any:
        tokenizer = load.__get__(None, cls)(*args, **kwargs)
        # Someone may have taken hold of this function and call it later.
        return accelerate(tokenizer, stacklevel=2) if _patches else tokenizer

    _set(PreTrainedTokenizerBase, "from_pretrained", load, classmethod(from_pretrained))
    _set(tokenizers.decoders, "DecodeStream", tokenizers.decoders.DecodeStream, DecodeStream)


def _set(owner: Any, name: str, original: Any, replacement: Any) -> None:
    setattr(owner, name, replacement)
    _originals.append((owner, name, original, replacement))


def _restore() -> None:
    while _originals:
        owner, name, original, replacement = _originals.pop()
        # What others have put over ours since is theirs to take away.
        if owner.__dict__[name] is replacement:
            setattr(owner, name, original)
