"""The state of a training run: five values, from which it goes on anywhere at once."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, TypedDict

from bytestride.windows.order import Order
from bytestride.windows.steps import Place

VERSION = 1


class RunState(TypedDict):
    """What a checkpoint keeps; JSON can hold it.

    Attributes
    ----------
    version
        Of these values' meaning.
    fingerprint
        Of the rows and of how they are shuffled.
    seed
        Of the order.
    epoch
        The epoch, from 0.
    consumed
        Samples of this epoch that all ranks together have taken. A sample's place in the order does
        not depend on who takes it, so that ranks, workers and batch size may change in between.
    """

    version: int
    fingerprint: str
    seed: int
    epoch: int
    consumed: int


def save_state(order: Order, place: Place, fingerprint: str | None = None) -> RunState:
    """Give the state of a run at a place of an order, by whose fingerprint unless one is given."""
    return RunState(
        version=VERSION,
        fingerprint=order.fingerprint if fingerprint is None else fingerprint,
        seed=order.seed,
        epoch=place.epoch,
        consumed=place.consumed,
    )


def load_state(
    order: Order, state: Mapping[str, Any], fingerprint: str | None = None
) -> tuple[Order, int, int]:
    """Take up a state.

    Parameters
    ----------
    order
        As this run was set up; its seed gives way to the state's.
    state
        What :func:`save_state` gave.
    fingerprint
        What it must have; by default the order's.

    Returns
    -------
    order, epoch, consumed
        The order by the state's seed, and the state's place, as it is.

    Raises
    ------
    ValueError
        If the state is of another version, or of other rows or another shuffle.
    """
    if missing := [name for name in RunState.__annotations__ if name not in state]:
        raise ValueError(f"not the state of a run: it has no {', '.join(missing)}")
    if state["version"] != VERSION:
        raise ValueError(
            f"the state is of version {state['version']!r}, and this is version {VERSION}; load it "
            "with the bytestride that saved it"
        )
    fingerprint = order.fingerprint if fingerprint is None else fingerprint
    if state["fingerprint"] != fingerprint:
        raise ValueError(
            f"the state is of other windows, or of another shuffle: its fingerprint is "
            f"{state['fingerprint']}, and that of this run {fingerprint}; go on with the "
            "same store, window arguments, shuffle and block_windows, or start anew"
        )
    seed = operator.index(state["seed"])
    order = order if seed == order.seed else order.with_seed(seed)
    return order, operator.index(state["epoch"]), operator.index(state["consumed"])
