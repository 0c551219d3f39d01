"""Word counts as Arrow tables and Parquet files. The only module of training that needs pyarrow.

A table has the columns word (large_binary), count (uint64) and, where first offsets are known,
first (uint64). Its schema's metadata holds, under one key, JSON with how the words were counted,
and a fingerprint of that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from bytestride import _core
from bytestride.errors import FormatError
from bytestride.formats.files import writing
from bytestride.training.count_settings import CountSettings
from bytestride.training.word_counts import WordCounts, table_of

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        "word counts as Arrow tables or Parquet files need the package pyarrow: "
        "pip install 'bytestride[arrow]'"
    ) from _error

KEY: Final = b"bytestride.word_counts"
_VERSION: Final = 1


def metadata_of(settings: CountSettings, **more: object) -> dict[bytes, bytes]:
    """Give the metadata of a table of counts."""
    document = {
        "version": _VERSION,
        "settings": settings.to_dict(),
        "fingerprint": settings.fingerprint(),
        **more,
    }
    return {KEY: json.dumps(document).encode()}


def to_arrow(counts: WordCounts) -> Any:  # noqa: ANN401 (a pyarrow.Table)
    """Give the table."""
    return _arrow_table(counts.table).replace_schema_metadata(metadata_of(counts.settings))


def _arrow_table(table: _core.WordCounts) -> Any:  # noqa: ANN401 (a pyarrow.Table)
    words, offsets, numbers, firsts = table.arrays()
    array = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(words)]
    )
    columns = {"word": array, "count": pa.array(numbers)}
    if firsts is not None:
        columns["first"] = pa.array(firsts)
    return pa.table(columns)


def from_arrow(source: object, settings: CountSettings | None, where: str) -> WordCounts:
    """Read a table; `where` names it in messages."""
    table = source if isinstance(source, pa.Table) else pa.table(source)
    document = document_of(table.schema.metadata, where)
    if document is not None:
        own = _settings_of(document, where)
        if settings is not None and settings != own:
            raise ValueError(
                f"{where} was counted with other settings than those given: "
                f"{own.difference(settings)}"
            )
        settings = own
    if settings is None:
        raise ValueError(
            f"{where} does not say how its words were counted; give "
            "settings=CountSettings(pattern=...)"
        )
    words, offsets = _words_of(table, where)
    counts = _numbers_of(table, "count", where)
    firsts = _numbers_of(table, "first", where) if "first" in table.column_names else None
    try:
        return WordCounts.from_core(table_of(words, offsets, counts, firsts), settings)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from None


def write_parquet(counts: WordCounts, path: str | os.PathLike[str], **more: object) -> None:
    """Write a file, whole or not at all; `more` goes into the metadata."""
    with writing_parquet(path, counts.settings, counts.has_first_offsets, **more) as write:
        write(counts.table)


@contextmanager
def writing_parquet(
    path: str | os.PathLike[str], settings: CountSettings, has_firsts: bool, **more: object
) -> Iterator[Callable[[_core.WordCounts], None]]:
    """Give a function that writes tables, one after the other, into one file.

    The file gets its name when all of it is there.
    """
    columns = [("word", pa.large_binary()), ("count", pa.uint64())]
    if has_firsts:
        columns.append(("first", pa.uint64()))
    schema = pa.schema(columns, metadata=metadata_of(settings, **more))
    with (
        writing(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer,
    ):

        def write(table: _core.WordCounts) -> None:
            writer.write_table(_arrow_table(table).replace_schema_metadata(schema.metadata))

        yield write


def read_parquet(path: str | os.PathLike[str], settings: CountSettings | None) -> WordCounts:
    """Read a file of counts."""
    return read_with_metadata(path, settings)[0]


def read_with_metadata(
    path: str | os.PathLike[str], settings: CountSettings | None
) -> tuple[WordCounts, dict[str, Any]]:
    """Read a file of counts, and what its metadata says."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; name a file of counts in it")
    with path.open("rb") as file:
        try:
            table = pq.read_table(pa.PythonFile(file, mode="r"))
        except (pa.ArrowException, OSError) as error:
            raise FormatError(f"{path} is damaged or no Parquet file: {error}") from None
    counts = from_arrow(table, settings, str(path))
    return counts, document_of(table.schema.metadata, str(path)) or {}


def document_of(metadata: dict[bytes, bytes] | None, where: str) -> dict[str, Any] | None:
    """Give what the metadata of a table says about its counts; None where it says nothing."""
    if metadata is None or KEY not in metadata:
        return None
    try:
        document = json.loads(metadata[KEY])
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise FormatError(
            f"{where}: the metadata {KEY.decode()!r} is damaged: it is no JSON object"
        )
    if document.get("version") != _VERSION:
        raise FormatError(
            f"{where}: its counts are of version {document.get('version')!r}, and this bytestride "
            f"reads {_VERSION}; read it with the bytestride that wrote it"
        )
    return document


def _settings_of(document: dict[str, Any], where: str) -> CountSettings:
    try:
        settings = CountSettings.from_dict(document.get("settings"))
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None
    if document.get("fingerprint") != settings.fingerprint():
        raise FormatError(
            f"{where}: its fingerprint is {document.get('fingerprint')!r} and that of its settings "
            f"{settings.fingerprint()!r}: the file was changed; count again"
        )
    return settings


def _column(table: Any, name: str, where: str) -> Any:  # noqa: ANN401 (pyarrow)
    if table.column_names.count(name) != 1:
        columns = ", ".join(table.column_names) or "none"
        raise FormatError(f"{where} must have one column {name!r}; its columns are {columns}")
    column = table.column(name)
    if column.null_count:
        raise FormatError(f"{where}: column {name!r} holds {column.null_count} nulls")
    return column


def _words_of(table: Any, where: str) -> tuple[Any, Any]:  # noqa: ANN401 (pyarrow)
    column = _column(table, "word", where)
    kinds = (pa.large_binary(), pa.binary(), pa.large_string(), pa.string(), pa.binary_view())
    if column.type not in (*kinds, pa.string_view()):
        raise FormatError(f"{where}: column 'word' must be large_binary, not {column.type}")
    array = column.cast(pa.large_binary()).combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # what some versions give for a table without a row
        array = pa.array([], pa.large_binary())
    _, offsets, data = array.buffers()
    if len(array) == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    bounds = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8)
    words = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return words, bounds


def _numbers_of(table: Any, name: str, where: str) -> Any:  # noqa: ANN401 (pyarrow)
    column = _column(table, name, where)
    if not pa.types.is_integer(column.type):
        raise FormatError(f"{where}: column {name!r} must be uint64, not {column.type}")
    try:
        return np.ascontiguousarray(column.cast(pa.uint64()).to_numpy())
    except pa.ArrowInvalid as error:
        raise FormatError(f"{where}: column {name!r} holds what is no count: {error}") from None
