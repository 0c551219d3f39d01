"""What a vocabulary can be trained on, as a stream of batches that fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bytestride.corpus.bad_documents import BadDocuments
from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.finding import inputs_of
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.kinds import kind_of
from bytestride.corpus.read_ahead import read_ahead
from bytestride.corpus.reading import Reading, read_chunks
from bytestride.corpus.text_chunks import FilesChunk, TextChunk

if TYPE_CHECKING:
    import numpy.typing as npt

    from bytestride.corpus.chunks import Texts

Source = str | bytes | os.PathLike[str] | Inputs | Iterable[str | bytes | os.PathLike[str]] | Any
"""A text, a file, a folder, `Inputs`, an Arrow array of texts, or an iterable of any of these."""

# Small enough to stay in cache between reading and counting, large enough for all cores.
_BATCH_BYTES = 2 * 1024 * 1024
# What comes of files below this waits for more, so that no call of the core is over small ones.
_SMALL_BYTES = 256 * 1024


class Position(NamedTuple):
    """How far a source was read: to a byte of an item, the items before it wholly.

    A folder is as many items as there are files in it. Bytes are those of a file's text, after
    decompression; of a table, rows. `name` is that of the item's file, and `document` is where in
    it the document begins that the place lies in, if it does.
    """

    n_items: int = 0
    n_bytes: int = 0
    name: str | None = None
    document: int | None = None


class Batch(NamedTuple):
    """Documents as the core takes them, how many bytes they are, and where they end.

    The size of a str is that of its characters.
    """

    documents: Any
    offsets: npt.NDArray[np.int64] | None
    n_bytes: int
    end: Position


def text_batches(
    source: Source,
    *,
    may_cut: bool,
    lines: bool = False,
    start: Position | None = None,
    reading: Reading | None = None,
    bad: BadDocuments | None = None,
) -> Iterator[Batch]:
    """Yield the texts of a source in batches of about 2 MiB, in order.

    What is there from the start (a path, `Inputs`, a list or tuple) is read ahead by one thread;
    any other iterable runs in the caller's.

    Parameters
    ----------
    source
        A str or bytes is one document, a path is a file or a folder of files, `Inputs` are many
        files, and an Arrow array of strings or binaries holds many documents; an iterable holds
        any of these.
    may_cut
        Whether a file may be cut at safe places.
    lines
        Whether texts are to be counted line by line: then a text file may be cut behind any
        newline, and nowhere else.
    start
        Where to go on, if not from the start.
    reading
        How files are read; by default, text files may hold what is not UTF-8.
    bad
        What bad documents in files are told to; by default they raise.

    Raises
    ------
    TypeError
        An item is none of these.
    FileNotFoundError, PermissionError
        A path cannot be read.
    BadDocumentError
        As `bad` says.
    """
    reading = reading or Reading(keep_invalid_utf8=True)
    batches = _Batches(reading, may_cut, lines, bad or BadDocuments())
    source = resolve(source)
    if isinstance(source, str | bytes) or _is_arrow(source):
        source = [source]
    found = batches.of(source, start or Position())  # type: ignore[arg-type]  # no path any more
    return read_ahead(found) if isinstance(source, list | tuple | Inputs) else found


def _is_arrow(item: object) -> bool:
    return hasattr(item, "__arrow_c_array__") or hasattr(item, "__arrow_c_stream__")


def resolve(source: Source) -> Source:
    """Find the files of a source that is there from the start: paths become `Inputs`.

    Raises
    ------
    FileNotFoundError, PermissionError
        A path cannot be read.
    """
    if isinstance(source, os.PathLike):
        return inputs_of([source])
    if not isinstance(source, list | tuple):
        return source
    found: list[Any] = []
    for are_paths, items in groupby(source, lambda item: isinstance(item, os.PathLike)):
        if are_paths:
            found.append(inputs_of(items))
        else:
            found += items
    return found


def n_text_bytes(source: Source, reading: Reading | None) -> int | None:
    """Tell how much text there is in what `resolve` gave, or None where only reading it tells."""
    total = 0
    for item in source if isinstance(source, list | tuple) else [source]:
        if isinstance(item, str | bytes):
            total += len(item)
        elif isinstance(item, Inputs):
            format = None if reading is None else reading.format
            if (item.sizes < 0).any() or any(
                kind_of(name, format) != ("text", "") for name in item.names
            ):
                return None
            total += int(item.sizes.sum())
        else:
            return None
    return total


class _Batches:
    """Collects small texts into batches; chunks of files that are large enough go by themselves."""

    def __init__(self, reading: Reading, may_cut: bool, lines: bool, bad: BadDocuments) -> None:
        # Newlines stay in lines: chunks of them are taken as they are, and not as documents.
        self._takes_data = lines and reading.separator is None
        if self._takes_data:
            reading = replace(reading, separator=b"\n")
        self._reading = replace(reading, may_cut=reading.may_cut and may_cut and not lines)
        self._bad = bad
        self._texts: list[str | bytes] = []
        self._n_held = 0

    def of(self, source: Iterable[Any] | Inputs, start: Position) -> Iterator[Batch]:
        end = start
        number = 0
        for item in [source] if isinstance(source, Inputs) else source:
            if isinstance(item, os.PathLike):
                item = inputs_of([item])
            n_items = len(item) if isinstance(item, Inputs) else 1
            first, number = number, number + n_items
            if number <= start.n_items:
                continue
            if isinstance(item, str | bytes):
                self._hold(item)
            elif isinstance(item, Inputs):
                for texts, after in self._files(item, first, start):
                    if texts.n_text_bytes < _SMALL_BYTES:
                        for text in listed(texts):
                            self._hold(text)
                    else:
                        yield from self._flush(end)
                        yield Batch(texts.documents, texts.offsets, texts.n_text_bytes, after)
                    end = after
                    if self._n_held >= _BATCH_BYTES:
                        yield from self._flush(end)
            elif _is_arrow(item):
                yield from self._flush(end)
                n_bytes = int(getattr(item, "nbytes", 0))
                yield Batch(item, None, n_bytes, Position(number))
            else:
                raise TypeError(
                    "a source holds str, bytes, paths (pathlib.Path) and Arrow arrays, not "
                    f"{type(item).__name__}"
                )
            end = Position(number)
            if self._n_held >= _BATCH_BYTES:
                yield from self._flush(end)
        yield from self._flush(end)

    def _files(
        self, inputs: Inputs, first: int, start: Position
    ) -> Iterator[tuple[_Texts, Position]]:
        """Read files, of which the first is item `first`; each chunk's texts, and where it ends."""
        begin, within = Place(0, 0), None
        if start.n_items >= first:
            begin = Place(start.n_items - first, start.n_bytes)
            if start.n_bytes and start.name != inputs.names[begin.source]:
                raise ValueError(
                    f"item {start.n_items} of the source is {inputs.names[begin.source]}, and the "
                    f"place to go on from is in {start.name}; give the same source again"
                )
            if start.document is not None:
                within = Place(begin.source, start.document)
        ranges = [Range(begin, Place(len(inputs), 0))]
        document = start.document if within is not None else None
        for chunk in read_chunks(
            inputs, ranges, self._reading, chunk_bytes=_BATCH_BYTES, within=within
        ):
            if self._takes_data and isinstance(chunk, TextChunk | FilesChunk):
                texts = _data_of(chunk)
            else:
                found = chunk.texts()
                for reject in found.rejects:
                    self._bad.add(inputs, reject)
                document = _open_document(found, document)
                texts = _Texts(found.documents, found.offsets, found.n_text_bytes)
            source, offset = chunk.end
            is_in_file = source < len(inputs) and offset > 0
            name = inputs.names[source] if is_in_file else None
            yield texts, Position(first + source, offset, name, document)

    def _hold(self, text: str | bytes) -> None:
        self._texts.append(text)
        self._n_held += len(text)

    def _flush(self, end: Position) -> Iterator[Batch]:
        texts, n_bytes = self._texts, self._n_held
        self._texts, self._n_held = [], 0
        if texts:
            yield Batch(texts, None, n_bytes, end)


