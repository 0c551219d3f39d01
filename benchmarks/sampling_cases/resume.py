"""Going on at step 1,000,000: from a saved state to the first batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import BatchSampler, RandomSampler

from sampling_cases.batches import same
from sampling_cases.rivals import numpy_rows
from sampling_cases.stores import filled
from sampling_cases.turns import Answer, Difference, Work, answers, seconds_of

N_ROWS, MAX_LENGTH, STEP = 32, 1024, 1_000_000


def resume(job: dict[str, Any]) -> Iterator[Answer]:
    """Ours by the sampler and by our loader; and torch's sampler, gone through up to there."""
    sides = {
        "bytestride, WindowSampler": lambda: with_sampler(job),
        "bytestride, WindowLoader": lambda: with_window_loader(job),
        "torch RandomSampler, replayed": lambda: replayed(job),
    }
    yield from answers(sides, 1, job["rounds"], step=STEP)


def state_at(state: dict[str, Any], step: int, n_samples: int) -> dict[str, Any]:
    """The state that a run of so many steps would have saved, from that of another step."""
    per_epoch = n_samples // N_ROWS
    epoch, steps = divmod(step, per_epoch)
    return {**state, "epoch": epoch, "consumed": steps * N_ROWS}


def rows_at(store: Any, windows: Any, state: dict[str, Any]) -> Any:
    """Rows of the batch that comes next, from the order itself."""
    from bytestride.windows import Order

    order = Order(windows, shuffle="global", seed=7)
    first = state["epoch"] * order.n_samples + state["consumed"]
    return numpy_rows(
        np.asarray(store.ids()), order.indices(first, N_ROWS) * MAX_LENGTH, MAX_LENGTH
    )


def with_sampler(job: dict[str, Any]) -> Work:
    """A new sampler, its iterator with the state, one batch of the data set."""
    from bytestride.torch import WindowDataset, WindowSampler

    store = filled(job["n_tokens"])
    dataset = WindowDataset(str(store.bin_path), MAX_LENGTH, MAX_LENGTH)

    def iterator() -> Any:
        return iter(WindowSampler(dataset.windows, batch_size=N_ROWS, shuffle="global", seed=7))

    state = state_at(iterator().state_dict(), STEP, len(dataset))

    def first_batch() -> Any:
        resumed = iterator()
        resumed.load_state_dict(state)
        return dataset.__getitems__(next(resumed))

    if not same(first_batch(), rows_at(store, dataset.windows, state)):
        raise Difference("a resumed sampler goes on elsewhere")
    return lambda block: seconds_of(first_batch)


def with_window_loader(job: dict[str, Any]) -> Work:
    """A new loader, the state, one batch."""
    from bytestride.store import open_tokens
    from bytestride.torch import WindowLoader
    from bytestride.windows import Windows

    store = filled(job["n_tokens"])
    windows = Windows(open_tokens(store.bin_path), MAX_LENGTH, MAX_LENGTH)

    def loader() -> Any:
        return WindowLoader(windows, N_ROWS, shuffle="global", seed=7)

    state = state_at(loader().state_dict(), STEP, len(windows))

    def first_batch() -> Any:
        resumed = loader()
        resumed.load_state_dict(state)
        return next(iter(resumed))

    if not same(first_batch(), rows_at(store, windows, state)):
        raise Difference("a resumed loader goes on elsewhere")
    return lambda block: seconds_of(first_batch)


def replayed(job: dict[str, Any]) -> Work:
    """What a loader without a state of its own does: draw batches until it is there.

    Only within the last epoch, for each is drawn anew: the shortest that it can be.
    """
    n_windows = (filled(job["n_tokens"]).n_tokens - 1) // MAX_LENGTH
    n_before = STEP % (n_windows // N_ROWS)

    def first_batch() -> Any:
        batches = BatchSampler(RandomSampler(range(n_windows)), N_ROWS, drop_last=True)
        return next(itertools.islice(batches, n_before, None))

    return lambda block: seconds_of(first_batch)
