"""Files of published vocabularies on this machine: what is there, add one, carry them elsewhere.

A file is known by its content alone. The user's own folder gets it under its plain name, and
nothing but the user may write there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bytestride.formats.files import read_file, write_file
from bytestride.published import (
    FILES,
    PUBLISHED,
    VocabFile,
    identify_file,
    published,
)
from bytestride.vocab_files import find_content, look_for, user_folder

_PRIVATE = 0o700


class AtHand(NamedTuple):
    """Where the file of a published vocabulary is."""

    name: str
    file: VocabFile
    path: Path | None


def listing() -> Iterator[AtHand]:
    """Yield every published vocabulary, with the path of its file where that is at hand."""
    paths = {}
    for file in FILES.values():
        found, _ = look_for(file)
        paths[file.name] = found and found.path
    for record in PUBLISHED.values():
        yield AtHand(record.name, FILES[record.file_name], paths[record.file_name])


def add(path: str | os.PathLike[str]) -> Path:
    """Copy a file of a published vocabulary, whatever its name is, into the user's folder.

    Returns
    -------
    Path
        Where it lies now.

    Raises
    ------
    ValueError
        The content is that of no published vocabulary.
    OSError
        It cannot be read, or the folder cannot be written to.
    """
    data = read_file(path)
    file = identify_file(data)
    if file is None:
        raise ValueError(
            f"{path} is no file of a published vocabulary, by its content (a damaged one is not "
            f"known either); the files are {', '.join(FILES)}. Any other tokenizer file is used "
            "where it lies: give its path instead of a name"
        )
    target = make_user_folder() / file.name
    if not (target.is_file() and target.read_bytes() == data):
        write_file(target, data)
    return target


def export(names: Iterable[str], folder: str | os.PathLike[str]) -> list[Path]:
    """Write the files of published vocabularies into a folder, to carry to another machine.

    There, ``bytestride vocab add`` takes them, and a folder of them may be what
    ``BYTESTRIDE_VOCAB_DIR`` names.

    Raises
    ------
    ValueError
        A name is not that of a published vocabulary.
    FileNotFoundError
        A file is not at hand; nothing is written then.
    """
    contents = {published(name).file_name: find_content(name).content for name in names}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file_name, data in contents.items():
        target = folder / file_name
        if not (target.is_file() and target.read_bytes() == data):
            write_file(target, data)
        written.append(target)
    return written


def make_user_folder() -> Path:
    """Make the user's folder, where it is not there, so that only the user can open it."""
    folder = user_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    return folder
