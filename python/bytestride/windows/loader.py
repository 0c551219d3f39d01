"""Batches in the order of a run, gathered ahead by the core's threads: a loader without workers."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from bytestride import _core
from bytestride.windows.order import Order, Shuffle
from bytestride.windows.rows import RowSet
from bytestride.windows.run_state import RunState, load_state, save_state
from bytestride.windows.steps import Place, Share, Steps

Layout: TypeAlias = Literal["xy", "rows"]

# Below it a batch is gathered by who asks for it. The caller's time for a batch of tensors, with
# 0.4 ms of other work in between, by a thread and without one (two cores, AMD Zen 3, a virtual
# machine, 2026-11-28): 2,048 tokens 34 and 28 us, 4,096 35 and 29, 8,192 38 and 38, 16,384 32 and
# 41, 32,768 43 and 67. Most of the first figure is the waking of a thread.
_LEAST_TOKENS_AHEAD = 8192


class Outputs(Protocol):
    """Where a batch is to be written to."""

    @property
    def arrays(self) -> Any:  # noqa: ANN401
        """As the core takes them: a pair, or one array."""


class BatchLoader:
    """The batches of a training run, in numpy.

    No process is started and no list of indices made. While a batch is used, the next ones are
    gathered by threads of the core, which the interpreter's lock does not hold up::

        loader = BatchLoader(windows, 32, seed=1)
        for x, y in loader:  # int64 [32, max_length] each
            ...

    An iteration goes on from where the loader is: at the begin of an epoch, where the last one was
    left, or where a loaded state says. When it has come to the end of the epoch, the loader is
    at the begin of the next one, which has an order of its own. One iteration goes at a time: a
    new one ends the one before.

    Each batch is in arrays of its own, which are the user's. A damaged or closed store is an error
    at the batch that it belongs to; the iteration then ends, and the next one tries that batch
    again.

    Parameters
    ----------
    windows
        Windows, packed windows or a mixture.
    batch_size
        Rows of a batch, for this rank.
    shuffle, seed, block_windows
        As for :class:`~bytestride.Order`.
    rank, world_size
        Which of how many processes this is; each step takes ``world_size * batch_size`` samples,
        and rank ``r`` those from ``r * batch_size`` on.
    drop_last
        Whether samples at the end of an epoch that do not fill a step are left out. Otherwise they
        are one step more, shared out to all ranks as evenly as it goes; where there are fewer than
        ranks, the last ranks have one step less than the others.
    dtype
        With the layout "xy" int64 or int32; with "rows" any type that holds the ids, such as
        ``windows.row_dtype``, the stored one.
    layout
        "xy": pairs ``(x, y)``, [B, max_length] each. "rows": one array [B, max_length + 1], whose
        ``[:, :-1]`` and ``[:, 1:]`` are inputs and targets, those that are not scored among them.
    prefetch
        Batches that are gathered ahead. So many and one more are held at a time.
    num_threads
        Batches that are gathered at the same time. With 0, or where no thread was free, a batch is
        gathered when it is asked for. By default 1, and 0 where a batch has fewer than 8,192
        tokens, which takes less time than to wake a thread for it.
    epochs
        How many epochs an iteration goes through, the one that it begins in included; None: it
        never ends.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or there are no windows.
    """

    def __init__(
        self,
        windows: RowSet,
        batch_size: SupportsIndex,
        *,
        shuffle: Shuffle = "global",
        seed: SupportsIndex = 0,
        block_windows: SupportsIndex = 4096,
        rank: SupportsIndex = 0,
        world_size: SupportsIndex = 1,
        drop_last: bool = True,
        dtype: npt.DTypeLike = np.int64,
        layout: Layout = "xy",
        prefetch: SupportsIndex = 2,
        num_threads: SupportsIndex | None = None,
        epochs: SupportsIndex | None = 1,
    ) -> None:
        self._windows = windows
        self._order = Order(windows, shuffle=shuffle, seed=seed, block_windows=block_windows)
        self._steps = Steps(
            self._order.n_samples,
            operator.index(batch_size),
            operator.index(rank),
            operator.index(world_size),
            bool(drop_last),
        )
        self._dtype = np.dtype(dtype)
        self._layout: Layout = layout
        self._prefetch = _at_least(0, "prefetch", prefetch)
        if num_threads is None:
            n_tokens = self._steps.batch_size * windows.max_length
            num_threads = 1 if n_tokens >= _LEAST_TOKENS_AHEAD else 0
        self._num_threads = _at_least(0, "num_threads", num_threads)
        self._epochs = None if epochs is None else _at_least(1, "epochs", epochs)
        if self._epochs is None and len(self._steps) == 0:
            raise ValueError(
                f"an epoch of {self._order.n_samples} samples has no step for rank "
                f"{self._steps.rank} of {self._steps.world_size} by {self._steps.batch_size}, so "
                "that to go on for ever would never give a batch"
            )
        self._place = Place()
        self._iteration = 0  # the number of the one that goes
        # No row, but every check of dtype and layout.
        windows.core.batch(np.empty(0, np.int64), layout, self._dtype, None)

    @property
    def windows(self) -> RowSet:
        """What the batches are made of."""
        return self._windows

    @property
    def order(self) -> Order:
        """The order in which samples come."""
        return self._order

    def __len__(self) -> int:
        """How many batches this rank has in a whole epoch, wherever the loader is."""
        return len(self._steps)

    def state_dict(self) -> RunState:
        """Give the state after the batches that were handed out; those gathered ahead do not count.

        Returns
        -------
        dict
            ``version``, ``fingerprint``, ``seed``, ``epoch`` and ``consumed``, the samples of this
            epoch that all ranks together have taken.
        """
        return save_state(self._order, self._place)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, at once, wherever it is.

        The rank, the number of ranks and the batch size may be others than when it was saved; the
        seed is the state's.

        Raises
        ------
        ValueError
            If it is of another version, of other windows or another shuffle, or no such state.
        """
        order, epoch, consumed = load_state(self._order, state)
        self._place = self._steps.check(epoch, consumed)
        self._order = order
        self._iteration += 1

    def set_epoch(self, epoch: SupportsIndex) -> None:
        """Go to the begin of an epoch; in the epoch where the loader is, nothing is changed."""
        place = self._steps.check(epoch)
        if place.epoch != self._place.epoch:
            self._place = place
            self._iteration += 1

    def __iter__(self) -> Iterator[Any]:
        """Go on from where the loader is."""
        self._iteration += 1
        return self._run(self._iteration)

    def _run(self, iteration: int) -> Iterator[Any]:
        pending: deque[_Pending] = deque()
        ahead = self._prefetch if self._num_threads else 0
        last = None if self._epochs is None else self._place.epoch + self._epochs - 1
        try:
            for share in self._shares(self._place, last):
                self._check_current(iteration)
                pending.append(self._begin(share))
                if len(pending) > ahead:
                    yield self._take(pending)
            while pending:
                self._check_current(iteration)
                yield self._take(pending)
        finally:
            pending.clear()  # waits for what a thread is at
        self._check_current(iteration)
        if last is not None:
            self._place = Place(last + 1)

    def _check_current(self, iteration: int) -> None:
        if self._iteration != iteration:
            raise RuntimeError(
                "this iteration has ended: another one was begun, or the loader was set to another "
                "epoch or state"
            )

    def _shares(self, place: Place, last_epoch: int | None) -> Iterator[Share]:
        while True:
            share = self._steps.at(place)
            if share is not None:
                yield share
                place = share.after
            elif place.epoch == last_epoch:
                return
            else:
                place = self._steps.check(place.epoch + 1)

    def _begin(self, share: Share) -> _Pending:
        out = self._outputs(share.n_samples)
        if self._prefetch == 0 or self._num_threads == 0:
            return _Pending(share, out, None)
        with self._windows.reading():
            batch = _core.PendingBatch(
                self._windows.core,
                self._order.core,
                share.first,
                1,
                share.n_samples,
                self._layout,
                self._dtype,
                None if out is None else out.arrays,
                self._num_threads,
            )
        return _Pending(share, out, batch)

    def _take(self, pending: deque[_Pending]) -> Any:  # noqa: ANN401 - as the layout is
        share, out, batch = pending.popleft()
        with self._windows.reading():
            if batch is not None:
                arrays = batch.wait()
            else:
                rows = self._order.indices(share.first, share.n_samples)
                into = None if out is None else out.arrays
                arrays = self._windows.core.batch(rows, self._layout, self._dtype, into)
        taken = self._hand_over(arrays, out)
        self._place = share.after
        return taken

    # What a subclass changes: where batches are written to, and what becomes of them.

    def _outputs(self, n_rows: int) -> Outputs | None:
        return None

    def _hand_over(self, arrays: Any, out: Outputs | None) -> Any:  # noqa: ANN401
        return arrays


class _Pending(NamedTuple):
    share: Share
    out: Outputs | None
    batch: _core.PendingBatch | None  # none: it is gathered when it is asked for


def _at_least(least: int, name: str, value: SupportsIndex) -> int:
    number = operator.index(value)
    if number < least:
        raise ValueError(f"{name} must be at least {least}, found {number}")
    return number
