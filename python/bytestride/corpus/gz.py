"""Gzip files whose errors say which file it is, and lose little of the text before the damage.

The format checks a member's text at its end only: what comes shortly before an error may be wrong
already.
"""

from __future__ import annotations

import zlib
from typing import IO

from bytestride.corpus.packed import PackedFile
from bytestride.errors import FormatError

# What is lost of the text before damage is less than a step.
_STEP_BYTES = 16 * 1024
# A byte of deflate can hold a thousand of text.
_STEP_TEXT_BYTES = 128 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class GzFile(PackedFile):
    """The text of a file of one or more members (RFC 1952); zeros behind a member are padding."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(file, name)
        self._packed = b""
        self._member = zlib.decompressobj(_GZIP)
        self._is_open = False  # whether the member has begun
        self._n_members = 0

    def _unpack(self) -> bytes | None:
        packed = self._packed or self._take(_STEP_BYTES)
        self._packed = b""
        if not packed:
            if self._is_open:
                raise FormatError(f"{self._name}: its end is missing; get the whole file")
            return None
        if self._n_members and not self._is_open:
            packed = packed.lstrip(b"\0")
            if not packed:
                return b""
        self._is_open = True
        try:
            text = self._member.decompress(packed, _STEP_TEXT_BYTES)
        except zlib.error as error:
            raise FormatError(f"{self._name} is damaged or no gzip file: {error}") from error
        self._packed = self._member.unconsumed_tail
        if self._member.eof:
            self._packed = self._member.unused_data
            self._member = zlib.decompressobj(_GZIP)
            self._is_open = False
            self._n_members += 1
        return text
