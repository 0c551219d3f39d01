"""Backends for one call: what transformers' own code is given instead of a shared tokenizer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import tokenizers

from bytestride.tokenizers import Tokenizer
from bytestride.tokenizers.byte_level import ByteLevelTokenizer
from bytestride.tokenizers.live import real_tokenizer
from bytestride.tokenizers.pipeline import Pipeline

_lock = threading.Lock()
_reals: WeakKeyDictionary[Pipeline, Any] = WeakKeyDictionary()


def encodes_here(backend: object) -> bool:
    """Whether a backend is the mirror's, and encodes itself."""
    return isinstance(backend, Tokenizer) and isinstance(backend._ready(), ByteLevelTokenizer)


def splits_with_the_library(backend: Tokenizer, split_special_tokens: bool) -> bool:
    """Whether the texts of special tokens are to be split in a way that only the library knows."""
    return split_special_tokens and backend._ready().settings.pipeline.overlap is not None


class CallView:
    """Stands for a tokenizer in transformers' own code, which sets it up and then encodes.

    What is set up stays here and goes along with the texts; everything else is the tokenizer's.
    It begins without truncation and padding, whatever the tokenizer has: transformers sets both
    before each batch.
    """

    def __init__(self, backend: Tokenizer) -> None:
        self._backend = backend
        self.truncation: dict[str, Any] | None = None
        self.padding: dict[str, Any] | None = None
        self.encode_special_tokens: bool = backend.encode_special_tokens

    def enable_truncation(self, max_length: int, **options: Any) -> None:
        """Cut what this call encodes."""
        self.truncation = {"max_length": max_length, **options}

    def no_truncation(self) -> None:
        """Cut nothing."""
        self.truncation = None

    def enable_padding(self, **options: Any) -> None:
        """Pad what this call encodes."""
        self.padding = options

    def no_padding(self) -> None:
        """Pad nothing."""
        self.padding = None

    def encode_batch(
        self, input: Sequence[Any], is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Any]:
        """Encode many inputs or pairs as it was set up."""
        if splits_with_the_library(self._backend, self.encode_special_tokens):
            return self._encode_with_the_library(input, is_pretokenized, add_special_tokens)
        return self._backend._encode_batch(
            input,
            is_pretokenized=is_pretokenized,
            add_special_tokens=add_special_tokens,
            truncation=self.truncation,
            padding=self.padding,
            encode_special_tokens=self.encode_special_tokens,
        )

    def _encode_with_the_library(
        self, inputs: Sequence[Any], is_pretokenized: bool, add_special_tokens: bool
    ) -> list[Any]:
        """Encode with a copy of the original, which is made once."""
        with _lock:
            pipeline = self._backend._ready().settings.pipeline
            real = _reals.get(pipeline)
            if real is None:
                real = _reals[pipeline] = real_tokenizer().from_str(self._backend.to_str())
            real.encode_special_tokens = True
            real.no_truncation()
            real.no_padding()
            if self.truncation is not None:
                real.enable_truncation(**self.truncation)
            if self.padding is not None:
                real.enable_padding(**self.padding)
            encodings: list[Any] = real.encode_batch(
                inputs, is_pretokenized=is_pretokenized, add_special_tokens=add_special_tokens
            )
            return encodings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class DecodeView:
    """Stands for a tokenizer in transformers' own code that decodes.

    That asks for the model only to see of which kind it is. All tokenizers that encode here are
    BPE, and to make the library's object of a whole vocabulary takes seconds.
    """

    model = tokenizers.models.BPE()

    def __init__(self, backend: Tokenizer) -> None:
        self.decode = backend.decode
