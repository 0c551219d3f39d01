"""Each mirror beside the library that it mirrors, measured in turns, into a dated record.

    python benchmarks/mirrors.py                                 everything, for minutes
    python benchmarks/mirrors.py --only tiktoken --vocab cl100k_base --corpus en --rounds 3 --mb 4
    python benchmarks/mirrors.py --table RECORD                  its table, in Markdown

Both sides must give the same, which is checked in every round. Vocabularies and texts are those of
the test data (BYTESTRIDE_TEST_DATA). A mirror's cases are a module of `benchmarks/mirrored`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mirrored import Case, Texts, tiktoken_cases, tokenizers_cases, transformers_cases
from record import RECORDS, processor
from side_by_side.command_line import names, refuse_unknown

MIRRORS = {
    "tiktoken": tiktoken_cases,
    "tokenizers": tokenizers_cases,
    "transformers": transformers_cases,
}
CORPORA = ("en", "code", "multi")


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock, seconds of the processor, and the result."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - begin, time.process_time() - cpu_begin, result


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """Run both sides in turns, the first to go changing; a ratio is that of one round.

    Ratios are of processor time: both sides use one thread, and what else the machine does disturbs
    it less than the clock.
    """
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    case.ours()
    for turn in range(rounds):
        case.before()
        if turn % 2:
            *seconds, result = timed(case.ours)
            *their_seconds, expected = timed(case.theirs)
        else:
            *their_seconds, expected = timed(case.theirs)
            *seconds, result = timed(case.ours)
        if result != expected:
            raise SystemExit(f"{case.name}: the two sides disagree; nothing was recorded")
        ours.append(tuple(seconds))
        theirs.append(tuple(their_seconds))
    clock, cpu = ([b[i] / a[i] for a, b in zip(ours, theirs, strict=True)] for i in (0, 1))
    row = {
        "mirror": case.mirror,
        "name": case.name,
        "items": case.n_items,
        "unit": case.unit,
        "seconds": [seconds for seconds, _ in ours],
        "cpu_seconds": [seconds for _, seconds in ours],
        "seconds_of_the_original": [seconds for seconds, _ in theirs],
        "cpu_seconds_of_the_original": [seconds for _, seconds in theirs],
        "times_faster": statistics.median(cpu),
        "least_times_faster": min(cpu),
        "times_faster_by_the_clock": statistics.median(clock),
        "wanted": case.wanted,
    }
    print(describe(row), flush=True)
    return row


def describe(row: dict[str, Any]) -> str:
    """One line of a row of a record."""
    per_item = statistics.median(row["cpu_seconds"]) / row["items"]
    verdict = "ok" if row["times_faster"] >= row["wanted"] else "MISSED"
    clock = row["times_faster_by_the_clock"]
    return (
        f"{row['name']:<52} {row['times_faster']:6.1f}x (wanted {row['wanted']:g}x, {verdict}; "
        f"by the clock {clock:.1f}x; {per_item * 1e6:.3g} us a {row['unit']})"
    )


def table(record: dict[str, Any]) -> str:
    """All rows, in Markdown."""
    lines = ["| what | times faster | wanted |", "|---|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['times_faster']:.1f} | {row['wanted']:g} |"
        for row in record["rows"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for and write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=names, default=list(MIRRORS), metavar="MIRROR,…")
    parser.add_argument("--vocab", type=names, default=None, metavar="NAME,…")
    parser.add_argument("--corpus", type=names, default=list(CORPORA), metavar="NAME,…")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mb", type=float, default=10.0, help="megabytes of each corpus")
    parser.add_argument("--out", type=Path, help="the record; by default of today")
    parser.add_argument("--table", type=Path, metavar="RECORD", help="print it, measure nothing")
    chosen = parser.parse_args()
    if chosen.table is not None:
        print(table(json.loads(chosen.table.read_text())))
        return
    refuse_unknown(parser, chosen.only, tuple(MIRRORS))
    refuse_unknown(parser, chosen.corpus, CORPORA)
    data = Path(os.environ.get("BYTESTRIDE_TEST_DATA", "../shared"))
    texts = Texts(data, chosen.corpus, int(chosen.mb * 1e6))
    rows = [
        measure(case, chosen.rounds)
        for mirror in chosen.only
        for case in MIRRORS[mirror].cases(texts, chosen.vocab)
    ]
    record = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in sorted({row["mirror"] for row in rows})},
        "megabytes": chosen.mb,
        "rows": rows,
    }
    out = chosen.out or RECORDS / f"{record['date'][:10]}-mirrors.json"
    out.write_text(json.dumps(record, indent=1) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
