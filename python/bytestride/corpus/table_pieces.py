"""Rows of one column of a table as its file gives them: Parquet, and Arrow files and streams."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, cast

from bytestride.corpus.columns import check_array, check_column, lengths
from bytestride.errors import FormatError

if TYPE_CHECKING:
    import pyarrow
    from pyarrow import parquet

    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

_BUFFER_BYTES: Final = 1024 * 1024
_MOST_ROWS: Final = 2048
_NO_MEMORY: Final = 2**40
_ARROW_MAGIC: Final = b"ARROW1"
_FEATHER_1_MAGIC: Final = b"FEA1"


class Piece(NamedTuple):
    """Rows as they were read, and the bytes of the file, as stored, that they stand for."""

    first_row: int
    column: pyarrow.Array
    begin_byte: int
    end_byte: int


def parquet_pieces(
    inputs: Inputs,
    source: int,
    begin_row: int,
    end_row: int,
    reading: Reading,
    chunk_bytes: int,
) -> Iterator[Piece]:
    """Yield rows of a Parquet file, never more than a few chunks of them at a time."""
    import pyarrow

    name, column = inputs.names[source], reading.column
    with opened_parquet(name, column) as parquet_file:
        table = parquet_file.table
        counts = [table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)]
        n_rows = max(sum(counts), 1)
        n_bytes = max(int(inputs.sizes[source]), 0)
        end_of_group = 0
        for number, count in enumerate(counts):
            row, end_of_group = end_of_group, end_of_group + count
            if end_of_group <= begin_row or row >= end_row:
                continue
            batches = table.iter_batches(
                batch_size=_batch_rows(parquet_file, number, chunk_bytes),
                row_groups=[number],
                columns=[column],
                use_threads=False,
            )
            for batch in batches:
                skipped = max(begin_row - row, 0)
                array = batch.column(batch.schema.names.index(column))
                array = array[skipped : max(end_row - row, 0)]
                first, row = row + skipped, row + len(batch)
                if row > end_of_group:
                    break
                if len(array):
                    after = n_bytes * (first + len(array)) // n_rows
                    yield Piece(first, array, n_bytes * first // n_rows, after)
                if row >= end_row:
                    return
            if row != end_of_group:
                raise pyarrow.ArrowInvalid(f"row group {number} does not have its {count} rows")


class Parquet(NamedTuple):
    """A Parquet file, and the column's name and number among its flat columns."""

    file: IO[bytes]
    table: parquet.ParquetFile
    column: str
    leaf: int


def stored_column(parquet_file: Parquet, number: int) -> parquet.ColumnChunkMetaData:
    """Give what the metadata says of the column in a row group.

    Damaged metadata ends the process where pyarrow 26 is asked for it first, and is an error where
    a reader of rows comes upon it: so one is asked for a row before.
    """
    _first_row(parquet_file, number)
    return parquet_file.table.metadata.row_group(number).column(parquet_file.leaf)


def _first_row(parquet_file: Parquet, number: int) -> pyarrow.DictionaryArray | None:
    """Give the first row of a row group, with all of its dictionary if it has one."""
    from pyarrow import parquet

    with_dictionary = parquet.ParquetFile(
        parquet_file.file,
        metadata=parquet_file.table.metadata,
        read_dictionary=[parquet_file.column],
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
    )
    rows = with_dictionary.iter_batches(
        batch_size=1, row_groups=[number], columns=[parquet_file.column], use_threads=False
    )
    for batch in rows:
        return batch.column(batch.schema.names.index(parquet_file.column))
    return None


