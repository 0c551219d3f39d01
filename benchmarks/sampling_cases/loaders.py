"""Loaders with two worker processes, beside batches that are always the same, and without workers.

A constant batch costs nothing to make: what its loader does is the way from the worker to the
loader alone. The speed is that after the first batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from sampling_cases.batches import same
from sampling_cases.rivals import Constant, ListedWindows, as_it_is, numpy_rows
from sampling_cases.stores import filled
from sampling_cases.turns import Answer, Difference, Work, answers

N_ROWS, MAX_LENGTH, N_WORKERS = 32, 1024, 2
N_FIRST, N_TIMED, N_CHECKED = 20, 400, 4
LISTED_TOKENS = 4_000_000
Loader = Iterable[Any]


def loaders(job: dict[str, Any]) -> Iterator[Answer]:
    """Every loader, each anew in every round."""
    n_timed = max(50, int(N_TIMED * min(1.0, job["scale"])))
    n_batches = N_FIRST + n_timed
    store = filled(job["n_tokens"])
    ids = store.ids()
    n_windows = (ids.size - 1) // MAX_LENGTH
    random = np.random.default_rng(2)
    order = random.integers(0, n_windows, (n_batches, N_ROWS))
    starts = order * MAX_LENGTH
    chosen = order.tolist()

    def with_workers(dataset: Any, collate: Any = as_it_is, batches: Any = chosen) -> Loader:
        return DataLoader(dataset, batch_sampler=batches, collate_fn=collate, num_workers=N_WORKERS)

    def constant(batch: Any) -> Callable[[], Loader]:
        return lambda: with_workers(Constant(batch))

    def listed() -> Loader:
        # As the book has it: two tensors for each window, stacked in the worker.
        return DataLoader(
            listed_windows, batch_sampler=in_listed, num_workers=N_WORKERS, collate_fn=None
        )

    listed_windows = ListedWindows(ids[:LISTED_TOKENS].tolist(), MAX_LENGTH, MAX_LENGTH)
    in_listed = random.integers(0, len(listed_windows), (n_batches, N_ROWS)).tolist()
    rows = np.zeros((N_ROWS, MAX_LENGTH + 1), np.uint16)
    wide = torch.zeros(N_ROWS, MAX_LENGTH, dtype=torch.int64)
    builders: dict[str, tuple[Callable[[], Loader], Any]] = {
        "bytestride, DataLoader": (lambda: ours(store, with_workers), starts),
        "bytestride, DataLoader and WindowSampler": (lambda: sampled(store, n_batches), sampled_at),
        "bytestride, WindowLoader": (lambda: window_loader(store, n_batches), sampled_at),
        "bytestride, one process": (lambda: one_process(store, chosen), starts),
        "GPTDatasetV1": (listed, np.array(in_listed) * MAX_LENGTH),
        "constant int64 x, y": (constant((wide, wide.clone())), None),
        "constant int32 buffer": (constant(torch.from_numpy(rows.astype(np.int32))), None),
        "constant uint16 buffer": (constant(rows), None),
    }
    sides = {
        name: lambda name=name, build=build, at=at: work(name, build, at, ids, n_batches)
        for name, (build, at) in builders.items()
    }
    yield from answers(
        sides, 1, job["rounds"], n_tokens=n_timed * N_ROWS * MAX_LENGTH, n_batches=n_timed
    )


def work(name: str, build: Callable[[], Loader], at: Any, ids: Any, n_batches: int) -> Work:
    """Check the first batches of a loader, unless they are constant; time those after the first."""
    if at is not None:
        starts = at(ids.size) if callable(at) else at
        iterator = iter(build())
        for i in range(N_CHECKED):
            if not same(next(iterator), numpy_rows(np.asarray(ids), starts[i], MAX_LENGTH)):
                raise Difference(f"{name}: batch {i} is not the one that it should be")
        del iterator

    def timed(block: int) -> float:
        iterator = iter(build())
        for _ in range(N_FIRST):
            batch = next(iterator)
        start = time.perf_counter()
        for _ in range(n_batches - N_FIRST):
            batch = next(iterator)  # noqa: F841 - held, as one that trains does
        return time.perf_counter() - start

    return timed


def ours(store: Any, with_workers: Callable[..., Loader]) -> Loader:
    """Our data set in torch's own loader, with the windows that all sides take."""
    from bytestride.torch import WindowDataset

    dataset = WindowDataset(str(store.bin_path), MAX_LENGTH, MAX_LENGTH)
    return with_workers(dataset, dataset.collate)


def sampled(store: Any, n_batches: int) -> Loader:
    """Our data set and our sampler in torch's own loader."""
    from bytestride.torch import WindowDataset, WindowSampler

    dataset = WindowDataset(str(store.bin_path), MAX_LENGTH, MAX_LENGTH)
    sampler = WindowSampler(dataset.windows, batch_size=N_ROWS, shuffle="global", seed=3)
    if len(dataset) < n_batches * N_ROWS:
        raise ValueError(f"the store holds fewer than {n_batches} batches")
    return DataLoader(
        dataset, batch_sampler=sampler, collate_fn=dataset.collate, num_workers=N_WORKERS
    )


def window_loader(store: Any, n_batches: int) -> Loader:
    """Our loader without worker processes, in the order of our sampler."""
    from bytestride.store import open_tokens
    from bytestride.torch import WindowLoader
    from bytestride.windows import Windows

    windows = Windows(open_tokens(store.bin_path), MAX_LENGTH, MAX_LENGTH)
    if len(windows) < n_batches * N_ROWS:
        raise ValueError(f"the store holds fewer than {n_batches} batches")
    return WindowLoader(windows, N_ROWS, shuffle="global", seed=3)


def sampled_at(n_tokens: int) -> Any:
    """Where the first batches of the sampler's order start."""
    from bytestride.windows import Order

    n_windows = (n_tokens - 1) // MAX_LENGTH
    order = Order(n_windows, shuffle="global", seed=3)
    return order.indices(0, N_CHECKED * N_ROWS).reshape(N_CHECKED, N_ROWS) * MAX_LENGTH


def one_process(store: Any, chosen: list[list[int]]) -> Loader:
    """Our batches without any loader, as tensors."""
    from bytestride.torch import WindowDataset

    dataset = WindowDataset(str(store.bin_path), MAX_LENGTH, MAX_LENGTH)
    return (dataset.__getitems__(indices) for indices in chosen)
