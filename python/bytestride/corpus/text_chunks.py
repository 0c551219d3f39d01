"""Chunks of text files: what was read, cut into documents and checked when a worker asks."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride import _core
from bytestride.corpus.chunks import Place, Texts
from bytestride.corpus.rejects import INVALID_UTF8, SAMPLE_BYTES, Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from bytestride.corpus.reading import Reading


@dataclass(frozen=True)
class OpenDocument:
    """A document that comes in pieces: where it begins, and its first `SAMPLE_BYTES` bytes."""

    begin: Place
    head: bytes


@dataclass(frozen=True)
class TextChunk:
    """Documents of one text file, or a piece of one.

    Attributes
    ----------
    data
        The bytes, which nobody else writes to.
    begin
        Place of the first.
    end, n_file_bytes
        As of any chunk.
    separator
        What ends each document but perhaps the last; None where there is but one, or a piece.
    reading
        Says what is checked.
    within
        The document that the chunk begins in, if it does.
    goes_on
        Whether the chunk, then one piece, ends within a document.
    """

    data: memoryview
    begin: Place
    end: Place
    n_file_bytes: int
    separator: bytes | None
    reading: Reading
    within: OpenDocument | None = None
    goes_on: bool = False

    def texts(self) -> Texts:
        """Cut and check."""
        spans = _spans(self.data, self.separator)
        bad = _ill_formed(self.data, spans, self.separator, self.reading)
        if not len(bad):
            return self._texts(spans, (), False, False)
        is_good = np.ones(len(spans), bool)
        is_good[bad[:, 0]] = False
        return self._texts(
            spans[is_good],
            [self._reject(spans, number, at) for number, at in bad.tolist()],
            self.within is not None and not is_good[0],
            self.goes_on and not is_good[-1],
        )

    def _texts(
        self,
        spans: npt.NDArray[np.int64],
        rejects: list[Reject] | tuple[()],
        first_is_bad: bool,
        last_is_bad: bool,
    ) -> Texts:
        source, begin = self.begin
        return Texts(
            self.data,
            spans,
            len(spans),
            int((spans[:, 1] - spans[:, 0]).sum()),
            lambda piece: Place(source, begin + int(spans[piece, 0])),
            lambda: spans[:, 1] - spans[:, 0],
            source,
            continues=self.within is not None,
            goes_on=self.goes_on,
            first_is_bad=first_is_bad,
            last_is_bad=last_is_bad,
            rejects=rejects,
        )

    def _reject(self, spans: npt.NDArray[np.int64], number: int, at: int) -> Reject:
        begin, end = spans[number].tolist()
        place = Place(self.begin.source, self.begin.offset + begin)
        byte = self.data[begin + at]
        head = bytes(self.data[begin : min(end, begin + SAMPLE_BYTES)])
        if self.within is not None and number == 0:
            at += place.offset - self.within.begin.offset
            place, head = self.within.begin, self.within.head
        return Reject(
            *place, INVALID_UTF8, f"byte {at:,} of the document, {byte:#04x}, is not UTF-8", head
        )


@dataclass(frozen=True)
class FilesChunk:
    """Small text files, gathered.

    Attributes
    ----------
    data
        Their bytes, one after another.
    begins
        Where each begins, and the last ends: int64[n + 1].
    first_source
        Number of the first; the others follow it.
    end, n_file_bytes
        As of any chunk.
    separator
        What ends each document; None where each file is one.
    reading
        Says what is checked.
    """

    data: memoryview
    begins: npt.NDArray[np.int64]
    first_source: int
    end: Place
    n_file_bytes: int
    separator: bytes | None
    reading: Reading

    def texts(self) -> Texts:
        """Cut and check."""
        spans, files = self._cut()
        bad = _ill_formed(self.data, spans, self.separator, self.reading)
        rejects = []
        if len(bad):
            is_good = np.ones(len(spans), bool)
            is_good[bad[:, 0]] = False
            rejects = [self._reject(spans, files, number, at) for number, at in bad.tolist()]
            spans, files = spans[is_good], files[is_good]
        return Texts(
            self.data,
            spans,
            len(spans),
            int((spans[:, 1] - spans[:, 0]).sum()),
            lambda piece: self._place(spans, files, piece),
            lambda: spans[:, 1] - spans[:, 0],
            (files + self.first_source).astype(np.int32),
            rejects=rejects,
        )

    def _cut(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give the documents, and the number of the file of each among the chunk's."""
        begins = self.begins
        if self.separator is None:
            return np.stack((begins[:-1], begins[1:]), axis=1), np.arange(len(begins) - 1)
        spans = [
            _core.cut_documents(self.data[begin:end], self.separator) + begin
            for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)
        ]
        files = np.repeat(np.arange(len(spans)), [len(some) for some in spans])
        return np.concatenate(spans), files

    def _place(
        self, spans: npt.NDArray[np.int64], files: npt.NDArray[np.int64], piece: int
    ) -> Place:
        file = int(files[piece])
        return Place(self.first_source + file, int(spans[piece, 0] - self.begins[file]))

    def _reject(
        self, spans: npt.NDArray[np.int64], files: npt.NDArray[np.int64], number: int, at: int
    ) -> Reject:
        begin, end = spans[number].tolist()
        byte = self.data[begin + at]
        return Reject(
            *self._place(spans, files, number),
            INVALID_UTF8,
            f"byte {at:,} of the document, {byte:#04x}, is not UTF-8",
            bytes(self.data[begin : min(end, begin + SAMPLE_BYTES)]),
        )


