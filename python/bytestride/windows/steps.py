"""Which samples of an order each rank takes at each step, from any place on, by arithmetic."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import NamedTuple, SupportsIndex

_LAST_POSITION = 1 << 62


class Place(NamedTuple):
    """How far a run is.

    Attributes
    ----------
    epoch
        The epoch, from 0.
    consumed
        Samples of this epoch that all ranks together have taken.
    """

    epoch: int = 0
    consumed: int = 0


class Share(NamedTuple):
    """What one rank takes at one step.

    Attributes
    ----------
    first
        Position in the order, over all epochs, of the first sample.
    n_samples
        How many samples; they are neighbours in the order.
    after
        Where the run is once all ranks have taken theirs.
    """

    first: int
    n_samples: int
    after: Place


@dataclass(frozen=True)
class Steps:
    """The steps of an epoch, and what one rank takes at each.

    A step takes the next ``world_size * batch_size`` samples of the order: rank ``r`` those from
    ``r * batch_size`` on. What is left at the end of an epoch is dropped with ``drop_last``.
    Without it, it is one step more, shared out to all ranks as evenly as it goes, the first ranks
    one sample more than the others. Where that leaves a rank none, it has no such step. No sample
    comes twice.

    Where a step begins depends on how many samples were taken and on nothing else, so a run goes on
    from any place under any number of ranks and any batch size.

    Attributes
    ----------
    n_samples
        Samples of an epoch.
    batch_size
        Samples of a rank at a step.
    rank, world_size
        Which rank this is, from 0, and of how many.
    drop_last
        Whether samples at the end of an epoch that fill no step are left out.
    """

    n_samples: int
    batch_size: int
    rank: int
    world_size: int
    drop_last: bool

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, found {self.batch_size}")
        if self.world_size < 1 or not 0 <= self.rank < self.world_size:
            raise ValueError(
                f"rank must be from 0 to world_size - 1, found rank {self.rank} of "
                f"{self.world_size}"
            )

    def at(self, place: Place) -> Share | None:
        """Give this rank's share of the step that begins at a place; None where there is none."""
        left = self.n_samples - place.consumed
        count = self.batch_size
        whole = self.world_size * count
        first = self.rank * count
        if left < whole:
            if self.drop_last:
                return None
            count, more = divmod(left, self.world_size)
            first = self.rank * count + min(self.rank, more)
            count += self.rank < more
            if count == 0:
                return None
            whole = left
        begin = place.epoch * self.n_samples + place.consumed
        return Share(begin + first, count, Place(place.epoch, place.consumed + whole))

    def after(self, place: Place, n_steps: int) -> Place:
        """Tell where a run is some steps after a place of the same epoch, at most at its end."""
        whole = self.world_size * self.batch_size
        left = self.n_samples - place.consumed
        if n_steps <= left // whole:
            return Place(place.epoch, place.consumed + n_steps * whole)
        end = self.n_samples - (left % whole if self.drop_last else 0)
        return Place(place.epoch, end)

    def __len__(self) -> int:
        """How many steps a whole epoch has for this rank."""
        whole = self.world_size * self.batch_size
        n, left = divmod(self.n_samples, whole)
        return n + (not self.drop_last and self.rank < left)

    def check(self, epoch: SupportsIndex, consumed: SupportsIndex = 0) -> Place:
        """Make a place of two numbers.

        Raises
        ------
        ValueError
            If there is no such place.
        """
        place = Place(operator.index(epoch), operator.index(consumed))
        if not 0 <= place.epoch < _LAST_POSITION // self.n_samples:
            raise ValueError(
                f"epoch must be from 0 to {_LAST_POSITION // self.n_samples - 1} where it has "
                f"{self.n_samples} samples, found {place.epoch}"
            )
        if not 0 <= place.consumed <= self.n_samples:
            raise ValueError(
                f"consumed must be from 0 to {self.n_samples}, the samples of an epoch, found "
                f"{place.consumed}"
            )
        return place
