"""Batches of random windows out of a store that no cache holds, on one thread.

Every side gets the same starts, batch after batch. The bound is a plain C loop over them that
allocates its outputs as the others do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sampling_cases import megatron
from sampling_cases.bound import plain_loop
from sampling_cases.rivals import nanogpt_batch, numpy_rows, stacked_rows
from sampling_cases.stores import Store, filled, last_level_cache_bytes
from sampling_cases.turns import Answer, Difference, Make, Work, answers, over

N_ROWS, MAX_LENGTH = 32, 1024
N_BLOCKS = 32
PAGE_TOKENS = 2_048
CHECKED_BATCHES = 4
Batch = Callable[[int], Any]


def random_windows(job: dict[str, Any]) -> Iterator[Answer]:
    """Windows that start anywhere: ours, the bound, numpy's line, nanoGPT's batches."""
    from bytestride.store import open_tokens
    from bytestride.windows import Windows

    store = filled(job["n_tokens"])
    tokens = store.ids()
    n_batches = batches_beyond_cache(job)
    random = np.random.default_rng(1)
    starts = random.integers(0, tokens.size - MAX_LENGTH, (n_batches, N_ROWS))
    as_tensors, as_lists = torch.from_numpy(starts), starts.tolist()
    opened = open_tokens(store.bin_path)
    windows = Windows(opened, MAX_LENGTH, 1)
    # The others read through the same mapping as ours, and no page of any is touched first in time.
    expected = opened.shards[0]
    for mapped in (expected, tokens):
        mapped[::PAGE_TOKENS].max()

    def ours(i: int) -> Any:
        return windows.batch(starts[i])

    def ours_as_tensors(i: int) -> Any:
        x, y = windows.batch(starts[i])
        return torch.from_numpy(x), torch.from_numpy(y)

    def loop(*options: str) -> Callable[[], Batch]:
        def make() -> Batch:
            gather = plain_loop(expected, MAX_LENGTH, *options)
            return lambda i: gather(starts[i])

        return make

    made: dict[str, Callable[[], Batch]] = {
        "bytestride, arrays": lambda: ours,
        "bytestride, tensors": lambda: ours_as_tensors,
        "bytestride, one int64 buffer": lambda: lambda i: windows.rows(starts[i], dtype=np.int64),
        "bytestride, one stored buffer": lambda: lambda i: windows.rows(starts[i]),
        "plain C loop": loop(),
        "plain C loop, for this processor": loop("-march=native"),
        "numpy, one line": lambda: lambda i: numpy_rows(expected, starts[i], MAX_LENGTH),
        "nanoGPT get_batch": lambda: (
            lambda i: nanogpt_batch(store.bin_path, as_tensors[i], MAX_LENGTH)
        ),
        "nanoGPT get_batch, map kept": lambda: (
            lambda i: stacked_rows(tokens, as_tensors[i], MAX_LENGTH)
        ),
        "nanoGPT get_batch, map kept, starts as ints": lambda: (
            lambda i: stacked_rows(tokens, as_lists[i], MAX_LENGTH)
        ),
    }
    sides = {
        name: checked(name, make, lambda i: numpy_rows(expected, starts[i], MAX_LENGTH), n_batches)
        for name, make in made.items()
    }
    yield from answers(
        sides,
        N_BLOCKS,
        job["rounds"],
        n_tokens=n_batches * N_ROWS * MAX_LENGTH,
        n_batches=n_batches,
    )
    opened.close()


def shuffled_windows(job: dict[str, Any], one_document: bool) -> Iterator[Answer]:
    """Megatron's samples in its own order; ours are the same windows, in an order set to its own.

    Documents of the same length, so that its samples do not depend on the order of documents: they
    are put in the store's order after its indices are built.
    """
    from bytestride.store import open_tokens
    from bytestride.windows import Windows

    store = filled(job["n_tokens"], one_document)
    n_batches = batches_beyond_cache(job)
    with tempfile.TemporaryDirectory() as cache:
        dataset = theirs_in_order(store, Path(cache))
        order = np.asarray(dataset.shuffle_index).astype(np.int64)
        n_batches = min(n_batches, len(dataset) // N_ROWS // N_BLOCKS * N_BLOCKS)
        expected = np.asarray(store.ids())

        def rows(i: int) -> NDArray[np.int64]:
            starts = order[i * N_ROWS : (i + 1) * N_ROWS] * MAX_LENGTH
            return numpy_rows(expected, starts, MAX_LENGTH)

        opened = open_tokens(store.bin_path)
        windows = Windows(opened, MAX_LENGTH, MAX_LENGTH)

        def ours(i: int) -> Any:
            x, y = windows.batch(order[i * N_ROWS : (i + 1) * N_ROWS])
            return torch.from_numpy(x), torch.from_numpy(y)

        made: dict[str, Callable[[], Batch]] = {
            "bytestride, tensors": lambda: ours,
            "Megatron GPTDataset": lambda: lambda i: megatron.batch(dataset, i * N_ROWS, N_ROWS),
        }
        sides = {name: checked(name, make, rows, n_batches) for name, make in made.items()}
        yield from answers(
            sides,
            N_BLOCKS,
            job["rounds"],
            n_tokens=n_batches * N_ROWS * MAX_LENGTH,
            n_batches=n_batches,
        )
        opened.close()


def theirs_in_order(store: Store, cache: Path) -> Any:
    """Megatron's data set with its shuffled windows, but with documents in the store's order."""
    megatron.modules()
    dataset = megatron.build(store, MAX_LENGTH, cache)
    lengths = dataset.dataset.sequence_lengths
    if np.any(lengths[:-1] != lengths[0]):
        raise ValueError(f"{store.prefix}: the documents must be of one length")
    dataset.document_index = np.sort(np.asarray(dataset.document_index))
    return dataset


def batches_beyond_cache(job: dict[str, Any]) -> int:
    """So many batches that their rows take four times the last-level cache; a trial has fewer."""
    row_bytes = 2 * N_ROWS * MAX_LENGTH
    n = 4 * last_level_cache_bytes() // row_bytes
    n = max(N_BLOCKS, int(n * min(1.0, job["scale"])))
    return n // N_BLOCKS * N_BLOCKS


def checked(
    name: str, make: Callable[[], Batch], rows: Callable[[int], NDArray[np.int64]], n_batches: int
) -> Make:
    """The work of a side, once some of its batches have been held against whole rows."""

    def made() -> Work:
        batch = make()
        for i in np.linspace(0, n_batches - 1, CHECKED_BATCHES).astype(int).tolist():
            if not same(batch(i), rows(i)):
                raise Difference(f"{name}: batch {i} is not the one that it should be")
        size = n_batches // N_BLOCKS
        return lambda block: over(range(block * size, (block + 1) * size), batch)

    return made


def same(batch: Any, rows: NDArray[np.int64]) -> bool:
    """Whether a batch, as (x, y) or as one buffer, holds these rows of max_length + 1 tokens."""
    if not isinstance(batch, (tuple, list)):
        return np.array_equal(np.asarray(batch), rows)
    x, y = (np.asarray(part) for part in batch)
    return (
        x.dtype == y.dtype == np.int64
        and np.array_equal(x, rows[:, :-1])
        and np.array_equal(y, rows[:, 1:])
    )
