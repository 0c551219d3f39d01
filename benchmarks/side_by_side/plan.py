"""What is measured: rounds of child processes, one after the other, contenders in turns."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from side_by_side.contenders import CONTENDERS, SLOW
from side_by_side.environment import CACHE, PYTHON, variables
from side_by_side.record import Record, Row
from side_by_side.texts import corpus_file, documents

Job = dict[str, Any]
OURS = "bytestride"


class ChildError(Exception):
    """A child crashed, failed or took too long; the message says which."""


def in_child(job: Job, tree: Path | None, limit_seconds: float = 600) -> dict[str, Any]:
    """Do a job in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answer.json"
        job = job | {"out": str(out)}
        command = [str(PYTHON), "-m", "side_by_side.child", json.dumps(job)]
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
        if done.returncode > 0 or not out.exists():
            last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            raise ChildError(last[0][:300])
        answer: dict[str, Any] = json.loads(out.read_text())
        return answer


class Comparison:
    """Runs the cases that the arguments name and fills the record."""

    def __init__(self, arguments: argparse.Namespace, record: Record) -> None:
        self.arguments = arguments
        self.record = record
        self.tree: Path | None = arguments.tree
        self.references: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        """All cases."""
        cases = self.arguments.only
        for vocab in self.arguments.vocab:
            for name in self.arguments.corpus:
                for n_threads in self.arguments.threads:
                    if "cold" in cases or "warm" in cases:
                        self.corpus("cold", "array", vocab, name, n_threads)
                    if "lists" in cases:
                        self.corpus("lists", "lists", vocab, name, n_threads)

    def contenders(self, vocab: str) -> Iterator[str]:
        """Names of those that take part and know the vocabulary; ours is always the first."""
        yield OURS
        for name in self.arguments.rivals:
            if name != OURS and vocab in CONTENDERS[name].vocabularies:
                yield name

    def corpus(self, case: str, output: str, vocab: str, name: str, n_threads: int) -> None:
        """One corpus with one vocabulary: all ways that give this output, in turns."""
        jobs = []
        for contender in self.contenders(vocab):
            limit = min((mb for mb in (self.arguments.mb, SLOW.get(contender)) if mb), default=None)
            file = corpus_file(name, limit)
            for way_name, way in CONTENDERS[contender].ways.items():
                if way.output != output:
                    continue
                row = self.record.row(
                    case=case,
                    vocab=vocab,
                    corpus=name,
                    threads=n_threads,
                    contender=contender,
                    way=way_name,
                    note=way.note,
                    bytes=sum(map(len, documents(file))),
                )
                job = {
                    "kind": "corpus",
                    "contender": contender,
                    "vocab": vocab,
                    "threads": n_threads,
                    "way": way_name,
                    "file": str(file),
                    "warm_runs": 2 if "warm" in self.arguments.only else 0,
                }
                jobs.append((job, row))
        for turn in range(self.arguments.rounds):
            # Every round begins with another contender, so that nobody always follows the same.
            shift = turn % len(jobs)
            for job, row in jobs[shift:] + jobs[:shift]:
                if row.get("status", "ok") == "ok":
                    self._measure(job, row)

    def _measure(self, job: Job, row: Row) -> None:
        reference = self.reference(job["vocab"], job["file"])
        try:
            answer = in_child(job, self.tree)
        except ChildError as error:
            row["status"] = f"failed: {error}"
        else:
            if answer.pop("digest") != reference:
                row["status"] = f"wrong ids: {self.difference(job)}"
                row["values"] = {}
            else:
                row["status"] = "ok"
                for metric in ("tokens", "returns"):
                    row[metric] = answer.pop(metric)
                for metric, value in answer.items():
                    row["values"].setdefault(metric, []).append(value)
        self.record.save()
        print(_line(row), flush=True)

    def reference(self, vocab: str, file: str) -> str:
        """Digest of our ids, by the plainest way."""
        key = (vocab, file)
        if key not in self.references:
            job = {
                "kind": "corpus",
                "contender": OURS,
                "vocab": vocab,
                "threads": 1,
                "way": "strings",
                "file": file,
                "warm_runs": 0,
            }
            self.references[key] = in_child(job, self.tree)["digest"]
        return self.references[key]

    def difference(self, job: Job) -> str:
        """Say where the ids of a job first differ from ours."""
        import numpy as np

        ours = job | {"contender": OURS, "way": "strings", "threads": 1}
        found = []
        for name, one in (("theirs", job), ("ours", ours)):
            path = CACHE / f"{name}.npz"
            try:
                in_child(one | {"kind": "dump", "arrays": str(path)}, self.tree)
            except ChildError as error:
                return f"they differ, and a second run {error}"
            with np.load(path) as arrays:
                found.append((arrays["ids"], np.unique(arrays["offsets"])))
        (their_ids, their_ends), (our_ids, our_ends) = found
        pieces = documents(Path(job["file"]))
        if len(their_ends) != len(our_ends):
            return f"{len(their_ends) - 1} documents of {len(our_ends) - 1}"
        wrong = []
        for i in range(len(our_ends) - 1):
            a = their_ids[their_ends[i] : their_ends[i + 1]]
            b = our_ids[our_ends[i] : our_ends[i + 1]]
            if not np.array_equal(a, b):
                wrong.append((i, a, b))
        if not wrong:
            return "not in a second run"
        i, a, b = wrong[0]
        n = min(len(a), len(b))
        at = int(np.argmax(np.append(a[:n] != b[:n], True)))
        return (
            f"{len(wrong)} of {len(pieces)} documents; the first is document {i}, from its id "
            f"{at} on: {a[at : at + 5].tolist()}, ours {b[at : at + 5].tolist()}"
        )


def _line(row: Row) -> str:
    """One line for the terminal."""
    what = f"{row['case']} {row['vocab']} {row.get('corpus') or ''} {row['threads']}t"
    who = f"{row['contender']} {row['way']}"
    if row["status"] != "ok":
        return f"{what:28} {who:22} {row['status']}"
    speeds = [
        f"{metric.removesuffix('_seconds')} {row['bytes'] / 1e6 / values[-1]:7.1f} MB/s"
        for metric, values in row["values"].items()
        if metric in ("cold_seconds", "warm_seconds")
    ]
    return f"{what:28} {who:22} {'  '.join(speeds)}"
