"""What the command lines of the comparisons share: lists, what they refuse, where a record goes."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from side_by_side import environment


def names(text: str) -> list[str]:
    """Split at commas."""
    return [name for name in text.split(",") if name]


def numbers(text: str) -> list[int]:
    """Split at commas, as numbers from 1 up."""
    found = [int(number) for number in text.split(",")]
    if min(found) < 1:
        raise ValueError
    return found


def refuse_threads_beyond_cores(parser: argparse.ArgumentParser, threads: Sequence[int]) -> None:
    """More threads than cores would measure the scheduler."""
    cores = len(os.sched_getaffinity(0))
    if max(threads) > cores:
        parser.error(f"this process has {cores} cores; --threads must not name more")


def refuse_unknown(
    parser: argparse.ArgumentParser, given: Iterable[str], known: Sequence[str]
) -> None:
    """A name that is none would leave a hole in the record and say nothing."""
    if unknown := set(given) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")


def record_path(chosen: argparse.Namespace, comparison: str) -> Path:
    """A record of slices is a trial, and stays out of the folder of records."""
    if chosen.out is not None:
        return chosen.out.resolve()
    today = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
    if chosen.mb is not None:
        return environment.CACHE / f"{today}-{comparison}-trial.json"
    return environment.ROOT / "benchmarks" / "record" / f"{today}-{comparison}.json"
