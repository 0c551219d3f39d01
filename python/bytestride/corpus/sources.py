"""What a vocabulary can be trained on, as a stream of batches that fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from bytestride.corpus.files import PIECE_BYTES, read_pieces

Source = str | bytes | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]]


def text_batches(source: Source, *, may_cut: bool) -> Iterator[list[str | bytes]]:
    """Yield lists of texts, of about 16 MiB each, in the order of the source.

    Parameters
    ----------
    source
        A str or bytes is one document, a path is one file, read in pieces; an iterable holds any
        of these.
    may_cut
        Whether a file may be cut at safe places.

    Raises
    ------
    TypeError
        An item is none of these.
    FileNotFoundError, IsADirectoryError, PermissionError
        A path cannot be read.
    """
    if isinstance(source, str | bytes | os.PathLike):
        source = [source]
    batch: list[str | bytes] = []
    n_held = 0
    for text in _texts(source, may_cut):
        batch.append(text)
        n_held += len(text)
        if n_held >= PIECE_BYTES:
            yield batch
            batch, n_held = [], 0
    if batch:
        yield batch


def _texts(
    source: Iterable[str | bytes | os.PathLike[str]], may_cut: bool
) -> Iterator[str | bytes]:
    for item in source:
        if isinstance(item, str | bytes):
            yield item
        elif isinstance(item, os.PathLike):
            yield from read_pieces(item, may_cut=may_cut)
        else:
            raise TypeError(
                f"a source holds str, bytes and paths (pathlib.Path), not {type(item).__name__}"
            )
