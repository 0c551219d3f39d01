"""What a record says, as tables in Markdown for the README and as verdicts on our own marks."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Any

from side_by_side.record import Row

OURS = "bytestride"
# Our ways with arrays, by what goes in.
BY_INPUT = {", buffer": ("buffer", "offsets"), ", list of str": ("strings",)}
ORDER = ("gpt2", "cl100k", "o200k", "llama3", "qwen3", "en", "code", "multi")


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
        """Values of a field in rows with these fields: in the usual order, else the record's."""
        found = [
            row.get(field)
            for row in self.rows
            if all(row.get(key) == value for key, value in fields.items())
        ]
        return sorted(
            dict.fromkeys(found), key=lambda one: ORDER.index(one) if one in ORDER else len(ORDER)
        )


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


def is_named(name: str) -> Callable[[tuple[str, str]], bool]:
    """Match the rows of one contender."""
    return lambda key: key[0] == name


def home_of(vocab: str) -> str:
    """The library that a vocabulary's file is made for."""
    return "tiktoken" if vocab in ("gpt2", "cl100k", "o200k") else "tokenizers"


def microseconds(row: Row | None, metric: str) -> str:
    """A metric in microseconds."""
    return "–" if row is None else f"{cost(row, metric):,.3g}"


def milliseconds(row: Row | None, metric: str) -> str:
    """A metric in seconds, as milliseconds."""
    return "–" if row is None else f"{cost(row, metric) * 1e3:,.3g}"


def mebibytes(row: Row | None) -> str:
    """Memory above what stood before."""
    if row is None:
        return "–"
    return f"{statistics.median(row['values']['above_bytes']) / 2**20:,.0f}"


def named(row: Row | None, metric: str, show: Callable[[Row | None, str], str]) -> str:
    """A figure with its owner's name."""
    return "–" if row is None else f"{show(row, metric)} ({row['contender']})"


def corpora_table(summary: Summary, case: str, metric: str, n_threads: int) -> list[str]:
    """Whole corpora: each of our inputs with its ratio, gigatoken and the best rival."""
    inputs = {"": ("lists",)} if case == "lists" else BY_INPUT
    head = ["vocabulary, text", *(f"bytestride{title}" for title in inputs)]
    head += ["gigatoken", "best rival", "ratio"]
    lines = [_line(head), _line(["---"] + ["--:"] * (len(head) - 1))]
    same = {"case": case, "threads": n_threads}
    for vocab in summary.distinct("vocab", **same):
        for corpus in summary.distinct("corpus", vocab=vocab, **same):
            fields = {"case": case, "vocab": vocab, "corpus": corpus, "threads": n_threads}
            ours = [summary.best(metric, is_ours(*ways), **fields) for ways in inputs.values()]
            if not any(ours):
                continue
            gigatoken = summary.best(metric, is_named("gigatoken"), **fields)
            rival = summary.best(metric, is_rival, **fields)
            cells = [speed(row, metric) for row in ours]
            cells += [speed(gigatoken, metric), named(rival, metric, speed)]
            cells.append(" / ".join(times(ratio_of(row, rival, metric)) for row in ours))
            lines.append(_line([f"{vocab}, {corpus}", *cells]))
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


def load_table(summary: Summary) -> list[str]:
    """File to ready, in milliseconds: ours, the library that the file is made for, others."""
    head = ["vocabulary", "bytestride", "tiktoken or tokenizers", "ratio", "gigatoken"]
    lines = [_line(head), _line(["---"] + ["--:"] * (len(head) - 1))]
    metric = "ready_seconds"
    for vocab in summary.distinct("vocab", case="load"):
        fields = {"case": "load", "vocab": vocab}
        ours, home, gigatoken = (
            summary.best(metric, is_named(name), **fields)
            for name in (OURS, home_of(vocab), "gigatoken")
        )
        ratio = times(ratio_of(ours, home, metric))
        cells = [milliseconds(ours, metric), named(home, metric, milliseconds), ratio]
        lines.append(_line([vocab, *cells, milliseconds(gigatoken, metric)]))
    return lines


def memory_table(summary: Summary) -> list[str]:
    """Peak memory above vocabulary, input and output, in MiB."""
    head = ["vocabulary, text, threads", "bytestride, buffer", "bytestride, list of str"]
    wanted = [is_ours(*ways) for ways in BY_INPUT.values()]
    wanted += [is_named(name) for name in ("gigatoken", "fastokens")]
    head += ["gigatoken", "fastokens"]
    lines = [_line(head), _line(["---"] + ["--:"] * (len(head) - 1))]
    for vocab in summary.distinct("vocab", case="memory"):
        for corpus in summary.distinct("corpus", case="memory", vocab=vocab):
            for n_threads in sorted(summary.distinct("threads", case="memory", vocab=vocab)):
                fields = {"case": "memory", "vocab": vocab, "corpus": corpus}
                cells = []
                for one in wanted:
                    row = summary.best("above_bytes", one, threads=n_threads, **fields)
                    cells.append(mebibytes(row))
                lines.append(_line([f"{vocab}, {corpus}, {n_threads}", *cells]))
    return lines


def heading(record: dict[str, Any]) -> str:
    """The sentence on machine, versions and sizes."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    sizes = {row["corpus"]: row["bytes"] for row in record["rows"] if row.get("bytes")}
    for row in record["rows"]:
        if row.get("bytes"):
            sizes[row["corpus"]] = max(sizes[row["corpus"]], row["bytes"])
    commits = dict.fromkeys(record["runs"][row["run"]]["commit"] for row in record["rows"])
    texts = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())
    return (
        f"{record['date']}, {record['processor']} ({record['cores']} cores), {record['system']}, "
        f"Python {record['python']}, {versions} (commit {', '.join(commits)}); texts: {texts}; "
        f"all in turns, medians; spread {spread(record['rows'])}."
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
    ):
        for n_threads in sorted(summary.distinct("threads", case=case)):
            if summary.values(metric, case=case, threads=n_threads):
                plural = "threads" if n_threads > 1 else "thread"
                parts.append(f"**{title}, {n_threads} {plural}**, MB/s")
                parts.append("\n".join(corpora_table(summary, case, metric, n_threads)))

    for case, metric, title, show in (
        ("calls", "unseen_us", "One call, string to list, µs", microseconds),
        ("worst", "seconds", "Worst cases, 1 MB, string to list, ms", milliseconds),
    ):
        if summary.distinct("vocab", case=case):
            parts.append(f"**{title}** (ours · best rival · ratio)")
            parts.append("\n".join(single_table(summary, case, metric, show)))
    if summary.distinct("vocab", case="load"):
        parts.append("**File to ready**, ms")
        parts.append("\n".join(load_table(summary)))
    if summary.distinct("vocab", case="memory"):
        parts.append("**Peak memory above vocabulary, input and output**, MiB")
        parts.append("\n".join(memory_table(summary)))
    failures = [
        f"- {row['contender']} {row['way']}, {row['vocab']} "
        f"{row.get('corpus') or row.get('text') or ''}, {row['case']}, {row['threads']} thread(s): "
        f"{row['status']}"
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
