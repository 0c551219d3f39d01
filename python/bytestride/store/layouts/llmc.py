"""A shard of llm.c, modded-nanogpt and their kin: a header of 256 int32, then ids.

======  ==============================================================
number  meaning
======  ==============================================================
0       20240520 (GPT-2, ids are uint16) or 20240801 (Llama 3, uint32)
1       the version: 1 for the first, 7 for the second
2       how many ids follow
3…255   not used
======  ==============================================================

Source: ``dev/data/data_common.py`` of llm.c. A shard holds fewer than 2**31 ids. Documents begin
with an end-of-text id and may run on from shard to shard; no file says where, so a shard is one
document here.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from bytestride.errors import FormatError
from bytestride.store.damage import damaged
from bytestride.store.shards import ShardFiles

HEADER_BYTES = 1024
MAX_TOKENS = 2**31 - 1
KINDS: dict[int, tuple[int, np.dtype[Any]]] = {
    20240520: (1, np.dtype("<u2")),
    20240801: (7, np.dtype("<u4")),
}
"""For each mark: the version that goes with it, and the type of the ids."""

_EVALUATION = 20240522


def is_llmc(path: Path) -> bool:
    """Return whether a file begins with the mark of such a shard."""
    with path.open("rb") as file:
        raw = file.read(4)
    return len(raw) == 4 and int.from_bytes(raw, "little") in (*KINDS, _EVALUATION)


def read_llmc(path: Path) -> ShardFiles:
    """Read the header and check it against the file's size.

    Raises
    ------
    FormatError
        If it does not fit, or the file holds evaluation examples.
    """
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        raw = file.read(12)
    if len(raw) < 12 or n_bytes < HEADER_BYTES:
        raise damaged(path, 0, f"a header of {HEADER_BYTES} bytes", f"{n_bytes} bytes")
    mark, version, n_tokens = struct.unpack("<3i", raw)
    if mark == _EVALUATION:
        raise FormatError(f"{path}: llm.c's evaluation examples, not a stream of tokens")
    expected_version, dtype = KINDS[mark]
    if version != expected_version:
        raise damaged(path, 4, f"version {expected_version}", version)
    if n_tokens < 0:
        raise damaged(path, 8, "a number of tokens", n_tokens)
    if (size := HEADER_BYTES + n_tokens * dtype.itemsize) != n_bytes:
        raise damaged(path, 8, f"a file of {size} bytes for {n_tokens} tokens", n_bytes)
    return ShardFiles(path, dtype, n_tokens, HEADER_BYTES)
