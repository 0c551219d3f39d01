"""The merges of a vocabulary in the order in which they happen, to be made again one by one.

As a rule that is the order of their ranks. But files that list every way to make a token may rank a
merge before one that makes a part of it: it happens as soon as that part is there.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from bytestride.definition import Definition

if TYPE_CHECKING:
    import numpy.typing as npt


def merges_in_order(
    definition: Definition, id_of: dict[bytes, int], base_ids: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Give the merges that happen in some text, and what each makes.

    Those of tokens that no merge makes, which words are as a whole only, are left out.

    Parameters
    ----------
    definition
        The vocabulary.
    id_of
        Ids of its tokens.
    base_ids
        Ids of the 256 bytes.

    Returns
    -------
    pairs : uint32 array of shape (n, 2)
    products : uint32 array of shape (n,)

    Raises
    ------
    ValueError
        Merges that have to wait for a part compete for the same text: then they do not happen one
        by one.
    """
    tokens = dict(definition.tokens)
    pairs = definition.vocab().merges()[:, :2].tolist()
    products = [id_of[tokens[left] + tokens[right]] for left, right in pairs]
    made = set(base_ids.tolist())
    waiting: dict[int, list[int]] = {}  # by the token that is not there yet
    order: list[int] = []
    for rank in range(len(pairs)):
        ready = [rank]
        begin = len(order)
        while ready:
            now = heapq.heappop(ready)
            missing = [part for part in pairs[now] if part not in made]
            if missing:
                waiting.setdefault(missing[0], []).append(now)
                continue
            order.append(now)
            made.add(products[now])
            for later in waiting.pop(products[now], ()):
                heapq.heappush(ready, later)
        if len(order) > begin + 1:
            _check_apart([pairs[i] for i in order[begin:]], {products[i] for i in order[begin:]})
    rows = np.array([(*pairs[i], products[i]) for i in order], np.uint32).reshape(-1, 3)
    return np.ascontiguousarray(rows[:, :2]), np.ascontiguousarray(rows[:, 2])


def _check_apart(chain: list[list[int]], products: set[int]) -> None:
    """Check that what waited for a merge may as well follow it when all of its places are merged.

    In a text it follows at each place, before the next place (to the right) is merged. That is the
    same where places cannot compete: what joins on the right is not what the next place begins
    with, nor what joins there on the left, and products do not join one another.
    """
    [(first, _), *others] = chain
    on_left = {left for left, right in others if right in products}
    on_right = {right for left, right in others if left in products}
    if first in on_right or on_left & on_right or products & (on_left | on_right):
        raise ValueError(
            f"merges that are ranked before that of ids {tuple(chain[0])}, and need what it makes, "
            "compete for the same text; such a vocabulary cannot be continued"
        )
