"""Small files, many to a chunk: one read each, and no chunk for every line of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from bytestride import _core
from bytestride.corpus.chunks import Place
from bytestride.corpus.input_files import STDIN, read_whole
from bytestride.corpus.remote import is_url
from bytestride.corpus.text_chunks import FilesChunk, FilesOfLinesChunk

if TYPE_CHECKING:
    from bytestride.corpus.chunks import Chunk
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.kinds import Format, Kind
    from bytestride.corpus.reading import Reading

MAX_FILES: Final = 4096
"""How many files a chunk holds at most."""

_NEWLINE: Final = ord("\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Gathering:
    """Reads small plain files, one after another, into one buffer.

    Parameters
    ----------
    inputs
        The files.
    reading
        How to read them.
    chunk_bytes
        How much text a chunk holds; files above half of it are not small.
    """

    def __init__(self, inputs: Inputs, reading: Reading, chunk_bytes: int) -> None:
        self._inputs = inputs
        self._reading = reading
        self._chunk_bytes = chunk_bytes
        # So that no document can be above a limit.
        self._most_bytes = min(
            chunk_bytes // 2, reading.max_uncut_bytes, reading.max_document_bytes
        )
        self._format: Format = "text"
        self._buffer = memoryview(b"")
        self._begins: list[int] = []
        self._end = 0
        self._first_source = 0
        self._n_file_bytes = 0

    def takes(self, source: int, kind: Kind) -> bool:
        """Whether a file is small, and can be read by one call."""
        name = self._inputs.names[source]
        return (
            not kind.packing
            and kind.format in ("text", "jsonl")
            and 0 <= int(self._inputs.sizes[source]) <= self._most_bytes
            and name != STDIN
            and not is_url(name)
        )

    def add(self, source: int, kind: Kind) -> Iterator[Chunk]:
        """Read the file that follows the last; yields a chunk of those before if it is full.

        Raises
        ------
        InputChangedError
            The file is not what it was.
        OSError
            As the system says.
        """
        size = int(self._inputs.sizes[source])
        # With a newline behind each file of lines, and a byte more to read.
        is_full = self._end + size + 2 > len(self._buffer) or len(self._begins) == MAX_FILES
        if is_full or kind.format != self._format:
            yield from self.flush()
        if not self._begins:
            self._buffer = _core.recycled_bytes(self._chunk_bytes + 2).data
            self._first_source, self._format = source, kind.format
        begin = self._end
        out = self._buffer[begin:]
        read_whole(self._inputs.names[source], size, int(self._inputs.mtimes[source]), out)
        self._begins.append(begin)
        self._end += size
        self._n_file_bytes += size
        if kind.format == "jsonl" and size:
            if bytes(out[:3]) == _BYTE_ORDER_MARK:  # spaces say as little, and keep all places
                out[:3] = b"   "
            if out[size - 1] != _NEWLINE:
                out[size] = _NEWLINE
                self._end += 1

    def flush(self) -> Iterator[Chunk]:
        """Yield what is gathered, if it is anything."""
        if not self._begins:
            return
        data = self._buffer[: self._end]
        begins = np.array([*self._begins, self._end], np.int64)
        end = Place(self._first_source + len(self._begins), 0)
        reading, n_file_bytes = self._reading, self._n_file_bytes
        self._begins, self._end, self._n_file_bytes = [], 0, 0
        self._buffer = memoryview(b"")
        if self._format == "jsonl":
            yield FilesOfLinesChunk(data, begins, self._first_source, end, n_file_bytes, reading)
        else:
            yield FilesChunk(
                data, begins, self._first_source, end, n_file_bytes, reading.separator, reading
            )
