"""What is measured: rounds of child processes, one after the other, trainers in turns."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bytestride.published import PATTERNS
from side_by_side.environment import variables
from side_by_side.plan import OURS, Answer, ChildError, Job
from side_by_side.record import Record, Row
from training.cases import CASES, Case, text_file
from training.contenders import TRAINERS

LOOK_SECONDS = 0.02
# What a row keeps of an answer, a value a round.
METRICS = ("seconds", "cpu_seconds", "before_bytes", "peak_bytes", "above_bytes")


def in_child(job: Job, tree: Path | None, limit_seconds: float) -> tuple[Answer, list[bytes]]:
    """Train in a new process: the answer, with its anonymous memory, and what was learned.

    Anonymous memory is what a process has beyond mapped files; its peak is the largest of looks
    from here, a few every tenth of a second, while the child trains.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, learned, complaints = (Path(folder) / name for name in ("out", "learned", "errors"))
        files = {"out": str(out), "learned": str(learned)}
        looks: list[tuple[float, int]] = []
        end = time.monotonic() + limit_seconds
        with complaints.open("w") as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "training.child", json.dumps(job | files)],
                env=variables(tree, job["threads"]),
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            while child.poll() is None:
                looks.append((time.monotonic(), anonymous(child.pid)))
                if looks[-1][0] > end:
                    child.kill()
                    child.wait()
                    raise ChildError(f"not done after {limit_seconds:g} s", [])
                time.sleep(LOOK_SECONDS)
        if child.returncode < 0:
            raise ChildError(f"killed by signal {-child.returncode}", [])
        if child.returncode > 0:
            last = complaints.read_text(errors="replace").strip().splitlines()[-1:]
            raise ChildError((last or [f"status {child.returncode}"])[0][:300], [])
        answer: Answer = json.loads(out.read_text())
        tokens = [bytes.fromhex(line) for line in learned.read_text().split()]
    before = answer.pop("before_anonymous_bytes")
    begin, end = answer.pop("begin"), answer.pop("end")
    seen = [n_bytes for moment, n_bytes in looks if begin <= moment <= end]
    answer["above_bytes"] = max([*seen, before]) - before
    return answer, tokens


def anonymous(pid: int) -> int:
    """Anonymous memory of a process, in bytes; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Comparison:
    """Runs the cases that the arguments name and fills the record."""

    def __init__(self, arguments: argparse.Namespace, record: Record) -> None:
        self.arguments = arguments
        self.record = record
        self.tree: Path | None = arguments.tree
        self.rules: dict[tuple[str, str, str, str], list[bytes] | str] = {}

    def run(self) -> None:
        """All cases."""
        chosen = self.arguments
        for name in chosen.cases:
            case = CASES[name]
            texts = case.texts or ((chosen.text.stem,) if chosen.text else ())
            threads = chosen.threads if case.all_threads else [max(chosen.threads)]
            for text in texts:
                if chosen.texts and text not in chosen.texts:
                    continue
                for n_threads in threads:
                    self.group(name, case, text, n_threads)

    def group(self, name: str, case: Case, text: str, n_threads: int) -> None:
        """One case with one text and a number of threads: all trainers that can."""
        trainers = [
            TRAINERS[one]
            for one in (OURS, *self.arguments.rivals)
            if case.pattern in TRAINERS[one].patterns
        ]
        fields = {"case": name, "text": text, "threads": n_threads}
        rounds = self.arguments.rounds
        who = {one.name for one in trainers}
        if self.arguments.resume and self.record.holds_group(who, rounds, **fields):
            print(*fields.values(), "stands", flush=True)
            return
        self.record.begin_group(**fields)
        jobs = []
        for trainer in trainers:
            for unit in trainer.units[:1] if case.one_line else trainer.units:
                way = "one line" if case.one_line else unit
                file = text_file(text, way, self.arguments.mb, self.arguments.text)
                row = self.record.row(
                    **fields,
                    contender=trainer.name,
                    way=way,
                    rule=trainer.rule,
                    n_bytes=file.stat().st_size,
                )
                job = {
                    "contender": trainer.name,
                    "unit": unit,
                    "file": str(file),
                    "pattern": case.pattern,
                    "regex": PATTERNS[case.pattern],
                    "vocab_size": case.vocab_size,
                    "threads": n_threads,
                    "preset": "hf",
                }
                jobs.append((job, row))
        for turn in range(rounds):
            # Every round begins with another trainer, so that nobody always follows the same.
            shift = turn % len(jobs)
            for job, row in jobs[shift:] + jobs[:shift]:
                if not self._is_over(row):
                    self._measure(job, row)

    def _is_over(self, row: Row) -> bool:
        """Whether a row has failed, or takes too long to be measured again."""
        if row.get("status", "ok") != "ok":
            return True
        seconds = row["values"].get("seconds", [0.0])
        return row["contender"] != OURS and max(seconds) > self.arguments.once_above

    def _measure(self, job: Job, row: Row) -> None:
        try:
            answer, learned = in_child(job, self.tree, self.arguments.limit)
        except ChildError as error:
            row["status"], row["values"] = f"failed: {error}", {}
        else:
            row["status"] = "ok"
            for metric in METRICS:
                row["values"].setdefault(metric, []).append(answer[metric])
            if row.setdefault("digest", answer["digest"]) != answer["digest"]:
                row["status"] = "failed: other merges in another round"
            if "merges" not in row:
                ours = self._rule(job, row)
                if isinstance(ours, str):
                    row["merges"] = f"not compared: {ours}"
                else:
                    row["n_learned"], row["n_ours"] = len(learned), len(ours)
                    row["merges"] = first_difference(learned, ours)
        self.record.save()
        print(line(row), flush=True)

    def _rule(self, job: Job, row: Row) -> list[bytes] | str:
        """What we learn from the same text, by the same unit and rule; or why we did not."""
        key = (row["case"], row["text"], row["way"], row["rule"])
        if key not in self.rules:
            unit = "lines" if row["way"] == "lines" else "documents"
            ours = job | {"contender": OURS, "preset": row["rule"], "unit": unit}
            try:
                _, self.rules[key] = in_child(ours, self.tree, self.arguments.limit)
            except ChildError as error:
                self.rules[key] = str(error)
        return self.rules[key]


def first_difference(learned: list[bytes], ours: list[bytes]) -> str:
    """Say "same", or where two lists of learned tokens differ first.

    One may go on where the other ends: some begin with the bytes seen only, and so have more
    merges, and some merge what does not occur when no pair is left.
    """
    for number, (theirs, our) in enumerate(zip(learned, ours, strict=False)):
        if theirs != our:
            show = " and ours ".join(repr(one.decode("utf-8", "replace")) for one in (theirs, our))
            return f"differs from merge {number:,}: {show}"
    return "same" if min(len(learned), len(ours)) else "nothing to compare"


def line(row: Row) -> str:
    """One line for the terminal."""
    what = f"{row['case']} {row['text']} {row['threads']}t"
    who = f"{row['contender']}, {row['way']}"
    if row["status"] != "ok":
        return f"{what:20} {who:22} {row['status']}"
    last = {metric: values[-1] for metric, values in row["values"].items()}
    return (
        f"{what:20} {who:22} {last['seconds']:8.2f} s {last['cpu_seconds']:8.2f} cpu-s  "
        f"peak {last['peak_bytes'] / 2**20:6,.0f} MiB, {last['above_bytes'] / 2**20:6,.0f} "
        f"above {last['before_bytes'] / 2**20:.0f}  {row['merges']}"
    )
