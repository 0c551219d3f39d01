"""Build and one epoch in order: the book's lists of tensors, and ours over the stored ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from sampling_cases.rivals import ListedWindows
from sampling_cases.stores import filled
from sampling_cases.turns import Answer, Difference, Work, answers

MAX_LENGTH, STRIDE = 256, 128
Batches = Iterable[Any]


def one_epoch(job: dict[str, Any], batch_size: int) -> Iterator[Answer]:
    """All sides, from the same ids: theirs has them as a list already, ours opens the store."""
    from bytestride.store import open_tokens
    from bytestride.torch import WindowDataset
    from bytestride.windows import Windows

    store = filled(job["n_tokens"])
    ids = store.ids().tolist()
    n_windows = len(range(0, len(ids) - MAX_LENGTH, STRIDE))
    n_batches = n_windows // batch_size

    def listed() -> Batches:
        windows = ListedWindows(ids, MAX_LENGTH, STRIDE)
        return DataLoader(windows, batch_size=batch_size, drop_last=True)

    def with_loader() -> Batches:
        windows = WindowDataset(open_tokens(store.bin_path), MAX_LENGTH, STRIDE)
        return DataLoader(
            windows, batch_size=batch_size, drop_last=True, collate_fn=windows.collate
        )

    def with_window_loader() -> Batches:
        from bytestride.torch import WindowLoader

        windows = Windows(open_tokens(store.bin_path), MAX_LENGTH, STRIDE)
        return WindowLoader(windows, batch_size, shuffle="none")

    def arrays() -> Batches:
        windows = Windows(open_tokens(store.bin_path), MAX_LENGTH, STRIDE)
        order = np.arange(n_batches * batch_size).reshape(n_batches, batch_size)
        return (windows.batch(indices) for indices in order)

    expected = store.ids()

    def work(name: str, build: Callable[[], Batches]) -> Work:
        check(name, build(), expected, n_batches, batch_size)

        def timed(block: int) -> float:
            start = time.perf_counter()
            batches = first_epoch(build(), n_batches)
            n = sum(1 for _ in batches)
            seconds = time.perf_counter() - start
            if n != n_batches:
                raise Difference(f"{name}: {n} batches instead of {n_batches}")
            return seconds

        return timed

    builders = {
        "bytestride, DataLoader": with_loader,
        "bytestride, WindowLoader": with_window_loader,
        "bytestride, arrays": arrays,
        "GPTDatasetV1": listed,
    }
    sides = {
        name: lambda name=name, build=build: work(name, build) for name, build in builders.items()
    }
    yield from answers(
        sides, 1, job["rounds"], n_tokens=n_batches * batch_size * MAX_LENGTH, n_batches=n_batches
    )


def first_epoch(batches: Batches, n_batches: int) -> Iterator[Any]:
    """So many batches: a loader that goes on for ever ends here."""
    return (batch for batch, _ in zip(batches, range(n_batches), strict=False))


def check(name: str, batches: Batches, ids: Any, n_batches: int, batch_size: int) -> None:
    """Hold every batch of an epoch against the ids, by numpy's own view of sliding windows."""
    rows = np.lib.stride_tricks.sliding_window_view(np.asarray(ids), MAX_LENGTH + 1)[::STRIDE]
    n = 0
    for n, (x, y) in enumerate(first_epoch(batches, n_batches), 1):
        right = rows[(n - 1) * batch_size : n * batch_size]
        x, y = torch.as_tensor(x).numpy(), torch.as_tensor(y).numpy()
        if not (np.array_equal(x, right[:, :-1]) and np.array_equal(y, right[:, 1:])):
            raise Difference(f"{name}: batch {n - 1} is not the one that it should be")
    if n != n_batches:
        raise Difference(f"{name}: {n} batches instead of {n_batches}")
