"""What a command says while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


def amount(number: float, unit: str) -> str:
    """Write an amount for people: bytes in MB (10^6), anything else in full."""
    return f"{number / 1e6:,.1f} MB" if unit == "bytes" else f"{number:,.0f} {unit}"


class Stages:
    """The stages of a command's work, one after the other.

    The time between two updates belongs to the stage of the later one. All goes to stderr: stdout
    is for results.

    Attributes
    ----------
    seconds : dict[str, float]
        What each stage took so far.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._name = ""
        self._last = time.perf_counter()

    def update(self, name: str, done: int, total: int | None = None, unit: str = "bytes") -> None:
        """Say how much of a stage is done; a new name begins a new stage."""
        if name != self._name:
            self._end_stage()
            self._name = name
            self._task = self._bars.add_task(name, total=total, said="")
            if not self._console.is_terminal:
                self._console.print(f"{name} …", highlight=False)
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now
        if self._task is not None:
            of = f" of {amount(total, unit)}" if total else ""
            self._bars.update(self._task, completed=done, total=total, said=amount(done, unit) + of)

    def _end_stage(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
            self._console.print(f"{self._name}: {self.seconds[self._name]:.1f} s", highlight=False)

    def __enter__(self) -> Stages:
        if self._console.is_terminal:
            self._bars.start()
        self._last = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._end_stage()
        if self._console.is_terminal:
            self._bars.stop()
