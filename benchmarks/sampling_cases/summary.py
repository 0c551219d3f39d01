"""What a record says: tables in Markdown, and how it stands to the marks."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from side_by_side.record import Row
from side_by_side.summary import ratio_of
from training.summary import spread

TITLES = {
    "startup": "Build and first batch of 32×1024, shuffled, {store} tokens in a sparse store",
    "batches": "Batches 32×1024 of random windows, {store} tokens, 1 thread",
    "megatron": "Shuffled batches 32×1024, documents of 1,000 tokens, {store} tokens",
    "megatron, one document": "Shuffled batches 32×1024, one document, {store} tokens",
    "epoch, 32": "Build and one epoch, 256 every 128, batches of 32, {store} tokens",
    "epoch, 8": "Build and one epoch, 256 every 128, batches of 8, {store} tokens",
    "loaders": "Loaders, batches 32×1024, {store} tokens",
    "indices": "One sample index",
    "resume": "From a saved state to the first batch, at step 1,000,000",
}
INDEX_BYTES = 1_000_000


@dataclass(frozen=True)
class Mark:
    """A figure to reach in a case.

    With a ``rival``: how many times faster than it ``ours`` is, at least. Without: seconds for each
    of what is counted, at most.
    """

    what: str
    case: str
    ours: str
    rival: str | None
    must: float
    goal: float


def _epochs() -> Iterator[Mark]:
    for size in ("32", "8"):
        for way in ("WindowLoader", "DataLoader", "arrays"):
            yield Mark(
                f"build and an epoch by {size}, {way}, against GPTDatasetV1",
                *(f"epoch, {size}", f"bytestride, {way}", "GPTDatasetV1", 100, 200),
            )


def _indices() -> Iterator[Mark]:
    for size in ("32", "4096"):
        side = f"bytestride, mixture and spans, by {size}"
        yield Mark(f"one sample index, by {size}, ns", "indices", side, None, 40e-9, 15e-9)


START, TENSORS = "build and first batch", "bytestride, tensors"
MARKS = (
    Mark(f"{START}, against Megatron", "startup", "bytestride", "Megatron GPTDataset", 100, 100),
    Mark(
        f"{START}, against RandomSampler", "startup", "bytestride", "torch RandomSampler", 100, 100
    ),
    # To be as quick as one mapping is a goal; what must be is above.
    Mark(f"{START}, against one mmap", "startup", "bytestride", "numpy, mapped, in order", 0, 1),
    Mark("batches, against the bound", "batches", "bytestride, arrays", "plain C loop", 0.85, 1),
    Mark("against numpy's line", "batches", "bytestride, arrays", "numpy, one line", 1.3, 2),
    Mark("against get_batch", "batches", TENSORS, "nanoGPT get_batch", 12, 18),
    # Not as it is written, but at its quickest.
    Mark(
        "against get_batch, map kept, starts as ints",
        *("batches", TENSORS, "nanoGPT get_batch, map kept, starts as ints", 12, 18),
    ),
    Mark("against Megatron", "megatron", TENSORS, "Megatron GPTDataset", 20, 50),
    Mark(
        "against Megatron, one document",
        *("megatron, one document", TENSORS, "Megatron GPTDataset", 20, 50),
    ),
    *_epochs(),
    Mark(
        "2 workers, against a constant uint16 buffer",
        *("loaders", "bytestride, DataLoader", "constant uint16 buffer", 100 / 222, 1),
    ),
    Mark(
        "WindowLoader, against one process",
        *("loaders", "bytestride, WindowLoader", "bytestride, one process", 0, 1),
    ),
    *_indices(),
    Mark("resume, WindowSampler, ms", "resume", "bytestride, WindowSampler", None, 10e-3, 1e-3),
    Mark("resume, WindowLoader, ms", "resume", "bytestride, WindowLoader", None, 10e-3, 1e-3),
)


def found(record: dict[str, Any], case: str, contender: str | None) -> Row | None:
    """A side's row in a case, if it was measured."""
    for row in record["rows"]:
        if (row["case"], row["contender"]) == (case, contender) and row["status"] == "ok":
            return row if row["values"] else None
    return None


def each(row: Row) -> float:
    """Seconds of one of what a row counts: an index, else the whole."""
    return float(statistics.median(row["values"]["seconds"])) / row.get("n_indices", 1)


def marks(record: dict[str, Any]) -> str:
    """How a record stands to the marks, as a table in Markdown."""
    lines = ["| what | must | goal | measured | |", "| --- | --: | --: | --: | --- |"]
    for mark in MARKS:
        lines.append(_mark(record, mark))
    for way in ("bytestride", "bytestride, per document"):
        row = found(record, "startup", way)
        sizes = [
            statistics.median(row["values"][metric]) if row else None
            for metric in ("held_bytes", "traced_peak_bytes")
        ]
        for what, size in zip(
            ("memory of the index", "the most while it is built"), sizes, strict=True
        ):
            head = f"| {what}, {way}, bytes | {INDEX_BYTES:,} | {INDEX_BYTES:,} "
            if size is None:
                lines.append(f"{head}| – | not measured |")
            else:
                verdict = "goal" if size <= INDEX_BYTES else "short"
                lines.append(f"{head}| {size:,.0f} | {verdict} |")
    return "\n".join(lines)


