"""Sides of one case, made ready one by one and measured in turns, block by block.

A side is its name and a function that gets it ready, untimed, and returns its work: done with the
number of a block, it gives the seconds that the block took. A side that cannot be made is told of,
and costs its own row only.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Work = Callable[[int], float]
Make = Callable[[], Work]
Answer = dict[str, Any]


def seconds_of(call: Callable[[], object]) -> float:
    """Seconds that a call took; its result is let go of afterwards."""
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    del result
    return seconds


def ready(sides: dict[str, Make]) -> tuple[dict[str, Work], list[Answer]]:
    """Make every side; those that work, and what to say of those that do not.

    A :class:`Difference` is no side's own misfortune: it goes up, and the case has no figures.
    """
    works: dict[str, Work] = {}
    failures: list[Answer] = []
    for name, make in sides.items():
        try:
            works[name] = make()
        except Difference:
            raise
        except Exception as error:
            failures.append({"contender": name, "status": f"failed: {said(error)}"})
    return works, failures


def said(error: Exception | str) -> str:
    """What an error says, in a line, without where things lie on this machine."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    words = text.splitlines()[0].split(" ")
    return " ".join(word.rpartition("/")[2] for word in words)[:300]


class Difference(Exception):  # noqa: N818 - it is what was found, not what went wrong
    """A side gives other batches than it should; nobody's speed is worth comparing then."""


def in_turns(works: dict[str, Work], n_blocks: int, rounds: int) -> dict[str, list[float]]:
    """Let all sides do all blocks in every round, and add up each side's seconds by round.

    Sides alternate after each block, and are never at the same block in a row: the next side begins
    some blocks further on, so that it does not find in the cache what the one before it has read.
    Every round begins with another side.
    """
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    apart = max(1, n_blocks // max(1, len(names)))
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            order = names[turn % len(names) :] + names[: turn % len(names)]
            total = dict.fromkeys(names, 0.0)
            for block in range(n_blocks):
                for place, name in enumerate(order):
                    total[name] += works[name]((block + place * apart) % n_blocks)
            for name in names:
                seconds[name].append(total[name])
            gc.collect()
    finally:
        gc.enable()
    return seconds


def answers(sides: dict[str, Make], n_blocks: int, rounds: int, **fields: Any) -> Iterator[Answer]:
    """Measure sides in turns: an answer each, with the fields that the case says of all of them."""
    works, failures = ready(sides)
    yield from ({**fields, **failure, "values": {}} for failure in failures)
    if works:
        for name, seconds in in_turns(works, n_blocks, rounds).items():
            yield {**fields, "contender": name, "status": "ok", "values": {"seconds": seconds}}


def over(works: Iterable[int], call: Callable[[int], object]) -> float:
    """Seconds of a call for each of the numbers, keeping each result until the next is there."""
    start = time.perf_counter()
    for number in works:
        result = call(number)  # noqa: F841 - a loader's user holds one batch while the next is made
    return time.perf_counter() - start
