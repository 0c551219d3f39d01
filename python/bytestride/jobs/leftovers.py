"""Removing what a job kept while it was not finished, so that a kill midway leaves sense behind."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

PLAN_NAME: Final = "plan.json"
"""The file of a work folder that says which job it is of."""


def remove_attempts(work: Path) -> None:
    """Remove what killed attempts left; only when nobody is at work there."""
    for folder in work.glob("attempt-*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_work(work: Path) -> None:
    """Remove a work folder, if it is there; only when nobody is at work there.

    Rows go first, the last before those that it follows, and the plan last. So whenever this is
    killed, what is there is the same job with less done: no row is without its shard, and no other
    job finds rows that it takes for its own.
    """
    with suppress(FileNotFoundError):
        rows = [path for path in work.glob("*.json") if path.name != PLAN_NAME]
        for path in sorted(rows, reverse=True):
            path.unlink(missing_ok=True)
        for path in work.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != PLAN_NAME:
                path.unlink(missing_ok=True)
        (work / PLAN_NAME).unlink(missing_ok=True)
        work.rmdir()