class _Texts(NamedTuple):
    """Documents of files as the core takes them, and how many bytes they are."""

    documents: Any
    offsets: npt.NDArray[np.int64] | None
    n_text_bytes: int


def _data_of(chunk: TextChunk | FilesChunk) -> _Texts:
    """Give all of a chunk, not cut but between files."""
    n_bytes = len(chunk.data)
    begins = chunk.begins if isinstance(chunk, FilesChunk) else np.array([0, n_bytes])
    return _Texts(chunk.data, begins, n_bytes)


def _open_document(texts: Texts, before: int | None) -> int | None:
    """Give where the document begins that a chunk ends in, if it does."""
    if not texts.goes_on:
        return None
    n_before = int(texts.continues and not texts.first_is_bad)
    if texts.last_is_bad:
        return before if texts.continues else texts.rejects[-1].offset
    is_new = texts.n_documents > n_before
    return texts.place_of(texts.n_documents - 1).offset if is_new else before


def listed(texts: _Texts | Batch | Texts) -> list[str | bytes]:
    """Give documents that came from files one by one."""
    if isinstance(texts.documents, list):
        return texts.documents
    if texts.offsets is None:
        rows: list[str | bytes] = texts.documents.to_pylist()
        return rows
    if texts.offsets.ndim == 1:
        spans = zip(texts.offsets[:-1].tolist(), texts.offsets[1:].tolist(), strict=True)
    else:
        spans = zip(*texts.offsets.T.tolist(), strict=True)
    data = memoryview(texts.documents)
    return [bytes(data[begin:end]) for begin, end in spans]
