"""How long a store's documents are: from the index files alone, whole, in bounded memory.

Lengths below 2**16 are counted one by one; longer ones in bins of 2**15 a doubling, which are
looked at a second time where a quantile lies in one. So every number is exact. Beside the two
tables (13 MB) memory holds the different lengths within those few bins: at most about the square
root of (the store's tokens / 2**15) of them each, a few thousand for a trillion tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bytestride.store.documents import iter_ends
from bytestride.store.shards import ShardFiles

PERCENTS = (1, 5, 25, 50, 75, 95, 99)

_EXACT_BITS = 16
_HALF = 1 << (_EXACT_BITS - 1)
_N_BINS = (1 << _EXACT_BITS) + (63 - _EXACT_BITS) * _HALF


@dataclass(frozen=True)
class LengthBin:
    """Documents whose lengths in tokens are from ``least`` to ``most``, both included.

    Attributes
    ----------
    n_documents, n_tokens
        How many such documents there are, and their tokens together.
    """

    least: int
    most: int
    n_documents: int
    n_tokens: int


@dataclass(frozen=True)
class Lengths:
    """Lengths of all documents of a store, in tokens as stored (with an end-of-document token).

    Attributes
    ----------
    documents_known
        Whether the store says where its documents end; if not, each payload counts as one.
    least, most, mean
        None where there is no document.
    quantiles
        By per cent ("1" to "99"): the smallest length that at least so many per cent of the
        documents do not exceed. Exact.
    bins
        0, 1, 2–3, 4–7, … up to the longest document; empty ones between are there.
    """

    documents_known: bool
    least: int | None
    most: int | None
    mean: float | None
    quantiles: dict[str, int]
    bins: tuple[LengthBin, ...]


def measure_lengths(shards: Sequence[ShardFiles]) -> Lengths:
    """Go through the ends of all documents.

    Raises
    ------
    FormatError
        If an index file is damaged.
    """
    known = all(shard.documents is not None for shard in shards)
    counts = np.zeros(_N_BINS, np.int64)
    n_documents, n_tokens = np.zeros(65, np.int64), np.zeros(65, np.int64)
    least, most = 2**63 - 1, -1
    for lengths in _iter_lengths(shards):
        np.add.at(counts, _bin_of(lengths), 1)
        doublings = _bits(lengths)
        n_documents += np.bincount(doublings, minlength=65)
        np.add.at(n_tokens, doublings, lengths)
        least, most = min(least, int(lengths.min())), max(most, int(lengths.max()))
    n = int(n_documents.sum())
    if n == 0:
        return Lengths(known, None, None, None, {}, ())
    bins = tuple(
        LengthBin(
            1 << (bits - 1) if bits else 0,
            (1 << bits) - 1,
            int(n_documents[bits]),
            int(n_tokens[bits]),
        )
        for bits in range(most.bit_length() + 1)
    )
    quantiles = _quantiles(shards, counts, n)
    return Lengths(known, least, most, int(n_tokens.sum()) / n, quantiles, bins)


def _iter_lengths(shards: Sequence[ShardFiles]) -> Iterator[NDArray[np.int64]]:
    for shard in shards:
        before = 0
        for ends in iter_ends(shard):
            yield np.diff(ends, prepend=before)
            before = int(ends[-1])


def _bits(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many bits each number has; 0 has none. Exact below 2**53."""
    return np.frexp(lengths.astype(np.float64))[1].astype(np.int64)


def _bin_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the number of the bin of each length; bins ascend as lengths do."""
    extra = np.maximum(_bits(lengths) - _EXACT_BITS, 0)
    bins: NDArray[np.int64] = (lengths >> extra) + extra * _HALF
    return bins


def _quantiles(shards: Sequence[ShardFiles], counts: NDArray[np.int64], n: int) -> dict[str, int]:
    """Find the length of each rank: its bin, and then the length within a bin of several."""
    up_to = np.cumsum(counts)
    ranks = {percent: max(-(-percent * n // 100), 1) for percent in PERCENTS}
    bin_of_percent = {p: int(np.searchsorted(up_to, rank)) for p, rank in ranks.items()}
    wide = {number for number in bin_of_percent.values() if number >= 1 << _EXACT_BITS}
    within = _count_within(shards, wide) if wide else {}
    quantiles = {}
    for percent, number in bin_of_percent.items():
        length = number
        if number in within:
            left = ranks[percent] - int(up_to[number] - counts[number])
            for length in sorted(within[number]):
                left -= within[number][length]
                if left <= 0:
                    break
        quantiles[str(percent)] = length
    return quantiles


def _count_within(shards: Sequence[ShardFiles], wide: set[int]) -> dict[int, Counter[int]]:
    """Count each length that lies in one of these bins."""
    found: dict[int, Counter[int]] = {number: Counter() for number in wide}
    wanted = np.array(sorted(wide), np.int64)
    for lengths in _iter_lengths(shards):
        long = lengths[np.isin(_bin_of(lengths), wanted)]
        values, repeats = np.unique(long, return_counts=True)
        numbers = _bin_of(values)
        for number, value, repeat in zip(
            numbers.tolist(), values.tolist(), repeats.tolist(), strict=True
        ):
            found[number][value] += repeat
    return found
