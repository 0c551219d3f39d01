"""The documents of a finished shard in another order, which a seed fixes.

Memory does not grow with the shard: where documents lie is kept in a scratch file, and the order is
arithmetic (`Order`).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.partition import mixed
from bytestride.store.pending_shard import PendingShard
from bytestride.windows.order import Order

_BLOCK_TOKENS = 1 << 20
_BLOCK_DOCUMENTS = 1 << 16


def shuffle_shard(shard: PendingShard, folder: Path, seed: int) -> PendingShard:
    """Write a shard's documents again in an order of chance; the shard is removed.

    Parameters
    ----------
    shard
        Not sealed; every document in it has ended.
    folder
        Where to write, and to keep a scratch file.
    seed
        Together with the shard's name it decides about the order.

    Returns
    -------
    PendingShard
        Of the same name, not sealed.
    """
    key = np.frombuffer(shard.name.encode().ljust(64, b"\0"), np.uint64)
    number = int(mixed(mixed(key + np.uint64(seed)).cumsum())[-1])
    target = PendingShard(folder, shard.name, shard.dtype, suffix=".shuffled")
    with tempfile.TemporaryFile(dir=folder) as scratch:
        try:
            _write(shard, target, scratch, number)
        except BaseException:
            target.discard()
            raise
    shard.discard()
    return target