def _mark(record: dict[str, Any], mark: Mark) -> str:
    row = found(record, mark.case, mark.ours)
    if mark.rival is None:
        unit = 1e9 if mark.what.endswith("ns") else 1e3
        aims = f"| {mark.what} | {mark.must * unit:g} | {mark.goal * unit:g} "
        if row is None:
            return f"{aims}| – | not measured |"
        one = each(row)
        verdict = _verdict(one <= mark.must, one <= mark.goal)
        return f"{aims}| {one * unit:.3g} | {verdict} |"
    must = f"{mark.must:.3g}×" if mark.must else "–"
    aims = f"| {mark.what} | {must} | {mark.goal:g}× "
    ratio = ratio_of(row, found(record, mark.case, mark.rival), "seconds")
    if ratio is None:
        return f"{aims}| – | not measured |"
    return f"{aims}| {ratio:.3g}× | {_verdict(ratio >= mark.must, ratio >= mark.goal)} |"


def _verdict(must: bool, goal: bool) -> str:
    return "goal" if goal else "must" if must else "short"


def tables(record: dict[str, Any]) -> str:
    """A table for each case: the figure of each side, and how many times ours is faster."""
    parts = [heading(record)]
    for case, title in TITLES.items():
        rows = [row for row in record["rows"] if row["case"] == case]
        if not rows:
            continue
        parts.append(f"**{title.format(store=format(rows[0]['store_tokens'], ','))}**")
        parts.append("\n".join(table(record, case, rows)))
    others = [
        f"- {row['case']}, {row['contender']}: {row['status']}"
        for row in record["rows"]
        if row["status"] != "ok"
    ]
    others += [f"- {name}: {why}" for name, why in record.get("not_installed", {}).items()]
    if others:
        parts += ["**Not measured**", "\n".join(others)]
    return "\n\n".join(parts)


def heading(record: dict[str, Any]) -> str:
    """The sentence on machine and versions, and how to read a ratio."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    commits = dict.fromkeys(record["runs"][row["run"]]["commit"] for row in record["rows"])
    rounds = [len(row["values"]["seconds"]) for row in record["rows"] if row["values"]]
    return (
        f"{record['date']}, {record['processor']} ({record['cores']} cores), {record['system']}, "
        f"Python {record['python']}, {versions} (commit {', '.join(commits)}); in turns, medians "
        f"of up to {max(rounds, default=0)} rounds; spread {spread(record['rows'])}. The last "
        "columns: how many times as long as each side of ours takes in the same round."
    )


def table(record: dict[str, Any], case: str, rows: list[Row]) -> list[str]:
    """One line for each side that was measured."""
    ours = [row for row in rows if row["contender"].startswith("bytestride") and row["values"]]
    heads = ["side", *units(rows), *(row["contender"].replace("bytestride", "") for row in ours)]
    heads = [head.removeprefix(", ") or "to ours" for head in heads]
    lines = [_line(heads), _line(["---"] + ["--:"] * (len(heads) - 1))]
    for row in rows:
        if row["values"]:
            ratios = [ratio_of(our, row, "seconds") for our in ours]
            cells = [
                "1" if one is row else f"{r:.3g}×" for one, r in zip(ours, ratios, strict=True)
            ]
            lines.append(_line([row["contender"], *figures(row), *cells]))
    return lines


def units(rows: list[Row]) -> list[str]:
    """What the figures of a case are."""
    row = next((row for row in rows if row["values"]), rows[0])
    if "n_batches" in row:
        return ["µs a batch", "Mtok/s"]
    if "n_indices" in row:
        return ["ns"]
    return ["ms", "kB held"] if "held_bytes" in row["values"] else ["ms"]


def figures(row: Row) -> list[str]:
    """The medians of a row, in those units."""
    seconds = float(statistics.median(row["values"]["seconds"]))
    if "n_batches" in row:
        return [
            f"{seconds / row['n_batches'] * 1e6:,.3g}",
            f"{row['n_tokens'] / seconds / 1e6:,.3g}",
        ]
    if "n_indices" in row:
        return [f"{each(row) * 1e9:,.3g}"]
    cells = [f"{seconds * 1e3:,.3g}"]
    if "held_bytes" in row["values"]:
        cells.append(f"{statistics.median(row['values']['held_bytes']) / 1e3:,.0f}")
    return cells


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
