"""Zstandard files that say when their end is missing.

The package's own reader takes the end of a truncated file for the end of the text.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import zstandard

from bytestride.errors import FormatError

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What one step reads: a block of 4 bytes can hold 128 KiB of text, so this bounds the memory that a
# hostile file takes to 128 MiB.
_STEP_BYTES = 4096


class ZstdFile(io.RawIOBase):
    """The text of a file of one or more frames, read once from front to back.

    Parameters
    ----------
    file
        The file as stored.
    name
        For messages.

    Raises
    ------
    FormatError
        On reading: the file is damaged, or ends inside a frame.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._name = name
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = b""
        self._text = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer with what comes next; 0 at the end."""
        while not self._text:
            self._packed = self._packed or self._file.read(_STEP_BYTES)
            if not self._packed:
                if self._frame is not None:
                    raise FormatError(
                        f"{self._name} ends after {self._file.tell()} bytes, inside a frame: its "
                        "end is missing; get the whole file"
                    )
                return 0
            self._text = memoryview(self._step())
        out = memoryview(buffer)
        n = min(len(out), len(self._text))
        out[:n] = self._text[:n]
        self._text = self._text[n:]
        return n

    def _step(self) -> bytes:
        """Decompress what has been read, up to the end of its frame."""
        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            text: bytes = self._frame.decompress(self._packed)
        except zstandard.ZstdError as error:
            raise FormatError(
                f"{self._name}: damaged before byte {self._file.tell()}: {error}"
            ) from error
        self._packed = b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = None
        return text
