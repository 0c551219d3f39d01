"""What is measured: rounds of child processes, one after the other, contenders in turns."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from side_by_side.contender import published_file
from side_by_side.contenders import CONTENDERS, SLOW
from side_by_side.environment import CACHE, PYTHON, variables
from side_by_side.record import Record, Row
from side_by_side.texts import corpus_file, documents, worst_cases

Job = dict[str, Any]
Answer = dict[str, Any]
OURS = "bytestride"
# Bytes of a string, and how many of them.
SIZES = ((16, 20_000), (100, 10_000), (1_000, 2_000), (10_000, 200))
WORST = (
    *("a", "spaces", "newlines", "ab", "=", "digits", "one random word", "CJK"),
    *("emoji with joiners", "Latin-1 noise", "mixed white space"),
)


class ChildError(Exception):
    """A child crashed, failed or took too long; ``answers`` are those that it gave before."""

    def __init__(self, message: str, answers: list[Answer]) -> None:
        super().__init__(message)
        self.answers = answers


def in_child(job: Job, tree: Path | None, limit_seconds: float = 600) -> list[Answer]:
    """Do a job in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answers"
        out.touch()
        command = [str(PYTHON), "-m", "side_by_side.child", json.dumps(job | {"out": str(out)})]
        problem = None
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
            problem = f"not done after {limit_seconds:g} s"
        else:
            if done.returncode < 0:
                problem = f"killed by signal {-done.returncode}"
            elif done.returncode > 0:
                last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
                problem = last[0][:300]
        answers: list[Answer] = [json.loads(line) for line in out.read_text().splitlines()]
        if problem is not None:
            raise ChildError(problem, answers)
        return answers


