"""The files of a corpus: found once, in an order that does not change."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

STDIN = "-"

Name = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Files by name, with what they were when they were found.

    Attributes
    ----------
    names
        As they were given or found; URLs with their scheme; "-" for standard input.
    sizes
        int64[n]: bytes as stored, -1 where unknown.
    mtimes
        int64[n]: when they were written, in nanoseconds since 1970; 0 where unknown.
    """

    names: list[str]
    sizes: npt.NDArray[np.int64]
    mtimes: npt.NDArray[np.int64]


def is_url(name: str) -> bool:
    """Say whether a name is for fsspec."""
    return "://" in name


def import_fsspec(name: str) -> Any:  # noqa: ANN401 (a module without types)
    """Import what opens URLs.

    Raises
    ------
    ModuleNotFoundError
        It is not installed; the message says what to install.
    """
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {name} needs the package fsspec: pip install 'bytestride[remote]'"
        ) from error
    return fsspec


def find_inputs(arguments: Iterable[Name], *, files_from: Name | None = None) -> Inputs:
    """Find files.

    Parameters
    ----------
    arguments
        Files; folders, of which all files at any depth are taken in the order of their names, but
        none whose name, or folder's name, begins with a dot; patterns with ``*``, ``?``, ``[]`` or
        ``**``, sorted by name; URLs of any of these that fsspec opens (``s3://bucket/folder``);
        "-" for standard input.
    files_from
        A file with more of them, one a line; "-" reads the list from standard input.

    Raises
    ------
    FileNotFoundError
        A name, or a pattern, is of nothing; or there is nothing in a folder.
    ValueError
        A file is named twice, or nothing is named.
    PermissionError
        A file may not be read.
    """
    wanted = [os.fspath(each) for each in arguments]
    if files_from is not None:
        wanted += _lines_of(os.fspath(files_from))
    if not wanted:
        raise ValueError("no input is named; name files, folders, patterns or URLs, or - for stdin")
    names: list[str] = []
    sizes: list[int] = []
    mtimes: list[int] = []
    for each in wanted:
        n_before = len(names)
        for name, size, mtime in _found(each):
            names.append(name)
            sizes.append(size)
            mtimes.append(mtime)
        if len(names) == n_before:
            raise FileNotFoundError(f"there is no file in {each}")
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice} is named twice: its documents would be repeated")
    return Inputs(names, np.array(sizes, np.int64), np.array(mtimes, np.int64))


def _lines_of(name: str) -> list[str]:
    text = sys.stdin.read() if name == STDIN else Path(name).read_text("utf-8", "surrogateescape")
    return [line for line in text.splitlines() if line]


_Found = Iterator[tuple[str, int, int]]


def _found(name: str) -> _Found:
    if name == STDIN:
        yield name, -1, 0
    elif is_url(name):
        yield from _remote(name)
    elif Path(name).is_dir():
        yield from _folder(name)
    elif Path(name).exists():
        yield _local(name)
    elif glob.has_magic(name):
        # Path.glob takes no absolute patterns.
        paths = sorted(glob.glob(name, recursive=True), key=os.fsencode)  # noqa: PTH207
        if not paths:
            raise FileNotFoundError(f"there is no file like {name}")
        for path in paths:
            if not Path(path).is_dir():
                yield _local(path)
    else:
        raise FileNotFoundError(f"there is no file {name}")


def _local(name: str) -> tuple[str, int, int]:
    if not os.access(name, os.R_OK):
        raise PermissionError(f"{name}: there is no right to read it")
    return _described(name, Path(name).stat())


def _described(name: str, status: os.stat_result) -> tuple[str, int, int]:
    # A pipe, or a device, has no size and is read once.
    is_file = (status.st_mode & 0o170000) == 0o100000
    return (name, status.st_size, status.st_mtime_ns) if is_file else (name, -1, 0)


def _folder(name: str) -> _Found:
    """Go through a folder in the order of names, as bytes: the same on every machine."""
    with os.scandir(name) as found:
        entries = sorted(
            (entry for entry in found if not entry.name.startswith(".")),
            key=lambda entry: os.fsencode(entry.name),
        )
    for entry in entries:
        if entry.is_dir():
            yield from _folder(entry.path)
        else:
            yield _described(entry.path, entry.stat())


def _remote(url: str) -> _Found:
    fsspec = import_fsspec(url)
    fs, path = fsspec.core.url_to_fs(url)
    if glob.has_magic(path):
        found = fs.glob(path, detail=True)
        if not found:
            raise FileNotFoundError(f"there is no file like {url}")
    elif fs.isdir(path):
        found = fs.find(path, detail=True)
    else:
        found = {path: fs.info(path)}
    for name in sorted(found, key=os.fsencode):
        info = found[name]
        parts = name[len(path) :].split("/") if name.startswith(path) else [name]
        if info["type"] == "file" and not any(part.startswith(".") for part in parts):
            yield fs.unstrip_protocol(name), remote_size(info), remote_mtime(info)


def remote_size(info: dict[str, Any]) -> int:
    """Give a file's size as fsspec says it, -1 if it does not."""
    size = info.get("size")
    return -1 if size is None else int(size)


def remote_mtime(info: dict[str, Any]) -> int:
    """Give the time a file was written as fsspec's file systems say it, 0 if they do not."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(key)
        if isinstance(value, datetime):
            return int(value.timestamp() * 1e9)
        if isinstance(value, int | float):
            return int(value * 1e9)
    return 0