@dataclass(frozen=True)
class RejectChunk:
    """No text, but a document that the reader itself could not use.

    Attributes
    ----------
    reject
        Which, and why.
    end, n_file_bytes
        As of any chunk.
    continues
        Whether pieces of it were given before.
    """

    reject: Reject
    end: Place
    n_file_bytes: int
    continues: bool

    def texts(self) -> Texts:
        """Give the reject."""
        return Texts(
            b"",
            np.zeros(1, np.int64),
            0,
            0,
            _no_place,
            _no_lengths,
            self.reject.source,
            continues=self.continues,
            first_is_bad=self.continues,
            rejects=(self.reject,),
        )


@dataclass(frozen=True)
class LinesChunk:
    """Lines of JSON of one file."""

    data: memoryview
    begin: Place
    end: Place
    n_file_bytes: int
    reading: Reading

    def texts(self) -> Texts:
        """Parse and check."""
        from bytestride.corpus.json_lines import json_texts

        return json_texts(self.data, self.begin, self.reading)


@dataclass(frozen=True)
class FilesOfLinesChunk:
    """Small files of lines of JSON, gathered; each ends with a newline in `data`.

    The attributes are as those of `FilesChunk`.
    """

    data: memoryview
    begins: npt.NDArray[np.int64]
    first_source: int
    end: Place
    n_file_bytes: int
    reading: Reading

    def texts(self) -> Texts:
        """Parse and check."""
        from bytestride.corpus.json_lines import json_texts

        # A place in it is a byte of the chunk, to be told by file.
        texts = json_texts(self.data, Place(0, 0), self.reading)
        place_of = texts.place_of
        firsts = list(_first_pieces(place_of, texts.n_documents, self.begins[1:].tolist()))
        files = np.repeat(np.arange(len(firsts)), np.diff(firsts, prepend=0))
        return replace(
            texts,
            place_of=lambda piece: self._place(place_of(piece).offset),
            sources=(files + self.first_source).astype(np.int32),
            rejects=[self._reject(reject) for reject in texts.rejects],
        )

    def _reject(self, reject: Reject) -> Reject:
        source, offset = self._place(reject.offset)
        return reject._replace(source=source, offset=offset)

    def _place(self, offset: int) -> Place:
        file = int(np.searchsorted(self.begins, offset, "right")) - 1
        return Place(self.first_source + file, offset - int(self.begins[file]))


def _first_pieces(
    place_of: Callable[[int], Place], n_pieces: int, offsets: list[int]
) -> Iterator[int]:
    """Find the first piece at or after each of ascending offsets, near the one before it."""
    first = 0
    for offset in offsets:
        step = 1
        while first + step <= n_pieces and place_of(first + step - 1).offset < offset:
            first, step = first + step, 2 * step
        first = bisect_left(
            range(n_pieces),
            offset,
            first,
            min(first + step, n_pieces),
            key=lambda piece: place_of(piece).offset,
        )
        yield first


def _spans(data: memoryview, separator: bytes | None) -> npt.NDArray[np.int64]:
    if separator is not None and len(data):
        return _core.cut_documents(data, separator)
    return np.array([[0, len(data)]])


def _ill_formed(
    data: memoryview, spans: npt.NDArray[np.int64], separator: bytes | None, reading: Reading
) -> npt.NDArray[np.int64]:
    """Which documents are not UTF-8, and the first byte in each that is not: int64[k, 2]."""
    if reading.keep_invalid_utf8 or not len(spans):
        return np.zeros((0, 2), np.int64)
    offsets: Any = spans
    if separator is None or _is_utf8(separator):
        # With what is behind each up to the next they lie end to end, and are read in one sweep.
        offsets = np.append(spans[:, 0], spans[-1, 1])
    return _core.ill_formed_documents(data, offsets)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _no_place(piece: int) -> Place:
    raise IndexError(f"there is no piece {piece}: the chunk holds no text")


def _no_lengths() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)
