"""Reading a file whole, and writing one so that its name never holds half a file.

Only regular files are read: a pipe or a device may never end. One that is larger than any tokenizer
is refused before anything is read from it.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from bytestride.errors import FormatError

MAX_FILE_BYTES: Final = 256 * 2**20
"""What a file may have: the largest published tokenizers have about a seventh of it."""

_READ_FLAGS: Final = sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT")
)


def read_file(path: str | os.PathLike[str], *, at_most: int = MAX_FILE_BYTES) -> bytes:
    """Read the bytes of a file.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        As the system says; for a directory the message says what to give instead.
    FormatError
        It is a pipe or a device, or has more than `at_most` bytes.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        # What the system says a file has, it may not have: /proc has files of size 0.
        data = b"" if size > at_most else file.read(at_most + 1)
    if max(size, len(data)) > at_most:
        raise FormatError(
            f"{path} has more than {at_most:,} bytes, which no file of a tokenizer has"
        )
    return data


def open_file(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file for reading; errors as `read_file`."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a directory; give the file in it, such as {path / 'tokenizer.json'}"
        )
    # Without waiting: opening a pipe would wait for whoever writes to it.
    file = os.fdopen(os.open(path, os.O_RDONLY | _READ_FLAGS), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FormatError(f"{path} is a pipe or a device, not a file; copy its content into one")
    return file


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file of these bytes; otherwise as `writing`."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing under a temporary name beside the path; then rename it to its own.

    A reader sees the old file or the new one. When anything fails, Ctrl-C too, what stood under the
    name still stands. A symbolic link is written through.

    Raises
    ------
    FileNotFoundError
        The folder to write to does not exist.
    IsADirectoryError
        The path is a folder.
    OSError
        The system refused (no right to write, no space).
    """
    path = Path(path)
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the name of a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {target.parent}")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a crash after the rename must not leave an empty file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
