"""A file as documents, in parts that fit in memory and split like the whole.

Without a separator the file is one document. With one, each separator ends a document, and what
follows the last is a document if there is anything. A document longer than a part comes in several,
cut at safe places only (see `files`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from bytestride import _core
from bytestride.corpus.files import PIECE_BYTES, open_file, read_pieces


class Part(NamedTuple):
    """Bytes of a document, and whether the document ends with them."""

    text: bytes
    ends: bool


def read_documents(
    path: str | os.PathLike[str],
    separator: bytes | None,
    *,
    may_cut: bool,
    piece_bytes: int = PIECE_BYTES,
) -> Iterator[Part]:
    """Yield the parts of a file's documents, in order.

    Parameters
    ----------
    path
        The file; ``.gz`` and ``.zst`` are decompressed on the way.
    separator
        What stands between documents, and belongs to none; None for a file that is one document.
    may_cut
        Whether a document may be cut at safe places (``Splitter.may_cut``).
    piece_bytes
        About how much to hold at a time.

    Raises
    ------
    ValueError
        The separator is empty.
    FileNotFoundError, IsADirectoryError, PermissionError
        The file cannot be read.
    """
    if separator is None:
        for piece in read_pieces(path, may_cut=may_cut, piece_bytes=piece_bytes):
            yield Part(piece, ends=False)
        yield Part(b"", ends=True)
    elif separator:
        yield from _separated(path, separator, may_cut, piece_bytes)
    else:
        raise ValueError("the separator between documents is empty; name at least one character")


def _separated(
    path: str | os.PathLike[str], separator: bytes, may_cut: bool, piece_bytes: int
) -> Iterator[Part]:
    with open_file(path) as file:
        held = bytearray()
        in_document = False  # whether parts of the open document have gone out
        searched = 0  # no separator starts before here
        while chunk := file.read(max(piece_bytes, len(held))):
            held += chunk
            begin = 0
            while (end := held.find(separator, max(begin, searched))) >= 0:
                yield Part(bytes(held[begin:end]), ends=True)
                begin = end + len(separator)
                in_document = False
            del held[:begin]
            # The end of what is held may be the beginning of a separator.
            searched = max(len(held) - len(separator) + 1, 0)
            if may_cut and len(held) >= piece_bytes:
                cut = _core.last_safe_cut(memoryview(held)[:searched])
                if cut:
                    yield Part(bytes(held[:cut]), ends=False)
                    in_document = True
                    del held[:cut]
                    searched -= cut
        if held or in_document:
            yield Part(bytes(held), ends=True)
