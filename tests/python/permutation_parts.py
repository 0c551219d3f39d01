"""Whether permutations look drawn at random: each check gives how far off, in standard deviations.

A check that gives n numbers passes while all lie within `FAR`: for one normal number the chance of
more is 2e-10. The seeds are fixed, so that what passes once passes always; the threshold says how
unlikely it was that a good generator should fail when the seeds were chosen.
"""

import math

import numpy as np

FAR = 6.4


def deviations(observed, expected, degrees=None):
    """How far counts are from what is expected of them, as a normal number.

    Pearson's chi-square, made normal by Wilson and Hilferty's cube root (1931). `degrees` of
    freedom: one fewer than there are counts, unless more is known.
    """
    observed = np.asarray(observed, np.float64)
    degrees = observed.size - 1 if degrees is None else degrees
    chi_square = float((np.square(observed - expected) / expected).sum())
    spread = 2 / (9 * degrees)
    return (math.cbrt(chi_square / degrees) - (1 - spread)) / math.sqrt(spread)


def _rescaled(counts, expected, variance):
    """Counts whose variance is changed by this factor."""
    return expected + (counts - expected) * math.sqrt(variance)


def of_places(permutations):
    """How often each number stands at each place: [k, n] permutations of a small n.

    Rows and columns of the counts all have the sum k, and the counts vary by n / (n - 1) more than
    those of independent draws: they are drawn together by as much.
    """
    k, n = permutations.shape
    counts = np.stack([np.bincount(permutations[:, place], minlength=n) for place in range(n)])
    return deviations(_rescaled(counts, k / n, (n - 1) / n), k / n, (n - 1) ** 2)


def of_whole_permutations(permutations):
    """How often each of the n! permutations comes."""
    k, n = permutations.shape
    codes = np.zeros(k, np.int64)
    for place in range(n):  # Lehmer's code, in mixed radix
        smaller = (permutations[:, place + 1 :] < permutations[:, place : place + 1]).sum(axis=1)
        codes = codes * (n - place) + smaller
    counts = np.bincount(codes, minlength=math.factorial(n))
    return deviations(counts, k / math.factorial(n))


def of_pairs(permutations, a, b):
    """Which two different numbers stand at places a and b."""
    k, n = permutations.shape
    first, second = permutations[:, a], permutations[:, b]
    codes = first * (n - 1) + second - (second > first)
    return deviations(np.bincount(codes, minlength=n * (n - 1)), k / (n * (n - 1)))


def of_steps(permutation, lag=1, classes=64):
    """How far places that lie `lag` apart are from each other, modulo n, in equal classes."""
    n = permutation.size
    steps = (np.roll(permutation, -lag) - permutation) % n  # 1 to n - 1
    counts = np.bincount((steps - 1) * classes // (n - 1), minlength=classes)
    sizes = np.array(
        [-(-(c + 1) * (n - 1) // classes) - -(-c * (n - 1) // classes) for c in range(classes)]
    )
    return deviations(counts, sizes * (n / (n - 1)))


def of_serial_correlation(permutation, lag=1):
    """Correlation of numbers that lie `lag` places apart, over its standard deviation."""
    n = permutation.size
    centred = permutation - (n - 1) / 2
    correlation = float((centred * np.roll(centred, -lag)).sum() / np.square(centred).sum())
    return (correlation + 1 / (n - 1)) * math.sqrt(n)


def of_bits(permutation):
    """Whether a bit of the number tells a bit of the place: for every two bits.

    For a place bit and a number bit, in how many places they agree is a hypergeometric number.
    """
    n = permutation.size
    bits = range((n - 1).bit_length())
    places = np.arange(n)
    found = []
    for a in bits:
        place_bit = (places >> a & 1).astype(bool)
        ones = int(place_bit.sum())
        for b in bits:
            number_bit = (permutation >> b & 1).astype(bool)
            of_number = int((places >> b & 1).sum())
            mean = ones * of_number / n
            variance = mean * (n - ones) / n * (n - of_number) / (n - 1)
            both = int((place_bit & number_bit).sum())
            if variance > 25:  # of a bit that hardly any number has, the count is not normal
                found.append((both - mean) / math.sqrt(variance))
    return max(found, key=abs)


def of_low_bits_in_runs(permutation, run=1024):
    """How many odd numbers there are in each aligned run of places."""
    n = permutation.size
    odd = (permutation[: n // run * run] & 1).reshape(-1, run).sum(axis=1)
    share = (n // 2) / n
    expected = np.stack([np.full(odd.size, run * share), np.full(odd.size, run * (1 - share))])
    counts = np.stack([odd, run - odd])
    # Drawn without putting back, they vary less than they would otherwise.
    return deviations(_rescaled(counts, expected, (n - 1) / (n - run)), expected, odd.size)


def of_flips(permutation):
    """Whether flipping a bit of the place flips each bit of the number half of the time."""
    n = 1 << (permutation.size.bit_length() - 1)
    places = np.arange(n)
    found = []
    for a in range(n.bit_length() - 1):
        below = places[(places >> a & 1) == 0]
        changed = permutation[below] ^ permutation[below | 1 << a]
        for b in range((permutation.size - 1).bit_length()):
            ones = int((np.arange(permutation.size) >> b & 1).sum())
            share = 2 * ones * (permutation.size - ones) / permutation.size / (permutation.size - 1)
            flipped = int((changed >> b & 1).sum())
            variance = below.size * share * (1 - share)
            if variance > 25:
                found.append((flipped - below.size * share) / math.sqrt(variance))
    return max(found, key=abs)


def large_checks(permutation):
    """Every check of one permutation of many numbers, by name."""
    n = permutation.size
    root = math.isqrt(n)
    checks = {
        "bits": of_bits(permutation),
        "flips": of_flips(permutation),
        "low bits in runs of 1024": of_low_bits_in_runs(permutation),
        "low bits in runs of 64": of_low_bits_in_runs(permutation, 64),
    }
    for lag in (1, 2, root - 1, root, root + 1, 2 * root, 1 << (n.bit_length() // 2)):
        checks[f"steps at {lag}"] = of_steps(permutation, lag)
        checks[f"correlation at {lag}"] = of_serial_correlation(permutation, lag)
    return checks
