"""Reading payloads from front to back, in blocks: for whoever goes through all of a store once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bytestride.store.damage import damaged
from bytestride.store.megatron import Ids
from bytestride.store.shards import ShardFiles

BLOCK_TOKENS = 1 << 20


def read_blocks(
    shard: ShardFiles, start: int = 0, stop: int | None = None, block_tokens: int = BLOCK_TOKENS
) -> Iterator[Ids]:
    """Go through a shard's ids in arrays that are never empty; memory is that of one.

    By reads, not through a mapping: a file that shrinks meanwhile is an error, not a signal.

    Parameters
    ----------
    shard
        The shard.
    start, stop
        The tokens to go through; all of them by default.
    block_tokens
        The most tokens of an array.

    Raises
    ------
    FormatError
        If the file is shorter than it was when it was opened.
    """
    stop = shard.n_tokens if stop is None else stop
    if shard.ids is not None:
        for first in range(start, stop, block_tokens):
            yield shard.ids[first : min(first + block_tokens, stop)]
        return
    size = shard.dtype.itemsize
    with shard.bin_path.open("rb") as file:
        at = shard.byte_offset + start * size
        file.seek(at)
        while start < stop:
            n_bytes = min(block_tokens, stop - start) * size
            raw = file.read(n_bytes)
            at += len(raw)
            if len(raw) < n_bytes:
                expected = f"{shard.n_bytes} bytes, as when opened"
                raise damaged(shard.bin_path, "the size", expected, at)
            yield np.frombuffer(raw, shard.dtype)
            start += n_bytes // size
