"""Mixtures: how many samples of each part an epoch has, and in which order they come.

Proportions hold in every stretch of an epoch, not only on average, and nothing is drawn: where a
sample comes from is arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple


class Sample(NamedTuple):
    """A sample of a mixture: of which part, and which of the part's samples in this epoch."""

    part: int
    ordinal: int


def temperature_weights(sizes: Sequence[int], temperature: float) -> list[float]:
    """Weights in proportion to ``size ** (1 / temperature)``.

    At 1 parts weigh what they hold; the higher, the more equal they are.
    """
    return [float(size) ** (1 / temperature) for size in sizes]


def apportion(weights: Sequence[float], n_samples: int) -> list[int]:
    """Share out samples by weight: each part gets its share rounded down, or one more.

    The ones more go to the largest remainders, and of equal ones to the earlier part (the method of
    Hamilton). Weights are taken as the exact numbers that floats are.
    """
    exact = [Fraction(weight) for weight in weights]
    shares = [weight * n_samples / sum(exact) for weight in exact]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: counts[i] - shares[i])
    for part in by_remainder[: n_samples - sum(counts)]:
        counts[part] += 1
    return counts


def n_blocks(n_samples: int, block_samples: int) -> int:
    """How many blocks an epoch has: a power of two, the largest that leaves them `block_samples`.

    One, where even that holds fewer.
    """
    blocks = 1
    while blocks * 2 * block_samples <= n_samples:
        blocks *= 2
    return blocks


def reverse_bits(number: int, n_bits: int) -> int:
    """Read the lowest `n_bits` bits of a number backwards."""
    result = 0
    for bit in range(n_bits):
        if number >> bit & 1:
            result |= 1 << (n_bits - 1 - bit)
    return result


def mixture_blocks(counts: Sequence[int], block_samples: int) -> list[list[Sample]]:
    """Deal the samples of an epoch into blocks; `counts` says how many each part has.

    All samples lie on a line, part after part; sample ``j`` goes to the block whose number is
    ``j`` modulo the number of blocks, read backwards. So every run of the line is spread evenly,
    and a part has in each block its count over the number of blocks, rounded down or up.
    (Backwards, so that what a part has more of in some blocks than in others is spread too, as the
    points of van der Corput's sequence are.)

    In a block samples are in the order of the line. The ordinals of a part go on from block to
    block.
    """
    blocks = n_blocks(sum(counts), block_samples)
    line = [part for part, count in enumerate(counts) for _ in range(count)]
    parts_of_block: list[list[int]] = [[] for _ in range(blocks)]
    for j, part in enumerate(line):
        parts_of_block[reverse_bits(j % blocks, blocks.bit_length() - 1)].append(part)
    done = [0] * len(counts)
    result = []
    for parts in parts_of_block:
        block = []
        for part in parts:
            block.append(Sample(part, done[part]))
            done[part] += 1
        result.append(block)
    return result


def mixture_epoch(
    counts: Sequence[int],
    block_samples: int,
    permute: Callable[[int, int], Sequence[int]] | None = None,
) -> list[Sample]:
    """Put the samples of an epoch in the order in which they come, block after block.

    ``permute(block, size)`` gives the order inside a block: which of its `size` samples comes
    first, which second, and so on. Without it they stay as they are.
    """
    result = []
    for number, block in enumerate(mixture_blocks(counts, block_samples)):
        order = range(len(block)) if permute is None else permute(number, len(block))
        result += [block[slot] for slot in order]
    return result
