"""Arrow and Parquet files with a column ``input_ids`` of lists, a row a document.

The Arrow file is not compressed, so that readers map it. Both are written in batches of documents,
so memory is that of a batch or of the longest document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import PendingFile
from bytestride.store.layouts.arrow import COLUMN
from bytestride.store.megatron import Ids
from bytestride.store.sidecars.sealed import SealedShard

ARROW_SUFFIXES = (".arrow",)
PARQUET_SUFFIXES = (".parquet",)
_BATCH_TOKENS = 1 << 24


def import_pyarrow() -> Any:  # noqa: ANN401 (pyarrow is optional)
    """Give pyarrow.

    Raises
    ------
    ImportError
        If it is not there.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            "writing Arrow or Parquet needs the package pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    return pyarrow


class _Sink:
    """What pyarrow writes into: a file that is hashed as it grows."""

    def __init__(self, file: PendingFile) -> None:
        self._file = file
        self.closed = False

    def write(self, data: Any) -> int:  # noqa: ANN401 (a buffer of pyarrow's or bytes)
        view = memoryview(data).cast("B")
        self._file.write(view)
        return view.nbytes

    def tell(self) -> int:
        return self._file.n_bytes

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True


def write_arrow(shard: SealedShard, files: list[PendingFile]) -> None:
    """Write a shard's ``.arrow``, a file of record batches."""
    pa = import_pyarrow()
    file = shard.new_file(".arrow")
    files.append(file)
    schema = _schema(pa, shard)
    with pa.PythonFile(_Sink(file), "w") as sink, pa.ipc.new_file(sink, schema) as writer:
        for ids, offsets in _batches(shard):
            writer.write_batch(_batch(pa, schema, ids, offsets))
    file.seal()


def write_parquet(shard: SealedShard, files: list[PendingFile]) -> None:
    """Write a shard's ``.parquet``, compressed with zstd."""
    pa = import_pyarrow()
    from pyarrow import parquet

    file = shard.new_file(".parquet")
    files.append(file)
    schema = _schema(pa, shard)
    with (
        pa.PythonFile(_Sink(file), "w") as sink,
        parquet.ParquetWriter(sink, schema, compression="zstd") as writer,
    ):
        for ids, offsets in _batches(shard):
            writer.write_batch(_batch(pa, schema, ids, offsets))
    file.seal()


def _schema(pa: Any, shard: SealedShard) -> Any:  # noqa: ANN401
    values = pa.from_numpy_dtype(shard.dtype)
    return pa.schema([pa.field(COLUMN, pa.large_list(pa.field("item", values, nullable=False)))])


def _batch(pa: Any, schema: Any, ids: Ids, offsets: NDArray[np.int64]) -> Any:  # noqa: ANN401
    rows = pa.LargeListArray.from_arrays(
        pa.array(offsets), pa.array(ids), type=schema.field(COLUMN).type
    )
    return pa.record_batch([rows], schema=schema)


def _batches(shard: SealedShard) -> Iterator[tuple[Ids, NDArray[np.int64]]]:
    """Go through whole documents: their ids, and int64 [n + 1] offsets into them."""
    done = 0
    for ends in shard.ends():
        first = 0
        while first < ends.size:
            last = int(np.searchsorted(ends, done + _BATCH_TOKENS, "right"))
            last = max(last, first + 1)  # a longer document is a batch by itself
            stop = int(ends[last - 1])
            ids = [np.empty(0, shard.dtype), *shard.ids(done, stop)]
            offsets = np.zeros(last - first + 1, np.int64)
            offsets[1:] = ends[first:last] - done
            yield np.concatenate(ids), offsets
            first, done = last, stop
