"""A bare payload, as nanoGPT's ``train.bin``: ids alone, so the caller names their type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.store.shards import BARE_DTYPES, ShardFiles, check_whole

_NAMES = ", ".join(map(str, BARE_DTYPES))


def named_dtype(path: Path, dtype: npt.DTypeLike | None, says: str) -> np.dtype[Any]:
    """Return the type of ids that the caller named for a file which does not say it.

    Parameters
    ----------
    path, says
        The file, and what it does not say, for the message.
    dtype
        What was named, if anything.

    Raises
    ------
    ValueError
        If nothing was named, or a type that no payload has.
    """
    if dtype is None:
        raise ValueError(f"{path}: {says}; name dtype='uint16' or another of {_NAMES}")
    named = np.dtype(dtype)
    if named not in BARE_DTYPES:
        raise ValueError(f"dtype must be one of {_NAMES}, found {named}")
    return named


def read_bare(bin_path: Path, dtype: npt.DTypeLike | None) -> ShardFiles:
    """Take a whole file as ids of the named type.

    Raises
    ------
    ValueError
        If no type is named, or not one of a payload.
    FormatError
        If the size is not a whole number of ids.
    """
    named = named_dtype(bin_path, dtype, "a bare .bin does not say what its ids are")
    n_tokens = check_whole(bin_path, 0, bin_path.stat().st_size, named)
    return ShardFiles(bin_path, named, n_tokens)
