"""The reference's mixture: what each part gets, in an epoch and in each block, and the order."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import reference

counts_of_parts = st.lists(st.integers(0, 60), min_size=1, max_size=6)
block_sizes = st.integers(1, 40)


@pytest.mark.parametrize(
    ("n_samples", "block_samples", "blocks"),
    [(0, 1, 1), (1, 1, 1), (7, 4, 1), (8, 4, 2), (15, 4, 2), (16, 4, 4), (1000, 1, 512)],
)
def test_how_many_blocks(n_samples, block_samples, blocks):
    assert reference.n_blocks(n_samples, block_samples) == blocks


def test_bits_backwards():
    assert [reference.reverse_bits(i, 3) for i in range(8)] == [0, 4, 2, 6, 1, 5, 3, 7]
    assert reference.reverse_bits(0, 0) == 0


def test_by_hand():
    # 6 of part 0 and 3 of part 1, in two blocks: the line is 000000111.
    assert reference.mixture_blocks([6, 3], 4) == [
        [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)],
        [(0, 3), (0, 4), (0, 5), (1, 2)],
    ]
    # In four blocks: the second takes the items 2, 6, … of the line.
    assert reference.mixture_blocks([6, 3], 2) == [
        [(0, 0), (0, 1), (1, 0)],
        [(0, 2), (1, 1)],
        [(0, 3), (0, 4)],
        [(0, 5), (1, 2)],
    ]
    backwards = reference.mixture_epoch([6, 3], 4, lambda block, size: range(size)[::-1])
    assert backwards[:5] == [(1, 1), (1, 0), (0, 2), (0, 1), (0, 0)]


@settings(max_examples=40)
@given(counts_of_parts, block_sizes)
def test_proportions_and_order(counts, block_samples):
    blocks = reference.mixture_blocks(counts, block_samples)
    n = len(blocks)
    total = sum(counts)
    assert n == 1 or n * block_samples <= total
    assert 2 * n * block_samples > total
    for block in blocks:
        assert len(block) in (total // n, -(-total // n))
        for part, count in enumerate(counts):
            assert sum(sample.part == part for sample in block) in (count // n, -(-count // n))
    # The ordinals of a part come one after the other, so that each comes exactly once.
    for part, count in enumerate(counts):
        ordinals = [s.ordinal for block in blocks for s in block if s.part == part]
        assert ordinals == list(range(count))


@settings(max_examples=40)
@given(counts_of_parts, block_sizes)
def test_the_rule_as_arithmetic(counts, block_samples):
    """What an engine computes for one sample, without a list of them."""
    blocks = reference.mixture_blocks(counts, block_samples)
    n = len(blocks)
    n_bits = n.bit_length() - 1
    for b, block in enumerate(blocks):
        residue = reference.reverse_bits(b, n_bits)
        before = [reference.reverse_bits(earlier, n_bits) for earlier in range(b)]
        for slot, sample in enumerate(block):
            j = slot * n + residue
            begin = sum(counts[: sample.part])
            assert begin <= j < begin + counts[sample.part]
            in_earlier = sum(
                items_below(begin + counts[sample.part], r, n) - items_below(begin, r, n)
                for r in before
            )
            rank = slot - items_below(begin, residue, n)
            assert sample.ordinal == in_earlier + rank


def items_below(end, residue, n):
    """How many of 0 to end - 1 leave this residue."""
    return (end - residue + n - 1) // n if end > residue else 0


def test_proportions_hold_in_every_beginning_of_an_epoch():
    """Backwards bits keep even the rounding of blocks from adding up: by at most one a bit."""
    for counts, block_samples in [([700, 290, 10], 8), ([1, 1, 500], 3), ([333, 333, 334], 2)]:
        blocks = reference.mixture_blocks(counts, block_samples)
        n_bits = len(blocks).bit_length() - 1
        assert n_bits >= 5
        seen = [0] * len(counts)
        for b, block in enumerate(blocks):
            for sample in block:
                seen[sample.part] += 1
            for part, count in enumerate(counts):
                assert abs(seen[part] - Fraction(count * (b + 1), len(blocks))) <= n_bits


@settings(max_examples=40)
@given(counts_of_parts, block_sizes, st.integers(0, 2**32))
def test_a_permutation_stays_in_its_block(counts, block_samples, seed):
    def permute(block, size):
        return random.Random(seed + block).sample(range(size), size)

    epoch = reference.mixture_epoch(counts, block_samples, permute)
    done = 0
    for number, block in enumerate(reference.mixture_blocks(counts, block_samples)):
        part_of_epoch = epoch[done : done + len(block)]
        assert part_of_epoch == [block[slot] for slot in permute(number, len(block))]
        assert sorted(part_of_epoch) == sorted(block)
        done += len(block)
    assert done == len(epoch) == sum(counts)


# How much of each.


@pytest.mark.parametrize(
    ("weights", "n_samples", "counts"),
    [
        ([1, 1], 5, [3, 2]),  # ties to the earlier part
        ([1, 1, 1], 8, [3, 3, 2]),
        ([0.5, 0.3, 0.2], 10, [5, 3, 2]),
        ([3, 1], 4, [3, 1]),
        ([1, 2, 3], 100, [17, 33, 50]),
        ([7], 9, [9]),
        ([1e-9, 1], 5, [0, 5]),
        ([41, 29, 17, 13], 10, [4, 3, 2, 1]),
    ],
)
def test_apportioning(weights, n_samples, counts):
    assert reference.apportion(weights, n_samples) == counts


@settings(max_examples=40)
@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=8), st.integers(0, 10**12))
def test_apportioning_is_exact_and_within_one(weights, n_samples):
    counts = reference.apportion(weights, n_samples)
    assert sum(counts) == n_samples
    total = sum(map(Fraction, weights))
    errors = [c - Fraction(w) * n_samples / total for c, w in zip(counts, weights, strict=True)]
    assert all(-1 < error < 1 for error in errors)
    # Whoever was rounded down had no larger remainder than whoever was rounded up.
    assert max(errors) - min(errors) <= 1


def test_temperature():
    assert reference.temperature_weights([10, 1000], 1) == [10, 1000]
    flat = reference.temperature_weights([16, 10_000], 2)
    assert flat == pytest.approx([4, 100])
    assert reference.apportion(flat, 104) == [4, 100]
