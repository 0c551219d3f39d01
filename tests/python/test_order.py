"""Orders are permutations, of every size and in every epoch, and look drawn at random."""

import math

import numpy as np
import permutation_parts as parts
import pytest

from bytestride import Order, Windows


def epoch_of(order, epoch=0):
    return order.indices(epoch * order.n_samples, order.n_samples)


def is_permutation(indices, n):
    seen = np.zeros(n, bool)
    seen[indices] = True  # which refuses what is larger
    return indices.size == n and bool(seen.all())


def test_every_size_up_to_5000_is_permuted():
    for n in range(1, 5001):
        assert is_permutation(epoch_of(Order(n, seed=n)), n), n


@pytest.mark.parametrize("exponent", range(8, 21))
def test_sizes_around_powers_of_two(exponent):
    for n in (2**exponent - 1, 2**exponent, 2**exponent + 1):
        order = Order(n, seed=3)
        assert order.n_samples == n
        assert is_permutation(epoch_of(order, 2), n)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2**24 + 1, 2**25 - 1, 3 * 10**7 + 1])
def test_large_sizes(n):
    seen = np.zeros(n, bool)
    order = Order(n, seed=1)
    for first in range(0, n, 2**20):
        seen[order.indices(first, min(2**20, n - first))] = True
    assert seen.all()


