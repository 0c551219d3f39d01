"""Columns of texts in Parquet and Arrow files, read by Arrow itself: no object is made for a row.

Memory holds a batch of rows at a time. Their number is set by the mean size of the rows of a group,
so that a batch is about a chunk; one that turns out larger goes to the workers in slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bytestride import _core
from bytestride.corpus.chunks import Chunk, Place, Texts
from bytestride.corpus.input_file import InputFile
from bytestride.corpus.kinds import kind_of
from bytestride.corpus.rejects import (
    DAMAGED_FILE,
    INVALID_UTF8,
    MISSING_FIELD,
    SAMPLE_BYTES,
    TOO_LONG,
    Reject,
)
from bytestride.corpus.text_chunks import RejectChunk
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

_PAGE_BYTES = 1024 * 1024
_MOST_ROWS = 65_536


def _import_pyarrow(name: str) -> Any:  # noqa: ANN401 (a module without types)
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.ipc
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {name} needs the package pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    return pyarrow


@dataclass(frozen=True)
class TableChunk:
    """Some rows of a column."""

    rows: Any
    begin: Place
    n_file_bytes: int
    max_document_bytes: int

    @property
    def end(self) -> Place:
        """Where the next chunk begins."""
        return Place(self.begin.source, self.begin.offset + len(self.rows))

    def texts(self) -> Texts:
        """Leave out what is null, not UTF-8, or too long."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = self.rows
        if pa.types.is_dictionary(rows.type):
            rows = rows.dictionary_decode()
        kept: npt.NDArray[np.int64] | None = None
        rejects: list[Reject] = []
        source, first = self.begin
        if rows.null_count:
            valid = rows.is_valid().to_numpy(zero_copy_only=False)
            missing = np.flatnonzero(~valid)
            what = MISSING_FIELD, "the row has no text", b""
            rejects += [Reject(source, first + int(i), *what) for i in missing]
            kept = np.flatnonzero(valid)
            rows = rows.drop_null()
        lengths = _lengths(rows)
        bad = dict(_core.ill_formed_documents(rows, None).tolist())
        long = np.flatnonzero(lengths > self.max_document_bytes).tolist()
        if bad or long:
            for i in sorted({*bad, *long}):
                number = first + (i if kept is None else int(kept[i]))
                text = pc.cast(rows.slice(i, 1), pa.large_binary())[0].as_py()
                if i in long:
                    reason = TOO_LONG
                    detail = f"it is more than {self.max_document_bytes:,} bytes long"
                else:
                    reason = INVALID_UTF8
                    byte = f"byte 0x{text[bad[i]]:02x} at offset {bad[i]} of the text"
                    detail = f"{byte} is not UTF-8"
                rejects.append(Reject(source, number, reason, detail, text[:SAMPLE_BYTES]))
            good = np.ones(len(rows), bool)
            good[[*bad, *long]] = False
            rows, lengths = rows.filter(pa.array(good)), lengths[good]
            numbers = np.arange(len(good)) if kept is None else kept
            kept = numbers[good]
        return Texts(
            rows,
            None,
            len(rows),
            int(lengths.sum()),
            lambda i: Place(source, first + (i if kept is None else int(kept[i]))),
            lambda: lengths,
            source,
            rejects=sorted(rejects),
        )


