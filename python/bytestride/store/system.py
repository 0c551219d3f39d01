"""What the store asks of the operating system and Python's own names do not give everywhere.

POSIX and Windows behind the same functions. On Windows a folder cannot be opened: names in it reach
the disk when the system says so, and a lock is a byte of a file beside the folder.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

READ_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)
"""For ``os.open``: the bytes of a file, and in no child process."""

LOCK_SUFFIX: Final = ".lock"

if sys.platform == "win32":
    import msvcrt

    def sync_folder(folder: Path) -> None:
        """Nothing is to be done: Windows writes names down in order, by itself."""

    def lock_folder(folder: Path, *, shared: bool = False) -> int:
        """Take the only lock of a folder, or one of those that share it; a descriptor to give back.

        Raises
        ------
        BlockingIOError
            Another process or another caller has it.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_BINARY | os.O_NOINHERIT
        descriptor = os.open(_lock_file(folder), flags)
        try:
            if not shared:  # those that share it hold nothing: there is one kind of lock here
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            os.close(descriptor)
            raise BlockingIOError(*error.args) from None
        return descriptor

    def take_lock_alone(descriptor: int) -> bool:
        """Hold a lock alone that was shared, if nobody else does; say whether."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def sync_locked(descriptor: int) -> None:
        """Nothing is to be done, as in `sync_folder`."""

    def unlock_folder(folder: Path, descriptor: int) -> None:
        """Let go of a lock."""
        with suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        os.close(descriptor)
        with suppress(OSError):  # one that somebody has open is not removed, and is still the lock
            _lock_file(folder).unlink()

    def _lock_file(folder: Path) -> Path:
        whole = folder.resolve()
        return whole.with_name(whole.name + LOCK_SUFFIX)

else:
    import fcntl

    def sync_folder(folder: Path) -> None:
        """Bring names that were given or taken in a folder to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lock_folder(folder: Path, *, shared: bool = False) -> int:
        """Take the only lock of a folder, or one of those that share it; a descriptor to give back.

        Raises
        ------
        BlockingIOError
            Another process or another caller has it.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:
            pass  # some network file systems lock no folders: they go without
        return descriptor

    def take_lock_alone(descriptor: int) -> bool:
        """Hold a lock alone that was shared, if nobody else does; say whether.

        Of several that share it and are done, the last gets it.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # as above
        return True

    def sync_locked(descriptor: int) -> None:
        """Bring names that were given or taken in a locked folder to the disk."""
        os.fsync(descriptor)

    def unlock_folder(folder: Path, descriptor: int) -> None:
        """Let go of a lock."""
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child may hold the descriptor
        os.close(descriptor)
