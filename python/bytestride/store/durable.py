"""Files that appear under their name whole or not at all, and survive a power cut once they do."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bytestride.store.hashing import new_xxh3
from bytestride.store.system import (
    lock_folder,
    sync_locked,
    take_lock_alone,
    unlock_folder,
)
from bytestride.store.write_behind import WriteBehind

if TYPE_CHECKING:
    from xxhash import xxh3_64

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block: for moments that must not be left halfway.

    Only the main thread is ever interrupted; elsewhere there is nothing to hold.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
    if came:
        signal.raise_signal(signal.SIGINT)


class WholeFile:
    """A file whose bytes are on the disk, under any name, and the name that it is to get.

    Parameters
    ----------
    path
        Where it lies; on the file system of ``final``.
    final
        Where it goes.
    n_bytes
        Its size.
    xxh3
        Hexadecimal XXH3 of its bytes; None if nobody took it.
    """

    def __init__(self, path: Path, final: Path, n_bytes: int, xxh3: str | None = None) -> None:
        self.final = final
        self.n_bytes = n_bytes
        self._path = path
        self._xxh3 = xxh3

    @property
    def path(self) -> Path:
        """Where the file lies now."""
        return self._path

    @property
    def xxh3(self) -> str:
        """Hexadecimal XXH3 of what it holds.

        Raises
        ------
        ValueError
            If its bytes were not hashed: it is not sealed, or was there before.
        """
        if self._xxh3 is None:
            raise ValueError(f"{self.final}: its bytes were not hashed")
        return self._xxh3

    def blocks(self) -> Iterator[bytes]:
        """Go through what it holds."""
        return _blocks(self._path)

    def commit(self) -> None:
        """Give it its final name, in place of any file that has it."""
        self._path.replace(self.final)
        self._path = self.final


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Have an error of the system say which file it is about, as one of opening it does."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


class FileMark(NamedTuple):
    """A place in a file that is being written: how many bytes come before it, and their hash."""

    n_bytes: int
    hash: xxh3_64


class PendingFile(WholeFile):
    """A file under a temporary name, hashed as it is written.

    ``seal`` makes its bytes durable, ``commit`` gives it its name, ``discard`` removes it under
    whichever name it has.
    """

    def __init__(self, final: Path) -> None:
        super().__init__(final.with_name(final.name + TEMPORARY_SUFFIX), final, 0)
        # What a killed writer left may be another name of a payload: it must not be written over.
        self._path.unlink(missing_ok=True)
        self._file = self._path.open("xb")
        self._hash = new_xxh3()
        self._behind = WriteBehind(self._file.fileno())

    def write(self, data: memoryview | bytes) -> None:
        """Append bytes, or the bytes of a contiguous view."""
        with naming_file(self._path):
            self._file.write(data)
        self._hash.update(data)
        n_bytes = memoryview(data).nbytes
        self.n_bytes += n_bytes
        self._behind.wrote(n_bytes)

    def mark(self) -> FileMark:
        """Remember this place, to come back to it."""
        return FileMark(self.n_bytes, self._hash.copy())

    def rewind(self, mark: FileMark) -> None:
        """Forget what was written after a mark; one can come back to it once."""
        self._file.truncate(mark.n_bytes)
        self._file.seek(mark.n_bytes)
        self.n_bytes, self._hash = mark

    @classmethod
    def same_as(cls, source: WholeFile | Path, final: Path) -> PendingFile:
        """Make a sealed file of the bytes of another, a sealed one or one that was there before.

        A hard link where the file system has them, so that the bytes are on the disk once; else a
        copy. Neither is written to here again.
        """
        path = source if isinstance(source, Path) else source.path
        twin = cls(final)
        try:
            if not twin._become_link(path):
                twin.discard()
                twin = cls(final)
                for block in _blocks(path):
                    twin.write(block)
                twin.seal()
                return twin
        except BaseException:
            twin.discard()
            raise
        twin.n_bytes = path.stat().st_size
        twin._xxh3 = None if isinstance(source, Path) else source._xxh3
        return twin

    def _become_link(self, path: Path) -> bool:
        """Let the temporary name be another name of this file, where the file system can."""
        self._file.close()
        try:
            self._path.unlink()
            os.link(path, self._path)
        except OSError:
            return False
        return True

    def flush(self) -> None:
        """Have whoever reads the file now see what was written."""
        with naming_file(self._path):
            self._file.flush()

    def send(self) -> None:
        """Let everything go to the disk while something else is done."""
        self.flush()
        self._behind.start()

    def seal(self) -> None:
        """Bring everything to the disk; nothing can be written after."""
        with naming_file(self._path):
            self._file.flush()
            self._behind.finish()
            os.fsync(self._file.fileno())
            self._file.close()
        self._xxh3 = self._hash.hexdigest()

    def discard(self) -> None:
        """Remove the file, sealed or not, committed or not."""
        with suppress(OSError):
            self._behind.finish()
        with suppress(OSError):  # closing flushes, and the disk may be what failed
            self._file.close()
        self._path.unlink(missing_ok=True)


def _blocks(path: Path, n_bytes: int = 1 << 22) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(n_bytes):
            yield block


class LengthSpool:
    """Numbers in a nameless temporary file: memory stays flat, and a kill leaves nothing.

    Goes through its numbers in blocks, as often as asked.
    """

    _BLOCK = 1 << 20

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)
        self.n = 0

    def append(self, lengths: NDArray[np.int64]) -> None:
        """Add numbers at the end."""
        with naming_file(self._folder):
            self._file.seek(0, os.SEEK_END)
            self._file.write(np.ascontiguousarray(lengths, np.int64).data)
        self.n += lengths.size

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers in order, in arrays that are never empty."""
        with naming_file(self._folder):
            self._file.flush()
        for first in range(0, self.n, self._BLOCK):
            self._file.seek(8 * first)
            n_bytes = 8 * min(self._BLOCK, self.n - first)
            yield np.frombuffer(self._file.read(n_bytes), np.int64)

    def close(self) -> None:
        """Free the space."""
        with suppress(OSError):
            self._file.close()


class FolderLock:
    """Held by one writer of a folder at a time; the system lets go of it when its process dies.

    Parameters
    ----------
    folder
        The folder.
    shared
        Whether others that share it may hold it too.

    Raises
    ------
    BlockingIOError
        If another writer holds it.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self._folder = folder
        try:
            self._descriptor = lock_folder(folder, shared=shared)
        except BlockingIOError:
            raise BlockingIOError(
                f"{folder}: another writer is at work here; wait for it, or name another folder"
            ) from None

    def take_alone(self) -> bool:
        """Let go of a shared lock and hold it alone, if nobody else has it; say whether.

        Of several that share it and are done, the last gets it.
        """
        return take_lock_alone(self._descriptor)

    def sync(self) -> None:
        """Bring names that were given or taken in the folder to the disk."""
        sync_locked(self._descriptor)

    def release(self) -> None:
        """Let the next writer in."""
        unlock_folder(self._folder, self._descriptor)
