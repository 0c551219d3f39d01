"""The marks that the encoder is built to reach, and how a record stands to them.

A mark is a ratio to the best of the named rivals for the same output, or a number of bytes. Every
row of a record that it speaks about counts: the worst one decides.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from side_by_side.record import Row
from side_by_side.summary import (
    BY_INPUT,
    OURS,
    Summary,
    home_of,
    is_named,
    is_ours,
    is_rival,
    ratio_of,
)


@dataclass(frozen=True)
class Mark:
    """A figure to reach: at least ``must``, hopefully ``goal``; found in rows with ``fields``."""

    what: str
    metric: str
    must: float
    goal: float
    fields: dict[str, Any]
    rival: Callable[[str], Callable[[tuple[str, str]], bool]]


def gigatoken(vocab: str) -> Callable[[tuple[str, str]], bool]:
    """Match gigatoken's rows."""
    return is_named("gigatoken")


def anybody(vocab: str) -> Callable[[tuple[str, str]], bool]:
    """Match the rows of all rivals."""
    return is_rival


def home(vocab: str) -> Callable[[tuple[str, str]], bool]:
    """Match the rows of the library that a vocabulary's file is made for."""
    return is_named(home_of(vocab))


def _corpora(
    what: str, metric: str, must: float, goal: float, n_threads: int, *corpora: str
) -> Iterator[Mark]:
    for corpus in corpora:
        fields = {"case": "cold", "threads": n_threads, "corpus": corpus}
        yield Mark(f"{what}, {corpus}", metric, must, goal, fields, gigatoken)


MARKS = (
    *_corpora("cold, 1 thread", "cold_seconds", 1.5, 2.5, 1, "en", "code"),
    *_corpora("cold, 1 thread", "cold_seconds", 1.8, 3.0, 1, "multi"),
    *_corpora("warm, 1 thread", "warm_seconds", 1.35, 2.0, 1, "en", "code", "multi"),
    *_corpora("cold, 2 threads", "cold_seconds", 1.7, 3.0, 2, "en"),
    *_corpora("cold, 2 threads", "cold_seconds", 2.0, 3.5, 2, "multi"),
    Mark(
        "lists, cold, 1 thread", "cold_seconds", 1.5, 2.0, {"case": "lists", "threads": 1}, anybody
    ),
    Mark("one call, 16 B", "unseen_us", 1.0, 4 / 3, {"text": "16 B"}, anybody),
    Mark("one call, 100 B", "unseen_us", 1.5, 2.0, {"text": "100 B"}, anybody),
    Mark("one call, 1 KB", "unseen_us", 2.0, 3.0, {"text": "1000 B"}, anybody),
    Mark("one call, 10 KB", "unseen_us", 2.0, 3.0, {"text": "10000 B"}, anybody),
    Mark("file to ready", "ready_seconds", 2.0, 4.0, {"case": "load"}, home),
    Mark("worst cases", "seconds", 1.0, 2.0, {"case": "worst"}, anybody),
)
GROUP = ("case", "vocab", "corpus", "text", "threads")
MEMORY_MUST, MEMORY_GOAL, SCALING_MUST = 64, 32, 1.9


def own_rows(summary: Summary, metric: str, **wanted: Any) -> list[Row]:
    """Our rows with a metric; where several ways take the same input, the best of them."""
    rows = [
        row
        for row in summary.rows
        if row["contender"] == OURS
        and metric in row["values"]
        and all(row.get(key) == value for key, value in wanted.items())
    ]
    kept = []
    for row in rows:
        ways = next((ways for ways in BY_INPUT.values() if row["way"] in ways), (row["way"],))
        fields = {key: row.get(key) for key in GROUP}
        if summary.best(metric, is_ours(*ways), **fields) is row:
            kept.append(row)
    return kept


def ratios(summary: Summary, mark: Mark) -> list[tuple[float, str]]:
    """Every ratio that a mark speaks about, with the name of its row; the worst first."""
    found = []
    for row in own_rows(summary, mark.metric, **mark.fields):
        fields = {key: row.get(key) for key in GROUP}
        rival = summary.best(mark.metric, mark.rival(row["vocab"]), **fields)
        ratio = ratio_of(row, rival, mark.metric)
        if ratio is not None:
            name = [row["vocab"], row.get("corpus") or row.get("text") or "", row["way"]]
            found.append((ratio, " ".join(filter(None, name))))
    return sorted(found)


def scaling(summary: Summary) -> list[tuple[float, str]]:
    """How much faster our two threads are than one, by row; the worst first."""
    found = []
    for vocab in summary.distinct("vocab", case="cold"):
        for corpus in summary.distinct("corpus", case="cold", vocab=vocab):
            for ways in BY_INPUT.values():
                fields = {"case": "cold", "vocab": vocab, "corpus": corpus}
                one, two = (
                    summary.best("cold_seconds", is_ours(*ways), threads=n, **fields)
                    for n in (1, 2)
                )
                ratio = ratio_of(two, one, "cold_seconds")
                if ratio is not None and two is not None:
                    found.append((ratio, f"{vocab} {corpus} {two['way']}"))
    return sorted(found)


def marks(record: dict[str, Any]) -> str:
    """How a record stands to the marks, as a table in Markdown."""
    summary = Summary(record)
    lines = [
        "| what | must | goal | worst row | middle | best row | |",
        "| --- | --: | --: | --: | --: | --: | --- |",
    ]
    for mark in MARKS:
        lines.append(_line(mark.what, mark.must, mark.goal, ratios(summary, mark)))
    lines.append(_line("2 threads against 1", SCALING_MUST, 2.0, scaling(summary)))
    peaks = sorted(
        (statistics.median(row["values"]["above_bytes"]) / 2**20, f"{row['vocab']} {row['corpus']}")
        for row in own_rows(summary, "above_bytes")
    )
    if peaks:
        peak, name = peaks[-1]
        verdict = _verdict(peak <= MEMORY_MUST, peak <= MEMORY_GOAL)
        middle = statistics.median(one for one, _ in peaks)
        lines.append(
            f"| memory, MiB | {MEMORY_MUST} | {MEMORY_GOAL} | {peak:.0f} ({name}) "
            f"| {middle:.0f} | {peaks[0][0]:.0f} | {verdict} |"
        )
    return "\n".join(lines)


def _line(what: str, must: float, goal: float, found: list[tuple[float, str]]) -> str:
    aims = f"| {what} | {must:.2f}× | {goal:.2f}× "
    if not found:
        return aims + "| – | – | – | not measured |"
    middle = statistics.median(ratio for ratio, _ in found)
    verdict = _verdict(found[0][0] >= must, found[0][0] >= goal)
    return (
        f"{aims}| {found[0][0]:.2f}× ({found[0][1]}) | {middle:.2f}× | {found[-1][0]:.2f}× "
        f"| {verdict} |"
    )


def _verdict(must: bool, goal: bool) -> str:
    return "goal" if goal else "must" if must else "short"
