"""What a record says, as tables in Markdown for the README."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from side_by_side.record import Row
from side_by_side.summary import OURS, ratio_of
from training.cases import CASES


def tables(record: dict[str, Any]) -> str:
    """All tables of a record: one for each case and number of threads."""
    parts = [heading(record)]
    rows: list[Row] = record["rows"]
    for name, case in CASES.items():
        of_case = [row for row in rows if row["case"] == name]
        for n_threads in sorted({row["threads"] for row in of_case}):
            group = [row for row in of_case if row["threads"] == n_threads]
            plural = "threads" if n_threads > 1 else "thread"
            parts.append(f"**{case.title}, {n_threads} {plural}**")
            parts.append("\n".join(table(group)))
    others = [
        f"- {row['contender']}, {row['way']}, {row['case']}, {row['text']}, "
        f"{row['threads']} thread(s): {fault}"
        for row in rows
        if (fault := fault_of(row))
    ]
    others += [f"- {name}: {why}" for name, why in record.get("not_installed", {}).items()]
    if others:
        parts.append("**Not measured, or not the same merges**")
        parts.append("\n".join(others))
    return "\n\n".join(parts)


def heading(record: dict[str, Any]) -> str:
    """The sentence on machine, versions and texts, and how to read the cells."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    sizes = {row["text"]: row["n_bytes"] for row in record["rows"] if row["way"] != "lines"}
    texts = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.items())
    commits = dict.fromkeys(record["runs"][row["run"]]["commit"] for row in record["rows"])
    rounds = [len(row["values"]["seconds"]) for row in record["rows"] if row["values"]]
    return (
        f"{record['date']}, {record['processor']} ({record['cores']} cores), {record['system']}, "
        f"Python {record['python']}, {versions} (commit {', '.join(commits)}); texts: {texts}; "
        f"each in a process of its own, in turns, medians of up to {max(rounds, default=0)} "
        f"rounds; spread {spread(record['rows'])}. A cell: seconds · how many times as long as "
        "bytestride by the same unit · MiB above what stood before training, without mapped files. "
        "Merges: compared with those of bytestride by the same unit, with the preset named."
    )


def spread(rows: Iterable[Row]) -> str:
    """How far apart rounds are: the median and the largest of (slowest - fastest) / median."""
    found = []
    for row in rows:
        seconds = row["values"].get("seconds", [])
        if len(seconds) > 1:
            found.append((max(seconds) - min(seconds)) / statistics.median(seconds))
    if not found:
        return "unknown (one round)"
    return f"{statistics.median(found):.0%} in the middle, {max(found):.0%} at most"


def table(rows: list[Row]) -> list[str]:
    """One line for each trainer and unit, one column for each text."""
    texts = list(dict.fromkeys(row["text"] for row in rows))
    at = {(row["contender"], row["way"], row["text"]): row for row in rows}
    lines = [_line(["trainer", *texts, "merges"]), _line(["---"] + ["--:"] * len(texts) + ["---"])]
    for name, unit in dict.fromkeys((row["contender"], row["way"]) for row in rows):
        own = [at.get((name, unit, text)) for text in texts]
        ours = [at.get((OURS, unit, text)) for text in texts]
        cells = [cell(row, our) for row, our in zip(own, ours, strict=True)]
        lines.append(_line([f"{name}, {unit}", *cells, merges_of(own)]))
    return lines


def cell(row: Row | None, ours: Row | None) -> str:
    """Seconds, the ratio to ours, memory."""
    if row is None or row.get("status") != "ok":
        return "–"
    seconds, above = (statistics.median(row["values"][m]) for m in ("seconds", "above_bytes"))
    parts = [f"{seconds:,.3g} s" if seconds < 100 else f"{seconds:,.0f} s"]
    if row["contender"] != OURS and ours is not None and ours["values"]:
        parts.append(f"{ratio_of(ours, row, 'seconds'):.1f}×")
    return " · ".join([*parts, f"{above / 2**20:,.0f} MiB"])


def merges_of(rows: Iterable[Row | None]) -> str:
    """Whose merges a trainer's are, over all texts."""
    done = [row for row in rows if row is not None and row.get("status") == "ok"]
    if not done:
        return "–"
    said = {"same": [], "differ": [], "not compared": []}
    for row in done:
        word = row["merges"].split()[0]
        said[{"same": "same", "differs": "differ"}.get(word, "not compared")].append(row["text"])
    if len(said["same"]) == len(done):
        answer = "same"
    else:
        answer = "; ".join(f"{one}: {', '.join(names)}" for one, names in said.items() if names)
    return answer + ("" if done[0]["rule"] == "hf" else f" (preset {done[0]['rule']})")


def fault_of(row: Row) -> str:
    """What is to be said of a row that failed or has other merges; empty where nothing is."""
    if row.get("status", "ok") != "ok":
        return str(row["status"])
    merges = str(row.get("merges", "not run"))
    return "" if merges == "same" else merges


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
