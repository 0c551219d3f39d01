"""How a job's progress is shown: a bar, lines of JSON, or not at all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride.jobs.progress import OnProgress, Progress

_SECONDS_BETWEEN_LINES = 1.0


@contextmanager
def show_progress(how: str | None) -> Iterator[OnProgress | None]:
    """Give what a job tells of its progress.

    Parameters
    ----------
    how
        "rich", "json" or "none"; None means a bar on a terminal and nothing elsewhere. All goes to
        stderr.
    """
    if how is None:
        how = "rich" if sys.stderr is not None and sys.stderr.isatty() else "none"
    if how == "json":
        yield _JsonLines()
    elif how == "rich":
        with _bar() as progress:
            yield progress
    else:
        yield None


class _JsonLines:
    """A line a second."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        is_last = progress.n_parts == progress.total_parts
        if now - self._last >= _SECONDS_BETWEEN_LINES or is_last:
            self._last = now
            print(json.dumps(asdict(progress)), file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("encode"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        task = bars.add_task("encode", total=None, said="")

        def progress(now: Progress) -> None:
            rate = now.n_text_bytes / max(now.seconds, 1e-9) / 1e6
            said = f"{now.n_tokens:,} tokens, {rate:,.0f} MB/s"
            if now.n_rejects:
                said += f", {now.n_rejects:,} left out"
            bars.update(task, total=now.total_file_bytes, completed=now.n_file_bytes, said=said)

        yield progress
