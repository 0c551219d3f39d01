"""Best-fit packing: several short pieces of documents share a row, so that little of it is padding.

The rule is best-fit decreasing, of bin packing (D. S. Johnson, *Near-optimal bin packing
algorithms*, 1973); for texts it is that of H. Ding and others, *Fewer Truncations Improve Language
Modeling*, 2024: no document is cut unless it is longer than a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bytestride.reference.rows import Row, window_rows


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Put pieces into bins; gives the numbers of each bin's pieces, in the order they were put in.

    The longest piece goes first and, of equally long ones, the first. Each goes into the fullest
    bin that it fits into and, of equally full ones, that which came to be so last; where it fits
    into none, a new bin is opened. ValueError for a piece that fits into no bin at all.
    """
    bins: list[list[int]] = []
    filled: list[int] = []
    since: list[int] = []  # after how many pieces a bin came to be filled as it is
    for n_placed, piece in enumerate(sorted(range(len(lengths)), key=lambda i: -lengths[i])):
        length = lengths[piece]
        if length > capacity:
            raise ValueError(f"piece {piece} of length {length} is longer than a bin, {capacity}")
        fits = [b for b in range(len(bins)) if filled[b] + length <= capacity]
        if fits:
            best = max(fits, key=lambda b: (filled[b], since[b]))
        else:
            best = len(bins)
            bins.append([])
            filled.append(0)
            since.append(0)
        bins[best].append(piece)
        filled[best] += length
        since[best] = n_placed
    return bins


def check_packing(lengths: Sequence[int], capacity: int, bins: Sequence[Sequence[int]]) -> None:
    """Check what holds of every best-fit decreasing packing, whatever the order of equals.

    ValueError, which says what is wrong, unless

    - each piece is in one bin, and no bin is empty or holds more than its capacity,
    - lengths never increase inside a bin, nor from the first piece of a bin to that of the next,
    - no bin could have taken the first piece of a later bin: it was too full then, so it is now.

    By the last, two bins together hold more than one can, so that the bins are fewer than twice as
    many as any packing needs.
    """
    places = sorted(piece for pieces in bins for piece in pieces)
    if places != list(range(len(lengths))):
        raise ValueError(f"the bins hold {len(places)} pieces, not each of {len(lengths)} once")
    least_filled = capacity
    previous = capacity
    for number, pieces in enumerate(bins):
        if not pieces:
            raise ValueError(f"bin {number} is empty")
        filled = sum(lengths[piece] for piece in pieces)
        if filled > capacity:
            raise ValueError(f"bin {number} holds {filled}, more than {capacity}")
        first = lengths[pieces[0]]
        if first > previous:
            raise ValueError(f"bin {number} begins with a longer piece than the bin before it")
        if any(lengths[a] < lengths[b] for a, b in pairwise(pieces)):
            raise ValueError(f"in bin {number} a piece comes before a longer one")
        if number and least_filled + first <= capacity:
            raise ValueError(f"the first piece of bin {number} fits into a bin before it")
        least_filled = min(least_filled, filled)
        previous = first


def packed_rows(
    tokens: Sequence[int],
    offsets: Sequence[int],
    max_length: int,
    *,
    bos_id: int | None = None,
    eos_id: int | None = None,
) -> list[Row]:
    """Pack the documents of a stream into rows of up to ``max_length + 1`` tokens.

    A piece is a document of at least two tokens, with its virtual ones, or one of the windows that
    lie side by side over a longer one. In a row pieces stand end to end; the first token of each is
    no target, so that nothing is predicted across.
    """
    pieces = window_rows(
        tokens, offsets, max_length, per_document=True, tail="pad", bos_id=bos_id, eos_id=eos_id
    )
    rows = []
    for numbers in pack([len(piece) for piece in pieces], max_length + 1):
        rows.append([place for number in numbers for place in pieces[number]])
    return rows
