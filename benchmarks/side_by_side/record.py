"""The record of a comparison: a JSON file that is whole after every measurement."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from side_by_side.environment import digest_of_sources

Row = dict[str, Any]


class Record:
    """Rows of measurements, kept in a file.

    A row is one contender by one way in one case; its ``values`` hold a list by metric, one value
    a round. Rows that are compared (a group: one case, vocabulary, corpus and number of threads)
    are of one run; measuring a group again replaces it as a whole.
    """

    def __init__(self, path: Path, packages: list[str]) -> None:
        self.path = path
        self.content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.content.update(
            date=_now().date().isoformat(),
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            system=platform.platform(),
            python=platform.python_version(),
            versions=_versions([*packages, "numpy"]),
        )
        self.content.setdefault("runs", [])
        self.content.setdefault("rows", [])

    def begin(self, arguments: list[str], problems: dict[str, str], tree: Path) -> None:
        """Note a new run: when, of which sources, on how busy a machine."""
        self.content["not_installed"] = problems
        self.content["runs"].append(
            {
                "started": _now().isoformat(timespec="seconds"),
                "commit": _commit(tree),
                "sources": digest_of_sources(tree)[:16],
                "arguments": arguments,
                "load_average": round(os.getloadavg()[0], 2),
            }
        )

    def begin_group(self, **fields: Any) -> None:
        """Forget rows of earlier runs with these fields: what is compared was run in turns."""
        self.content["rows"] = [
            row
            for row in self.content["rows"]
            if any(row.get(key) != value for key, value in fields.items())
        ]

    def holds_group(self, contenders: set[str], rounds: int, **fields: Any) -> bool:
        """Whether these contenders stand in a group, of these sources, with so many rounds."""
        sources = self.content["runs"][-1]["sources"]
        rows = [
            row
            for row in self.content["rows"]
            if all(row.get(key) == value for key, value in fields.items())
            and self.content["runs"][row["run"]]["sources"] == sources
        ]
        whole = all(
            row.get("status", "ok") != "ok" or len(next(iter(row["values"].values()), [])) >= rounds
            for row in rows
        )
        return whole and contenders <= {row["contender"] for row in rows}

    def row(self, **fields: Any) -> Row:
        """A new row of this run."""
        row = {**fields, "run": len(self.content["runs"]) - 1, "values": {}}
        self.content["rows"].append(row)
        return row

    def save(self) -> None:
        """Write the file, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        # A row a line: short, and a changed row is one changed line.
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in self.content["rows"])
        head = json.dumps(self.content | {"rows": []}, indent=1, ensure_ascii=False)
        part.write_text(head.replace('"rows": []', f'"rows": [\n  {rows}\n ]') + "\n")
        part.replace(self.path)


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.timezone.utc)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions(packages: list[str]) -> dict[str, str]:
    import bytestride

    # A source tree is no installed package, and this one's version is that of the tree.
    found = {"bytestride": bytestride.__version__}
    for name in packages:
        if name in found:
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit(tree: Path) -> str:
    """The commit of the sources, and whether they have changes beyond it."""
    if shutil.which("git") is None:
        return "unknown"
    git = ["git", "-C", str(tree)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "cpp", "python"], capture_output=True, text=True
    )
    return commit.stdout.strip() + (" with changes" if changed.stdout.strip() else "")
