"""Packed files as their text, read once from front to back.

What a damaged file gives before its error depends on nothing but the file: each step takes the same
bytes of it, however much is asked for.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PackedFile(io.RawIOBase):
    """The text of a packed file; a subclass says how to unpack the next step of it.

    Parameters
    ----------
    file
        The file as it is stored; closed with this one.
    name
        What errors call it.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._text = memoryview(b"")
        self.n_stored_bytes = 0
        """How much of the stored file was taken."""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer with what comes next; 0 at the end.

        Raises
        ------
        FormatError
            The file is damaged, or its end is missing.
        """
        out = memoryview(buffer)
        n_out = 0
        while n_out < len(out):
            if not self._text:
                if n_out:  # an error of the next step must not take away what there is
                    break
                text = self._unpack()
                if text is None:
                    break
                self._text = memoryview(text)
                continue
            n = min(len(out) - n_out, len(self._text))
            out[n_out : n_out + n] = self._text[:n]
            self._text = self._text[n:]
            n_out += n
        return n_out

    def _unpack(self) -> bytes | None:
        """Unpack the next step: its text, which may be empty, or None at the end."""
        raise NotImplementedError

    def _take(self, n_bytes: int) -> bytes:
        """Read so much of the stored file, or to its end: a pipe gives what it has."""
        packed = self._file.read(n_bytes)
        while 0 < len(packed) < n_bytes:
            more = self._file.read(n_bytes - len(packed))
            if not more:
                break
            packed += more
        self.n_stored_bytes += len(packed)
        return packed

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
