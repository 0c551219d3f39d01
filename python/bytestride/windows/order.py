"""The order of a training run: position 0, 1, 2, … to rows, by arithmetic."""

from __future__ import annotations

import copy
import hashlib
import operator
from functools import cached_property
from typing import Any, Literal, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride import _core
from bytestride.windows.mixture import Mixture
from bytestride.windows.rows import RowSet

Shuffle: TypeAlias = Literal["global", "block", "none"]


class Order:
    """In which order rows are seen, without end: an epoch is ``n_samples`` positions.

    Every epoch is an order of its own, a permutation that is computed for one position at a time
    (a Feistel network with cycle walking). Nothing is stored, so an order over any number of rows
    starts at once and takes up again anywhere.

    Parameters
    ----------
    rows
        Windows, packed windows or a mixture; or a number of rows.
    shuffle
        "global": any row may follow any other. "block": neighbouring rows stay close; blocks of
        them change places and rows inside a block do, which suits disks and networks on which
        distant reads are slow. "none": as the rows lie; of a mixture, each part's in its order, and
        in every block one part after another.
    seed
        Of all orders of all epochs, from 0 to 2**64 - 1.
    block_windows
        Rows of a block.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or there are no rows.
    """

    def __init__(
        self,
        rows: RowSet | SupportsIndex,
        *,
        shuffle: Shuffle = "global",
        seed: SupportsIndex = 0,
        block_windows: SupportsIndex = 4096,
    ) -> None:
        self._counts: tuple[int, ...] = ()
        if isinstance(rows, RowSet):
            self._sizes = tuple(len(part) for part in rows.parts)
            if isinstance(rows, Mixture):
                self._counts = rows.counts
        else:
            self._sizes = (operator.index(rows),)
        self._rows = rows if isinstance(rows, RowSet) else None
        self._shuffle = shuffle
        self._seed = _seed(seed)
        self._block_windows = operator.index(block_windows)
        if not 1 <= self._block_windows < 2**62:
            raise ValueError(f"block_windows must be at least 1, found {self._block_windows}")
        if not all(0 <= size < 2**62 for size in self._sizes):
            raise ValueError(f"the number of rows must be below 2**62, found {self._sizes}")
        if not all(self._sizes):
            raise ValueError("there are no windows to bring into an order")
        _ = self.core
        if isinstance(rows, RowSet):
            for store in rows.stores:
                store.expect_scattered(shuffle == "global")

    @cached_property
    def core(self) -> _core.Order:
        """The order as the core knows it."""
        return _core.Order(
            self._sizes, self._counts, self._shuffle, self._seed, self._block_windows
        )

    def __getstate__(self) -> dict[str, Any]:
        """Keep the arguments, and of the rows what a fingerprint needs."""
        _ = self._rows_fingerprint
        return {**{key: value for key, value in vars(self).items() if key != "core"}, "_rows": None}

    @cached_property
    def _rows_fingerprint(self) -> str:
        return str(self._sizes) if self._rows is None else self._rows.fingerprint

    @property
    def n_samples(self) -> int:
        """Samples of an epoch."""
        return self.core.n_samples

    @property
    def seed(self) -> int:
        """What was given."""
        return self._seed

    @property
    def fingerprint(self) -> str:
        """Equal for equal rows and arguments but the seed, which a state names by itself."""
        text = repr((self._rows_fingerprint, self._shuffle, self._block_windows))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def with_seed(self, seed: SupportsIndex) -> Order:
        """Give the same rows in the orders of another seed."""
        order = copy.copy(self)
        order._seed = _seed(seed)
        return order

    def indices(
        self, first: SupportsIndex, count: SupportsIndex, step: SupportsIndex = 1
    ) -> NDArray[np.int64]:
        """Tell which rows are at some positions.

        Parameters
        ----------
        first, count, step
            Positions ``first``, ``first + step``, … (``count`` of them), from 0 to 2**62.

        Returns
        -------
        ndarray
            int64 [count], indices into the rows.

        Raises
        ------
        ValueError, TypeError
            If a position is out of range, or no integer.
        """
        try:
            return self.core.indices(first, count, step)
        except TypeError:  # no integers, or of more than 63 bits
            numbers = [operator.index(number) for number in (first, count, step)]
            raise ValueError(f"positions must be from 0 to 2**62, found {numbers}") from None

    def __repr__(self) -> str:
        how = f"shuffle={self._shuffle!r}, seed={self._seed}"
        return f"Order({self.n_samples} samples an epoch, {how})"


def _seed(value: SupportsIndex) -> int:
    seed = operator.index(value)
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, found {seed}")
    return seed