def _lengths(rows: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 (an Arrow array)
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows.type in (pa.string_view(), pa.binary_view()):
        rows = rows.cast(pa.large_binary())
    lengths: npt.NDArray[np.int64] = pc.binary_length(rows).to_numpy().astype(np.int64)
    return lengths


def table_chunks(
    inputs: Inputs, source: int, begin: int, end: int, reading: Reading, chunk_bytes: int
) -> Iterator[Chunk]:
    """Yield rows of a table.

    Parameters
    ----------
    inputs, source, reading
        The file, and the column.
    begin, end
        The first row, and the one to end before.
    chunk_bytes
        About how large chunks are.

    Raises
    ------
    FormatError
        There is no such column, or it does not hold texts.
    """
    name = inputs.names[source]
    pa = _import_pyarrow(name)
    row = begin
    with _opened(inputs, source, reading) as file:
        try:
            for rows in _batches(pa, file, name, begin, end, reading, chunk_bytes):
                for piece in _slices(rows, chunk_bytes):
                    chunk = TableChunk(
                        piece,
                        Place(source, row),
                        file.n_new_file_bytes(),
                        reading.max_document_bytes,
                    )
                    row += len(piece)
                    yield chunk
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            detail = f"{name} is damaged: {error}; rows from {row} on are lost"
            reject = Reject(source, row, DAMAGED_FILE, detail, b"")
            yield RejectChunk(reject, Place(source + 1, 0), file.n_new_file_bytes())
        file.check_unchanged()


@contextmanager
def _opened(inputs: Inputs, source: int, reading: Reading) -> Iterator[InputFile]:
    with InputFile(inputs, source, reading.format) as file:
        if kind_of(file.name, reading.format).packing:
            raise FormatError(
                f"{file.name}: a table that is compressed as a whole; unpack it, tables have a "
                "compression of their own"
            )
        yield file


def _batches(
    pa: Any,  # noqa: ANN401 (a module without types)
    file: InputFile,
    name: str,
    begin: int,
    end: int,
    reading: Reading,
    chunk_bytes: int,
) -> Iterator[Any]:
    if kind_of(name, reading.format).format == "parquet":
        return _parquet_batches(pa, file, name, begin, end, reading.column, chunk_bytes)
    return _arrow_batches(pa, file, name, begin, end, reading.column)


def _parquet_batches(
    pa: Any,  # noqa: ANN401 (a module without types)
    file: InputFile,
    name: str,
    begin: int,
    end: int,
    column: str,
    chunk_bytes: int,
) -> Iterator[Any]:
    # Pages come through a small buffer: by default a whole column chunk is read at once.
    table = pa.parquet.ParquetFile(file.stored, buffer_size=_PAGE_BYTES, pre_buffer=False)
    _check_column(pa, table.schema_arrow, column, name)
    number = _column_number(table, column)
    first = 0
    for group in range(table.num_row_groups):
        about = table.metadata.row_group(group)
        stop = first + about.num_rows
        if stop > begin and first < end:
            mean = about.column(number).total_uncompressed_size / max(about.num_rows, 1)
            n_rows = int(min(max(chunk_bytes / max(mean, 1), 1), _MOST_ROWS))
            at = first
            batches = table.iter_batches(
                n_rows, row_groups=[group], columns=[column], use_threads=False
            )
            for batch in batches:
                yield from _within(batch.column(0), at, begin, end)
                at += batch.num_rows
        first = stop


def _column_number(table: Any, column: str) -> int:  # noqa: ANN401 (a ParquetFile)
    paths = [table.schema.column(i).path for i in range(len(table.schema))]
    return paths.index(column)


def _arrow_batches(
    pa: Any,  # noqa: ANN401 (a module without types)
    file: InputFile,
    name: str,
    begin: int,
    end: int,
    column: str,
) -> Iterator[Any]:
    reader, is_stream = _open_ipc(pa, file.stored)
    _check_column(pa, reader.schema, column, name)
    batches = (
        reader if is_stream else (reader.get_batch(i) for i in range(reader.num_record_batches))
    )
    at = 0
    for batch in batches:
        yield from _within(batch.column(column), at, begin, end)
        at += batch.num_rows
        if at >= end:
            return


def _open_ipc(pa: Any, stored: Any) -> tuple[Any, bool]:  # noqa: ANN401 (pyarrow)
    magic = stored.read(6)
    stored.seek(0)
    if magic == b"ARROW1":
        return pa.ipc.open_file(stored), False
    return pa.ipc.open_stream(stored), True


def _check_column(pa: Any, schema: Any, column: str, name: str) -> None:  # noqa: ANN401 (pyarrow)
    if column not in schema.names:
        names = ", ".join(schema.names[:8]) or "none"
        raise FormatError(
            f"{name} has no column {column!r}; it has {names}; name another with --column"
        )
    kind = schema.field(column).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    texts = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    if kind not in (*texts, pa.string_view(), pa.binary_view()):
        raise FormatError(
            f"{name}: column {column!r} holds {kind}, not texts; name another with --column"
        )


def _within(rows: Any, at: int, begin: int, end: int) -> Iterator[Any]:  # noqa: ANN401 (Arrow)
    first, stop = max(begin - at, 0), min(end - at, len(rows))
    if first < stop:
        yield rows.slice(first, stop - first)


def _slices(rows: Any, chunk_bytes: int) -> Iterator[Any]:  # noqa: ANN401 (Arrow)
    """Cut rows that are many more bytes than a chunk."""
    n_slices = min(max(rows.nbytes // (2 * chunk_bytes), 1), max(len(rows), 1))
    step = -(-len(rows) // n_slices)
    for first in range(0, len(rows), max(step, 1)):
        yield rows.slice(first, step)


def row_groups(
    inputs: Inputs, source: int, reading: Reading
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Say where a table may be divided; as `bytestride.corpus.reading.row_groups`."""
    name = inputs.names[source]
    pa = _import_pyarrow(name)
    counts, n_bytes = [0], [0]
    with _opened(inputs, source, reading) as file:
        try:
            if kind_of(name, reading.format).format == "parquet":
                table = pa.parquet.ParquetFile(file.stored, pre_buffer=False)
                _check_column(pa, table.schema_arrow, reading.column, name)
                number = _column_number(table, reading.column)
                groups = [table.metadata.row_group(i) for i in range(table.num_row_groups)]
                counts = [group.num_rows for group in groups]
                n_bytes = [group.column(number).total_uncompressed_size for group in groups]
            else:
                reader, is_stream = _open_ipc(pa, file.stored)
                if not is_stream:
                    # Nothing but the batches themselves says how many rows they have.
                    counts = []
                    for i in range(reader.num_record_batches):
                        counts.append(reader.get_batch(i).num_rows)
                    n_bytes = counts
        except pa.ArrowException:
            pass  # what is wrong with it, reading it will say
    rows = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return rows, np.array(n_bytes, np.int64)
