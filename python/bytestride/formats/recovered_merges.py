"""Merges that give what tiktoken's rule gives, and a proof that they do.

By tiktoken's rule neighbours merge when they make a token, the lowest id first. By the other rule
merges stand in a list. Of all pairs that make a token one can ever fire: no merge crosses the ends
of two symbols that stand side by side, so what becomes a token went through the states that its
bytes go through alone, and the last state before it is the pair. So a list of these pairs, in the
order of the ids they make, gives the same ids for any text. That is not taken on trust here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bytestride.definition import Definition
from bytestride.errors import shown
from bytestride.token_map import TokenMap

_SAMPLES = 400
_SAMPLE_BYTES = 40
_REMEDY = "save it as .tiktoken instead"


def proved_merges(definition: Definition) -> npt.NDArray[np.uint32]:
    """Give merges, uint32[m, 2] in rank order, of a definition that has tiktoken's rule.

    Proved is, each time:

    - that the pairs that fire by the list, found by the core from the list alone, are those that
      fire by the rule, in the same order, each making its token, with the same tokens left that
      nothing makes;
    - that each token that a merge makes comes from its bytes alone by the list, which the first
      says, and no other merge makes it;
    - that the list and the rule, each followed step by step in plain Python, give the same for
      random joins of tokens, those that are never made among them.

    Raises
    ------
    ValueError
        They differ; the message says where.
    """
    by_rule = definition.vocab()
    fired = by_rule.merges()
    merges: npt.NDArray[np.uint32] = np.ascontiguousarray(fired[:, :2])
    by_list = replace(definition, merges=merges, source=None).vocab()
    if not (
        np.array_equal(fired, by_list.merges())
        and np.array_equal(by_rule.unreachable(), by_list.unreachable())
        and len(np.unique(fired[:, 2])) == len(fired)
    ):
        raise ValueError(
            f"no list of merges gives what the ranks of this tokenizer give; {_REMEDY}"
        )
    tokens = definition.tokens.to_dict() if isinstance(definition.tokens, TokenMap) else {}
    ids = {token: token_id for token_id, token in tokens.items()}
    rank_of = {pair: rank for rank, pair in enumerate(map(tuple, merges.tolist()))}
    for word in _samples(
        list(tokens.values()), [tokens[i] for i in by_rule.unreachable().tolist()]
    ):
        expected = _merge(word, ids, lambda left, right: ids.get(left + right))
        found = _merge(word, ids, lambda left, right: rank_of.get((ids[left], ids[right])))
        if found != expected:
            raise ValueError(
                f"merges and ranks give other ids for {shown(word)}: {found} and {expected}; "
                f"{_REMEDY}"
            )
    return merges


def _samples(tokens: list[bytes], never_made: list[bytes]) -> Iterator[bytes]:
    """Random joins of tokens, the same each time."""
    import random  # with what it imports, not for every one who imports bytestride

    choose = random.Random(0)
    for i in range(_SAMPLES):
        parts = choose.choices(tokens, k=4)
        if never_made and i % 4 == 0:
            parts[1] = choose.choice(never_made)
        yield b"".join(parts)[:_SAMPLE_BYTES]


def _merge(
    word: bytes, ids: dict[bytes, int], rank_of: Callable[[bytes, bytes], int | None]
) -> list[int]:
    """Join the two neighbours of the lowest rank, the first of these, as long as there are any."""
    parts = [bytes((byte,)) for byte in word]
    while True:
        ranks = [rank_of(left, right) for left, right in pairwise(parts)]
        lowest = min((rank for rank in ranks if rank is not None), default=None)
        if lowest is None:
            return [ids[part] for part in parts]
        at = ranks.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
