"""Arrow and Parquet files with a column ``input_ids`` of lists: a row is a document.

An Arrow file or stream that is not compressed holds ids and offsets as they are in memory, so each
of its record batches is a shard that is mapped in place. Everything else (Parquet, compressed
Arrow, int64 ids) has to be decoded, and is read into memory up to ``MAX_DECODED_BYTES``; beyond
it, ``bytestride store convert`` makes a store of it without holding it.

pyarrow is imported here, when such a file is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.errors import FormatError, shown
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.megatron import Ids
from bytestride.store.shards import BARE_DTYPES, EndsFile, EndsInMemory, ShardFiles

COLUMN = "input_ids"
ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")
PARQUET_SUFFIXES = (".parquet", ".pq")
MAX_DECODED_BYTES = 1 << 30
"""Ids of a file that has to be decoded take at most this much memory."""

_FILE_MARK = b"ARROW1"
_BATCH_ROWS = 1024

Rows: TypeAlias = tuple[Ids, NDArray[np.int64]]
"""Ids of some rows, and the end of each row in them."""


def read_arrow(path: Path) -> list[ShardFiles]:
    """Read an Arrow file or stream: its batches in place, or all of it decoded into one shard.

    Raises
    ------
    FormatError
        If it is damaged, has no such column, has nulls, or is too large to be decoded.
    ImportError
        If there is no pyarrow.
    """
    check_indices(path.parent)  # also of rows that are mapped
    mapped = _mapped_batches(path)
    return mapped if mapped is not None else [_decoded(path)]


def read_parquet(path: Path) -> ShardFiles:
    """Read a Parquet file into memory.

    Raises
    ------
    FormatError
        As for :func:`read_arrow`.
    ImportError
        If there is no pyarrow.
    """
    return _decoded(path)


def iter_rows(path: Path) -> Iterator[Rows]:
    """Go through a file's rows, some at a time, in bounded memory.

    Yields
    ------
    ids, ends
        One-dimensional ids of uint8, uint16, uint32 or int32, and int64 ends of the rows.

    Raises
    ------
    FormatError
        If the file is damaged, has no such column, has nulls, or ids beyond int32.
    """
    check_indices(path.parent)
    with _reading(path) as pa:
        batches = _parquet_batches(path) if _is_parquet(path) else _arrow_batches(pa, path)
        for number, batch in enumerate(batches):
            yield _rows(pa, path, f"batch {number}", _column(pa, path, batch))


def table_dtype(path: Path) -> np.dtype[Any]:
    """Read which type :func:`iter_rows` gives ids in.

    Raises
    ------
    FormatError
        If the file is damaged or has no such column.
    """
    with _reading(path) as pa:
        return _schema_of(pa, path)[0]


def check_indices(folder: Path) -> None:
    """Refuse a folder saved by Hugging Face ``datasets`` whose rows are chosen by indices.

    Its Arrow files hold other rows than the data set does, or in another order.
    """
    state_path = folder / "state.json"
    if not state_path.is_file():
        return
    try:
        state = json.loads(state_path.read_bytes()[: 1 << 20])
    except (ValueError, RecursionError):
        return  # some other state
    if isinstance(state, dict) and state.get("_indices_files"):
        raise FormatError(
            f"{state_path}: the data set's rows are chosen by an index file beside its Arrow "
            "files; save it again after flatten_indices()"
        )


def _is_parquet(path: Path) -> bool:
    return path.suffix in PARQUET_SUFFIXES


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """Give pyarrow, and turn what it raises about a file into our errors."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ImportError(
            f"reading {path} needs the package pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    try:
        yield pa
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        said = shown(str(error).split("\n", 1)[0])
        raise FormatError(f"{path}: pyarrow cannot read it: {said}; {REWRITE}") from error


def _open_ipc(pa: Any, path: Path, source: Any) -> Any:  # noqa: ANN401 (pyarrow is optional)
    with path.open("rb") as file:
        is_file = file.read(len(_FILE_MARK)) == _FILE_MARK
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _arrow_batches(pa: Any, path: Path) -> Iterator[Any]:  # noqa: ANN401
    if path.stat().st_size == 0:
        raise damaged(path, 0, "an Arrow file or stream", "an empty file")
    with pa.memory_map(str(path)) as source:
        reader = _open_ipc(pa, path, source)
        if hasattr(reader, "num_record_batches"):
            for i in range(reader.num_record_batches):
                yield reader.get_batch(i)
        else:
            yield from reader


def _parquet_batches(path: Path) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        _check_columns(path, file.schema_arrow.names)
        yield from file.iter_batches(_BATCH_ROWS, columns=[COLUMN])


def _check_columns(path: Path, names: list[str]) -> None:
    if names.count(COLUMN) != 1:
        raise FormatError(
            f"{path}: expected one column named {COLUMN}, found {shown(names)}; rename the column "
            "of ids"
        )


def _column(pa: Any, path: Path, batch: Any) -> Any:  # noqa: ANN401
    _list_type(pa, path, batch.schema)
    column = batch.column(COLUMN)
    column.validate(full=True)
    return column


def _list_type(pa: Any, path: Path, schema: Any) -> Any:  # noqa: ANN401
    _check_columns(path, schema.names)
    kind = schema.field(COLUMN).type
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not listed or not pa.types.is_integer(kind.value_type):
        raise FormatError(
            f"{path}: expected {COLUMN} to be lists of integers, found {shown(str(kind))}; "
            "cast the column"
        )
    return kind


