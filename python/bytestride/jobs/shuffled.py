"""The documents of a finished shard in another order, which a seed fixes.

Memory does not grow with the shard: where documents lie is kept in a scratch file, and the order is
arithmetic (`Order`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import naming_file
from bytestride.store.partition import mixed
from bytestride.store.pending_shard import PendingShard
from bytestride.windows.order import Order

_BLOCK_TOKENS = 1 << 20
_BLOCK_DOCUMENTS = 1 << 16


def shuffle_shard(
    shard: PendingShard, folder: Path, seed: int, check: Callable[[], None] | None = None
) -> PendingShard:
    """Write a shard's documents again in an order of chance; the shard is removed.

    Parameters
    ----------
    shard
        Not sealed; every document in it has ended.
    folder
        A folder of its own in this one is where it is written.
    seed
        Together with the shard's name it decides about the order.
    check
        Called a few times a second; it may raise to give up.

    Returns
    -------
    PendingShard
        Of the same name, not sealed.
    """
    key = np.frombuffer(shard.name.encode().ljust(64, b"\0"), np.uint64)
    number = int(mixed(mixed(key + np.uint64(seed)).cumsum())[-1])
    folder = folder / "shuffled"
    folder.mkdir(exist_ok=True)
    target = PendingShard(folder, shard.name, shard.dtype)
    with naming_file(folder), tempfile.TemporaryFile(dir=folder) as scratch:
        try:
            _write(shard, target, scratch, number, check)
        except BaseException:
            target.discard()
            raise
    shard.discard()
    return target


def _write(
    shard: PendingShard,
    target: PendingShard,
    scratch: IO[bytes],
    seed: int,
    check: Callable[[], None] | None,
) -> None:
    payload, lengths = shard.content()
    if not shard.n_tokens:  # a file of no bytes cannot be mapped
        for block in lengths:
            target.append(np.empty(0, shard.dtype), block)
        return
    end = np.zeros(1, np.int64)
    scratch.write(end.data)
    for block in lengths:
        ends = end[-1:] + np.cumsum(block)
        scratch.write(ends.data)
        end = ends
    scratch.flush()
    tokens = np.memmap(payload, shard.dtype, "r")
    offsets = np.memmap(scratch, np.int64, "r")
    n_documents = len(offsets) - 1
    order = Order(n_documents, seed=seed)
    per_block = max(min(_BLOCK_TOKENS * n_documents // shard.n_tokens, _BLOCK_DOCUMENTS), 1)
    for first in range(0, n_documents, per_block):
        if check is not None:
            check()
        documents = order.indices(first, min(per_block, n_documents - first))
        begins = offsets[documents]
        counts = offsets[documents + 1] - begins
        target.append(_gathered(tokens, begins, counts), counts)


def _gathered(
    tokens: NDArray[Any], begins: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[Any]:
    """Put stretches end to end."""
    ends = np.cumsum(counts)
    places = np.repeat(begins - (ends - counts), counts)
    places += np.arange(len(places))
    gathered: NDArray[Any] = tokens[places]
    return gathered
