"""Mixtures: exact proportions in every epoch and every block, and nothing twice before all once."""

import random
from itertools import pairwise

import numpy as np
import pytest

from bytestride import Mixture, Order, TokenStoreWriter, Windows, open_tokens, reference

# The fewest samples of a block: kMixtureBlock of cpp/windows/order.cpp.
BLOCK = 1024


def part(n_windows):
    """A part of so many windows."""
    return Windows(np.zeros(n_windows + 1, np.uint8), 1, 1)


def mixture_of(sizes, **how):
    return Mixture([part(size) for size in sizes], **how)


def taken_apart(indices, sizes):
    """Which part each flat index is of, and which of the part's windows."""
    begins = np.cumsum([0, *sizes])
    parts = np.searchsorted(begins, indices, "right") - 1
    return parts, indices - begins[parts]


def counts_per_epoch(order, sizes, epoch=0):
    n = order.n_samples
    parts, _ = taken_apart(order.indices(epoch * n, n), sizes)
    return np.bincount(parts, minlength=len(sizes)).tolist()


def reference_indices(sizes, counts, n_epochs):
    """Flat indices without shuffling: each part goes on, epoch after epoch, where it stopped."""
    begins = np.cumsum([0, *sizes])
    result = []
    for epoch in range(n_epochs):
        for sample in reference.mixture_epoch(counts, BLOCK):
            place = epoch * counts[sample.part] + sample.ordinal
            result.append(int(begins[sample.part]) + place % sizes[sample.part])
    return result


def random_mixture(rng):
    """Sizes of parts, how to mix them, and how many of each an epoch then has."""
    sizes = [rng.randrange(1, rng.choice([20, 2000])) for _ in range(rng.randrange(1, 6))]
    kind = rng.randrange(4)
    if kind == 0:
        return sizes, {}, sizes
    if kind == 1:
        repeats = [rng.randrange(1, 5) for _ in sizes]
        return sizes, {"repeats": repeats}, [r * n for r, n in zip(repeats, sizes, strict=True)]
    n_samples = rng.choice([500, 2047, 2048, 2049, rng.randrange(4000, 9000)])
    if kind == 2:
        weights = [rng.choice([0.5, 1, 2, 1 / 3, 0.1 + 0.2]) for _ in sizes]
        how = {"weights": weights, "n_samples": n_samples}
        return sizes, how, reference.apportion(weights, n_samples)
    how = {"temperature": 2.0, "n_samples": n_samples}
    return sizes, how, reference.apportion(reference.temperature_weights(sizes, 2), n_samples)


@pytest.mark.parametrize("seed", range(3))
def test_order_without_shuffling_is_the_reference_s(seed):
    rng = random.Random(seed)
    for _ in range(6):
        sizes, how, counts = random_mixture(rng)
        if min(counts) == 0:
            continue
        order = Order(mixture_of(sizes, **how), shuffle="none", seed=3)
        assert order.n_samples == sum(counts)
        expected = reference_indices(sizes, counts, 2)
        assert order.indices(0, len(expected)).tolist() == expected


@pytest.mark.parametrize("shuffle", ["global", "block", "none"])
def test_proportions_are_exact_per_epoch_and_within_one_per_block(shuffle):
    rng = random.Random(9)
    for _ in range(8):
        sizes, how, counts = random_mixture(rng)
        if min(counts) == 0:
            continue
        order = Order(mixture_of(sizes, **how), shuffle=shuffle, block_windows=100, seed=2)
        blocks = reference.mixture_blocks(counts, BLOCK)
        for epoch in range(2):
            assert counts_per_epoch(order, sizes, epoch) == counts
            first = epoch * order.n_samples
            for samples in blocks:
                parts, _ = taken_apart(order.indices(first, len(samples)), sizes)
                found = np.bincount(parts, minlength=len(sizes)).tolist()
                expected = np.bincount([s.part for s in samples], minlength=len(sizes)).tolist()
                assert found == expected
                for count, whole in zip(found, counts, strict=True):
                    assert abs(count - whole / len(blocks)) < 1
                first += len(samples)


