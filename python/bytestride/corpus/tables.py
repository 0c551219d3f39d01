"""Tables, Parquet or Arrow: the text of a row, in one column, is a document.

Only that column is read, by buffered reads and not through a map, so that a file that shrinks is an
error and no signal. Of Parquet, memory holds a few pages and a few chunks, whatever the size of row
groups; of Arrow, the column of one record batch, which its writer chose. Feather files of version 2
are Arrow files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from bytestride import _core
from bytestride.corpus.chunks import CHUNK_BYTES, Chunk, Place, Texts
from bytestride.corpus.columns import (
    are_null,
    decoded,
    joined,
    kept,
    lengths,
    one_array,
)
from bytestride.corpus.rejects import (
    DAMAGED_FILE,
    INVALID_UTF8,
    MISSING_FIELD,
    SAMPLE_BYTES,
    TOO_LONG,
    Reject,
)
from bytestride.corpus.table_pieces import (
    arrow_pieces,
    is_damage,
    opened_parquet,
    parquet_pieces,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow

    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

END_OF_TABLE: Final = 2**63 - 1
"""A row behind the last, of a table whose rows were not counted."""

_ROW_BYTES: Final = 16  # what a row takes beside its text: chunks of empty rows have an end too


class RowGroups(NamedTuple):
    """Where a table can be divided.

    Attributes
    ----------
    rows
        First row of each group, and the number of rows: int64[k + 1]. The last is `END_OF_TABLE`
        where rows are counted only by reading them.
    text_bytes
        About how many bytes of text each holds, before compression: int64[k].
    """

    rows: npt.NDArray[np.int64]
    text_bytes: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TableChunk:
    """Rows of a table, their texts not yet checked."""

    source: int
    first_row: int
    columns: list[pyarrow.Array]
    end: Place
    n_file_bytes: int
    reading: Reading
    damage: Reject | None = None

    def texts(self) -> Texts:
        """Decode what is a dictionary, and tell good texts from bad ones."""
        good = []
        rows = []
        rejects: list[Reject] = []
        row = self.first_row
        for array in joined([decoded(column) for column in self.columns]):
            is_good = self._check(array, row, rejects)
            row += len(array)
            rows.append(row - len(array) + np.flatnonzero(is_good))
            good.append(array if is_good.all() else kept(array, is_good))
        if self.damage is not None:
            rejects.append(self.damage)
        row_of = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        text_lengths = np.concatenate([np.zeros(0, np.int64), *map(lengths, good)])
        return Texts(
            documents=one_array(good),
            offsets=None,
            n_documents=len(row_of),
            n_text_bytes=int(text_lengths.sum()),
            place_of=lambda number: Place(self.source, int(row_of[number])),
            text_lengths=lambda: text_lengths,
            sources=self.source,
            rejects=rejects,
        )

    def _check(
        self, array: pyarrow.Array, first_row: int, rejects: list[Reject]
    ) -> npt.NDArray[np.bool_]:
        """Say which rows are good; those that are not go to `rejects`, in order."""
        bad: dict[int, tuple[str, str]] = {}
        for i in np.flatnonzero(are_null(array)).tolist():
            bad[i] = MISSING_FIELD, f"{self.reading.column!r} is null"
        n_bytes = lengths(array)
        limit = self.reading.max_document_bytes
        for i in np.flatnonzero(n_bytes > limit).tolist():
            bad[i] = TOO_LONG, f"{n_bytes[i]} bytes; a row may hold {limit}"
        is_good = np.ones(len(array), bool)
        is_good[list(bad)] = False
        if not self.reading.keep_invalid_utf8:
            left = np.flatnonzero(is_good)
            checked = array if len(left) == len(array) else kept(array, is_good)
            for number, position in _core.ill_formed_documents(checked).tolist():
                i = int(left[number])
                byte = array[i].as_buffer()[position]
                bad[i] = INVALID_UTF8, f"byte {position} of the text, {byte:#04x}, is not UTF-8"
        for i, (reason, detail) in sorted(bad.items()):
            is_good[i] = False
            buffer = array[i].as_buffer()
            sample = b"" if buffer is None else bytes(memoryview(buffer)[:SAMPLE_BYTES])
            rejects.append(Reject(self.source, first_row + i, reason, detail, sample))
        return is_good


def table_chunks(
    inputs: Inputs,
    source: int,
    begin_row: int,
    end_row: int,
    reading: Reading,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    """Read rows of a table in chunks.

    Parameters
    ----------
    inputs, source
        The files, and the number of this one. A name with a scheme is opened through fsspec.
    begin_row, end_row
        The rows to read; the end may lie behind the last (`END_OF_TABLE`).
    reading
        Its `column` names the column, of a flat table. Its `format` or else the name says whether
        the table is Parquet or Arrow.
    chunk_bytes
        About how much text a chunk holds; one row at least.

    Yields
    ------
    Chunk
        Where the file is damaged, the last one has what was read before and says so.

    Raises
    ------
    FormatError
        On the first step: the table has no such column, or it holds no texts.
    ModuleNotFoundError
        On the first step: a package is missing.
    OSError
        The file cannot be read.
    """
    name = inputs.names[source]
    read = parquet_pieces if _is_parquet(name, reading) else arrow_pieces
    pieces = read(inputs, source, begin_row, end_row, reading, chunk_bytes)
    held: list[pyarrow.Array] = []
    held_bytes = begun_at_byte = at_byte = 0
    row = first_row = begin_row

    def chunk(end: int, damage: Reject | None = None) -> TableChunk:
        n_file_bytes = at_byte - begun_at_byte
        return TableChunk(
            source, first_row, held, Place(source, end), n_file_bytes, reading, damage
        )

    is_first = True
    while True:
        try:
            piece = next(pieces, None)
        except Exception as error:
            if not is_damage(error):
                raise
            detail = f"damaged after row {row}: {_first_line(error)}"
            yield chunk(end_row, Reject(source, row, DAMAGED_FILE, detail, b""))
            return
        if piece is None:
            break
        if is_first:
            begun_at_byte, is_first = piece.begin_byte, False
        row = piece.first_row
        n_rows = len(piece.column)
        ends = np.cumsum(lengths(piece.column) + _ROW_BYTES)
        begin = 0
        while begin < n_rows:
            before = int(ends[begin - 1]) if begin else 0
            # The row that fills the chunk is the last in it.
            last = int(np.searchsorted(ends, before + chunk_bytes - held_bytes))
            end = min(last + 1, n_rows)
            if not held:
                first_row = row
            held.append(piece.column.slice(begin, end - begin))
            held_bytes += int(ends[end - 1]) - before
            row += end - begin
            at_byte = piece.begin_byte + (piece.end_byte - piece.begin_byte) * end // n_rows
            if held_bytes >= chunk_bytes:
                yield chunk(row)
                held, held_bytes, begun_at_byte = [], 0, at_byte
            begin = end
    if held:
        yield chunk(row)


def row_groups(inputs: Inputs, source: int, reading: Reading) -> RowGroups:
    """Tell where a table can be divided: between the row groups of Parquet; an Arrow file, nowhere.

    A file that is too damaged to tell counts as one group: reading it says what is wrong.

    Raises
    ------
    FormatError, ModuleNotFoundError, OSError
        As `table_chunks`.
    """
    name = inputs.names[source]
    if _is_parquet(name, reading):
        try:
            with opened_parquet(name, reading.column) as parquet_file:
                table = parquet_file.table
                groups = [table.metadata.row_group(i) for i in range(table.num_row_groups)]
                rows = np.cumsum([0, *(group.num_rows for group in groups)], dtype=np.int64)
                sizes = [
                    group.column(parquet_file.leaf).total_uncompressed_size for group in groups
                ]
                return RowGroups(rows, np.array(sizes, np.int64))
        except Exception as error:
            if not is_damage(error):
                raise
    size = max(int(inputs.sizes[source]), 0)
    return RowGroups(np.array([0, END_OF_TABLE]), np.array([size], np.int64))


def _is_parquet(name: str, reading: Reading) -> bool:
    return reading.format == "parquet" or (reading.format is None and name.endswith(".parquet"))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
