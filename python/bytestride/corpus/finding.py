"""Finding the inputs: files, folders, patterns of names, lists of them, URLs and stdin."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bytestride.corpus.input_files import STDIN
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.remote import filesystem_of, is_url, stat_of, stat_url

if TYPE_CHECKING:
    from typing import Any

_PATTERN_SIGNS = "*?["


class _Found(NamedTuple):
    """A file, its size, and when it was last changed."""

    name: str
    size: int
    mtime: int


def find_inputs(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    files_from: str | os.PathLike[str] | None = None,
) -> Inputs:
    """Find the files that are named.

    Parameters
    ----------
    arguments
        In the order in which they are read, each one of:

        * a file, of any name;
        * a folder: all regular files in it and in the folders in it, in the order of the bytes of
          their paths. Those whose names begin with a dot are left out, and so are folders of such
          names. Links are followed;
        * a pattern with ``*``, ``?``, ``[...]`` or ``**`` (any number of folders), unless there is
          a file of that very name: what it matches, in order; folders as above, but of a pattern
          with ``**`` files only;
        * a URL that fsspec reads (``s3://``, ``gs://``, ``hf://``), of a file, a folder or a
          pattern;
        * ``-``: what comes by stdin.
    files_from
        A file that names more of them, one a line, after the arguments; ``-`` for stdin. Its lines
        are files, folders and URLs, and no patterns; empty ones say nothing.

    Returns
    -------
    Inputs

    Raises
    ------
    FileNotFoundError
        A file is not there; a folder is empty, a pattern matches nothing; nothing is named.
    PermissionError
        A file or folder may not be read.
    ValueError
        A file is named twice; a link to a folder leads back to itself.
    ModuleNotFoundError
        A URL, and there is no fsspec or no package for its scheme.
    """
    names = [os.fspath(argument) for argument in arguments]
    listed = [] if files_from is None else _listed(os.fspath(files_from), STDIN in names)
    found = chain(
        chain.from_iterable(map(_expanded, names)), chain.from_iterable(map(_named, listed))
    )
    inputs = _inputs_of(found, may_repeat=len(names) + len(listed) == 1)
    if not len(inputs):
        where = "" if files_from is None else f", and {os.fspath(files_from)} names none"
        raise FileNotFoundError(f"no files are named{where}; name files, folders or patterns")
    return inputs


def inputs_of(paths: Iterable[str | os.PathLike[str]]) -> Inputs:
    """Find files and folders that are no patterns, and may be named more than once.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        As `find_inputs`.
    """
    names = (os.fspath(path) for path in paths)
    return _inputs_of(chain.from_iterable(map(_named, names)), may_repeat=True)


def _inputs_of(found: Iterable[_Found], *, may_repeat: bool = False) -> Inputs:
    names: list[str] = []
    sizes: list[int] = []
    mtimes: list[int] = []
    seen = set()
    for name, size, mtime in found:
        same = name if is_url(name) else os.path.normpath(name)
        if same in seen and not may_repeat:
            raise ValueError(f"{name} is named twice; each file is read once, so name it once")
        seen.add(same)
        names.append(name)
        sizes.append(size)
        mtimes.append(mtime)
    return Inputs(names, np.array(sizes, np.int64), np.array(mtimes, np.int64))


def _listed(path: str, stdin_is_taken: bool) -> list[str]:
    if path != STDIN:
        with open(path, "rb") as file:  # noqa: PTH123 (the name as given)
            data = file.read()
    elif stdin_is_taken:
        raise ValueError("stdin is either a text or the list of the files: name '-' once")
    else:
        data = sys.stdin.buffer.read()
    return [os.fsdecode(line) for line in data.splitlines() if line]


def _expanded(name: str) -> Iterator[_Found]:
    """Find what an argument names."""
    is_pattern = any(sign in name for sign in _PATTERN_SIGNS)
    if is_url(name):
        return _remote_pattern(name) if is_pattern else _remote(name)
    if is_pattern and not os.path.lexists(name):
        return _matching(name)
    return _named(name)


def _named(name: str) -> Iterator[_Found]:
    """Find a file, or what is in a folder."""
    if name == STDIN:
        yield _Found(STDIN, -1, 0)
    elif is_url(name):
        yield from _remote(name)
    else:
        if not name:
            raise FileNotFoundError("an empty name is no file; name files, folders or patterns")
        status = os.stat(name)  # noqa: PTH116 (no object for each of a million)
        if stat.S_ISDIR(status.st_mode):
            yield from _in_folder(name)
        else:
            yield _checked(name, status)


def _checked(name: str, status: os.stat_result) -> _Found:
    # Where all may read it, one call less for each of a million.
    if status.st_mode & 0o444 != 0o444 and not os.access(name, os.R_OK):
        raise PermissionError(f"there is no right to read {name}; name what may be read")
    if stat.S_ISREG(status.st_mode):
        return _Found(name, status.st_size, status.st_mtime_ns)
    return _Found(name, -1, 0)  # a pipe, say


def _in_folder(folder: str) -> Iterator[_Found]:
    found = sorted(_walk(folder, ()), key=lambda one: os.fsencode(one.name))
    if not found:
        raise FileNotFoundError(
            f"no files are in the folder {folder}, but for those whose names begin with a dot, if "
            "any; name another"
        )
    return iter(found)


def _walk(folder: str, above: tuple[tuple[int, int], ...]) -> Iterator[_Found]:
    """Find the files in a folder, in no order. `above` are the folders that it lies in."""
    status = os.stat(folder)  # noqa: PTH116
    itself = (status.st_dev, status.st_ino)
    if itself in above:
        raise ValueError(
            f"the link {folder} leads back to a folder that it lies in; take it away, or name the "
            "files"
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _walk(entry.path, (*above, itself))
            elif entry.is_file():
                yield _checked(entry.path, entry.stat())
            elif entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110
                raise FileNotFoundError(
                    f"the link {entry.path} leads to no file; take it away, or name the files"
                )


def _matching(pattern: str) -> Iterator[_Found]:
    names = sorted(glob.glob(pattern, recursive=True), key=os.fsencode)  # noqa: PTH207
    if "**" in pattern:
        names = [name for name in names if not os.path.isdir(name)]  # noqa: PTH112
    if not names:
        raise FileNotFoundError(f"no files match {pattern}")
    for name in names:
        yield from _named(name)


def _remote(url: str) -> Iterator[_Found]:
    filesystem, path = filesystem_of(url)
    if not filesystem.isdir(path):
        yield _Found(url, *stat_url(url))
        return
    found = _remote_found(url, filesystem.find(path, detail=True), path)
    if not found:
        raise FileNotFoundError(f"no files are in the folder {url}; name another")
    yield from found


def _remote_pattern(url: str) -> Iterator[_Found]:
    filesystem, path = filesystem_of(url)
    fixed = re.split(r"[*?\[]", path)[0].rpartition("/")[0]
    found = _remote_found(url, filesystem.glob(path, detail=True), fixed)
    if not found:
        raise FileNotFoundError(f"no files match {url}")
    yield from found


def _remote_found(url: str, entries: dict[str, dict[str, Any]], folder: str) -> list[_Found]:
    """Give the files among what a file system lists, without hidden ones, in order."""
    filesystem, _ = filesystem_of(url)
    scheme = url.partition("://")[0]
    found = []
    for path, info in entries.items():
        is_hidden = any(part.startswith(".") for part in path[len(folder) :].split("/"))
        if info.get("type", "file") == "file" and not is_hidden:
            name = filesystem.unstrip_protocol(path)
            if not name.startswith(f"{scheme}://"):  # the scheme as given, of several it may have
                name = f"{scheme}://{name.partition('://')[2]}"
            found.append(_Found(name, *stat_of(info)))
    return sorted(found, key=lambda one: one.name.encode())