@pytest.mark.parametrize("shuffle", ["global", "block", "none"])
def test_a_window_comes_again_only_after_all_others_of_its_part(shuffle):
    """Epochs of a mixture need not be epochs of its parts: each part goes on where it stopped."""
    sizes = [7, 40, 23]
    how = {"weights": [5, 2, 3], "n_samples": 50}
    order = Order(mixture_of(sizes, **how), shuffle=shuffle, block_windows=8, seed=6)
    counts = [25, 10, 15]
    seen = [np.zeros(size, np.int64) for size in sizes]
    for epoch in range(12):
        parts, windows = taken_apart(order.indices(epoch * 50, 50), sizes)
        for number, window in zip(parts, windows, strict=True):
            seen[number][window] += 1
        for number, times in enumerate(seen):
            assert times.sum() == (epoch + 1) * counts[number]
            assert times.max() - times.min() <= 1


def test_repeats():
    sizes = [10, 3, 20]
    order = Order(mixture_of(sizes, repeats=[1, 4, 2]), seed=1)
    assert order.n_samples == 10 + 12 + 40
    for epoch in range(2):
        indices = order.indices(epoch * 62, 62)
        times = np.bincount(indices, minlength=33)
        assert times.tolist() == [1] * 10 + [4] * 3 + [2] * 20


def test_parts_as_they_are():
    sizes = [10, 3, 20]
    order = Order(mixture_of(sizes), seed=1)
    assert order.n_samples == 33
    assert sorted(order.indices(33, 33).tolist()) == list(range(33))


@pytest.mark.parametrize(
    ("weights", "n_samples", "counts"),
    [
        ([1, 1], 5, [3, 2]),
        ([1, 1, 1], 8, [3, 3, 2]),
        ([0.7, 0.2, 0.1], 1000, [700, 200, 100]),
        ([3, 1], 4, [3, 1]),
        ([41, 29, 17, 13], 10, [4, 3, 2, 1]),
        ([1e-3, 1], 1001, [1, 1000]),
        ([1 / 3, 2 / 3], 10, [3, 7]),
    ],
)
def test_weights_go_by_largest_remainder(weights, n_samples, counts):
    sizes = [50] * len(weights)
    order = Order(mixture_of(sizes, weights=weights, n_samples=n_samples))
    assert order.n_samples == n_samples
    assert counts_per_epoch(order, sizes) == counts == reference.apportion(weights, n_samples)


@pytest.mark.parametrize("temperature", [1, 1.5, 2, 5, 100])
def test_temperature_makes_parts_more_equal(temperature):
    sizes = [10, 100, 1000]
    order = Order(mixture_of(sizes, temperature=temperature, n_samples=1110))
    weights = [size ** (1 / temperature) for size in sizes]
    counts = counts_per_epoch(order, sizes)
    assert sum(counts) == 1110
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - 1110 * weight / sum(weights)) < 1
    if temperature == 1:
        assert counts == sizes


@pytest.mark.parametrize("shuffle", ["global", "block"])
def test_shuffled_blocks_are_mixed(shuffle):
    """Parts do not come one after the other inside a block, nor a part's windows in order."""
    sizes = [4096, 4096]
    order = Order(mixture_of(sizes), shuffle=shuffle, seed=12)
    parts, windows = taken_apart(order.indices(0, BLOCK), sizes)
    changes = int((np.diff(parts) != 0).sum())
    # Of 512 and 512 in a random order: 512 changes, give or take 16; 6.4 times that is 103.
    assert 409 < changes < 615
    assert (np.diff(windows[parts == 0]) < 0).any()
    for first in (BLOCK, 8192):  # the next block, and the first of the next epoch
        again, _ = taken_apart(order.indices(first, BLOCK), sizes)
        assert not np.array_equal(parts, again)
    other = Order(mixture_of(sizes), shuffle=shuffle, seed=13)
    assert order.indices(0, 8192).tolist() != other.indices(0, 8192).tolist()


def test_positions_of_ranks_join():
    order = Order(mixture_of([30, 5, 77], weights=[1, 1, 2], n_samples=100), seed=3)
    endless = order.indices(0, 1000)
    for first, count, step in [(0, 250, 4), (3, 100, 9), (950, 10, 5), (99, 2, 100)]:
        assert np.array_equal(order.indices(first, count, step), endless[first::step][:count])


def test_a_mixture_of_one_part_has_every_window_once():
    order = Order(mixture_of([300]), block_windows=16, seed=1)
    assert sorted(order.indices(0, 300).tolist()) == list(range(300))


