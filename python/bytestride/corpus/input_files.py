"""Opening inputs: plain or packed, here or behind a URL, and the same as when they were found."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, TYPE_CHECKING, Final, cast

from bytestride.corpus.packed import PackedFile
from bytestride.corpus.remote import is_url, open_url, stat_url
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.kinds import Packing

STDIN: Final = "-"
"""The name of what comes by stdin."""

_BUFFER_BYTES: Final = 1024 * 1024
_SKIP_BYTES: Final = 1024 * 1024


class InputChangedError(ValueError):
    """A file is not what it was when it was found.

    What was made of its beginning, or of the files before it, does not go with what is there now.
    """


class InputFile:
    """One of the inputs, open for reading its text from front to back.

    Raises
    ------
    InputChangedError
        Its size, or when it was last changed, is not as it was found; also later, at its end.
    FileNotFoundError, IsADirectoryError, PermissionError
        As the system says, with the name.
    ModuleNotFoundError
        The package that reads it is missing: zstandard, fsspec, or one for the URL's scheme.
    """

    def __init__(self, inputs: Inputs, source: int, packing: Packing) -> None:
        self.name = inputs.names[source]
        self._size = int(inputs.sizes[source])
        self._mtime = int(inputs.mtimes[source])
        self._n_read = 0
        # A process that is stopped while a thread waits for stdin ends in a fatal error if stdin
        # is closed meanwhile, as its text layer does when nobody refers to it any more.
        self._stdin = sys.stdin if self.name == STDIN else None
        self._stored = open_stored(self.name)
        try:
            self.check_unchanged(is_new=True)
            self._file = unpacked(self._stored, self.name, packing)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> InputFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int | None:
        """Bytes of the text, where they are known before it is read."""
        return None if self._size < 0 or isinstance(self._file, PackedFile) else self._size

    @property
    def n_stored_bytes(self) -> int:
        """How much of the file, as it is stored, lies before the next byte of text."""
        return self._file.n_stored_bytes if isinstance(self._file, PackedFile) else self._n_read

    def skip(self, n_bytes: int, out: memoryview | None = None) -> int:
        """Go on so far, without reading where the file allows it and nobody wants the bytes.

        Returns
        -------
        int
            How far.

        Raises
        ------
        InputChangedError
            The text ends before.
        FormatError
            It is packed, and damaged before.
        """
        if not isinstance(self._file, PackedFile) and self._size >= 0 and out is None:
            if self._n_read + n_bytes > self._size:
                raise self._too_short(self._size, n_bytes)
            self._file.seek(n_bytes, os.SEEK_CUR)
            self._n_read += n_bytes
            return n_bytes
        left = n_bytes
        scratch = memoryview(bytearray(min(n_bytes, _SKIP_BYTES)))
        while left:
            n = self.readinto(scratch[:left] if out is None else out[n_bytes - left : n_bytes])
            if not n:
                raise self._too_short(self._n_read, left)
            left -= n
        return n_bytes

    def _too_short(self, size: int, n_bytes: int) -> InputChangedError:
        return InputChangedError(
            f"{self.name} ends at byte {size:,}, before the place to go on from, "
            f"{self._n_read + n_bytes:,}: it is not the file that it was"
        )

    def readinto(self, out: memoryview) -> int:
        """Read what comes next, at least a byte; 0 at the end.

        Raises
        ------
        FormatError
            It is packed, and damaged; all text before the damage was given.
        InputChangedError
            It ends, and not where it did.
        """
        try:
            n = _file_readinto(self._file, out)
        except FormatError:
            self.check_unchanged()
            raise
        if not n:
            self._check_end()
            return 0
        self._n_read += n
        if self.size is not None and self._n_read > self.size:  # and may grow for ever
            raise _changed(self.name, f"it had {self._size:,} bytes, and has more")
        return n

    def check_unchanged(self, *, is_new: bool = False) -> None:
        """Compare once more with what it was; a file behind a URL only when it `is_new`ly open.

        Raises
        ------
        InputChangedError
            It is not the same.
        """
        if self.name == STDIN:
            return
        if not is_url(self.name):
            status = os.fstat(self._stored.fileno())
            _compare(self.name, self._size, self._mtime, status.st_size, status.st_mtime_ns)
        elif is_new:
            _compare(self.name, self._size, self._mtime, *stat_url(self.name))

    def close(self) -> None:
        """Close it; what comes by stdin stays open."""
        if self.name != STDIN:
            self._stored.close()

    def _check_end(self) -> None:
        if self.size is not None and self._n_read != self.size:
            raise _changed(
                self.name, f"it had {self._size:,} bytes, and ends after {self._n_read:,}"
            )
        self.check_unchanged()


def check_unchanged(inputs: Inputs, source: int) -> None:
    """Compare a file that somebody else reads with what it was; one behind a URL is not asked for.

    Raises
    ------
    InputChangedError
        It is not the same.
    """
    name = inputs.names[source]
    if name != STDIN and not is_url(name):
        status = os.stat(name)  # noqa: PTH116 (the name as given)
        size, mtime = int(inputs.sizes[source]), int(inputs.mtimes[source])
        _compare(name, size, mtime, status.st_size, status.st_mtime_ns)


def _compare(name: str, size: int, mtime: int, size_now: int, mtime_now: int) -> None:
    if size >= 0 and size_now >= 0 and size_now != size:
        raise _changed(name, f"it had {size:,} bytes, and has {size_now:,}")
    if mtime and mtime_now and mtime_now != mtime:
        raise _changed(name, "it was written to, and its size is the same")


def _changed(name: str, how: str) -> InputChangedError:
    return InputChangedError(
        f"{name} was changed since it was found: {how}; bring back what it was, or begin anew"
    )


def open_stored(name: str) -> IO[bytes]:
    """Open a file as it is stored: one of this machine, a URL, or `STDIN`."""
    if name == STDIN:
        return _stdin()
    if is_url(name):
        return open_url(name)
    return open(name, "rb", buffering=0)  # noqa: PTH123 (a million of them: no objects of paths)


def _file_readinto(file: IO[bytes] | PackedFile, out: memoryview) -> int:
    if hasattr(file, "readinto"):
        return int(file.readinto(out))
    data = file.read(len(out))  # some files behind URLs know no other way
    out[: len(data)] = data
    return len(data)


def _stdin() -> IO[bytes]:
    """Give stdin without a buffer: Python cannot end while a thread waits with the buffer's lock.

    Whoever needs more bytes than a pipe has asks again.
    """
    stdin = sys.stdin.buffer
    raw = getattr(stdin, "raw", None)
    return stdin if raw is None else cast("IO[bytes]", raw)


def unpacked(file: IO[bytes], name: str, packing: Packing) -> IO[bytes] | PackedFile:
    """Give the text of a file: itself, or what unpacks it.

    Raises
    ------
    ModuleNotFoundError
        There is no zstandard, and the file needs it.
    """
    if not packing:
        return file
    # Its steps are smaller than what is good to ask the system for.
    if isinstance(file, io.RawIOBase):
        file = cast("IO[bytes]", io.BufferedReader(file, _BUFFER_BYTES))
    if packing == "gz":
        from bytestride.corpus.gz import GzFile

        return GzFile(file, name)
    try:
        from bytestride.corpus.zstd import ZstdFile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {name} needs the package zstandard: pip install 'bytestride[zstd]'"
        ) from error
    return ZstdFile(file, name)


def read_whole(name: str, size: int, mtime: int, out: memoryview) -> None:
    """Read a small plain file of this machine: its `size` bytes to the start of `out`.

    `out` has room for one more, which tells a file that has grown.

    Raises
    ------
    InputChangedError
        It is not what it was when it was found.
    """
    # Not as a file object: with many files, making one takes longer than to read it.
    descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        _compare(name, size, mtime, status.st_size, status.st_mtime_ns)
        n = _read_into(descriptor, out[: size + 1])
    finally:
        os.close(descriptor)
    if n != size:
        raise _changed(name, f"it had {size:,} bytes, and {n:,} were read")


def _read_into(descriptor: int, out: memoryview) -> int:
    if hasattr(os, "readv"):
        return os.readv(descriptor, [out])
    data = os.read(descriptor, len(out))
    out[: len(data)] = data
    return len(data)
