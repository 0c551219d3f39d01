"""A sampler for torch's loaders: an order of rows, shared out to ranks, that goes on anywhere."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, SupportsIndex

from torch.utils.data import Sampler

from bytestride.torch.dataset import WindowDataset
from bytestride.torch.ranks import find_rank
from bytestride.windows import Order, RowSet, RunState
from bytestride.windows.order import Shuffle
from bytestride.windows.run_state import load_state, save_state
from bytestride.windows.steps import Place, Share, Steps

_INDICES_AHEAD = 1024


class WindowSampler(Sampler[Any]):
    """Indices in the order of a run, for a ``DataLoader``; nothing is stored but where it is.

    With a batch size it is a batch sampler, and each step takes ``world_size * batch_size`` samples
    of the order, rank ``r`` those from ``r * batch_size`` on::

        sampler = WindowSampler(dataset, batch_size=32, seed=1)
        loader = DataLoader(dataset, batch_sampler=sampler, collate_fn=dataset.collate)

    Without one it gives one index after another, in turns with the other ranks, as torch's
    ``DistributedSampler`` does: ``DataLoader(dataset, batch_size=32, sampler=sampler, …)``.

    Each epoch has an order of its own. An iteration that has come to the end of its epoch is
    followed by one over the next epoch; one that was left before its end is followed by the same
    one again. :meth:`set_epoch` sets the epoch.

    Where workers run ahead the sampler has given out more than the loader. ``StatefulDataLoader``
    keeps the states of sampler and iterator at each batch by itself; beside a plain ``DataLoader``
    count the batches and name their number to :meth:`state_dict`.

    Parameters
    ----------
    windows
        Windows, packed windows or a mixture; or the data set of them.
    batch_size
        Samples of a batch, for this rank; None: indices one by one.
    shuffle, seed, block_windows
        As for :class:`~bytestride.Order`.
    rank, world_size
        Which of how many processes this is; by default as torch.distributed has it, and 0 of 1
        where that is not in use.
    num_replicas
        Another name of ``world_size``, which is ``DistributedSampler``'s.
    drop_last
        Whether samples at the end of an epoch that do not fill a step are left out. Otherwise they
        are one step more, shared out to all ranks as evenly as it goes: the first ranks have one
        sample more than the others, and where there are fewer than ranks, one step more. No sample
        comes twice to make steps equal, as it does with ``DistributedSampler``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or there are no windows.
    """

    def __init__(
        self,
        windows: RowSet | WindowDataset,
        *,
        batch_size: SupportsIndex | None = None,
        shuffle: Shuffle = "global",
        seed: SupportsIndex = 0,
        block_windows: SupportsIndex = 4096,
        rank: SupportsIndex | None = None,
        world_size: SupportsIndex | None = None,
        num_replicas: SupportsIndex | None = None,
        drop_last: bool = True,
    ) -> None:
        if world_size is not None and num_replicas is not None:
            raise ValueError("world_size and num_replicas are one thing; name one of them")
        rows = windows.windows if isinstance(windows, WindowDataset) else windows
        self._order = Order(rows, shuffle=shuffle, seed=seed, block_windows=block_windows)
        self._one_by_one = batch_size is None
        rank, world_size = find_rank(rank, num_replicas if world_size is None else world_size)
        self._steps = Steps(
            self._order.n_samples,
            1 if batch_size is None else operator.index(batch_size),
            rank,
            world_size,
            bool(drop_last),
        )
        self._start = Place()
        self._last: SamplerIterator | None = None

    @property
    def order(self) -> Order:
        """The order in which samples come: that of the latest iteration."""
        return self._order if self._last is None else self._last.order

    @property
    def epoch(self) -> int:
        """The epoch that the latest iteration is in, or the next one where there is none yet."""
        return self._start.epoch if self._last is None else self._last.place.epoch

    def __len__(self) -> int:
        """How many batches, or indices, this rank has in a whole epoch, wherever the sampler is."""
        return len(self._steps)

    def __iter__(self) -> SamplerIterator:
        """Begin an iteration: over an epoch, or the rest of one where a state was loaded."""
        if self._last is not None:
            if self._steps.at(self._last.place) is None:
                self._start = self._steps.check(self._last.place.epoch + 1)
            else:
                self._start = self._last.start
        self._last = SamplerIterator(self.order, self._steps, self._start, self._one_by_one)
        return self._last

    def set_epoch(self, epoch: SupportsIndex) -> None:
        """Let the next iteration go over this epoch from its begin.

        Where a state of this epoch was loaded and no iteration begun since, it goes on from there.
        """
        place = self._steps.check(epoch)
        if self._last is not None or place.epoch != self._start.epoch:
            self._order, self._start, self._last = self.order, place, None

    def state_dict(self, n_batches_taken: SupportsIndex | None = None) -> RunState:
        """Give the state of the latest iteration.

        Parameters
        ----------
        n_batches_taken
            Batches, or indices, that the loader has given out in this iteration; by default as many
            as the iteration has, which is more where workers run ahead.

        Returns
        -------
        dict
            ``version``, ``fingerprint``, ``seed``, ``epoch`` and ``consumed``, the samples of this
            epoch that all ranks together have taken.

        Raises
        ------
        ValueError
            If the number is negative or above that of the iteration.
        """
        if self._last is None:
            place = self._start
            if n_batches_taken is not None and operator.index(n_batches_taken) != 0:
                raise ValueError("no iteration has been begun, so that no batch can be taken")
        else:
            place = self._last.place_after(n_batches_taken)
        return save_state(self.order, place)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on from a state, at once, wherever it is.

        The rank, the number of ranks, workers and the batch size may be others than when it was
        saved; the seed is the state's.

        Raises
        ------
        ValueError
            If it is of another version, of other windows or another shuffle, or no such state.
        """
        order, epoch, consumed = load_state(self.order, state)
        self._start = self._steps.check(epoch, consumed)
        self._order, self._last = order, None


