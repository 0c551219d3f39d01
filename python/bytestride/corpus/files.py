"""Files read in pieces that split like the whole.

A piece ends at a place that is a boundary whatever surrounds it (``cpp/documents/safe_cut.hpp``),
so counting or encoding the pieces one by one gives what the whole file would. Memory holds one
piece; a text without any such place is read until one comes, or the file ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from bytestride import _core
from bytestride.corpus.input_files import open_stored, unpacked
from bytestride.corpus.kinds import kind_of

PIECE_BYTES = 16 * 1024 * 1024


def open_file(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading bytes; ``.gz`` and ``.zst`` are decompressed on the way.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        As the system says, with the path.
    ModuleNotFoundError
        A ``.zst`` file without the package that reads it.
    FormatError
        On reading, a ``.gz`` or ``.zst`` file that is damaged or not whole.
    """
    name = os.fspath(path)
    packing = kind_of(name, "text").packing
    file = open_stored(name)
    try:
        return cast("IO[bytes]", unpacked(file, name, packing))
    except BaseException:
        file.close()
        raise


def read_pieces(
    path: str | os.PathLike[str], *, may_cut: bool, piece_bytes: int = PIECE_BYTES
) -> Iterator[bytes]:
    """Yield a file's bytes in order, cut at safe places only.

    Parameters
    ----------
    path
        The file.
    may_cut
        Whether it may be cut at all (``Splitter.may_cut``); otherwise it comes whole.
    piece_bytes
        About how much to hold at a time.

    Yields
    ------
    bytes
        None for an empty file; never empty.
    """
    find_cut = _core.last_safe_cut if may_cut else None
    for buffer in read_buffers(path, find_cut, piece_bytes=piece_bytes):
        yield bytes(buffer)


def read_buffers(
    path: str | os.PathLike[str],
    find_cut: Callable[[memoryview], int] | None,
    *,
    piece_bytes: int = PIECE_BYTES,
    skipped: int = 0,
) -> Iterator[memoryview]:
    """Yield a file's bytes in order, each buffer as it was read into: nothing is copied but ends.

    Parameters
    ----------
    path
        The file.
    find_cut
        Gives the last place where a piece may end, 0 where there is none (`_core.last_safe_cut`);
        None where the file may not be cut and comes whole.
    piece_bytes
        About how much to hold at a time.
    skipped
        How many bytes to leave out at the start: the end of a piece, when it was read before.

    Yields
    ------
    memoryview
        None for an empty file; never empty.
    """
    with open_file(path) as file:
        _skip(file, skipped, path)
        buffer = bytearray(piece_bytes)
        n_held = 0
        while n_read := file.readinto(memoryview(buffer)[n_held:]):  # type: ignore[attr-defined]
            n_held += n_read
            if n_held < len(buffer):
                continue
            cut = find_cut(memoryview(buffer)) if find_cut is not None else 0
            # Twice as much as is left keeps the search for a cut linear.
            larger = bytearray(max(piece_bytes, (n_held - cut) * 2))
            larger[: n_held - cut] = memoryview(buffer)[cut:]
            if cut:
                yield memoryview(buffer)[:cut]
            buffer, n_held = larger, n_held - cut
        if n_held:
            yield memoryview(buffer)[:n_held]


def _skip(file: IO[bytes], n_bytes: int, path: str | os.PathLike[str]) -> None:
    while n_bytes:
        n_read = len(file.read(min(n_bytes, PIECE_BYTES)))
        if not n_read:
            raise ValueError(f"{path} ends {n_bytes} bytes before the place to go on from")
        n_bytes -= n_read


def check_readable(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Find out now, and not after an hour, that one of these is no file that can be read.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        The first that is not.
    """
    for path in map(Path, paths):
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a directory; name the files in it: {path}/*.txt")
        # A pipe can be opened only once: closing it here would end it for whoever writes to it.
        if path.is_file() or not path.exists():
            with path.open("rb"):
                pass