def _batch_rows(parquet_file: Parquet, number: int, chunk_bytes: int) -> int:
    """How many rows to decode at a time, so that they take no more than a few chunks of memory.

    The metadata gives the mean size of a row as it is stored. A text that stands once in the
    group's dictionary, and in a million rows, is none of that: so the longest there counts as well.
    """
    first = _first_row(parquet_file, number)
    stored = parquet_file.table.metadata.row_group(number).column(parquet_file.leaf)
    mean = max(int(stored.total_uncompressed_size) // max(stored.num_values, 1), 1)
    longest = 1 if first is None else int(lengths(first.dictionary).max(initial=1))
    n_rows: int = min(chunk_bytes // 4 // mean, 16 * chunk_bytes // longest, _MOST_ROWS)
    return max(n_rows, 1)


@contextmanager
def opened_parquet(name: str, column: str) -> Iterator[Parquet]:
    """Open a Parquet file that has the column, with texts in it."""
    with _opened(name) as file:
        from pyarrow import parquet

        # Whole column chunks would be read at once otherwise, and all of a group ahead.
        table = parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
        check_column(name, table.schema_arrow, column)
        paths = [table.metadata.schema.column(i).path for i in range(table.metadata.num_columns)]
        yield Parquet(file, table, column, paths.index(column))


def arrow_pieces(
    inputs: Inputs,
    source: int,
    begin_row: int,
    end_row: int,
    reading: Reading,
    chunk_bytes: int,  # the size of a batch is its writer's
) -> Iterator[Piece]:
    """Yield rows of an Arrow file or stream, a record batch at a time."""
    del chunk_bytes
    name, column = inputs.names[source], reading.column
    n_bytes = max(int(inputs.sizes[source]), 0)
    with _opened(name) as file:
        batches = _arrow_batches(name, file, column, n_bytes)
        row = at_byte = 0
        for array, end_byte in batches:
            begin_byte, at_byte = at_byte, end_byte
            if row >= end_row:
                return
            skipped = max(begin_row - row, 0)
            wanted = array[skipped : max(end_row - row, 0)]
            if len(wanted):
                check_array(wanted)
                yield Piece(row + skipped, wanted, begin_byte, end_byte)
            row += len(array)


def _arrow_batches(
    name: str, file: IO[bytes], column: str, n_bytes: int
) -> Iterator[tuple[pyarrow.Array, int]]:
    """Yield the column of each record batch, and the byte of the file where the batch ends."""
    import pyarrow

    magic = file.read(len(_ARROW_MAGIC))
    file.seek(0)
    if magic.startswith(_FEATHER_1_MAGIC):
        raise FormatError(f"{name} is a Feather file of version 1; write it again as version 2")
    is_file = magic == _ARROW_MAGIC
    open_reader: Callable[..., Any] = pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream
    whole = open_reader(pyarrow.PythonFile(file, "r"))
    check_column(name, whole.schema, column)
    options = pyarrow.ipc.IpcReadOptions(
        included_fields=[whole.schema.names.index(column)], use_threads=False
    )
    file.seek(0)
    reader = open_reader(pyarrow.PythonFile(file, "r"), options=options)
    if is_file:
        n_batches = reader.num_record_batches
        for i in range(n_batches):
            yield reader.get_batch(i).column(0), n_bytes * (i + 1) // n_batches
    else:
        for batch in reader:
            yield batch.column(0), file.tell()


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {name} needs the package pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    if name == "-":
        raise FormatError("a table cannot come from standard input; name a file")
    if "://" not in name:
        with Path(name).open("rb") as file:
            yield cast("IO[bytes]", _File(file))
        return
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {name} needs the package fsspec: pip install 'bytestride[remote]'"
        ) from error
    with fsspec.open(name, "rb") as file:
        yield cast("IO[bytes]", _File(file))


class _File:
    """A file that is never asked for more than it has, whatever lengths stand in it.

    Python makes room for all that is asked for before it reads.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self.seek = file.seek
        self.tell = file.tell
        self.seek(0)

    def read(self, n_bytes: int = -1) -> bytes:
        left = max(self._size - self.tell(), 0)
        return self._file.read(left if n_bytes < 0 else min(n_bytes, left))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Leave it open: the file is closed by whoever opened it."""


def is_damage(error: Exception) -> bool:
    """Tell what a file's bytes are to blame for from what the system or the caller is."""
    import pyarrow

    if isinstance(error, MemoryError):
        # No machine has what a damaged length asks for; what is less may be a true shortage.
        asked = re.search(r"size (\d+)", str(error))
        return asked is not None and int(asked[1]) >= _NO_MEMORY
    if isinstance(error, FormatError | pyarrow.ArrowCancelled):
        return False
    if isinstance(error, OSError):
        return error.errno is None  # Arrow's own
    return isinstance(error, pyarrow.ArrowException | UnicodeDecodeError | EOFError)
