"""One text file, read from front to back into chunks that end with a document where they can.

Memory holds the buffer that is filled, and the tail of it that goes to the next. The buffer grows
only while a document is in it that must be held whole, or a stretch without a place to cut, and
then up to a limit: past it the document is left out, and what follows it is found without holding
it. Which documents are left out, and what is said of them, depends on the text alone, and not on
where the reading began or how much is read at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bytestride import _core
from bytestride.corpus.chunks import Place
from bytestride.corpus.rejects import DAMAGED_FILE, SAMPLE_BYTES, TOO_LONG, Reject
from bytestride.corpus.separators import Separators
from bytestride.corpus.text_chunks import LinesChunk, OpenDocument, RejectChunk, TextChunk
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.chunks import Chunk
    from bytestride.corpus.input_files import InputFile
    from bytestride.corpus.reading import Reading

# What a safe cut looks at in front of itself is shorter.
_CONTEXT_BYTES = 8


class TextReader:
    """Reads the documents that begin in one stretch of one file.

    Parameters
    ----------
    file
        The file, at its beginning.
    source
        Its number among the inputs.
    reading
        How to read it.
    is_lines
        Whether it holds lines of JSON.
    chunk_bytes
        About how much text a chunk holds.
    begin, stop
        The first and the last place where a document may begin, the last not included; no `stop`
        for the end of the file. Where separators overlap themselves, `begin` is exactly where a
        document begins.
    within
        Where the document begins that `begin` lies in, at a safe cut, for who goes on there.
    """

    def __init__(
        self,
        file: InputFile,
        source: int,
        reading: Reading,
        *,
        is_lines: bool,
        chunk_bytes: int,
        begin: int = 0,
        stop: int | None = None,
        within: Place | None = None,
    ) -> None:
        self._file = file
        self._source = source
        self._reading = reading
        self._is_lines = is_lines
        self._stop = stop
        separator = b"\n" if is_lines else reading.separator
        self._separators = None if separator is None else Separators(separator)
        self._width = 1 if separator is None else len(separator)
        self._may_cut = reading.may_cut and not is_lines
        self._limit = reading.max_uncut_bytes if self._may_cut else reading.max_document_bytes
        # With a document of the limit there must be room for the separator behind it, or, without
        # separators, for a byte more that tells that it is longer.
        self._most_bytes = self._limit + self._width
        self._step = max(min(chunk_bytes, self._most_bytes), 1)
        self._begin = begin
        # Its first bytes, which only show it where it is bad, are not read again.
        self._within = None if within is None else OpenDocument(within, b"")
        self._buffer = memoryview(bytearray())
        self._first = 0  # where in the buffer what is held begins; it is held to
        self._end = 0
        self._context = 0  # so many bytes before it are of the same document
        self._base = begin  # where in the text what is held begins
        self._searched = 0  # no separator begins before here in what is held
        self._uncut = 0  # no safe cut lies before here in what is held
        self._is_at_end = False
        self._damage: FormatError | None = None
        self._is_done = False
        self._given = begin  # up to where chunks stand for the text, and for the file
        self._n_stored = 0

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks.

        Raises
        ------
        InputChangedError
            The file is not what it was.
        OSError
            As the system says.
        """
        if self._is_known_to_be_too_long():
            yield self._rejected(TOO_LONG, self._too_long_detail())
            return
        self._is_done = not self._find_begin()
        while not self._is_done and (
            self._stop is None or self._base < self._stop or self._within is not None
        ):
            self._fill()
            yield from self._next()

    def _next(self) -> Iterator[Chunk]:
        """Yield a chunk of what is held, or nothing where more has to be read."""
        end = self._find_documents()
        if end:
            yield self._take(end)
            return
        if self._damage is not None:
            self._is_done = True
            yield self._rejected(DAMAGED_FILE, str(self._damage))
            return
        n_held = self._end - self._first
        if self._is_at_end and n_held <= self._limit:
            self._is_done = True
            is_empty_file = self._separators is None and self._base == 0
            if n_held or self._within is not None or is_empty_file:
                yield self._take(n_held)
            return
        cut = self._find_cut()
        if cut:
            yield self._take(cut, goes_on=True)
        elif n_held > self._limit and (self._is_at_end or n_held >= self._most_bytes):
            detail, head, begin = self._too_long_detail(), self._head(), self._document_begin()
            self._is_done = self._separators is None or not self._skip_to(0)
            if self._damage is not None:
                yield self._rejected(DAMAGED_FILE, str(self._damage), head, begin)
            else:
                yield self._rejected(TOO_LONG, detail, head, begin)

    # What is held.

    def _held(self) -> memoryview:
        return self._buffer[self._first : self._end]

    def _fill(self) -> None:
        """Read on: about as much as a chunk holds, and not above the limit."""
        n_held = self._end - self._first
        wanted = n_held + self._step if n_held > self._step // 2 else self._step
        wanted = min(wanted, self._most_bytes)
        self._make_room(wanted)
        until = self._first + wanted
        while self._end < until and not self._is_at_end and self._damage is None:
            try:
                n = self._file.readinto(self._buffer[self._end : until])
            except FormatError as error:
                self._damage = error
                return
            self._end += n
            self._is_at_end = not n

    def _make_room(self, wanted: int) -> None:
        """Let the buffer hold so much, and the context in front of it."""
        if self._first + wanted <= len(self._buffer):
            return
        begin = self._first - self._context
        kept = self._buffer[begin : self._end]
        buffer = self._buffer
        if self._context + wanted > len(buffer):
            # Twice as much as is held keeps the copying linear.
            n_bytes = min(max(wanted, 2 * (self._end - self._first)), self._most_bytes)
            buffer = _new_buffer(self._context + n_bytes)
        buffer[: len(kept)] = kept
        self._buffer = buffer
        self._first, self._end = self._context, len(kept)

    def _drop(self, n_bytes: int, context: int = 0) -> None:
        """Let go of the beginning of what is held, but for what the search for cuts looks at."""
        self._first += n_bytes
        self._base += n_bytes
        self._context = context
        self._searched = max(self._searched - n_bytes, 0)
        self._uncut = 0

    # Where to cut it.

    def _find_begin(self) -> bool:
        """Go to the first document, or where the one that is gone on with does."""
        if self._begin == 0:
            return True
        if self._within is not None:
            n_context = min(_CONTEXT_BYTES, self._begin - self._within.begin.offset)
            self._file.skip(self._begin - n_context)
            self._make_room(n_context)
            self._end += self._file.skip(n_context, self._buffer[self._first :])
            self._base -= n_context
            self._drop(n_context, n_context)
            return True
        if self._separators is None:
            return False  # the one document begins at 0
        if self._separators.overlaps:
            self._file.skip(self._begin)
            return True
        n_before = min(self._width, self._begin)
        self._file.skip(self._begin - n_before)
        self._base -= n_before
        return self._skip_to(self._begin)

    def _skip_to(self, place: int) -> bool:
        """Drop all up to the end of the first separator that ends at a place or later.

        Whether there is one, and a document may begin behind it.
        """
        assert self._separators is not None
        while True:
            end = self._separators.first_end(self._held(), self._searched, place - self._base)
            if end:
                self._drop(end)
                self._searched = 0
                return True
            # What may be the beginning of a separator stays.
            self._drop(max(self._end - self._first - self._width + 1, 0))
            self._searched = 0
            if self._stop is not None and self._base + self._width >= self._stop:
                return False
            if self._is_at_end or self._damage is not None:
                return False
            self._fill()

    def _find_documents(self) -> int:
        """Find where the last whole document that is held ends; 0 where none does."""
        if self._separators is None:
            return 0
        held = self._held()
        if self._stop is not None and self._base + len(held) >= self._stop:
            # The last document that begins before the place to stop at ends here, or later.
            end = self._separators.first_end(held, self._searched, self._stop - self._base)
            if end:
                self._is_done = True
                return end
        end = self._separators.last_end(held, self._searched)
        if not end:
            self._searched = max(len(held) - self._width + 1, self._searched)
        return end

    def _find_cut(self) -> int:
        """Find the last place where what is held, which is of one document, may be cut, or 0."""
        if not self._may_cut:
            return 0
        n_held = self._end - self._first
        # The end of what is held may be the beginning of a separator, so no cut lies in there.
        end = n_held if self._is_at_end or self._separators is None else self._searched
        end = min(end, self._limit + 1)
        # Over what was searched before, but for what a character that was not whole hid.
        begin = max(self._uncut - _CONTEXT_BYTES, -self._context)
        found = _core.last_safe_cut(self._buffer[self._first + begin : self._first + end])
        if found and begin + found > 0:
            return begin + found
        self._uncut = end
        return 0

    # What becomes of it.

    def _take(self, n_bytes: int, *, goes_on: bool = False) -> Chunk:
        """Make a chunk of the beginning of what is held; the rest goes to another buffer."""
        data = self._buffer[self._first : self._first + n_bytes]
        begin, within = Place(self._source, self._base), self._within
        if goes_on:
            self._within = OpenDocument(
                Place(self._source, self._document_begin()), self._head(n_bytes)
            )
        else:
            self._within = None
        old, old_end = self._buffer, self._end
        # Not those of another document.
        n_context = min(_CONTEXT_BYTES, n_bytes + self._context) if goes_on else 0
        self._drop(n_bytes, n_context)
        kept = old[self._first - n_context : old_end]
        n_rest = old_end - self._first
        wanted = n_rest + self._step if n_rest > self._step // 2 else self._step
        self._buffer = _new_buffer(n_context + min(wanted, self._most_bytes))
        self._buffer[: len(kept)] = kept
        self._first, self._end = n_context, len(kept)
        end, n_file_bytes = self._progress()
        if self._is_lines:
            return LinesChunk(data, begin, end, n_file_bytes, self._reading)
        separator = None if goes_on else self._reading.separator
        return TextChunk(data, begin, end, n_file_bytes, separator, self._reading, within, goes_on)

    def _rejected(
        self, reason: str, detail: str, head: bytes | None = None, begin: int | None = None
    ) -> RejectChunk:
        """Make a chunk that says that the open document is left out."""
        if head is None:
            head, begin = self._head(), self._document_begin()
        assert begin is not None
        reject = Reject(self._source, begin, reason, detail, head)
        continues = self._within is not None
        self._within = None
        if self._is_done:  # up to where the reading was to go, there is nothing more
            self._is_at_end = self._stop is None
            self._base = max(self._base, self._stop or 0)
            self._first, self._context = self._end, 0
        return RejectChunk(reject, *self._progress(), continues)

    def _progress(self) -> tuple[Place, int]:
        """Give where the next chunk begins, and how much of the file the last one stands for."""
        is_over = self._is_at_end and self._first == self._end
        end = Place(self._source + 1, 0) if is_over else Place(self._source, self._base)
        if self._file.size is None:
            n_file_bytes = self._file.n_stored_bytes - self._n_stored
            self._n_stored += n_file_bytes
        else:
            given = self._file.size if is_over and self._stop is None else self._base
            n_file_bytes, self._given = given - self._given, given
        return end, n_file_bytes

    def _document_begin(self) -> int:
        return self._base if self._within is None else self._within.begin.offset

    def _head(self, n_bytes: int | None = None) -> bytes:
        """Give the beginning of the open document."""
        before = b"" if self._within is None else self._within.head
        n_more = SAMPLE_BYTES - len(before)
        return before + bytes(self._held()[: n_more if n_bytes is None else min(n_bytes, n_more)])

    def _is_known_to_be_too_long(self) -> bool:
        """Whether the file is a document that its size says is too long."""
        if self._separators is not None or self._may_cut or self._file.size is None or self._begin:
            return False
        if self._file.size > self._limit:
            self._step = SAMPLE_BYTES
            self._fill()
            self._is_done = True
            return True
        # It comes whole: at once, then.
        self._step = self._file.size + 1
        return False

    def _too_long_detail(self) -> str:
        if not self._may_cut:
            return f"longer than {self._limit:,} bytes, and it may not be cut"
        at = self._base - self._document_begin()
        return f"no place to cut it in the {self._limit:,} bytes behind byte {at:,} of it"


def _new_buffer(n_bytes: int) -> memoryview:
    return _core.recycled_bytes(n_bytes).data
