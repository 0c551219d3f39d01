"""Files of any kind as whole documents: text, lines of JSON, and Parquet.

What a name ends in says what a file is, before ``.gz`` or ``.zst``: ``.jsonl`` and ``.ndjson`` are
an object a line, ``.parquet`` is a table; anything else is text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bytestride.corpus.document_stream import read_documents
from bytestride.corpus.files import read_pieces
from bytestride.errors import FormatError, shown

PIECE_BYTES = 64 * 1024
"""About how large the pieces of a text without a separator are."""

_ROWS = 256


def kind_of_file(path: str | os.PathLike[str]) -> str:
    """Tell "text", "jsonl" or "parquet", by the name."""
    path = Path(path)
    suffix = Path(path.stem).suffix if path.suffix in (".gz", ".zst") else path.suffix
    return {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}.get(suffix, "text")


def read_records(
    path: str | os.PathLike[str], *, column: str = "text", separator: bytes | None = None
) -> Iterator[str | bytes]:
    """Yield the documents of a file, one in memory at a time.

    Parameters
    ----------
    path
        The file; ``.gz`` and ``.zst`` are decompressed on the way.
    column
        The member of each JSON object, or the column of a table, that holds the text.
    separator
        What stands between the documents of a text; without one, it comes in pieces of about
        `PIECE_BYTES`, cut where any tokenizer cuts.

    Yields
    ------
    str or bytes
        Bytes are those of a text file, UTF-8 or not.

    Raises
    ------
    FormatError
        A line is no JSON object, or has no such member; a table has no such column.
    ModuleNotFoundError
        A ``.parquet`` file without the package that reads it.
    FileNotFoundError, IsADirectoryError, PermissionError
        The file cannot be read.
    """
    kind = kind_of_file(path)
    if kind == "jsonl":
        return _json_lines(path, column)
    if kind == "parquet":
        return _table(path, column)
    if separator is None:
        return read_pieces(path, may_cut=True, piece_bytes=PIECE_BYTES)
    return (part.text for part in read_documents(path, separator, may_cut=False))


def _json_lines(path: str | os.PathLike[str], column: str) -> Iterator[str]:
    for number, part in enumerate(read_documents(path, b"\n", may_cut=False), 1):
        line = part.text
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{path}, line {number}: not JSON: {error}") from None
        text = record.get(column) if isinstance(record, dict) else None
        if not isinstance(text, str):
            raise FormatError(
                f"{path}, line {number}: {column!r} must be a member with a text, and the line is "
                f"{shown(record)}; name another with --column"
            )
        yield text


def _table(path: str | os.PathLike[str], column: str) -> Iterator[str | bytes]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {path} needs the package pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    try:
        with parquet.ParquetFile(path) as table:
            if column not in table.schema_arrow.names:
                names = ", ".join(table.schema_arrow.names[:8])
                raise FormatError(f"{path} has no column {column!r}; it has {names}")
            row = 0
            for batch in table.iter_batches(batch_size=_ROWS, columns=[column]):
                for text in batch.column(0).to_pylist():
                    if not isinstance(text, str | bytes):
                        raise FormatError(
                            f"{path}, row {row}: {column!r} is {shown(text)}, which is no text; "
                            "leave such rows out"
                        )
                    row += 1
                    yield text
    except pyarrow.ArrowInvalid as error:
        raise FormatError(f"{path}: {error}") from None
