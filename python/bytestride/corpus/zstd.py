"""Zstandard files that say when their end is missing.

The package's own reader takes the end of a truncated file for the end of the text.
"""

from __future__ import annotations

from typing import IO

import zstandard

from bytestride.corpus.packed import PackedFile
from bytestride.errors import FormatError

# What one step reads: a block of 4 bytes can hold 128 KiB of text, so this bounds the memory that a
# hostile file takes to 128 MiB.
_STEP_BYTES = 4096


class ZstdFile(PackedFile):
    """The text of a file of one or more frames (RFC 8878)."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(file, name)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = b""

    def _unpack(self) -> bytes | None:
        packed = self._packed or self._take(_STEP_BYTES)
        if not packed:
            if self._frame is not None:
                raise FormatError(
                    f"{self._name} ends after {self.n_stored_bytes} bytes, inside a frame: its "
                    "end is missing; get the whole file"
                )
            return None
        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            text: bytes = self._frame.decompress(packed)
        except zstandard.ZstdError as error:
            raise FormatError(
                f"{self._name}: damaged before byte {self.n_stored_bytes}: {error}"
            ) from error
        self._packed = b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = None
        return text