class Comparison:
    """Runs the cases that the arguments name and fills the record."""

    def __init__(self, arguments: argparse.Namespace, record: Record) -> None:
        self.arguments = arguments
        self.record = record
        self.tree: Path | None = arguments.tree
        self.references: dict[str, list[Answer]] = {}

    def run(self) -> None:
        """All cases."""
        cases, chosen = set(self.arguments.only), self.arguments
        for vocab in chosen.vocab:
            for corpus in chosen.corpus:
                for n_threads in chosen.threads:
                    if cases & {"cold", "warm"}:
                        self.corpus("cold", "array", vocab, corpus, n_threads)
                    if "lists" in cases:
                        self.corpus("lists", "lists", vocab, corpus, n_threads)
                    if "memory" in cases:
                        self.corpus("memory", "array", vocab, corpus, n_threads)
            for case in ("load", "calls", "worst"):
                if case in cases:
                    self.single(case, vocab)

    def contenders(self, vocab: str) -> Iterator[str]:
        """Names of those that take part and know the vocabulary; ours is always the first."""
        yield OURS
        for name in self.arguments.rivals:
            if name != OURS and vocab in CONTENDERS[name].vocabularies:
                yield name

    def corpus(self, case: str, output: str, vocab: str, corpus: str, n_threads: int) -> None:
        """One corpus with one vocabulary: all ways that give this output."""
        rounds = 1 if case == "memory" else self.arguments.rounds
        takes_part = {
            name
            for name in self.contenders(vocab)
            if any(way.output == output for way in CONTENDERS[name].ways.values())
        }
        group = {"case": case, "vocab": vocab, "corpus": corpus, "threads": n_threads}
        if not self._begin(takes_part, rounds, group):
            return
        jobs = []
        for name in self.contenders(vocab):
            limits = [mb for mb in (self.arguments.mb, SLOW.get(name)) if mb]
            file = corpus_file(corpus, min(limits, default=None))
            n_bytes = sum(map(len, documents(file)))
            for way_name, way in CONTENDERS[name].ways.items():
                # A mapped file counts as memory of the process: nothing to compare there.
                if way.output != output or (case == "memory" and way.form == "file"):
                    continue
                job = {
                    "kind": "memory" if case == "memory" else "corpus",
                    "contender": name,
                    "vocab": vocab,
                    "threads": n_threads,
                    "way": way_name,
                    "file": str(file),
                    "warm_runs": 3 if case == "cold" and "warm" in self.arguments.only else 0,
                }
                row = self._row(case, job, corpus=corpus, bytes=n_bytes, note=way.note)
                jobs.append((job, [row]))
        self._in_turns(jobs, rounds)

    def single(self, case: str, vocab: str) -> None:
        """Single calls, loading or worst cases: one row for each size or text."""
        takes_part = set(self.contenders(vocab))
        if not self._begin(takes_part, self.arguments.rounds, {"case": case, "vocab": vocab}):
            return
        file = corpus_file("en", self.arguments.mb)
        if case == "worst":
            worst_cases()  # made here, not by the first child
        # A slice of a few megabytes does not hold as many strings.
        sizes = [(size, count // 10 if self.arguments.mb else count) for size, count in SIZES]
        texts = {"load": [None], "calls": [f"{n} B" for n, _ in SIZES], "worst": list(WORST)}[case]
        jobs = []
        for name in self.contenders(vocab):
            ways = CONTENDERS[name].call_names
            for way in ways[:1] if case == "load" else ways:
                job = {
                    "kind": case,
                    "contender": name,
                    "vocab": vocab,
                    "threads": 1,
                    "way": way,
                    "file": str(file),
                    "sizes": sizes,
                    "texts": texts,
                }
                note = f"reads {CONTENDERS[name].reads}" if case == "load" else way
                rows = [self._row(case, job, text=text, note=note) for text in texts]
                jobs.append((job, rows))
        self._in_turns(jobs, self.arguments.rounds)

    def _begin(self, contenders: set[str], rounds: int, group: dict[str, Any]) -> bool:
        """Make room for a group; False where it stands already and the run goes on with another."""
        if self.arguments.resume and self.record.holds_group(contenders, rounds, **group):
            print(" ".join(str(value) for value in group.values()), "stands", flush=True)
            return False
        self.record.begin_group(**group)
        return True

    def _row(self, case: str, job: Job, **fields: Any) -> Row:
        identity = {key: job[key] for key in ("vocab", "threads", "contender", "way")}
        return self.record.row(case=case, **identity, **fields)

    def _in_turns(self, jobs: list[tuple[Job, list[Row]]], rounds: int) -> None:
        """Run each job once a round; a row that failed or was wrong does not go on."""
        for turn in range(rounds):
            # Every round begins with another contender, so that nobody always follows the same.
            shift = turn % len(jobs)
            for job, rows in jobs[shift:] + jobs[:shift]:
                self._measure(job, [row for row in rows if row.get("status", "ok") == "ok"])

    def _measure(self, job: Job, rows: list[Row]) -> None:
        """Run a job for rows; after a crash at one of several texts, go on behind it."""
        while rows:
            reference = self._reference(job)
            problem = None
            try:
                answers = in_child(job | {"texts": [row.get("text") for row in rows]}, self.tree)
            except ChildError as error:
                answers, problem = error.answers, f"failed: {error}"
            found = {answer.get("text"): answer for answer in answers}
            for row in rows:
                if row.get("text") in found:
                    self._fill(row, job, found[row.get("text")], reference[row.get("text")])
            rows = [row for row in rows if row.get("text") not in found]
            if problem is None or not rows:
                return
            # Worst cases come one by one, in order: what crashed is the first without an answer,
            # and there may be answers behind it. Any other job is over.
            lost, rows = (rows[:1], rows[1:]) if job["kind"] == "worst" else (rows, [])
            for row in lost:
                row["status"], row["values"] = problem, {}
                self._tell(row)

    def _fill(self, row: Row, job: Job, answer: Answer, reference: str) -> None:
        if answer.pop("digest") != reference:
            row["status"], row["values"] = "wrong ids" + self._difference(job), {}
        else:
            row["status"] = "ok"
            for metric, value in answer.items():
                if metric in ("text", "tokens", "returns"):
                    row[metric] = value
                else:
                    row["values"].setdefault(metric, []).append(value)
        self._tell(row)

    def _tell(self, row: Row) -> None:
        self.record.save()
        print(line(row), flush=True)

    def _reference(self, job: Job) -> dict[str | None, str]:
        """Digests of our ids, by text, from a run that is not timed."""
        plain = job | {"contender": OURS, "threads": 1, "warm_runs": 0, "way": "encode_ordinary"}
        if plain["kind"] in ("corpus", "memory"):
            plain |= {"kind": "corpus", "way": "strings"}
        key = json.dumps(plain, sort_keys=True)
        if key not in self.references:
            self.references[key] = in_child(plain, self.tree)
        answers = self.references[key]
        return {answer.get("text"): answer["digest"] for answer in answers}

    def _difference(self, job: Job) -> str:
        """Say where the ids of a corpus first differ from ours."""
        if job["kind"] not in ("corpus", "memory"):
            return ""
        from bytestride import Tokenizer

        tokenizer = Tokenizer.load(published_file(job["vocab"]))
        found = []
        for who in (job, job | {"contender": OURS, "way": "strings", "threads": 1}):
            path = CACHE / f"{who['contender']}.npz"
            try:
                in_child(who | {"kind": "dump", "arrays": str(path)}, self.tree)
            except ChildError as error:
                return f"; a second run: {error}"
            with np.load(path) as arrays:
                found.append((arrays["ids"], np.unique(arrays["offsets"])))
            path.unlink()
        return ": " + first_difference(*found, tokenizer.decode_bytes)


def first_difference(
    theirs: tuple[np.ndarray, np.ndarray],
    ours: tuple[np.ndarray, np.ndarray],
    decode: Callable[[np.ndarray], bytes],
) -> str:
    """Count the documents whose ids differ, and show the first difference with its text."""
    n_documents = len(ours[1]) - 1
    if len(theirs[1]) - 1 != n_documents:
        return f"{len(theirs[1]) - 1} documents of {n_documents}"
    wrong = []
    for i in range(n_documents):
        a, b = (ids[ends[i] : ends[i + 1]] for ids, ends in (theirs, ours))
        if not np.array_equal(a, b):
            wrong.append((i, a, b))
    if not wrong:
        return "in the first run only"
    i, a, b = wrong[0]
    n = min(len(a), len(b))
    at = int(np.argmax(np.append(a[:n] != b[:n], True)))
    here = decode(b[at : at + 4]).decode("utf-8", "replace")
    before = decode(b[max(0, at - 6) : at]).decode("utf-8", "replace")
    return (
        f"{len(wrong)} of {n_documents} documents, first in document {i} at {here!r} after "
        f"{before!r}: {a[at : at + 4].tolist()}, ours {b[at : at + 4].tolist()}"
    )


def line(row: Row) -> str:
    """One line for the terminal."""
    what = f"{row['case']} {row['vocab']} {row.get('corpus') or row.get('text') or ''}"
    who = f"{row['contender']} {row['way']}"
    if row["status"] != "ok":
        figures = row["status"]
    elif row["case"] in ("cold", "lists"):
        figures = "  ".join(
            f"{metric.removesuffix('_seconds')} {row['bytes'] / 1e6 / values[-1]:7.1f} MB/s"
            for metric, values in row["values"].items()
            if metric in ("cold_seconds", "warm_seconds")
        )
    else:
        figures = "  ".join(f"{key} {values[-1]:,.5g}" for key, values in row["values"].items())
    return f"{what:30} {row['threads']}t {who:32} {figures}"
