"""The methods of `Tokenizer` that encode and decode, each with limits of its own if wanted."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final, Literal

from bytestride.tokenizers.byte_level import ByteLevelTokenizer, Settings
from bytestride.tokenizers.delegation import Delegating
from bytestride.tokenizers.encoding import Encoding
from bytestride.tokenizers.limits import Padding, Truncation
from bytestride.tokenizers.rows import Rows


class _Default(Enum):
    AS_SET = "as set"


AS_SET: Final = _Default.AS_SET
"""Truncation and padding as `enable_truncation` and `enable_padding` set them."""

Limits = Mapping[str, Any] | None | Literal[_Default.AS_SET]


class EncodesAndDecodes(Delegating):
    """A part of `Tokenizer`."""

    __slots__ = ()

    # Texts to ids

    def encode(
        self,
        sequence: str | Sequence[str],
        pair: str | Sequence[str] | None = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
        *,
        truncation: Limits = AS_SET,
        padding: Limits = AS_SET,
    ) -> Encoding:
        """Encode an input, or a pair.

        Parameters
        ----------
        sequence, pair : str; with `is_pretokenized` a list or tuple of str
        is_pretokenized : bool
            Whether inputs come in words, each of which is encoded for itself.
        add_special_tokens : bool
            Whether the post-processor adds its special tokens.
        truncation, padding : dict or None
            For this call only: the parameters of `enable_truncation` and `enable_padding`, or None
            for none. By default those that are set.

        Raises
        ------
        TypeError
            An input is of another type, or holds a lone surrogate.
        """
        encoding: Encoding = self._with(truncation, padding).encode(
            sequence, pair, is_pretokenized, add_special_tokens
        )
        return encoding

    def encode_batch(
        self,
        input: Sequence[Any],
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
        *,
        truncation: Limits = AS_SET,
        padding: Limits = AS_SET,
    ) -> list[Encoding]:
        """Encode many inputs, or pairs of them; see `encode`."""
        encodings: list[Encoding] = self._with(truncation, padding).encode_batch(
            input, is_pretokenized, add_special_tokens
        )
        return encodings

    def encode_batch_fast(
        self,
        input: Sequence[Any],
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
        *,
        truncation: Limits = AS_SET,
        padding: Limits = AS_SET,
    ) -> list[Encoding]:
        """Encode many inputs to ids, without tokens, offsets and words."""
        encodings: list[Encoding] = self._with(truncation, padding).encode_batch_fast(
            input, is_pretokenized, add_special_tokens
        )
        return encodings

    def post_process(
        self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True
    ) -> Encoding:
        """Truncate an encoding, or a pair, add special tokens and pad."""
        result: Encoding = self._ready().post_process(encoding, pair, add_special_tokens)
        return result

    # Ids to texts

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """Text of ids. Ids that are no token's are left out."""
        text: str = self._ready().decode(ids, skip_special_tokens)
        return text

    def decode_batch(
        self, sequences: Sequence[Sequence[int]], skip_special_tokens: bool = True
    ) -> list[str]:
        """Texts of many sequences of ids."""
        texts: list[str] = self._ready().decode_batch(sequences, skip_special_tokens)
        return texts

    # Limits of a call

    def _with(self, truncation: Limits, padding: Limits) -> Any:
        """Give whoever encodes, with limits that no other call sees."""
        ready = self._ready()
        if truncation is AS_SET and padding is AS_SET:
            return ready
        if isinstance(ready, ByteLevelTokenizer):
            return ByteLevelTokenizer(_limited(ready.settings, truncation, padding))
        theirs = copy.deepcopy(ready)
        for limits, enable, disable in (
            (truncation, theirs.enable_truncation, theirs.no_truncation),
            (padding, theirs.enable_padding, theirs.no_padding),
        ):
            if limits is None:
                disable()
            elif limits is not AS_SET:
                enable(**limits)
        return theirs

    def _settings_for(
        self, truncation: Limits, padding: Limits, encode_special_tokens: bool
    ) -> Settings:
        mine = self._ready()
        assert isinstance(mine, ByteLevelTokenizer)
        settings = replace(mine.settings, encode_special_tokens=encode_special_tokens)
        return _limited(settings, truncation, padding)

    def _encode_batch(
        self,
        inputs: Sequence[Any],
        *,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
        truncation: dict[str, Any] | None = None,
        padding: dict[str, Any] | None = None,
        encode_special_tokens: bool = False,
    ) -> list[Encoding]:
        """As `encode_batch` with truncation and padding of this call, which no other sees.

        Precondition: `_reason` is None.
        """
        settings = self._settings_for(truncation, padding, encode_special_tokens)
        encodings = ByteLevelTokenizer(settings).encode_batch(
            inputs, is_pretokenized, add_special_tokens
        )
        return encodings

    def _encode_rows(
        self,
        texts: list[str],
        *,
        add_special_tokens: bool = True,
        truncation: dict[str, Any] | None = None,
        padding: dict[str, Any] | None = None,
        encode_special_tokens: bool = False,
    ) -> Rows | None:
        """Encode single texts to rows; None where `_encode_batch` must do it.

        Precondition: `_reason` is None, and all are str.
        """
        settings = self._settings_for(truncation, padding, encode_special_tokens)
        if not Rows.can_make(settings):
            return None
        return Rows(settings, texts, add_special_tokens=add_special_tokens)


def _limited(settings: Settings, truncation: Limits, padding: Limits) -> Settings:
    if truncation is not AS_SET:
        settings = replace(
            settings, truncation=None if truncation is None else Truncation.of(**truncation)
        )
        if settings.truncation is not None:
            settings.truncation.check(settings.n_added(False))
    if padding is not AS_SET:
        settings = replace(settings, padding=None if padding is None else Padding.of(**padding))
    return settings