@pytest.mark.parametrize("n", [2**31 - 1, 2**32 + 1, 10**12 + 39, 2**53 + 1, 2**60])
def test_sizes_that_no_list_holds(n):
    order = Order(n, seed=5)
    indices = np.concatenate(
        [order.indices(0, 30_000), order.indices(n - 30_000, 30_000), order.indices(n // 3, 30_000)]
    )
    assert indices.dtype == np.int64
    assert np.unique(indices).size == 90_000
    assert indices.min() >= 0
    assert indices.max() < n
    # They are spread over all of it: counts of 64 equal classes.
    counts = np.bincount([int(i) * 64 // n for i in indices], minlength=64)
    assert abs(parts.deviations(counts, 90_000 / 64)) < parts.FAR
    assert abs(parts.deviations(np.bincount(indices % 64, minlength=64), 90_000 / 64)) < parts.FAR


def test_epochs_and_seeds_differ():
    n = 1000
    permutations = [epoch_of(Order(n, seed=seed), epoch) for seed in range(6) for epoch in range(6)]
    permutations += [epoch_of(Order(n, seed=seed)) for seed in (2**31, 2**32, 2**63 - 1)]
    for i, one in enumerate(permutations):
        for other in permutations[:i]:
            # Two permutations agree in about one place; in more than 14, once in 10**13 times.
            assert (one == other).sum() <= 14
    assert np.array_equal(epoch_of(Order(n, seed=4), 3), epoch_of(Order(n, seed=4), 3))


@pytest.mark.parametrize("shuffle", ["global", "block", "none"])
def test_positions_go_on_from_epoch_to_epoch(shuffle):
    n = 100
    order = Order(n, shuffle=shuffle, seed=9, block_windows=16)
    endless = order.indices(0, 10 * n)
    for epoch in range(10):
        assert is_permutation(endless[epoch * n : (epoch + 1) * n], n)
    for first, count, step in [(0, 5, 1), (95, 10, 1), (3, 40, 7), (99, 2, 100), (250, 0, 1)]:
        expected = endless[first : first + count * step : step]
        assert order.indices(first, count, step).tolist() == expected.tolist()
    # Ranks of a job, each with every fourth position, have all of them together.
    ranks = [order.indices(rank, n // 4, 4) for rank in range(4)]
    assert np.stack(ranks, axis=1).ravel().tolist() == endless[:n].tolist()


def test_far_away_positions():
    order = Order(1000, seed=2)
    far = 10**15 * 1000
    assert is_permutation(order.indices(far, 1000), 1000)
    assert order.indices(far + 7, 3).tolist() == order.indices(far, 1000)[7:10].tolist()
    assert order.indices(far, 3, 10**12).size == 3


def test_without_shuffling():
    order = Order(7, shuffle="none", seed=5)
    assert order.indices(0, 16).tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1]


@pytest.mark.parametrize(("n", "block"), [(1000, 64), (1024, 64), (10, 64), (65, 64), (300, 1)])
def test_blocks_are_gone_through_one_by_one(n, block):
    order = Order(n, shuffle="block", seed=4, block_windows=block)
    seen = set()
    for epoch in range(4):
        indices = epoch_of(order, epoch)
        assert is_permutation(indices, n)
        blocks = indices // block
        n_changes = int((np.diff(blocks) != 0).sum())
        assert n_changes == -(-n // block) - 1
        seen.add(tuple(indices.tolist()))
    assert len(seen) == 4
    if n == 1000:
        # Blocks come in another order in each epoch, and so do the windows inside one.
        first = {tuple(dict.fromkeys(e // block for e in indices)) for indices in seen}
        assert len(first) == 4
        inside = {tuple(i for i in indices if i < block) for indices in seen}
        assert len(inside) == 4


def test_the_size_of_windows_is_taken():
    windows = Windows(np.arange(50, dtype=np.uint16), 4, 3)
    order = Order(windows, seed=1)
    assert order.n_samples == len(windows)
    assert order.indices(0, 40).tolist() == Order(len(windows), seed=1).indices(0, 40).tolist()


def test_fingerprints():
    fingerprint = Order(100, seed=1).fingerprint
    assert isinstance(fingerprint, str)
    assert fingerprint == Order(100, seed=1).fingerprint
    assert fingerprint != Order(101, seed=1).fingerprint
    tokens = np.arange(51, dtype=np.uint16)
    of_windows = {
        Order(Windows(tokens, length, stride, tail=tail)).fingerprint
        for length, stride, tail in [(4, 4, "drop"), (4, 3, "drop"), (5, 4, "drop"), (4, 3, "pad")]
    }
    assert len(of_windows) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shuffle": "random"}, "shuffle"),
        ({"shuffle": True}, "shuffle"),
        ({"block_windows": 0}, "block_windows"),
        ({"block_windows": -5}, "block_windows"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Order(10, **arguments)


def test_positions_that_are_refused():
    order = Order(10)
    for bad in [(-1, 3), (0, -1), (0, 3, 0), (0, 3, -1), (2**63 - 2, 10), (0, 10, 2**62)]:
        with pytest.raises((ValueError, IndexError, OverflowError)):
            order.indices(*bad)
    with pytest.raises(ValueError, match="-1"):
        Order(-1)
    assert order.indices(5, 0).tolist() == []


# Chance.


def many(n, k, seed=77):
    """k permutations of n, one of each epoch."""
    return Order(n, seed=seed).indices(0, n * k).reshape(k, n)


def many_seeds(n, k):
    return np.stack([Order(n, seed=seed).indices(0, n) for seed in range(k)])


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_all_permutations_of_few_come_equally_often(n):
    assert parts.of_whole_permutations(many(n, 300 * math.factorial(n))) < parts.FAR
    assert parts.of_whole_permutations(many_seeds(n, 20 * math.factorial(n))) < parts.FAR


@pytest.mark.parametrize("n", [2, 3, 5, 6, 7, 8, 17, 100, 256, 257, 300])
def test_every_number_comes_to_every_place_equally_often(n):
    permutations = many(n, max(4000, 20 * n))
    assert parts.of_places(permutations) < parts.FAR


@pytest.mark.parametrize("n", [6, 7, 8, 9, 16, 31])
def test_pairs_of_places(n):
    permutations = many(n, max(3000, 10 * n * n), seed=5)
    for a, b in [(0, 1), (1, 0), (n - 2, n - 1), (0, n - 1), (n // 2, n // 2 + 1), (1, 4)]:
        assert abs(parts.of_pairs(permutations, a, b)) < parts.FAR, (a, b)


@pytest.mark.parametrize("n", [257, 300, 1025])
def test_pairs_of_places_of_hundreds(n):
    """Differences of two numbers, over many epochs: few enough to count, as pairs are not."""
    permutations = many(n, 4000, seed=8)
    root = math.isqrt(n)
    for a, b in [(0, 1), (n - 2, n - 1), (0, root), (3, 3 + root + 1), (0, n - 1), (7, 7 + n // 2)]:
        difference = (permutations[:, b] - permutations[:, a]) % n
        counts = np.bincount(difference, minlength=n)
        assert counts[0] == 0
        assert abs(parts.deviations(counts[1:], 4000 / (n - 1))) < parts.FAR, (a, b)


@pytest.mark.parametrize(("n", "seed"), [(2**16, 1), (2**16, 2), (10**5, 1), (2**16 + 1, 1)])
def test_a_large_permutation_looks_random(n, seed):
    found = parts.large_checks(epoch_of(Order(n, seed=seed)))
    assert {name: z for name, z in found.items() if abs(z) >= parts.FAR} == {}


@pytest.mark.slow
@pytest.mark.parametrize("n", [2**20, 10**6 + 3])
def test_more_large_permutations_look_random(n):
    for seed in range(3):
        found = parts.large_checks(epoch_of(Order(n, seed=seed)))
        assert {name: z for name, z in found.items() if abs(z) >= parts.FAR} == {}


def test_consecutive_seeds_and_epochs_are_not_related():
    """Where a number goes in one is nothing to do with where it goes in the next."""
    n = 4096
    rows = [epoch_of(Order(n, seed=seed), epoch) for seed in (1, 2, 3) for epoch in (0, 1, 2)]
    for i, one in enumerate(rows):
        for other in rows[:i]:
            # One composed with the inverse of the other is as random as each is.
            quotient = np.empty(n, np.int64)
            quotient[other] = one
            assert abs(parts.of_steps(quotient)) < parts.FAR
            assert abs(parts.of_serial_correlation(quotient)) < parts.FAR
            assert abs(parts.of_bits(quotient)) < parts.FAR


# The checks themselves: a good generator passes all, and known bad ones do not.


def test_the_checks_pass_numpy_s_permutations():
    random = np.random.default_rng(11)
    few = random.permuted(np.tile(np.arange(5), (30_000, 1)), axis=1)
    assert abs(parts.of_whole_permutations(few)) < parts.FAR
    assert abs(parts.of_places(few)) < parts.FAR
    assert abs(parts.of_pairs(few, 0, 3)) < parts.FAR
    for n in (2**16, 10**5):
        found = parts.large_checks(random.permutation(n))
        assert {name: z for name, z in found.items() if abs(z) >= parts.FAR} == {}


def test_the_checks_find_bad_permutations():
    n = 2**16
    places = np.arange(n)
    affine = (places * 40_503 + 77) % n  # multiply and add, as a linear congruence does
    found = parts.large_checks(affine)
    assert abs(found["bits"]) > parts.FAR
    assert abs(found["steps at 1"]) > parts.FAR
    # Good but for one bit: odd numbers in even runs of 1024 places.
    random = np.random.default_rng(3)
    even, odd = random.permutation(n // 2) * 2, random.permutation(n // 2) * 2 + 1
    by_parity = np.empty(n, np.int64)
    by_parity[places >> 10 & 1 == 1] = even
    by_parity[places >> 10 & 1 == 0] = odd
    assert abs(parts.of_low_bits_in_runs(by_parity)) > parts.FAR
    assert abs(parts.of_bits(by_parity)) > parts.FAR
    assert abs(parts.of_steps(random.permutation(n))) < parts.FAR
    # Rotations only: every number comes to every place, but five of 120 permutations do.
    shifts = random.integers(0, 5, 30_000)
    rotations = (np.arange(5) + shifts[:, None]) % 5
    assert parts.of_places(rotations) < parts.FAR
    assert parts.of_whole_permutations(rotations) > parts.FAR
    assert parts.of_pairs(rotations, 0, 1) > parts.FAR