def _rows(pa: Any, path: Path, where: str, column: Any) -> Rows:  # noqa: ANN401
    """Take a checked list array as ids and ends, in types that are served."""
    if column.null_count:
        raise damaged(path, where, "a list of ids in every row", f"{column.null_count} nulls")
    offsets = column.offsets.to_numpy().astype(np.int64)
    begin, end = int(offsets[0]), int(offsets[-1])
    values = column.values.slice(begin, end - begin)
    if values.null_count:
        raise damaged(path, where, "an id at every place", f"{values.null_count} nulls")
    return _served(path, where, values.to_numpy()), offsets[1:] - begin


def _served(path: Path, where: str, ids: Ids) -> Ids:
    if ids.dtype in BARE_DTYPES:
        return ids
    if ids.size and (ids.min() < 0 or ids.max() >= 2**31):
        raise damaged(path, where, "ids from 0 to 2**31 - 1", f"{ids.min()} to {ids.max()}")
    return ids.astype(np.int32)


def _mapped_batches(path: Path) -> list[ShardFiles] | None:
    """Read batches in place; None if any of them has to be decoded."""
    shards = []
    with _reading(path) as pa:
        if path.stat().st_size == 0:
            raise damaged(path, 0, "an Arrow file or stream", "an empty file")
        with pa.memory_map(str(path)) as source:
            base = source.read_buffer().address
            source.seek(0)
        for number, batch in enumerate(_arrow_batches(pa, path)):
            shard = _mapped(pa, path, f"batch {number}", batch, base)
            if shard is None:
                return None
            shards.append(shard)
    return shards or None


def _mapped(pa: Any, path: Path, where: str, batch: Any, base: int) -> ShardFiles | None:  # noqa: ANN401
    column = _column(pa, path, batch)
    ids, ends = _rows(pa, path, where, column)
    dtype = np.dtype(column.type.value_type.to_pandas_dtype())
    if dtype not in BARE_DTYPES:
        return None
    buffer = column.values.buffers()[1]
    n_file_bytes = path.stat().st_size

    def place(address: int, n_bytes: int) -> int | None:
        """Where memory lies in the mapped file; None if it is elsewhere, so decoded."""
        begin = address - base
        return begin if 0 <= begin <= n_file_bytes - n_bytes else None

    at = None if buffer is None else place(ids.ctypes.data, ids.nbytes)
    if ids.size == 0:
        at = 0
    if at is None or at % dtype.itemsize:
        return None
    documents: EndsFile | EndsInMemory = EndsInMemory(lambda: ends)
    offsets = column.offsets
    if ends.size and pa.types.is_large_list(column.type) and offsets[0].as_py() == 0:
        first = place(offsets.buffers()[1].address + 8 * (offsets.offset + 1), 8 * ends.size)
        if first is not None:
            documents = EndsFile(path, first, np.dtype("<i8"), ends.size, ids.size)
    return ShardFiles(path, dtype, ids.size, at, documents)


def _decoded(path: Path) -> ShardFiles:
    """Read a whole file into memory, if it is not too large."""
    with _reading(path) as pa:
        dtype, n_values = _schema_of(pa, path)
    if n_values * dtype.itemsize > MAX_DECODED_BYTES:
        raise _too_large(path, n_values * dtype.itemsize)
    parts: list[Ids] = [np.empty(0, dtype)]
    ends = [np.empty(0, np.int64)]
    n_tokens = 0
    for ids, here in iter_rows(path):
        parts.append(ids)
        ends.append(here + n_tokens)
        n_tokens += ids.size
        if n_tokens * dtype.itemsize > MAX_DECODED_BYTES:
            raise _too_large(path, n_tokens * dtype.itemsize)
    ids = np.concatenate(parts)
    ids.flags.writeable = False
    all_ends = np.concatenate(ends)
    return ShardFiles(path, dtype, n_tokens, 0, EndsInMemory(lambda: all_ends), ids=ids)


def _schema_of(pa: Any, path: Path) -> tuple[np.dtype[Any], int]:  # noqa: ANN401
    """Give the type of the ids as served, and how many there are by a Parquet file's footer."""
    n_values = 0
    if _is_parquet(path):
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            _check_columns(path, schema.names)
            for i in range(metadata.num_row_groups):
                group = metadata.row_group(i)
                for j in range(group.num_columns):
                    if group.column(j).path_in_schema.split(".", 1)[0] == COLUMN:
                        n_values += group.column(j).num_values
    else:
        with pa.memory_map(str(path)) as source:
            schema = _open_ipc(pa, path, source).schema
    kind = _list_type(pa, path, schema)
    dtype: np.dtype[Any] = np.dtype(kind.value_type.to_pandas_dtype())
    if dtype not in BARE_DTYPES:
        dtype = np.dtype(np.int32)
    return dtype, n_values


def _too_large(path: Path, n_bytes: int) -> FormatError:
    return FormatError(
        f"{path}: its ids have to be decoded into memory and take {n_bytes} bytes or more, over "
        f"{MAX_DECODED_BYTES}; make a store of it with `bytestride store convert`"
    )
