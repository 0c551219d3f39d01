"""Where the files of published vocabularies lie on this machine.

Nothing here opens a network connection. A file is trusted by its SHA-256 alone, so it may lie where
others can write.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bytestride.published import FILES, VocabFile, published


class Found(NamedTuple):
    """A file with the right content."""

    path: Path
    content: bytes


def find(name: str) -> Path:
    """Find the file of a published vocabulary on this machine, and check its content.

    Looked at, in order: ``BYTESTRIDE_VOCAB_DIR``; tiktoken's caches ``TIKTOKEN_CACHE_DIR``,
    ``DATA_GYM_CACHE_DIR`` and ``data-gym-cache`` in the folder for temporary files; and
    ``~/.cache/bytestride`` (``XDG_CACHE_HOME`` is honoured). In each, the plain name of the file
    and then the name tiktoken gives it in its cache.

    Raises
    ------
    ValueError
        The name is not that of a published vocabulary.
    FileNotFoundError
        No file with the right content; the message lists every path looked at.
    """
    return find_content(name).path


def find_content(name: str) -> Found:
    """Find as `find` does, and give the content too: a file may change once it was checked."""
    file = FILES[published(name).file_name]
    found, looked_at = look_for(file)
    if found is not None:
        return found
    raise FileNotFoundError(
        f"the vocabulary {name!r} is not on this machine, and nothing is downloaded here. "
        f"{remedy(file)} Looked at:\n" + "\n".join(looked_at)
    )


def look_for(file: VocabFile) -> tuple[Found | None, list[str]]:
    """Give a file with the right content, and what is wrong with those before it."""
    looked_at: list[str] = []
    for folder in _folders():
        for file_name in (file.name, file.cache_name):
            path = folder / file_name
            content = _checked(path, file.sha256)
            if isinstance(content, bytes):
                return Found(path, content), looked_at
            looked_at.append(f"  {path} ({content})")
    return None, looked_at


def remedy(file: VocabFile) -> str:
    """Say how to bring a file to this machine."""
    return (
        f"Put {file.name} (SHA-256 {file.sha256}) into {user_folder()}, for example with "
        "`bytestride vocab add FILE`, or name the folder it is in by BYTESTRIDE_VOCAB_DIR."
    )


def _folders() -> Iterator[Path]:
    for variable in ("BYTESTRIDE_VOCAB_DIR", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        # tiktoken takes an empty name to mean "no cache".
        if value := os.environ.get(variable):
            yield Path(value)
    yield Path(tempfile.gettempdir()) / "data-gym-cache"
    yield user_folder()


def user_folder() -> Path:
    """Folder of the user's own that vocabularies are kept in; it may not be there yet.

    Where the user has no home, nothing can be there, and nothing can be written.
    """
    if cache_home := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache_home) / "bytestride"
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(os.devnull) / "home"
    return home / ".cache" / "bytestride"


def _checked(path: Path, sha256: str) -> bytes | str:
    """Give the right content, or say what is wrong with a candidate file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "not there"
    except OSError as error:
        return error.strerror or type(error).__name__
    actual = hashlib.sha256(data).hexdigest()
    return data if actual == sha256 else f"another content: SHA-256 {actual}"
