"""What is measured: cases in processes of their own, with the sides of a case in turns."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sampling_cases.startup import WAYS
from sampling_cases.stores import VOCAB_SIZE, Store, sparse
from sampling_cases.turns import Answer, said
from side_by_side.environment import variables
from side_by_side.record import Record, Row

CASES = ("startup", "batches", "megatron", "epoch", "loaders", "indices", "resume")
# Megabytes of the store that no cache holds, and tokens of the others at that size.
FULL_MB = 536.0
STARTUP_TOKENS = 1_000_000_000
EPOCH_TOKENS = 10_000_000
EPOCH_BATCHES = (32, 8)
# A fresh process each: quick, but it imports much.
STARTUP_METRICS = (
    *("seconds", "build_seconds", "held_bytes", "traced_bytes", "traced_peak_bytes"),
)


class ChildError(Exception):
    """A child crashed, failed or took too long."""


def in_child(job: dict[str, Any], tree: Path | None, limit_seconds: float = 900) -> list[Answer]:
    """Do a job in a new process; its answers."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answers"
        out.touch()
        command = [
            sys.executable,
            "-m",
            "sampling_cases.child",
            json.dumps(job | {"out": str(out)}),
        ]
        try:
            done = subprocess.run(
                command,
                env=variables(tree, job["threads"]),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=limit_seconds,
                text=True,
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            raise ChildError(f"not done after {limit_seconds:g} s") from None
        if done.returncode < 0:
            raise ChildError(f"killed by signal {-done.returncode}")
        if done.returncode > 0:
            last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
            raise ChildError(said(last[0]))
        return [json.loads(line) for line in out.read_text().splitlines()]


class Comparison:
    """Runs the cases that the arguments name and fills the record."""

    def __init__(self, arguments: argparse.Namespace, record: Record) -> None:
        self.record = record
        self.tree: Path | None = arguments.tree
        self.chosen: list[str] = arguments.only
        self.rounds: int = arguments.rounds
        self.scale = (arguments.mb or FULL_MB) / FULL_MB

    def tokens(self, full: float) -> int:
        """Tokens of a store at this scale, in whole documents."""
        return max(1_000, round(full * self.scale) // 1_000) * 1_000

    def run(self) -> None:
        """All cases."""
        large = self.tokens(FULL_MB * 1e6 / 2)
        cores = len(os.sched_getaffinity(0))
        for case in self.chosen:
            if case == "startup":
                self.startup()
            elif case == "megatron":
                self.case("megatron", n_tokens=large)
                self.case("megatron, one document", n_tokens=large)
            elif case == "epoch":
                for size in EPOCH_BATCHES:
                    self.case(
                        case, f"{case}, {size}", n_tokens=self.tokens(EPOCH_TOKENS), batch_size=size
                    )
            else:
                # The loader and its two workers.
                threads = min(3, cores) if case == "loaders" else 1
                self.case(case, n_tokens=large, threads=threads)

    def case(self, kind: str, name: str | None = None, **fields: Any) -> None:
        """One case, all sides of it in one process."""
        name = name or kind
        self.record.begin_group(case=name)
        job = {"kind": kind, "rounds": self.rounds, "scale": self.scale, "threads": 1, **fields}
        try:
            answers = in_child(job, self.tree)
        except ChildError as error:
            answers = [{"contender": "all", "status": f"failed: {error}", "values": {}}]
        for answer in answers:
            row = self.record.row(case=name, store_tokens=fields["n_tokens"], **answer)
            # The record's own row has begun with no values.
            row["values"] = answer["values"]
            print(line(row), flush=True)
        self.record.save()

    def startup(self) -> None:
        """Build and first batch: a process for each way in each round, in turns."""
        store = sparse(self.tokens(STARTUP_TOKENS))
        self.record.begin_group(case="startup")
        rows = {
            name: self.record.row(
                case="startup", contender=name, store_tokens=store.n_tokens, status="ok"
            )
            for name in WAYS
        }
        fill(store, [one["positions"] for name in rows if (one := self.start(store, rows[name]))])
        for turn in range(self.rounds):
            names = [*rows][turn % len(rows) :] + [*rows][: turn % len(rows)]
            for name in names:
                row = rows[name]
                answer = self.start(store, row)
                if answer is None:
                    continue
                if not is_right(store, answer):
                    row["status"] = "failed: its first batch is not what the store holds"
                    row["values"] = {}
                    continue
                for metric in STARTUP_METRICS:
                    row["values"].setdefault(metric, []).append(answer[metric])
                print(line(row), flush=True)
        self.record.save()

    def start(self, store: Store, row: Row) -> Answer | None:
        """One start; None, and the row says why, where it fails."""
        if row["status"] != "ok":
            return None
        job = {
            "kind": "start",
            "contender": row["contender"],
            "prefix": str(store.prefix),
            "threads": 1,
        }
        try:
            return in_child(job, self.tree)[0]
        except ChildError as error:
            row["status"], row["values"] = f"failed: {error}", {}
            print(line(row), flush=True)
            return None


def fill(store: Store, batches: list[list[list[int]]]) -> None:
    """Write random ids where these batches lie; the rest of the store stays as it is."""
    random = np.random.default_rng(0)
    tokens = np.memmap(store.bin_path, np.uint16, "r+")
    for batch in batches:
        places = np.array(batch)
        places = places[places >= 0]
        tokens[places] = random.integers(1, VOCAB_SIZE, places.size)
    tokens.flush()


def is_right(store: Store, answer: Answer) -> bool:
    """Whether a first batch is what the file has there, and as many windows as it has rows."""
    places = np.array(answer["positions"])
    expected = np.where(places < 0, 0, store.ids()[np.maximum(places, 0)])
    x, y = (np.array(part) for part in answer["batch"])
    # The last token of a row that ends early is a target only.
    last = np.count_nonzero(places >= 0, axis=1) - 1
    inputs = np.where(np.arange(x.shape[1]) < last[:, None], expected[:, :-1], 0)
    right = np.array_equal(x, inputs) and np.array_equal(y, expected[:, 1:])
    return bool(right and np.unique(places[:, 0]).size == len(places))


def line(row: Row) -> str:
    """One line for the terminal."""
    what = f"{row['case']:24} {row['contender']:42}"
    if row["status"] != "ok":
        return f"{what} {row['status']}"
    seconds = float(np.median(row["values"]["seconds"]))
    if "n_batches" in row:
        speed = row["n_tokens"] / seconds / 1e6
        return f"{what} {seconds / row['n_batches'] * 1e6:10.1f} us a batch {speed:8.0f} Mtok/s"
    if "n_indices" in row:
        return f"{what} {seconds / row['n_indices'] * 1e9:10.1f} ns an index"
    held = row["values"].get("held_bytes")
    memory = f" {max(held) / 2**20:8.2f} MiB held" if held else ""
    return f"{what} {seconds * 1e3:10.3f} ms{memory}"
