r"""``.npy`` files: numpy's own, and the headerless ones of dolma and OLMo.

numpy's begin with ``\x93NUMPY`` and say their type and shape. OLMo's are ids and nothing else under
the same suffix, so the caller names the type; ``.csv.gz`` beside one holds a line for each document
that begins ``start,end``, in tokens.

Sources: the description in ``numpy/lib/format.py``; ``data/utils.py`` of OLMo-core.
"""

from __future__ import annotations

import ast
import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride.errors import FormatError, shown
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.layouts.bare import named_dtype
from bytestride.store.shards import BARE_DTYPES, EndsInMemory, ShardFiles, check_whole

_MARK = b"\x93NUMPY"
_MAX_HEADER_BYTES = 1 << 16
_MAX_LINE_BYTES = 1 << 16
_SPARE_DOCUMENTS = 1 << 20


def read_npy(path: Path, dtype: npt.DTypeLike | None) -> ShardFiles:
    """Read a ``.npy`` of either kind.

    Raises
    ------
    FormatError
        If a header is damaged, is of no one-dimensional array of ids, or does not fit the size.
    ValueError
        If there is no header and no type is named.
    """
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        raw = file.read(10 + 2 + _MAX_HEADER_BYTES)
    if raw.startswith(_MARK):
        return _with_header(path, n_bytes, raw)
    named = named_dtype(path, dtype, "it has no numpy header (OLMo's have none) to say its type")
    n_tokens = check_whole(path, 0, n_bytes, named)
    csv_path = path.with_suffix(".csv.gz")
    documents = None
    if csv_path.is_file():
        most = n_bytes + _SPARE_DOCUMENTS
        documents = EndsInMemory(lambda: read_csv_ends(csv_path, n_tokens, most))
    return ShardFiles(path, named, n_tokens, documents=documents)


def _with_header(path: Path, n_bytes: int, raw: bytes) -> ShardFiles:
    major = raw[6] if len(raw) > 6 else 0
    if major not in (1, 2, 3):
        raise damaged(path, 6, "version 1, 2 or 3 of numpy's format", major)
    begin = 10 if major == 1 else 12
    n_header = int.from_bytes(raw[8:begin], "little")
    end = begin + n_header
    if end > len(raw):
        raise damaged(path, 8, f"a header of at most {len(raw) - begin} bytes", n_header)
    try:
        header = ast.literal_eval(raw[begin:end].decode("latin-1").strip())
        descr, shape = header["descr"], header["shape"]
        dtype = np.dtype(descr) if isinstance(descr, str) else None
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise damaged(path, begin, "numpy's header", shown(str(error))) from error
    if dtype not in BARE_DTYPES:
        kinds = ", ".join(map(str, BARE_DTYPES))
        remedy = "save it again as one of these, as in np.save(path, ids.astype('int32'))"
        raise damaged(path, begin, f"ids of {kinds}, little-endian", shown(descr), remedy)
    assert dtype is not None  # None is none of them
    is_line = isinstance(shape, tuple) and len(shape) == 1 and type(shape[0]) is int
    if not is_line or shape[0] < 0:
        remedy = "save it again as a flat array, as in np.save(path, ids.reshape(-1))"
        raise damaged(path, begin, "an array of one dimension", shown(shape), remedy)
    if (size := end + shape[0] * dtype.itemsize) != n_bytes:
        raise damaged(path, begin, f"a file of {size} bytes for {shape[0]} tokens", n_bytes)
    if end % dtype.itemsize:
        raise damaged(path, 8, f"tokens at a multiple of {dtype.itemsize} bytes", f"byte {end}")
    return ShardFiles(path, dtype, shape[0], end)


def read_csv_ends(path: Path, n_tokens: int, most: int) -> NDArray[np.int64]:
    """Read the documents of an OLMo array, and check that they follow each other without gaps.

    Parameters
    ----------
    path
        The ``.csv.gz`` file.
    n_tokens
        Tokens of the array.
    most
        More documents than this are refused, so that a small file cannot fill the memory.

    Returns
    -------
    ndarray
        int64 [n_documents], the documents' ends.

    Raises
    ------
    FormatError
        If the file is damaged, or its documents do not cover the array once.
    """
    parts: list[NDArray[np.int64]] = []
    block: list[int] = []
    end = number = 0
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                number += 1
                if number > most:
                    raise _wrong_line(path, number, f"at most {most} documents", line)
                fields = line.split(b",", 2)
                if len(fields) < 2 or not all(map(_is_number, fields[:2])):
                    raise _wrong_line(path, number, "start,end in tokens", line)
                if int(fields[0]) != end:
                    expected = f"a document that starts at token {end}, where the last one ended"
                    raise _wrong_line(path, number, expected, line)
                start, end = end, int(fields[1])
                if not start <= end <= n_tokens:
                    expected = f"an end from {start} to {n_tokens}"
                    raise _wrong_line(path, number, expected, line)
                block.append(end)
                if len(block) == 1 << 16:
                    parts.append(np.array(block, np.int64))
                    block.clear()
    except (EOFError, OSError, zlib.error) as error:
        raise FormatError(f"{path}: not a whole gzip file, {error}; {REWRITE}") from error
    if end != n_tokens:
        expected = f"the last document to end at token {n_tokens}, the array's end"
        raise damaged(path, f"line {number}", expected, end)
    parts.append(np.array(block, np.int64))
    return np.concatenate(parts)


def _is_number(field: bytes) -> bool:
    digits = field.strip()
    return digits.isdigit() and len(digits) < 20


def _wrong_line(path: Path, number: int, expected: str, line: bytes) -> FormatError:
    return damaged(path, f"line {number}", expected, shown(line.rstrip()[:60]))
