"""Measure every workload, both sides in turns, and write a dated record.

Run as `python benchmarks/record.py`. The record names the processor, the versions, the text and
every time that was seen; `python benchmarks/chart.py` makes the README's table and chart from it.
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

from workloads import WORKLOADS, Workload

RECORDS = Path(__file__).parent / "record"


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that the work took, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(workload: Workload, rounds: int) -> dict[str, Any]:
    """Run both sides in turns; ratios are taken round by round.

    The fast side's time in a round is the median of five runs, for one alone may be too short to
    time well. (Plain Python takes minutes to train, so a round is long.)
    """
    workload.fast()
    fast, plain = [], []
    for _ in range(rounds):
        runs = [timed(workload.fast) for _ in range(5)]
        seconds, expected = timed(workload.plain)
        result = runs[-1][1]
        if not workload.same(result, expected) or workload.size(result) != workload.expected_size:
            raise SystemExit(f"{workload.name}: the two sides disagree; nothing was recorded")
        fast.append(statistics.median(run[0] for run in runs))
        plain.append(seconds)
        print(f"{workload.name}: {fast[-1]:.4g} s, plain {plain[-1]:.4g} s", flush=True)
    return {
        "name": workload.name,
        "items": workload.n_items,
        "unit": workload.unit,
        "fast_seconds": fast,
        "plain_seconds": plain,
        "ratio": statistics.median(p / f for p, f in zip(plain, fast, strict=True)),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(WORKLOADS), action="append")
    arguments = parser.parse_args()
    today = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
    names = arguments.only or list(WORKLOADS)
    record: dict[str, Any] = {
        "date": today,
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("bytestride", "numpy", "regex", "torch")},
        "text": "the beginning of en.txt of the test data",
        "workloads": [],
    }
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{today}-baselines.json"
    for name in names:
        record["workloads"].append(measure(WORKLOADS[name](), arguments.rounds))
        path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
