"""Make the README's table and chart from a record.

Run as `python benchmarks/chart.py [RECORD]`; by default the newest record of the baselines. Needs
the `plot` extra. The table goes between the two marks in README.md, the chart beside the record.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- baselines: begin -->", "<!-- baselines: end -->"


def newest() -> Path:
    """The newest record of the baselines."""
    records = sorted((ROOT / "benchmarks" / "record").glob("*-baselines.json"))
    if not records:
        raise SystemExit("no record yet: run `python benchmarks/record.py` first")
    return records[-1]


def rate(workload: dict[str, Any], side: str) -> float:
    """Items a second, by the median time."""
    return workload["items"] / statistics.median(workload[f"{side}_seconds"])


def readable(per_second: float, unit: str) -> str:
    """A rate in millions."""
    per_second /= 1e6
    digits = 0 if per_second >= 100 else 1 if per_second >= 10 else 2
    space = "" if unit == "B" else " "
    return f"{per_second:,.{digits}f} M{space}{unit}/s"


def table(record: dict[str, Any], chart: Path) -> str:
    """The README's section: a sentence on the machine, the table, the chart."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    lines = [
        f"{record['date']}, {record['processor']} ({record['cores']} cores), Python "
        f"{record['python']}, {versions}; one thread, both sides in turns, medians.",
        "",
        "| | bytestride | plain Python | ratio |",
        "|---|--:|--:|--:|",
    ]
    for workload in record["workloads"]:
        unit = workload["unit"]
        lines.append(
            f"| {workload['name']} | {readable(rate(workload, 'fast'), unit)} "
            f"| {readable(rate(workload, 'plain'), unit)} | {workload['ratio']:,.0f}× |"
        )
    relative = chart.relative_to(ROOT).as_posix()
    return "\n".join([*lines, "", f"![speed against plain Python]({relative})"])


def draw(record: dict[str, Any], chart: Path) -> None:
    """One bar a workload: how many times faster than plain Python."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "bytestride"
    from matplotlib import pyplot as plt

    names = [workload["name"].replace(": ", "\n", 1) for workload in record["workloads"]][::-1]
    ratios = [workload["ratio"] for workload in record["workloads"]][::-1]
    figure, axes = plt.subplots(figsize=(7.5, 0.75 + 0.65 * len(names)))
    bars = axes.barh(names, ratios, color="#2f6f8f", height=0.55)
    axes.bar_label(bars, labels=[f"{ratio:,.0f}×" for ratio in ratios], padding=4)
    axes.set_xscale("log")
    axes.set_xlim(1, max(ratios) * 4)
    axes.set_xlabel("times faster than plain Python (log scale)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(chart, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Write the chart and put the table into the README."""
    path = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else newest()
    record = json.loads(path.read_text())
    chart = path.with_suffix(".svg")
    draw(record, chart)
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{table(record, chart)}\n{END}{after}")
    print(f"README.md and {chart.relative_to(ROOT)} are of {record['date']}")


if __name__ == "__main__":
    main()
