"""Windows of several stores as one set, and how many of each an epoch holds."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np

from bytestride import _core
from bytestride.store import TokenStore
from bytestride.windows.packing import PackedWindows
from bytestride.windows.rows import RowSet
from bytestride.windows.sliding import Windows


class Mixture(RowSet):
    """Several sets of windows, mixed by weight.

    By number the rows are those of the first part, then those of the second, and so on. In an
    :class:`~bytestride.windows.Order` an epoch holds :attr:`counts` samples of each part, and every
    block of 1,024 to 2,047 samples holds each part's share of it, rounded down or up. A part goes
    through all its rows before it repeats one, in a new order each time.

    At most one of the three ways to say it may be given; by default every row comes once.

    Parameters
    ----------
    parts
        Windows, or packed windows, of the same ``max_length``; each must have at least one row.
    weights
        Shares, above 0, in any unit.
    repeats
        How often an epoch goes through each part; fractions are rounded to whole rows.
    temperature
        Weights in proportion to ``n_rows ** (1 / temperature)``: 1 is the parts' sizes, and the
        higher, the more alike (Conneau and others 2019, *XLM-R*, whose alpha is its inverse).
    n_samples
        Samples of an epoch, shared out by largest remainder; by default as many as there are rows.
        Not with ``repeats``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or does not go with another, or a part would have no sample.
    """

    def __init__(
        self,
        parts: Sequence[Windows | PackedWindows],
        *,
        weights: Sequence[float] | None = None,
        repeats: Sequence[float] | None = None,
        temperature: float | None = None,
        n_samples: SupportsIndex | None = None,
    ) -> None:
        self._parts = tuple(parts)
        if not self._parts:
            raise ValueError("a mixture must have at least one part")
        for part in self._parts:
            if not isinstance(part, (Windows, PackedWindows)):
                raise TypeError(f"a part must be Windows, found {type(part).__name__}")
        given = [n for n in (weights, repeats, temperature) if n is not None]
        if len(given) > 1:
            raise ValueError("weights, repeats and temperature exclude each other: name one")
        sizes = [len(part) for part in self._parts]
        for i, size in enumerate(sizes):
            if size == 0:
                raise ValueError(f"part {i} has no windows; leave it out")
        if repeats is not None:
            if n_samples is not None:
                raise ValueError("repeats say how long an epoch is; leave n_samples out")
            shares = _shares("repeats", repeats, len(sizes))
            self._counts = tuple(
                round(share * size) for share, size in zip(shares, sizes, strict=True)
            )
        else:
            if weights is not None:
                shares = _shares("weights", weights, len(sizes))
            elif temperature is not None:
                if not (math.isfinite(temperature) and temperature > 0):
                    raise ValueError(f"temperature must be above 0, found {temperature}")
                shares = [Fraction(size ** (1 / temperature)) for size in sizes]
            else:
                shares = [Fraction(size) for size in sizes]
            total = sum(sizes) if n_samples is None else operator.index(n_samples)
            self._counts = tuple(_share_out(total, shares))
        for i, count in enumerate(self._counts):
            if count < 1:
                raise ValueError(
                    f"part {i} would have no sample among {sum(self._counts)}: leave it out, give "
                    "it more weight, or make the epoch longer"
                )
        _ = self.core

    @cached_property
    def core(self) -> _core.WindowSet:
        """The rows of all parts as the core knows them."""
        with self.reading():
            return _core.WindowSet([part.source for part in self._parts])

    @cached_property
    def documented_core(self) -> _core.WindowSet:
        """The same rows, with documents."""
        return _core.WindowSet([part.documented_source for part in self._parts])

    def __getstate__(self) -> dict[str, Any]:
        """Keep the parts and the counts."""
        return {"_parts": self._parts, "_counts": self._counts}

    @property
    def parts(self) -> tuple[RowSet, ...]:
        """The parts, in order."""
        return self._parts

    @property
    def counts(self) -> tuple[int, ...]:
        """Samples of each part in an epoch."""
        return self._counts

    @property
    def max_length(self) -> int:
        """Tokens of a row's input."""
        return self._parts[0].max_length

    @property
    def fingerprint(self) -> str:
        """Equal for equal parts in equal shares."""
        text = repr([*(part.fingerprint for part in self._parts), self._counts])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @cached_property
    def stores(self) -> tuple[TokenStore, ...]:
        """The stores that the parts are read from, each once."""
        return tuple({store: None for part in self._parts for store in part.stores})

    @property
    def row_dtype(self) -> np.dtype[Any]:
        """The narrowest type that holds all parts' ids."""
        dtypes = {part.row_dtype for part in self._parts}
        return dtypes.pop() if len(dtypes) == 1 else np.dtype(np.int64)

    def __repr__(self) -> str:
        shares = ", ".join(f"{count / sum(self._counts):.3g}" for count in self._counts)
        return f"Mixture({len(self)} windows in {len(self._parts)} parts, shares {shares})"


def _shares(name: str, values: Sequence[float], n: int) -> list[Fraction]:
    if len(values) != n:
        raise ValueError(f"{name} must be one a part, {n}, found {len(values)}")
    for i, value in enumerate(values):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}[{i}] must be above 0, found {value}; or leave the part out")
    return [Fraction(value) for value in values]


def _share_out(total: int, shares: list[Fraction]) -> list[int]:
    """Share out a total in whole numbers; the largest remainders get what is left."""
    if total < 1:
        raise ValueError(f"n_samples must be at least 1, found {total}")
    quotas = [total * share / sum(shares) for share in shares]
    counts = [math.floor(quota) for quota in quotas]
    by_rest = sorted(range(len(shares)), key=lambda i: counts[i] - quotas[i])
    for i in by_rest[: total - sum(counts)]:
        counts[i] += 1
    return counts
