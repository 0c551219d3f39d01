"""Which of how many processes this one is, as far as torch knows."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import torch.distributed as distributed


def find_rank(rank: SupportsIndex | None, world_size: SupportsIndex | None) -> tuple[int, int]:
    """Fill in what was not given from torch.distributed; 0 of 1 where that is not in use.

    Raises
    ------
    ValueError
        If only one of the two is given and torch.distributed does not say the other.
    """
    in_use = distributed.is_available() and distributed.is_initialized()
    if not in_use and (rank is None) != (world_size is None):
        given, missing = ("rank", "world_size") if world_size is None else ("world_size", "rank")
        raise ValueError(f"{given} needs {missing} beside it, as torch.distributed is not in use")
    if rank is None:
        rank = distributed.get_rank() if in_use else 0
    if world_size is None:
        world_size = distributed.get_world_size() if in_use else 1
    return operator.index(rank), operator.index(world_size)
