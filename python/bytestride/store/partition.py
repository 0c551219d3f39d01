"""Which part a document goes to: in order, or by chance that a seed fixes; nothing is stored.

By chance, every document has a 64-bit number of its own, a bijection of its place in the store, so
no two are the same. The first part takes the documents with the smallest numbers, the next part the
next ones: sizes are exact, memory does not grow with the documents, and the same seed gives the
same parts on every machine.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20


class Partition:
    """Documents in parts of these sizes.

    Parameters
    ----------
    counts
        Documents of each part; all documents together.
    seed
        From 0 to 2**64 - 1; None takes the parts in the order of the documents.

    Raises
    ------
    ValueError
        If a count is negative, or the seed out of range.
    """

    def __init__(self, counts: Sequence[int], seed: SupportsIndex | None = None) -> None:
        if not counts or any(count < 0 for count in counts):
            raise ValueError(f"parts must have 0 documents or more, found {list(counts)}")
        self.n_documents = sum(counts)
        self._key: NDArray[np.uint64] | None = None
        # The part that the last document is in needs no limit, nor do empty ones after it.
        ends = np.cumsum(np.array(counts, np.int64))
        ends = ends[ends < self.n_documents]
        if seed is None:
            self._limits = ends.astype(np.uint64)
            return
        number = operator.index(seed)
        if not 0 <= number < 2**64:
            raise ValueError(f"seed must be from 0 to 2**64 - 1, found {number}")
        self._key = mixed(np.array([number], np.uint64))
        self._limits = np.array([self._smallest(int(end)) for end in ends], np.uint64)

    def labels(self, first: int, count: int) -> NDArray[np.int64]:
        """Give the parts of documents ``first`` to ``first + count - 1``: int64 [count]."""
        numbers = self._numbers(first, count)
        # A document is in the first part whose limit lies above its number.
        return np.searchsorted(self._limits, numbers, "right").astype(np.int64)

    def _numbers(self, first: int, count: int) -> NDArray[np.uint64]:
        places = np.arange(first, first + count, dtype=np.uint64)
        return places if self._key is None else mixed(places + self._key)

    def _smallest(self, rank: int) -> int:
        """Give the limit below which exactly ``rank`` of the documents' numbers lie, but not all.

        Sixteen bits at a time, from the highest: each pass counts the numbers that agree so far.
        """
        limit = 0
        for shift in (48, 32, 16, 0):
            counts = np.zeros(1 << 16, np.int64)
            for first in range(0, self.n_documents, _BLOCK):
                numbers = self._numbers(first, min(_BLOCK, self.n_documents - first))
                if shift < 48:
                    above = np.uint64(shift + 16)
                    numbers = numbers[numbers >> above == np.uint64(limit >> (shift + 16))]
                digits = (numbers >> np.uint64(shift)) & np.uint64(0xFFFF)
                counts += np.bincount(digits.astype(np.int64), minlength=1 << 16)
            up_to = np.cumsum(counts)
            digit = int(np.searchsorted(up_to, rank, "right"))
            rank -= int(up_to[digit - 1]) if digit else 0
            limit |= digit << shift
        return limit


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers over 64 bits, one to one: splitmix64's finaliser (Steele et al. 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return spread


def validation_count(n_documents: int, validation: float) -> int:
    """Count the documents of a validation part of this share: to the nearest, never none or all.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or there are fewer than two documents.
    """
    if not 0 < validation < 1:
        raise ValueError(f"validation must be between 0 and 1, found {validation}")
    if n_documents < 2:
        raise ValueError(
            f"{n_documents} documents cannot be split in two; name a store that knows where its "
            "documents end"
        )
    return min(max(round(n_documents * validation), 1), n_documents - 1)
