"""What a record says, as tables in Markdown for the README and as verdicts on our own marks."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Any

from side_by_side.record import Row

OURS = "bytestride"
IN_MEMORY = ("buffer", "offsets", "strings", "lists")
# What people come from: there for the view, seldom the best rival.
KNOWN = ("tiktoken", "tokenizers")


class Summary:
    """Questions to a record: whose figures, who is best, by how much."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self.rows: list[Row] = [row for row in record["rows"] if row.get("status") == "ok"]

    def values(self, metric: str, **fields: Any) -> dict[tuple[str, str], Row]:
        """Rows with a metric and these fields, by contender and way."""
        return {
            (row["contender"], row["way"]): row
            for row in self.rows
            if metric in row["values"]
            and all(row.get(key) == value for key, value in fields.items())
        }

    def best(
        self, metric: str, wanted: Callable[[tuple[str, str]], bool], **fields: Any
    ) -> Row | None:
        """The row with the lowest median of the metric for each byte, of those wanted."""
        rows = [row for key, row in self.values(metric, **fields).items() if wanted(key)]
        return min(rows, key=lambda row: cost(row, metric), default=None)

    def distinct(self, field: str, **fields: Any) -> list[Any]:
        """Values of a field in rows with these fields, in the order of the record."""
        found = [
            row.get(field)
            for row in self.rows
            if all(row.get(key) == value for key, value in fields.items())
        ]
        return list(dict.fromkeys(found))


def cost(row: Row, metric: str) -> float:
    """The median of a metric, for one byte where the row has a size."""
    return statistics.median(row["values"][metric]) / row.get("bytes", 1)


def speed(row: Row | None, metric: str) -> str:
    """MB/s by the median."""
    return "–" if row is None else f"{1 / cost(row, metric) / 1e6:,.0f}"


def ratio_of(ours: Row | None, theirs: Row | None, metric: str) -> float | None:
    """How many times ours is better: the median of the ratios round by round."""
    if ours is None or theirs is None:
        return None
    size = ours.get("bytes", 1) / theirs.get("bytes", 1)
    pairs = zip(ours["values"][metric], theirs["values"][metric], strict=False)
    return statistics.median(their / our * size for our, their in pairs)


def times(ratio: float | None) -> str:
    """A ratio as text."""
    return "–" if ratio is None else f"{ratio:.2f}×"


def is_ours(*ways: str) -> Callable[[tuple[str, str]], bool]:
    """Match our rows, of these ways where any are named."""
    return lambda key: key[0] == OURS and (not ways or key[1] in ways)


def is_rival(key: tuple[str, str]) -> bool:
    """Match the rows of all others."""
    return key[0] != OURS


def named(row: Row | None, metric: str, show: Callable[[Row | None, str], str]) -> str:
    """A figure with its owner's name."""
    return "–" if row is None else f"{show(row, metric)} ({row['contender']})"


def corpora_table(summary: Summary, case: str, metric: str, n_threads: int) -> list[str]:
    """Whole corpora: our ways, gigatoken, the best rival, the known ones, and the ratio."""
    lists = case == "lists"
    ways = ["lists"] if lists else ["buffer", "strings"]
    titles = ["bytestride"] if lists else ["bytestride, buffer", "bytestride, list of str"]
    head = ["vocabulary, text", *titles, "gigatoken", "best rival", "ratio"]
    lines = [_line(head), _line(["---"] + ["--:"] * (len(head) - 1))]
    for vocab in summary.distinct("vocab", case=case, threads=n_threads):
        for corpus in summary.distinct("corpus", case=case, vocab=vocab, threads=n_threads):
            fields = {"case": case, "vocab": vocab, "corpus": corpus, "threads": n_threads}
            ours = [
                summary.best(
                    metric,
                    is_ours(*(("buffer", "offsets") if way == "buffer" else (way,))),
                    **fields,
                )
                for way in ways
            ]
            gigatoken = summary.best(metric, lambda key: key[0] == "gigatoken", **fields)
            rival = summary.best(metric, is_rival, **fields)
            best_of_ours = summary.best(metric, is_ours(), **fields)
            lines.append(
                _line(
                    [
                        f"{vocab}, {corpus}",
                        *(speed(row, metric) for row in ours),
                        speed(gigatoken, metric),
                        named(rival, metric, speed),
                        times(ratio_of(best_of_ours, rival, metric)),
                    ]
                )
            )
    return lines


