"""One input, opened: its text from any place, and whether it is still what was found."""

from __future__ import annotations

import io
import os
import sys
from types import TracebackType
from typing import IO, TYPE_CHECKING, cast

from bytestride.corpus.inputs import STDIN, import_fsspec, is_url, remote_mtime, remote_size
from bytestride.corpus.kinds import kind_of

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs

_PACKED_BYTES = 1024 * 1024
_SKIP_BYTES = 1024 * 1024


class InputChangedError(ValueError):
    """A file is not what it was when it was found."""


class InputFile:
    """The text of an input, read from front to back; ``.gz`` and ``.zst`` are decompressed.

    Parameters
    ----------
    inputs, source
        The inputs, and the number of this one.
    format
        As of `kind_of`.

    Raises
    ------
    InputChangedError
        The file's size or time is another than when it was found.
    FileNotFoundError, PermissionError, IsADirectoryError
        It cannot be opened.
    ModuleNotFoundError
        The package that opens, or decompresses, it is not installed.
    """

    def __init__(self, inputs: Inputs, source: int, format: str | None = None) -> None:
        self._inputs = inputs
        self.source = source
        self.name = inputs.names[source]
        self._packing = kind_of(self.name, format).packing
        self.stored = self._open()
        self._n_told = 0
        try:
            self.check_unchanged()
            self._text = self._unpacked()
        except BaseException:
            self.close()
            raise

    def _open(self) -> IO[bytes]:
        if self.name == STDIN:
            return cast("IO[bytes]", io.FileIO(sys.stdin.fileno(), closefd=False))
        if is_url(self.name):
            fsspec = import_fsspec(self.name)
            self._fs, self._path = fsspec.core.url_to_fs(self.name)
            return cast("IO[bytes]", self._fs.open(self._path, "rb"))
        return cast("IO[bytes]", io.FileIO(self.name))

    def _unpacked(self) -> IO[bytes]:
        if not self._packing:
            return self.stored
        stored = io.BufferedReader(cast("io.RawIOBase", self.stored), _PACKED_BYTES)
        if self._packing == "gz":
            from bytestride.corpus.gz import GzFile

            return cast("IO[bytes]", GzFile(stored, self.name))
        try:
            from bytestride.corpus.zstd import ZstdFile
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"reading {self.name} needs the package zstandard: pip install 'bytestride[zstd]'"
            ) from error
        return cast("IO[bytes]", ZstdFile(stored, self.name))

    def check_unchanged(self) -> None:
        """Compare the file with what was found; nothing is known of a pipe.

        Raises
        ------
        InputChangedError
            It has another size or time.
        """
        size, mtime = int(self._inputs.sizes[self.source]), int(self._inputs.mtimes[self.source])
        if size < 0:
            return
        if is_url(self.name):
            info = self._fs.info(self._path)
            size_now, mtime_now = remote_size(info), remote_mtime(info)
        else:
            status = os.fstat(self.stored.fileno())
            size_now, mtime_now = status.st_size, status.st_mtime_ns
        if size_now != size:
            what = f"it had {size:,} bytes and has {size_now:,}"
        elif mtime_now != mtime:
            what = "it was written again"
        else:
            return
        raise InputChangedError(
            f"{self.name} was changed since it was found: {what}; a job reads what does not "
            "change: begin again (--no-resume)"
        )

    def skip_to(self, offset: int) -> None:
        """Go to a byte of the text, before anything was read.

        Raises
        ------
        InputChangedError
            The text ends before it.
        """
        if not self._packing and self.name != STDIN and self.stored.seekable():
            self.stored.seek(offset)
            self._n_told = offset
            return
        left = offset
        while left:
            n_read = len(self._text.read(min(left, _SKIP_BYTES)))
            if not n_read:
                raise InputChangedError(
                    f"{self.name} ends {left:,} bytes before the place to go on from"
                )
            left -= n_read

    def fill(self, buffer: memoryview) -> int:
        """Read until the buffer is full or the text ends; give how many bytes there are.

        Raises
        ------
        FormatError
            The file is damaged, or its end is missing. What came before is in the buffer, and
            `n_filled` says how much.
        """
        self.n_filled = 0
        while self.n_filled < len(buffer):
            n_read = self._text.readinto(buffer[self.n_filled :])  # type: ignore[attr-defined]
            if not n_read:
                break
            self.n_filled += n_read
        return self.n_filled

    def n_new_file_bytes(self) -> int:
        """Give how much of the file, as stored, was read since this was asked last."""
        try:
            at = self.stored.tell()
        except OSError:  # a pipe
            return 0
        n_new = at - self._n_told
        self._n_told = at
        return n_new

    def close(self) -> None:
        """Close it."""
        self.stored.close()

    def __enter__(self) -> InputFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