def test_large_mixtures_are_arithmetic():
    """A thousand million samples, far into the epoch, where a list of them would be long."""
    sizes = [1000, 10, 3]
    weights = [600_000_000, 300_000_001, 99_999_999]
    n = sum(weights)
    order = Order(mixture_of(sizes, weights=weights, n_samples=n), shuffle="none")
    assert order.n_samples == n
    blocks = reference.n_blocks(n, BLOCK)
    block = 30_001
    n_bits = blocks.bit_length() - 1
    residues = np.array([reference.reverse_bits(b, n_bits) for b in range(block)])
    residue = reference.reverse_bits(block, n_bits)

    def in_blocks_before(end):
        """How many of the first `end` samples of the line."""
        return int(np.maximum(0, (end - residues + blocks - 1) // blocks).sum())

    begins = [0, *np.cumsum(weights).tolist()]
    done = [in_blocks_before(end) - in_blocks_before(begin) for begin, end in pairwise(begins)]
    expected = []
    for j in range(residue, n, blocks):
        part = next(p for p in range(3) if j < begins[p + 1])
        expected.append(sum(sizes[:part]) + done[part] % sizes[part])
        done[part] += 1
    assert order.indices(in_blocks_before(n), len(expected)).tolist() == expected


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"weights": [1, 0, 1], "n_samples": 10}, r"weights\[1\]"),
        ({"weights": [1, -1, 1], "n_samples": 10}, r"weights\[1\]"),
        ({"weights": [1, float("nan"), 1], "n_samples": 10}, r"weights\[1\]"),
        ({"weights": [1, 1, float("inf")], "n_samples": 10}, r"weights\[2\]"),
        ({"weights": [1e-9, 1, 1], "n_samples": 10}, "part 0"),
        ({"weights": [1, 1], "n_samples": 10}, "weights"),
        ({"weights": [1, 1, 1], "repeats": [1, 1, 1]}, "repeats"),
        ({"weights": [1, 1, 1], "temperature": 1.0}, "temperature"),
        ({"repeats": [1, 0, 1]}, r"repeats\[1\]"),
        ({"repeats": [1, 1, 1], "n_samples": 10}, "n_samples"),
        ({"repeats": [1, 1]}, "repeats"),
        ({"repeats": [1, -2, 1]}, r"repeats\[1\]"),
        ({"temperature": 0, "n_samples": 10}, "temperature"),
        ({"temperature": -1.0, "n_samples": 10}, "temperature"),
        ({"temperature": float("nan"), "n_samples": 10}, "temperature"),
        ({"weights": [1, 1, 1], "n_samples": 0}, "n_samples"),
        ({"weights": [1, 1, 1], "n_samples": -1}, "n_samples"),
    ],
)
def test_what_is_refused(how, message):
    with pytest.raises(ValueError, match=message):
        mixture_of([4, 5, 6], **how)


def test_parts_that_are_refused():
    with pytest.raises(ValueError, match="part"):
        Mixture([])
    with pytest.raises(ValueError, match="part 1"):
        mixture_of([4, 0, 6])
    with pytest.raises(ValueError, match="max_length"):
        Mixture([part(4), Windows(np.zeros(9, np.uint8), 2, 1)])
    with pytest.raises(TypeError):
        Mixture([part(4), np.zeros(9, np.uint8)])


def test_spans_of_many_rows_are_those_of_each(tmp_path):
    with TokenStoreWriter(tmp_path / "store", vocab_size=5000) as writer:
        writer.append(np.arange(5000), [5000])
    with open_tokens(tmp_path / "store") as store:
        parts = [Windows(store, 7, stride, tail="pad") for stride in (7, 3)]
        mixture = Mixture(parts)
        assert mixture.stores == (store,)
        rows = np.random.default_rng(4).integers(-len(mixture), len(mixture), 1000)
        spans = mixture.spans(rows)
        for row, span in zip(rows % len(mixture), spans, strict=True):
            part, number = (0, row) if row < len(parts[0]) else (1, row - len(parts[0]))
            start = number * parts[part].stride
            assert span.tolist() == [start, min(8, 5000 - start), 0]
        with pytest.raises(IndexError, match=f"window {len(mixture)} is not among"):
            mixture.spans([*rows, len(mixture)])
