"""Reading a file whole, and writing one so that its name never holds half a file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read the bytes of a file.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        As the system says; for a directory the message says what to give instead.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a directory; give the file in it, such as {path / 'tokenizer.json'}"
        )
    return path.read_bytes()


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
