"""From a store of many tokens to the first shuffled batch: each way in a process of its own.

The store is sparse. Before anything is measured, every way says where the tokens of its first batch
lie, and those places are filled with random ids; so a batch that is timed is known.
"""

from __future__ import annotations

import ctypes
import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampling_cases.stores import Store
from sampling_cases.turns import Answer
from side_by_side.child import resident

N_ROWS, MAX_LENGTH = 32, 1024
Batch = tuple[Any, Any]


@dataclass(frozen=True)
class Way:
    """``build`` makes all that is made before a batch, ``first`` gives the first batch.

    ``positions`` says where its tokens lie in the payload: int64 [32, 1025].
    """

    modules: Callable[[], None]
    build: Callable[[Store, Path], Any]
    first: Callable[[Any], Batch]
    positions: Callable[[Any], NDArray[np.int64]]


def our_modules() -> None:
    import bytestride.store
    import bytestride.windows  # noqa: F401


def _our_build(store: Store, **options: Any) -> Any:
    from bytestride.store import open_tokens
    from bytestride.windows import Order, Windows

    windows = Windows(open_tokens(store.bin_path), MAX_LENGTH, MAX_LENGTH, **options)
    return windows, Order(windows, shuffle="global", seed=0)


def our_build(store: Store, cache: Path) -> Any:
    return _our_build(store)


def our_build_per_document(store: Store, cache: Path) -> Any:
    return _our_build(store, per_document=True, tail="pad", pad_id=0, ignore_index=0)


def our_first(built: Any) -> Batch:
    windows, order = built
    x, y = windows.batch(order.indices(0, N_ROWS))
    return x, y


def our_positions(built: Any) -> NDArray[np.int64]:
    windows, order = built
    spans = windows.spans(order.indices(0, N_ROWS))
    return _positions_of(spans[:, 0], spans[:, 1])


def _positions_of(starts: NDArray[np.int64], n_tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of rows; -1 where a row has no token, which reads as 0."""
    columns = np.arange(MAX_LENGTH + 1)
    return np.where(columns < n_tokens[:, None], starts[:, None] + columns, -1)


def torch_modules() -> None:
    import mmap  # noqa: F401 - numpy imports it when it maps first

    import torch.utils.data  # noqa: F401


def torch_build(store: Store, cache: Path) -> Any:
    """A sampler of windows, and the tokens mapped."""
    import torch
    from torch.utils.data import RandomSampler

    tokens = np.memmap(store.bin_path, np.uint16, "r")
    n_windows = (tokens.size - 1) // MAX_LENGTH
    generator = torch.Generator().manual_seed(0)
    indices = iter(RandomSampler(range(n_windows), generator=generator))
    # The first index is there when all of them are drawn.
    return tokens, indices, [next(indices) for _ in range(N_ROWS)]


def torch_first(built: Any) -> Batch:
    tokens = built[0]
    rows = tokens[torch_positions(built)].astype(np.int64)
    return rows[:, :-1], rows[:, 1:]


def torch_positions(built: Any) -> NDArray[np.int64]:
    starts = np.array(built[2]) * MAX_LENGTH
    return _positions_of(starts, np.full(N_ROWS, MAX_LENGTH + 1))


def mapped_build(store: Store, cache: Path) -> Any:
    """The tokens mapped, and windows in order: no index at all, and nothing shuffled."""
    return np.memmap(store.bin_path, np.uint16, "r"), None, range(N_ROWS)


def megatron_modules() -> None:
    from sampling_cases import megatron

    megatron.modules()


def megatron_build(store: Store, cache: Path) -> Any:
    from sampling_cases import megatron

    return megatron.build(store, MAX_LENGTH, cache)


def megatron_first(built: Any) -> Batch:
    from sampling_cases import megatron

    return megatron.batch(built, 0, N_ROWS)


def megatron_positions(built: Any) -> NDArray[np.int64]:
    from sampling_cases import megatron

    return megatron.positions(built, 0, N_ROWS, MAX_LENGTH)


WAYS = {
    "bytestride": Way(our_modules, our_build, our_first, our_positions),
    "bytestride, per document": Way(our_modules, our_build_per_document, our_first, our_positions),
    "numpy, mapped, in order": Way(torch_modules, mapped_build, torch_first, torch_positions),
    "torch RandomSampler": Way(torch_modules, torch_build, torch_first, torch_positions),
    "Megatron GPTDataset": Way(
        megatron_modules, megatron_build, megatron_first, megatron_positions
    ),
    "Megatron GPTDataset, indices cached": Way(
        megatron_modules, megatron_build, megatron_first, megatron_positions
    ),
}
CACHED = "Megatron GPTDataset, indices cached"


def start(job: dict[str, Any]) -> Iterator[Answer]:
    """Time one way; what its index holds in memory; where its batch lies, and what it is.

    Memory is that of a second build in the same process, which has made by then what any first call
    makes; by the system (anonymous memory) and by Python's own count.
    """
    way, store = WAYS[job["contender"]], Store(Path(job["prefix"]))
    way.modules()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        if job["contender"] == CACHED:
            way.build(store, cache)
        gc.collect()
        begin = time.perf_counter()
        built = way.build(store, cache)
        middle = time.perf_counter()
        x, y = way.first(built)
        end = time.perf_counter()
        answer: Answer = {
            "build_seconds": middle - begin,
            "seconds": end - begin,
            "batch": [np.asarray(x).tolist(), np.asarray(y).tolist()],
            "positions": way.positions(built).tolist(),
        }
        del built, x, y
        again = cache if job["contender"] == CACHED else cache / "again"
        yield answer | held(lambda: way.build(store, again), way.first)


def held(build: Callable[[], Any], first: Callable[[Any], Batch]) -> Answer:
    """Bytes that an index holds when it has given a batch: by the system, and by Python's count.

    A batch itself is let go of before; so what is made with the first batch only is counted too.
    The most, by Python's count, is that of the building.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = resident("RssAnon")
    tracemalloc.start()
    built = build()
    _, peak = tracemalloc.get_traced_memory()
    first(built)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ctypes.CDLL(None).malloc_trim(0)
    after = resident("RssAnon")
    del built
    return {
        "held_bytes": max(0, after - before),
        "traced_bytes": kept,
        "traced_peak_bytes": peak,
    }
