"""A backend for one call, whose padding and truncation no other call sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bytestride.tokenizers import Encoding, Tokenizer


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
    ) -> list[Encoding]:
        """Encode many inputs or pairs as it was set up."""
        return self._backend._encode_batch(
            input,
            is_pretokenized=is_pretokenized,
            add_special_tokens=add_special_tokens,
            truncation=self.truncation,
            padding=self.padding,
            encode_special_tokens=self.encode_special_tokens,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
