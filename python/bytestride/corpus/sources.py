"""What a vocabulary can be trained on, as a stream of batches that fit in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bytestride import _core
from bytestride.corpus.files import read_buffers
from bytestride.corpus.read_ahead import read_ahead

if TYPE_CHECKING:
    import numpy.typing as npt

Source = str | bytes | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]] | Any
"""A text, a file, an Arrow array of texts, or an iterable of any of these."""

# Small enough to stay in cache between reading and counting, large enough for all cores.
_BATCH_BYTES = 2 * 1024 * 1024
# Pieces of files below this wait for others, so that no call of the core is over small ones.
_SMALL_BYTES = 256 * 1024


class Position(NamedTuple):
    """How far a source was read: to a byte of an item, the items before it wholly.

    Bytes are those of a file's text, after decompression. `name` is that of the item's file.
    """

    n_items: int = 0
    n_bytes: int = 0
    name: str | None = None


class Batch(NamedTuple):
    """Documents as the core takes them, how many bytes they are, and where they end.

    The size of a str is that of its characters.
    """

    documents: Any
    offsets: npt.NDArray[np.int64] | None
    n_bytes: int
    end: Position


def text_batches(
    source: Source, *, may_cut: bool, lines: bool = False, start: Position | None = None
) -> Iterator[Batch]:
    """Yield the texts of a source in batches of about 2 MiB, in order.

    What is there from the start (a path, a list or tuple) is read ahead by one thread; any other
    iterable runs in the caller's.

    Parameters
    ----------
    source
        A str or bytes is one document, a path is one file, read in pieces, and an Arrow array of
        strings or binaries holds many; an iterable holds any of these.
    may_cut
        Whether a file may be cut at safe places.
    lines
        Whether texts are to be counted line by line: then a file may be cut behind any newline,
        and nowhere else.
    start
        Where to go on, if not from the start.

    Raises
    ------
    TypeError
        An item is none of these.
    FileNotFoundError, IsADirectoryError, PermissionError
        A path cannot be read.
    """
    start = start or Position()
    if isinstance(source, str | bytes | os.PathLike) or _is_arrow(source):
        source = [source]
    batches = _Batches(may_cut, lines).of(source, start)
    return read_ahead(batches) if isinstance(source, list | tuple) else batches


def _is_arrow(item: object) -> bool:
    return hasattr(item, "__arrow_c_array__") or hasattr(item, "__arrow_c_stream__")


class _Batches:
    """Collects small texts into batches; pieces of files that are large enough go by themselves."""

    def __init__(self, may_cut: bool, lines: bool) -> None:
        self._find_cut = _after_last_newline if lines else _core.last_safe_cut
        self._may_cut = may_cut or lines
        self._texts: list[str | bytes] = []
        self._n_held = 0

    def of(self, source: Iterable[Any], start: Position) -> Iterator[Batch]:
        end = start
        for number, item in enumerate(islice(source, start.n_items, None), start.n_items):
            if isinstance(item, str | bytes):
                self._hold(item)
            elif isinstance(item, os.PathLike):
                skipped = start.n_bytes if number == start.n_items else 0
                if skipped and start.name != os.fspath(item):
                    raise ValueError(
                        f"item {number} of the source is {os.fspath(item)}, and the place to go on "
                        f"from is in {start.name}; give the same source again"
                    )
                for after, piece in self._pieces(item, number, skipped):
                    if len(piece) < _SMALL_BYTES:
                        self._hold(bytes(piece))
                    else:
                        yield from self._flush(end)
                        yield Batch(piece, np.array([0, len(piece)]), len(piece), after)
                    end = after
            elif _is_arrow(item):
                yield from self._flush(end)
                n_bytes = int(getattr(item, "nbytes", 0))
                yield Batch(item, None, n_bytes, Position(number + 1))
            else:
                raise TypeError(
                    "a source holds str, bytes, paths (pathlib.Path) and Arrow arrays, not "
                    f"{type(item).__name__}"
                )
            end = Position(number + 1)
            if self._n_held >= _BATCH_BYTES:
                yield from self._flush(end)
        yield from self._flush(end)

    def _pieces(
        self, path: os.PathLike[str], number: int, skipped: int
    ) -> Iterator[tuple[Position, memoryview]]:
        n_bytes = skipped
        find_cut: Callable[[memoryview], int] | None = self._find_cut if self._may_cut else None
        for piece in read_buffers(path, find_cut, piece_bytes=_BATCH_BYTES, skipped=skipped):
            n_bytes += len(piece)
            yield Position(number, n_bytes, os.fspath(path)), piece

    def _hold(self, text: str | bytes) -> None:
        self._texts.append(text)
        self._n_held += len(text)

    def _flush(self, end: Position) -> Iterator[Batch]:
        texts, n_bytes = self._texts, self._n_held
        self._texts, self._n_held = [], 0
        if texts:
            yield Batch(texts, None, n_bytes, end)


def _after_last_newline(text: memoryview) -> int:
    # Not from the front: the last line is short beside the piece, as a rule.
    step = 65_536
    for begin in range(len(text) - step, 0, -step):
        found = bytes(text[begin : begin + step]).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
    return bytes(text[: len(text) % step or step]).rfind(b"\n") + 1
