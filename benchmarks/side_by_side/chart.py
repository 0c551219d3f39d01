"""The README's chart: MB/s by corpus, ours and the best rivals, with one thread and with two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from side_by_side.summary import OURS, Summary, cost

COLOURS = {1: "#2f6f8f", 2: "#8fb8cc"}


def draw(record: dict[str, Any], chart: Path, vocab: str) -> None:
    """One panel a corpus, one pair of bars an encoder: whole corpus, array out, a new process."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "bytestride"
    from matplotlib import pyplot as plt

    summary = Summary(record)
    corpora = summary.distinct("corpus", case="cold", vocab=vocab)
    if not corpora:
        raise SystemExit(f"the record has no whole corpora with {vocab}")
    names = _names(summary, vocab, corpora[0])
    n_threads = sorted(summary.distinct("threads", case="cold", vocab=vocab))
    figure, panels = plt.subplots(
        1, len(corpora), figsize=(9.5, 1.0 + 0.42 * len(names)), sharey=True, squeeze=False
    )
    height = 0.8 / len(n_threads)
    for axes, corpus in zip(panels[0], corpora, strict=True):
        for turn, n in enumerate(n_threads):
            speeds = [_speed(summary, name, vocab, corpus, n) for name in names]
            places = [i + turn * height for i in range(len(names))]
            label = f"{n} threads" if n > 1 else "1 thread"
            bars = axes.barh(places, speeds, height=height, color=COLOURS.get(n), label=label)
            axes.bar_label(bars, [f"{s:.0f}" if s else "" for s in speeds], padding=2, fontsize=7)
        middle = height * (len(n_threads) - 1) / 2
        axes.set_yticks([i + middle for i in range(len(names))], names)
        axes.set_title(corpus, fontsize=10)
        axes.set_xlabel("MB/s")
        axes.margins(x=0.2)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].invert_yaxis()
    panels[0][-1].legend(frameon=False, loc="lower right", fontsize=8)
    figure.suptitle(f"{vocab}: a whole corpus into one array of ids, in a new process", fontsize=10)
    figure.tight_layout()
    figure.savefig(chart, metadata={"Date": None, "Creator": None})


def _names(summary: Summary, vocab: str, corpus: str) -> list[str]:
    """Ours first, then the rivals by speed; the known ones, which give lists, stand last."""
    found = {
        row["contender"]
        for row in summary.rows
        if row["case"] == "cold" and row["vocab"] == vocab and row["contender"] != OURS
    }
    rivals = sorted(found, key=lambda name: -_speed(summary, name, vocab, corpus, 1))
    known = ("tiktoken", "tokenizers")
    lists = [name for name in known if _speed(summary, name, vocab, corpus, 1)]
    return [OURS, *rivals, *lists]


def _speed(summary: Summary, name: str, vocab: str, corpus: str, n_threads: int) -> float:
    """MB/s of the contender's best way; of lists for those that have no arrays; 0 if unknown."""
    for case in ("cold", "lists"):
        row = summary.best(
            "cold_seconds",
            lambda key: key[0] == name,
            case=case,
            vocab=vocab,
            corpus=corpus,
            threads=n_threads,
        )
        if row is not None:
            return 1 / cost(row, "cold_seconds") / 1e6
    return 0.0
