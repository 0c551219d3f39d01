"""Files of documents with a separator between them, or one a line, in chunks.

A chunk ends behind a separator, so its documents are whole. A document of text that is longer than
a chunk comes in pieces, cut where every tokenizer cuts; a line of JSON is held whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bytestride import _core
from bytestride.corpus.chunks import Chunk, Place, Texts
from bytestride.corpus.input_file import InputFile
from bytestride.corpus.kinds import kind_of
from bytestride.corpus.rejects import (
    DAMAGED_FILE,
    INVALID_UTF8,
    SAMPLE_BYTES,
    TOO_LONG,
    Reject,
)
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading


@dataclass(frozen=True)
class TextChunk:
    """Documents with a separator behind each, or a piece of one.

    Attributes
    ----------
    data
        The text.
    begin, end
        Where it begins and ends.
    n_file_bytes
        As of `Chunk`.
    separator
        What ends documents; None if the chunk is one piece.
    continues, goes_on
        As of `Texts`.
    document, sample
        Where the document begins that continues or goes on, and its first bytes.
    """

    data: memoryview
    begin: Place
    end: Place
    n_file_bytes: int
    separator: bytes | None
    continues: bool = False
    goes_on: bool = False
    document: Place | None = None
    sample: bytes = b""

    def texts(self) -> Texts:
        """Find the documents, and leave out what is not UTF-8."""
        if self.separator is None or self.goes_on:
            spans = np.array([[0, len(self.data)]], np.int64)
        else:
            spans = _core.cut_documents(self.data, self.separator)
            if self.continues and not len(spans):  # the document ended where the file did
                spans = np.zeros((1, 2), np.int64)
        begin = self.begin

        def place_of(i: int) -> Place:
            return Place(begin.source, begin.offset + int(good[i, 0]))

        def text_lengths() -> npt.NDArray[np.int64]:
            lengths: npt.NDArray[np.int64] = good[:, 1] - good[:, 0]
            return lengths

        bad = _core.ill_formed_documents(self.data, spans)
        good = spans if not len(bad) else np.delete(spans, bad[:, 0], axis=0)
        bad_numbers = set(bad[:, 0].tolist())
        return Texts(
            self.data,
            good,
            len(good),
            int((good[:, 1] - good[:, 0]).sum()),
            place_of,
            text_lengths,
            begin.source,
            continues=self.continues,
            goes_on=self.goes_on,
            first_is_bad=self.continues and 0 in bad_numbers,
            last_is_bad=self.goes_on and len(spans) - 1 in bad_numbers,
            rejects=[self._invalid(spans[i], at, i == 0) for i, at in bad.tolist()],
        )

    def _invalid(self, span: npt.NDArray[np.int64], at: int, is_first: bool) -> Reject:
        first, stop = span.tolist()
        where = self.begin.offset + first + at
        place = Place(self.begin.source, self.begin.offset + first)
        sample = bytes(self.data[first : min(stop, first + SAMPLE_BYTES)])
        if is_first and (self.continues or self.goes_on):
            place, sample = self.document or place, self.sample
        byte = self.data[first + at]
        return Reject(
            *place,
            INVALID_UTF8,
            f"byte 0x{byte:02x} at offset {where} of the text is not UTF-8",
            sample,
        )


@dataclass(frozen=True)
class JsonChunk:
    """Whole lines of JSON."""

    data: memoryview
    begin: Place
    end: Place
    n_file_bytes: int
    reading: Reading

    def texts(self) -> Texts:
        """Parse them."""
        from bytestride.corpus.json_lines import json_texts

        return json_texts(self.data, self.begin, self.reading)


@dataclass(frozen=True)
class RejectChunk:
    """A document that was left out without being held, or the rest of one."""

    reject: Reject
    end: Place
    n_file_bytes: int
    continues: bool = False

    def texts(self) -> Texts:
        """Give no documents but the reject."""
        return Texts(
            b"",
            np.zeros(1, np.int64),
            0,
            0,
            _no_place,
            lambda: np.zeros(0, np.int64),
            self.reject.source,
            continues=self.continues,
            first_is_bad=self.continues,
            rejects=[self.reject],
        )


def _no_place(i: int) -> Place:
    raise IndexError(f"there is no document {i} here")


def separated_chunks(
    inputs: Inputs, source: int, begin: int, end: int, reading: Reading, chunk_bytes: int
) -> Iterator[Chunk]:
    """Yield the documents of a file that begin in a stretch of its text.

    Parameters
    ----------
    inputs, source, reading
        The file, and how documents are found in it.
    begin, end
        Documents that begin at or after the one byte of the text and before the other.
    chunk_bytes
        About how large chunks are.
    """
    with InputFile(inputs, source, reading.format) as file:
        yield from _Separated(file, begin, end, reading, chunk_bytes).chunks()
        file.check_unchanged()


def overlaps_itself(separator: bytes) -> bool:
    """Say whether two occurrences of a separator may share bytes, as those of two newlines may."""
    return any(separator[:n] == separator[-n:] for n in range(1, len(separator)))


class _Separated:
    """The way through one stretch: a buffer, and where in the text it lies."""

    def __init__(
        self, file: InputFile, begin: int, end: int, reading: Reading, chunk_bytes: int
    ) -> None:
        is_json = kind_of(file.name, reading.format).format == "jsonl"
        separator = b"\n" if is_json else reading.separator
        assert separator is not None  # or the file is one document
        self._file = file
        self._separator = separator
        self._reading = reading
        self._is_json = is_json
        self._may_cut = reading.may_cut and not is_json
        self._most = reading.max_uncut_bytes if self._may_cut else reading.max_document_bytes
        # No buffer is larger, so that no stretch, or document, above the limit is ever held whole.
        self._most_held = max(self._most, len(separator)) + len(separator)
        self._chunk_bytes = min(max(chunk_bytes, 2 * len(separator)), self._most_held)
        self._begin, self._end = begin, end
        # The text from `_offset` on is in the first `_n_held` bytes of the buffer; the first
        # `_n_sought` of them hold no beginning of a separator.
        self._buffer = bytearray(self._chunk_bytes)
        self._offset = 0
        self._n_held = self._n_sought = 0
        self._is_at_end = False
        self._damage: FormatError | None = None
        # Of the document that goes on: where it begins, and its first bytes.
        self._document: Place | None = None
        self._sample = b""

    def chunks(self) -> Iterator[Chunk]:
        if not self._find_begin():
            return
        while self._document is not None or self._offset < self._end:
            self._fill()
            cut = self._find_cut()
            if cut:
                yield self._take(cut, goes_on=False)
            elif self._is_at_end:
                yield from self._rest()
                return
            elif piece := self._piece():
                yield piece
            else:
                yield from self._grow()

    def _find_begin(self) -> bool:
        """Go to the first document that begins at or after the beginning, if there is one."""
        n = len(self._separator)
        if self._begin == 0:
            return True
        self._offset = max(self._begin - n, 0)
        try:
            self._file.skip_to(self._offset)
        except FormatError as error:
            self._damage = error
            return False
        while True:
            self._fill()
            found = self._buffer.find(self._separator, 0, self._n_held)
            if found >= 0:
                self._drop(found + n)
                return True
            if self._is_at_end:
                return False
            self._drop(max(self._n_held - n + 1, 0))

    def _fill(self) -> None:
        """Read until the buffer is full."""
        if self._is_at_end or self._n_held == len(self._buffer):
            return
        room = memoryview(self._buffer)[self._n_held :]
        try:
            n_read = self._file.fill(room)
        except FormatError as error:
            n_read, self._damage = self._file.n_filled, error
        self._is_at_end = n_read < len(room)
        self._n_held += n_read

    def _find_cut(self) -> int:
        """Give the place behind the last separator, 0 if there is none.

        In the chunk in which the stretch ends: behind the one that ends its last document.
        """
        n = len(self._separator)
        found = -1
        if self._offset + self._n_held > self._end:
            # The last document is the one that holds the byte before the end, if it began before.
            first = max(self._end - self._offset - n, self._n_sought)
            found = self._buffer.find(self._separator, first, self._n_held)
        if found < 0 and overlaps_itself(self._separator):
            found = self._last_from_front()
        elif found < 0:
            found = self._buffer.rfind(self._separator, self._n_sought, self._n_held)
        if found < 0:
            self._n_sought = max(self._n_held - n + 1, 0)
            return 0
        return found + n

    def _last_from_front(self) -> int:
        """Give the last separator of those found one behind the other from the front, or -1."""
        n, last, at = len(self._separator), -1, 0
        while (at := self._buffer.find(self._separator, at, self._n_held)) >= 0:
            last = at
            at += n
        # What is held may end in the beginning of a longer run of separators: that changes nothing,
        # for those found so far stand.
        return last

    def _take(self, n_bytes: int, *, goes_on: bool) -> Chunk:
        """Make a chunk of the first bytes of the buffer; the others begin a new buffer."""
        data = memoryview(self._buffer)[:n_bytes]
        rest = memoryview(self._buffer)[n_bytes : self._n_held]
        begin = self._place()
        if self._document is None:
            self._sample = self._first_bytes()
        self._buffer = bytearray(max(self._chunk_bytes, min(2 * len(rest), self._most_held)))
        self._buffer[: len(rest)] = rest
        self._n_held, self._n_sought = len(rest), max(self._n_sought - n_bytes, 0)
        self._offset += n_bytes
        chunk: Chunk
        if self._is_json:
            chunk = JsonChunk(data, begin, self._place(), self._n_new(), self._reading)
        else:
            chunk = TextChunk(
                data,
                begin,
                self._place(),
                self._n_new(),
                self._separator,
                self._document is not None,
                goes_on,
                self._document,
                self._sample,
            )
        if not goes_on:
            self._document = None
        elif self._document is None:
            self._document = begin
        return chunk

    def _piece(self) -> Chunk | None:
        """Take a piece of a long document, up to the last safe place; None where there is none."""
        if not self._may_cut:
            return None
        # The end of what is held may be the beginning of a separator.
        cut = _core.last_safe_cut(memoryview(self._buffer)[: self._n_sought])
        return self._take(cut, goes_on=True) if cut else None

    def _grow(self) -> Iterator[Chunk]:
        """Hold twice as much, or leave the document out if it is too long for that."""
        if len(self._buffer) < self._most_held:
            larger = bytearray(min(2 * len(self._buffer), self._most_held))
            larger[: self._n_held] = memoryview(self._buffer)[: self._n_held]
            self._buffer = larger
            return
        yield from self._leave_out()

    def _leave_out(self) -> Iterator[Chunk]:
        """Skip to the end of the document, holding none of it."""
        what = "without a place to cut it" if self._may_cut else "long"
        reject = self._reject(TOO_LONG, f"more than {self._most:,} bytes {what}")
        n = len(self._separator)
        while True:
            found = self._buffer.find(self._separator, self._n_sought, self._n_held)
            if found >= 0:
                self._drop(found + n)
                break
            if self._is_at_end:
                self._drop(self._n_held)
                break
            self._drop(max(self._n_held - n + 1, 0))
            self._fill()
        yield RejectChunk(reject, self._place(), self._n_new(), self._document is not None)
        self._document = None

    def _rest(self) -> Iterator[Chunk]:
        """Take what is behind the last separator, when the text has ended."""
        if self._damage is not None:
            reject = self._reject(DAMAGED_FILE, f"{self._damage}; what follows is lost")
            self._drop(self._n_held)
            yield RejectChunk(reject, self._place(), self._n_new(), self._document is not None)
        elif self._n_held or self._document is not None:
            if not self._may_cut and self._n_held > self._most:
                yield from self._leave_out()
            else:
                yield self._take(self._n_held, goes_on=False)

    def _reject(self, reason: str, detail: str) -> Reject:
        sample = self._first_bytes() if self._document is None else self._sample
        return Reject(*(self._document or self._place()), reason, detail, sample)

    def _first_bytes(self) -> bytes:
        return bytes(memoryview(self._buffer)[: min(self._n_held, SAMPLE_BYTES)])

    def _drop(self, n_bytes: int) -> None:
        """Forget the first bytes of the buffer."""
        rest = self._buffer[n_bytes : self._n_held]
        self._buffer = bytearray(self._chunk_bytes)
        self._buffer[: len(rest)] = rest
        self._n_held, self._n_sought = len(rest), max(self._n_sought - n_bytes, 0)
        self._offset += n_bytes

    def _place(self) -> Place:
        return Place(self._file.source, self._offset)

    def _n_new(self) -> int:
        return self._file.n_new_file_bytes()
