"""datatrove's ``.ds``: ids and nothing else, with two small files beside it.

``.ds.index`` holds the end of each document in tokens, as little-endian uint64. ``.ds.metadata`` is
text: the tokenizer's name, ``|`` and the bytes of an id (2 or 4); then the number of tokens; then
the same for people. Ids are unsigned.

Source: ``pipeline/tokens/tokenizer.py`` of datatrove. Both side files are optional there: without
metadata the type must be named, without an index the file is one document.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.errors import shown
from bytestride.store.damage import damaged
from bytestride.store.layouts.bare import named_dtype
from bytestride.store.shards import EndsFile, ShardFiles, check_whole

_DTYPES: dict[str, np.dtype[Any]] = {"2": np.dtype("<u2"), "4": np.dtype("<u4")}
_MAX_METADATA_BYTES = 1 << 16


def read_datatrove(path: Path, dtype: npt.DTypeLike | None) -> ShardFiles:
    """Read what lies beside a ``.ds`` file and check it against the file's size.

    Raises
    ------
    FormatError
        If they do not fit together.
    ValueError
        If there is no metadata and no type is named.
    """
    n_bytes = path.stat().st_size
    metadata_path = path.with_name(path.name + ".metadata")
    n_recorded: int | None = None
    if metadata_path.is_file():
        found, n_recorded = _read_metadata(metadata_path)
    else:
        found = named_dtype(path, dtype, "without .ds.metadata nothing says what its ids are")
    n_tokens = check_whole(path, 0, n_bytes, found)
    if n_recorded not in (None, n_tokens):
        raise damaged(metadata_path, "line 2", f"{n_tokens} tokens, as {path.name} has", n_recorded)
    return ShardFiles(path, found, n_tokens, documents=_index(path, n_tokens))


def _read_metadata(path: Path) -> tuple[np.dtype[Any], int | None]:
    with path.open("rb") as file:
        raw = file.read(_MAX_METADATA_BYTES)
    lines = raw.decode("utf-8", "replace").split("\n")
    size = lines[0].rpartition("|")[2].strip()
    if size not in _DTYPES:
        expected = "the tokenizer's name, | and 2 or 4, the bytes of an id"
        raise damaged(path, "line 1", expected, shown(lines[0]))
    if len(lines) < 2:
        return _DTYPES[size], None
    count = lines[1].strip()
    if not (count.isascii() and count.isdecimal() and len(count) < 20):
        raise damaged(path, "line 2", "the number of tokens", shown(lines[1]))
    return _DTYPES[size], int(count)


def _index(path: Path, n_tokens: int) -> EndsFile | None:
    index_path = path.with_name(path.name + ".index")
    if not index_path.is_file():
        return None
    n_bytes = index_path.stat().st_size
    n_documents = check_whole(index_path, 0, n_bytes, np.dtype("<u8"))
    ends = EndsFile(index_path, 0, np.dtype("<u8"), n_documents, n_tokens)
    ends.check_last()
    return ends