class SamplerIterator(Iterator[Any]):
    """One iteration of a :class:`WindowSampler`: over an epoch, or the rest of one."""

    def __init__(self, order: Order, steps: Steps, start: Place, one_by_one: bool) -> None:
        self._steps = steps
        self._one_by_one = one_by_one
        self._begin(order, start)

    def _begin(self, order: Order, start: Place) -> None:
        self.order = order
        self.start = start
        self.place = start
        self._n_taken = 0
        self._ahead: list[int] = []  # indices of the next steps, last first

    def __iter__(self) -> SamplerIterator:
        return self

    def __next__(self) -> int | list[int]:
        share = self._steps.at(self.place)
        if share is None:
            raise StopIteration
        taken: int | list[int]
        if self._one_by_one:
            if not self._ahead:
                self._ahead = self._look_ahead(share)
            taken = self._ahead.pop()
        else:
            taken = self.order.indices(share.first, share.n_samples).tolist()
        self.place = share.after
        self._n_taken += 1
        return taken

    def _look_ahead(self, share: Share) -> list[int]:
        """Give the indices of the steps from a share of one on, as far as the epoch goes."""
        world_size = self._steps.world_size
        left = (self.place.epoch + 1) * self._steps.n_samples - share.first
        count = min(-(-left // world_size), _INDICES_AHEAD)
        indices: list[int] = self.order.indices(share.first, count, world_size).tolist()
        return indices[::-1]

    def place_after(self, n_batches: SupportsIndex | None) -> Place:
        """Tell where the run was after some of what this iteration gave; None: after all of it."""
        if n_batches is None:
            return self.place
        number = operator.index(n_batches)
        if not 0 <= number <= self._n_taken:
            raise ValueError(
                f"n_batches_taken must be from 0 to {self._n_taken}, which this iteration gave, "
                f"found {number}"
            )
        return self._steps.after(self.start, number)

    def state_dict(self) -> RunState:
        """Give the state, as :meth:`WindowSampler.state_dict` does."""
        return save_state(self.order, self.place)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, as :meth:`WindowSampler.load_state_dict` does."""
        order, epoch, consumed = load_state(self.order, state)
        self._begin(order, self._steps.check(epoch, consumed))
