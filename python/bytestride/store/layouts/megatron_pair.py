"""A Megatron-LM pair: ``.bin`` and ``.idx``. The bytes of the index are in ``megatron.py``.

The type of the ids is read from the index and never guessed from a vocabulary: Megatron's writer
takes uint16 below 65,500 tokens, and its other tools draw the line elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from bytestride.store.manifest import ShardEntry
from bytestride.store.megatron import read_header
from bytestride.store.shards import ShardFiles, check_whole


def read_pair(bin_path: Path, idx_path: Path, entry: ShardEntry | None = None) -> ShardFiles:
    """Read a pair's header and check it against both files' sizes.

    Raises
    ------
    FormatError
        If they do not fit together.
    """
    n_bytes = bin_path.stat().st_size
    idx = read_header(idx_path, n_bytes)
    n_tokens = check_whole(bin_path, 0, n_bytes, idx.dtype)
    return ShardFiles(bin_path, idx.dtype, n_tokens, documents=idx, entry=entry)
