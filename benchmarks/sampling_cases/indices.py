"""What one sample index costs: a permutation, a mixture of three parts, a window's span."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch.utils.data import RandomSampler

from sampling_cases.stores import filled
from sampling_cases.turns import Answer, Difference, Work, answers, over

N_INDICES, MAX_LENGTH = 1_000_000, 1024
STRIDES = (1024, 512, 768)
WEIGHTS = (0.5, 0.3, 0.2)


def indices(job: dict[str, Any]) -> Iterator[Answer]:
    """A million positions in small batches and in large ones; and what torch's sampler takes."""
    n_indices = max(4096, int(N_INDICES * min(1.0, job["scale"])))
    sides: dict[str, Callable[[], Work]] = {}
    for size in (32, 4096):
        # Whole batches only.
        n = n_indices // size
        sides[f"bytestride, order, by {size}"] = lambda s=size, n=n: ours(job, s, n, False, False)
        sides[f"bytestride, mixture, by {size}"] = lambda s=size, n=n: ours(job, s, n, True, False)
        sides[f"bytestride, mixture and spans, by {size}"] = lambda s=size, n=n: ours(
            job, s, n, True, True
        )
    sides["torch RandomSampler"] = lambda: sampler(n_indices)
    yield from answers(sides, 1, job["rounds"], n_indices=n_indices)


def ours(job: dict[str, Any], size: int, n_batches: int, mixed: bool, spans: bool) -> Work:
    """Indices of batches of so many positions, one call each."""
    from bytestride.store import open_tokens
    from bytestride.windows import Order, Windows

    store = open_tokens(filled(job["n_tokens"]).bin_path)
    parts = [Windows(store, MAX_LENGTH, stride) for stride in STRIDES]
    windows: Any = parts[0]
    if mixed:
        from bytestride.windows import Mixture

        windows = Mixture(parts, weights=WEIGHTS)
    order = Order(windows, shuffle="global", seed=5)
    check(order, windows, parts if mixed else parts[:1])
    if spans:
        return lambda block: over(
            range(n_batches), lambda i: windows.spans(order.indices(i * size, size))
        )
    return lambda block: over(range(n_batches), lambda i: order.indices(i * size, size))


def check(order: Any, windows: Any, parts: list[Any]) -> None:
    """One part: an epoch has each window once. More: each part has its share, and its windows."""
    n = min(order.n_samples, N_INDICES)
    found = order.indices(0, n)
    if len(parts) == 1:
        if n == order.n_samples and not np.array_equal(np.sort(found), np.arange(n)):
            raise Difference("an epoch does not hold every window once")
        if np.unique(found).size != n:
            raise Difference("an epoch holds a window twice")
        return
    borders = np.cumsum([0, *(len(part) for part in parts)])
    counts, _ = np.histogram(found, borders)
    # Each whole block has its share within one sample; the last block of the slice may be cut.
    error = np.abs(counts - n * np.array(WEIGHTS)).max()
    if counts.sum() != n or error > max(2.0, 0.005 * n):
        raise Difference(f"a mixture by {WEIGHTS} has {counts.tolist()} of {n} samples")
    part = np.searchsorted(borders, found, "right") - 1
    starts = (found - borders[part]) * np.array(STRIDES)[part]
    if not np.array_equal(windows.spans(found)[:, 0], starts):
        raise Difference("the windows of a mixture start elsewhere")


def sampler(n_indices: int) -> Work:
    """Torch's sampler: all indices of an epoch are made before the first."""
    drawn = RandomSampler(range(n_indices))
    return lambda block: over(
        range(1), lambda _: sum(1 for _ in itertools.islice(drawn, n_indices))
    )
