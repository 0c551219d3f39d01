"""Files read in pieces that split like the whole.

A piece ends at a place that is a boundary whatever surrounds it (``cpp/documents/safe_cut.hpp``),
so counting or encoding the pieces one by one gives what the whole file would. Memory holds one
piece; a text without any such place is read until one comes, or the file ends.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from bytestride import _core

PIECE_BYTES = 16 * 1024 * 1024
_BUFFER_BYTES = 1024 * 1024


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
    path = Path(path)
    if path.suffix == ".gz":
        from bytestride.corpus.gz import GzFile

        return cast("IO[bytes]", GzFile(path))
    if path.suffix == ".zst":
        try:
            from bytestride.corpus.zstd import ZstdFile
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"reading {path} needs the package zstandard: pip install 'bytestride[zstd]'"
            ) from error
        return io.BufferedReader(ZstdFile(path), _BUFFER_BYTES)
    return path.open("rb", buffering=0)


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
    with open_file(path) as file:
        held = bytearray()
        while True:
            # Reading as much again as is held keeps the search for a cut linear.
            wanted = max(piece_bytes, len(held))
            chunk = file.read(wanted)
            if not chunk:
                break
            held += chunk
            if not may_cut or len(held) < piece_bytes:
                continue
            cut = _core.last_safe_cut(held)
            if cut:
                yield bytes(held[:cut])
                del held[:cut]
        if held:
            yield bytes(held)
