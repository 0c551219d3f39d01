"""Text files that are a document each: small ones gathered into chunks, large ones in pieces."""

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
from bytestride.corpus.text_chunks import RejectChunk, TextChunk
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

_MOST_FILES = 4096


@dataclass(frozen=True)
class FilesChunk:
    """Files that are a document each, end to end."""

    data: memoryview
    offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    end: Place
    n_file_bytes: int

    def texts(self) -> Texts:
        """Leave out what is not UTF-8."""
        bad = _core.ill_formed_documents(self.data, self.offsets)
        spans = np.stack([self.offsets[:-1], self.offsets[1:]], axis=1)
        good = spans if not len(bad) else np.delete(spans, bad[:, 0], axis=0)
        sources = self.sources if not len(bad) else np.delete(self.sources, bad[:, 0])
        return Texts(
            self.data,
            good,
            len(good),
            int((good[:, 1] - good[:, 0]).sum()),
            lambda i: Place(int(sources[i]), 0),
            lambda: good[:, 1] - good[:, 0],
            sources,
            rejects=[self._invalid(i, at) for i, at in bad.tolist()],
        )

    def _invalid(self, i: int, at: int) -> Reject:
        first, stop = self.offsets[i : i + 2].tolist()
        return Reject(
            int(self.sources[i]),
            0,
            INVALID_UTF8,
            f"byte 0x{self.data[first + at]:02x} at offset {at} of the text is not UTF-8",
            bytes(self.data[first : min(stop, first + SAMPLE_BYTES)]),
        )


class WholeFiles:
    """Gathers small files until a chunk is full.

    Parameters
    ----------
    inputs, reading, chunk_bytes
        As of `read_chunks`.
    """

    def __init__(self, inputs: Inputs, reading: Reading, chunk_bytes: int) -> None:
        self._inputs = inputs
        self._reading = reading
        self._chunk_bytes = chunk_bytes
        self._buffer = bytearray()
        self._ends: list[int] = []
        self._sources: list[int] = []

    def add(self, source: int) -> Iterator[Chunk]:
        """Read a file; yield what is full, or too large to be gathered."""
        size = int(self._inputs.sizes[source])
        packing = kind_of(self._inputs.names[source], self._reading.format).packing
        if size < 0 or packing or size > self._chunk_bytes // 2:
            yield from self.flush()
            yield from self._pieces(source)
            return
        used = self._ends[-1] if self._ends else 0
        if used + size > self._chunk_bytes or len(self._ends) == _MOST_FILES:
            yield from self.flush()
            used = 0
        if not self._buffer:
            self._buffer = bytearray(self._chunk_bytes)
        with InputFile(self._inputs, source, self._reading.format) as file:
            if file.fill(memoryview(self._buffer)[used : used + size]) < size:
                file.check_unchanged()
        self._ends.append(used + size)
        self._sources.append(source)

    def flush(self) -> Iterator[Chunk]:
        """Yield what was gathered."""
        if not self._ends:
            return
        n_bytes = self._ends[-1]
        yield FilesChunk(
            memoryview(self._buffer)[:n_bytes],
            np.array([0, *self._ends], np.int64),
            np.array(self._sources, np.int32),
            Place(self._sources[-1] + 1, 0),
            n_bytes,
        )
        self._buffer, self._ends, self._sources = bytearray(), [], []

    def _pieces(self, source: int) -> Iterator[Chunk]:
        """Read a large file, or one of unknown size, piece by piece."""
        begin, end = Place(source, 0), Place(source + 1, 0)
        most = self._most
        # No buffer is larger, so that no stretch, or document, above the limit is ever held whole.
        buffer = bytearray(min(self._chunk_bytes, most + 1))
        offset = n_held = 0
        is_last = False
        sample = b""
        with InputFile(self._inputs, source, self._reading.format) as file:
            while not is_last:
                room = memoryview(buffer)[n_held:]
                damage: FormatError | None = None
                try:
                    n_held += file.fill(room)
                except FormatError as error:
                    n_held += file.n_filled
                    damage = error
                is_last = n_held < len(buffer)
                if not offset:
                    sample = bytes(memoryview(buffer)[: min(n_held, SAMPLE_BYTES)])
                cut = self._find_cut(buffer, n_held, is_last)
                if damage is not None or (not cut and not is_last and len(buffer) > most):
                    what = DAMAGED_FILE, f"{damage}; the document is lost"
                    if damage is None:
                        how = "without a place to cut it" if self._reading.may_cut else "long"
                        what = TOO_LONG, f"more than {most:,} bytes {how}"
                    reject = Reject(*begin, *what, sample)
                    yield RejectChunk(reject, end, file.n_new_file_bytes(), offset > 0)
                    return
                rest = memoryview(buffer)[cut:n_held]
                n_buffer = max(min(self._chunk_bytes, most + 1), min(2 * len(rest), most + 1))
                larger = bytearray(n_buffer)
                larger[: len(rest)] = rest
                if cut or is_last:
                    yield TextChunk(
                        memoryview(buffer)[:cut],
                        Place(source, offset),
                        end if is_last else Place(source, offset + cut),
                        file.n_new_file_bytes(),
                        None,
                        continues=offset > 0,
                        goes_on=not is_last,
                        document=begin,
                        sample=sample,
                    )
                buffer, n_held = larger, n_held - cut
                offset += cut
            file.check_unchanged()

    @property
    def _most(self) -> int:
        reading = self._reading
        return reading.max_uncut_bytes if reading.may_cut else reading.max_document_bytes

    def _find_cut(self, buffer: bytearray, n_held: int, is_last: bool) -> int:
        if is_last:
            return n_held
        return _core.last_safe_cut(memoryview(buffer)[:n_held]) if self._reading.may_cut else 0
