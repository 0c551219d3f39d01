"""Byte-pair encoding in small: pairs of neighbours, ids that replace them, words made of tokens.

The first 256 ids are the single bytes, in ByteLevel order; merge i joins two ids to ``256 + i``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]

_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))

BYTELEVEL_ORDER: tuple[int, ...] = (*_PRINTABLE, *sorted(set(range(256)) - set(_PRINTABLE)))
"""Byte value of each base token: id i is the byte ``BYTELEVEL_ORDER[i]``.

The order of GPT-2's vocabulary: first the bytes that Latin-1 prints as a visible character, then
the other 68. It matters where two pairs have the same count.
"""


def count_pairs(ids: Sequence[int]) -> dict[Pair, int]:
    """Count the pairs of neighbours in a sequence of ids (or bytes).

    Every position counts, overlaps too: in ``aaaa`` the pair (a, a) stands three times. The pairs
    come in the order in which they first occur.
    """
    return count_pairs_in_words([(ids, 1)])


def count_pairs_in_words(words: Iterable[tuple[Sequence[int], int]]) -> dict[Pair, int]:
    """Count pairs over many words, each given with how often it occurs."""
    counts: dict[Pair, int] = {}
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def apply_merge(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Replace a pair by a new id: from left to right, and never one element twice.

    So three ``a`` become ``[aa][a]``.
    """
    result = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            result.append(new_id)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def token_bytes(
    merges: Iterable[Pair], bytes_in_order: Sequence[int] = BYTELEVEL_ORDER
) -> list[bytes]:
    """Bytes of every token: of the 256 base tokens and of each merge, in the order of their ids."""
    tokens = [bytes([byte]) for byte in bytes_in_order]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


def merge_word(word: bytes, rank_of: Callable[[bytes, bytes], int | None]) -> list[bytes]:
    """Merge the bytes of a word until no two neighbours can be merged.

    Each step joins the two neighbours of the lowest rank, the leftmost such pair first. `rank_of`
    gives the rank of two neighbours, or None where they do not merge.
    """
    parts = [bytes([byte]) for byte in word]
    while True:
        best_rank, best = None, 0
        for i, (left, right) in enumerate(pairwise(parts)):
            rank = rank_of(left, right)
            if rank is not None and (best_rank is None or rank < best_rank):
                best_rank, best = rank, i
        if best_rank is None:
            return parts
        parts[best : best + 2] = [parts[best] + parts[best + 1]]


def encode_word(word: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Encode one pretoken by tiktoken's rule, where the rank of a token is its id.

    A word that is a token becomes that token; otherwise two neighbours can be merged when together
    they are a token.
    """
    if word in ranks:
        return [ranks[word]]
    return [ranks[part] for part in merge_word(word, lambda left, right: ranks.get(left + right))]
