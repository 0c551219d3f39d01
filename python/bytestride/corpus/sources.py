"""What a vocabulary can be trained on, as a stream of batches that fit in memory."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bytestride.corpus.files import open_file, read_pieces

if TYPE_CHECKING:
    import numpy.typing as npt

Source = str | bytes | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]]

# Small enough to stay in cache between reading and counting, large enough for all cores.
_BATCH_BYTES = 2 * 1024 * 1024


def text_batches(source: Source, *, may_cut: bool) -> Iterator[Any]:
    """Yield lists of texts, or Arrow arrays of them, in the order of the source.

    Lists are of about 2 MiB each. Files are read ahead on another thread.

    Parameters
    ----------
    source
        A str or bytes is one document, a path is one file, read in pieces; an Arrow array of
        strings has a document in each row; an iterable holds any of these.
    may_cut
        Whether a file may be cut at safe places.

    Raises
    ------
    TypeError
        An item is none of these.
    FileNotFoundError, IsADirectoryError, PermissionError
        A path cannot be read.
    """
    batch: list[str | bytes] = []
    n_held = 0
    for text in _items(source, may_cut):
        if not isinstance(text, str | bytes):
            if batch:
                yield batch
            yield text
            batch, n_held = [], 0
            continue
        batch.append(text)
        n_held += len(text)
        if n_held >= _BATCH_BYTES:
            yield batch
            batch, n_held = [], 0
    if batch:
        yield batch


def line_batches(source: Source) -> Iterator[tuple[bytes, npt.NDArray[np.int64]]]:
    """Yield texts with the offsets of their lines, each with its newline.

    Parameters
    ----------
    source
        As `text_batches` takes it, but for Arrow arrays.

    Yields
    ------
    tuple of bytes and int64[n_lines + 1]
    """
    for item in _entries(source):
        if isinstance(item, str | bytes):
            text = item if isinstance(item, bytes) else _utf8(item)
            yield text, _line_offsets(text)
        elif isinstance(item, os.PathLike):
            for piece in _ahead(_read_lines(item)):
                yield piece, _line_offsets(piece)
        else:
            raise TypeError(
                "lines are counted in str, bytes and paths (pathlib.Path), not in "
                f"{type(item).__name__}"
            )


def _entries(source: Source) -> Iterable[Any]:
    if isinstance(source, str | bytes | os.PathLike) or hasattr(source, "__arrow_c_array__"):
        return [source]
    return cast("Iterable[Any]", source)


def _items(source: Source, may_cut: bool) -> Iterator[Any]:
    # A chunked Arrow array is taken chunk by chunk: its items would be one object each.
    source = getattr(source, "chunks", source)
    for item in _entries(source):
        if isinstance(item, str | bytes) or hasattr(item, "__arrow_c_array__"):
            yield item
        elif isinstance(item, os.PathLike):
            yield from _ahead(read_pieces(item, may_cut=may_cut, piece_bytes=_BATCH_BYTES))
        else:
            raise TypeError(
                "a source holds str, bytes, paths (pathlib.Path) and Arrow arrays, not "
                f"{type(item).__name__}"
            )


def _read_lines(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield a file's bytes in order, cut behind newlines only."""
    with open_file(path) as file:
        held = b""
        while chunk := file.read(max(_BATCH_BYTES, len(held))):
            held += chunk
            end = held.rfind(b"\n") + 1
            if end:
                yield held[:end]
                held = held[end:]
        if held:
            yield held


def _line_offsets(text: bytes) -> npt.NDArray[np.int64]:
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    tail = [len(text)] if not len(ends) or ends[-1] != len(text) else []
    return np.concatenate(([0], ends, tail)).astype(np.int64)


def _utf8(text: str) -> bytes:
    """Encode a str as UTF-8, lone surrogates as U+FFFD, as the core reads one."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same pieces, each read while the one before is worked on.

    The reader is not waited for in the end: it may be in a read that never comes back (a pipe).
    """
    done = object()
    waiting: queue.Queue[object] = queue.Queue(1)
    is_over = threading.Event()

    def put(item: object) -> None:
        while not is_over.is_set():
            try:
                return waiting.put(item, timeout=0.1)
            except queue.Full:
                continue

    def read() -> None:
        try:
            for piece in pieces:
                put(piece)
                if is_over.is_set():
                    return
            put(done)
        except BaseException as error:
            put(error)

    reader = threading.Thread(target=read, name="bytestride-reader", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not done:
            if isinstance(item, BaseException):
                raise item
            yield cast("bytes", item)
    finally:
        is_over.set()