def single_table(
    summary: Summary, case: str, metric: str, show: Callable[[Row | None, str], str]
) -> list[str]:
    """Sizes, texts or vocabularies against vocabularies: ours, the best rival, the ratio."""
    vocabularies = summary.distinct("vocab", case=case)
    lines = [_line(["", *vocabularies]), _line(["---"] + ["--:"] * len(vocabularies))]
    for text in summary.distinct("text", case=case):
        cells = []
        for vocab in vocabularies:
            fields = {"case": case, "vocab": vocab, "text": text}
            ours = summary.best(metric, is_ours(), **fields)
            rival = summary.best(metric, is_rival, **fields)
            ratio = times(ratio_of(ours, rival, metric))
            cells.append(f"{show(ours, metric)} · {named(rival, metric, show)} · {ratio}")
        lines.append(_line([text or "seconds", *cells]))
    return lines


def memory_table(summary: Summary) -> list[str]:
    """Peak memory above vocabulary, input and output, in MiB: ours and the leanest rival."""
    head = ["vocabulary, text, threads", "bytestride", "gigatoken", "fastokens"]
    lines = [_line(head), _line(["---"] + ["--:"] * (len(head) - 1))]
    found = {
        (row["vocab"], row["corpus"], row["threads"])
        for row in summary.rows
        if row["case"] == "memory"
    }
    for vocab, corpus, n_threads in sorted(found):
        fields = {"case": "memory", "vocab": vocab, "corpus": corpus, "threads": n_threads}
        cells = []
        for name in head[1:]:
            row = summary.best("above_bytes", lambda key, name=name: key[0] == name, **fields)
            cells.append(
                "–"
                if row is None
                else f"{statistics.median(row['values']['above_bytes']) / 2**20:,.0f}"
            )
        lines.append(_line([f"{vocab}, {corpus}, {n_threads}", *cells]))
    return lines


def heading(record: dict[str, Any]) -> str:
    """The sentence on machine, versions and sizes."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    sizes = {row["corpus"]: row["bytes"] for row in record["rows"] if row.get("bytes")}
    for row in record["rows"]:
        if row.get("bytes"):
            sizes[row["corpus"]] = max(sizes[row["corpus"]], row["bytes"])
    texts = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())
    return (
        f"{record['date']}, {record['processor']} ({record['cores']} cores), {record['system']}, "
        f"Python {record['python']}, {versions}; texts: {texts}; all in turns, medians; spread "
        f"{spread(record['rows'])}."
    )


def spread(rows: Iterable[Row]) -> str:
    """How far apart rounds are: the median and the largest of (slowest - fastest) / median."""
    found = []
    for row in rows:
        for metric in ("cold_seconds", "warm_seconds"):
            times_seen = row["values"].get(metric, [])
            if len(times_seen) > 1:
                middle = statistics.median(times_seen)
                found.append((max(times_seen) - min(times_seen)) / middle)
    if not found:
        return "unknown (one round)"
    return f"{statistics.median(found):.0%} in the middle, {max(found):.0%} at most"


def tables(record: dict[str, Any]) -> str:
    """All tables of a record, in Markdown."""
    summary = Summary(record)
    parts = [heading(record)]
    for case, metric, title in (
        ("cold", "cold_seconds", "Arrays, a new process"),
        ("cold", "warm_seconds", "Arrays, the same text again"),
        ("lists", "cold_seconds", "Lists of lists, a new process"),
        ("lists", "warm_seconds", "Lists of lists, the same text again"),
    ):
        for n_threads in sorted(summary.distinct("threads", case=case)):
            if any(metric in row["values"] for row in summary.rows if row["case"] == case):
                plural = "threads" if n_threads > 1 else "thread"
                parts.append(f"**{title}, {n_threads} {plural}**, MB/s")
                parts.append("\n".join(corpora_table(summary, case, metric, n_threads)))

    def microseconds(row: Row | None, metric: str) -> str:
        return "–" if row is None else f"{cost(row, metric):,.3g}"

    def milliseconds(row: Row | None, metric: str) -> str:
        return "–" if row is None else f"{cost(row, metric) * 1e3:,.3g}"

    for case, metric, title, show in (
        ("calls", "unseen_us", "One call, string to list, µs", microseconds),
        ("worst", "seconds", "Worst cases, 1 MB, string to list, ms", milliseconds),
        ("load", "ready_seconds", "File to ready, ms", milliseconds),
    ):
        if summary.distinct("vocab", case=case):
            parts.append(f"**{title}** (ours · best rival · ratio)")
            parts.append("\n".join(single_table(summary, case, metric, show)))
    if summary.distinct("vocab", case="memory"):
        parts.append("**Peak memory above vocabulary, input and output**, MiB")
        parts.append("\n".join(memory_table(summary)))
    failures = [
        f"- {row['contender']} {row['way']}, {row['vocab']} "
        f"{row.get('corpus') or row.get('text') or ''} ({row['threads']} threads): {row['status']}"
        for row in record["rows"]
        if row.get("status", "ok") != "ok"
    ]
    failures += [f"- {name}: {why}" for name, why in record.get("not_installed", {}).items()]
    if failures:
        parts.append("**Not measured**")
        parts.append("\n".join(failures))
    return "\n\n".join(parts)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
