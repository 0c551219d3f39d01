"""What is left of a counting that was stopped, so that it can go on.

A checkpoint is a Parquet file of word counts, which may be trained from as it is; its metadata also
says how far the source was read.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from bytestride import _core
from bytestride.corpus.sources import Position
from bytestride.errors import FormatError
from bytestride.training.count_settings import CountSettings
from bytestride.training.word_counts import WordCounts


class Checkpoint:
    """Counts in a file, and where in the source they end.

    Attributes
    ----------
    path : Path
        The file.
    before : WordCounts or None
        What the file held, if it was there: the counts up to `start`.
    start : Position
        Up to where the source is counted.
    n_bytes : int
        How many bytes of text that is.
    is_whole : bool
        Whether the counter holds exactly what is before `start`; not while it takes a batch.

    Raises
    ------
    FormatError
        The file is there and is no checkpoint.
    ValueError
        It was made by other settings.
    FileNotFoundError
        There is no folder to write it into.
    """

    def __init__(self, path: str | os.PathLike[str], settings: CountSettings, firsts: bool) -> None:
        from bytestride.training import count_tables  # now, and not when all is counted

        self.path = Path(path)
        self.before: WordCounts | None = None
        self.start = Position()
        self.n_bytes = 0
        self.is_whole = True
        self._settings = settings
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {self.path.parent} for a checkpoint")
        if not self.path.exists():
            return
        counts, document = count_tables.read_with_metadata(self.path, None)
        match document.get("checkpoint"):
            case {
                "n_items": int(n),
                "n_bytes": int(m),
                "name": str() | None as name,
                "read": int(r),
                "document": int() | None as begin,
            }:
                self.start, self.n_bytes = Position(n, m, name, begin), r
            case _:
                raise FormatError(
                    f"{self.path} is a file of counts and no checkpoint; name another file"
                )
        counts.check_settings(settings)
        if counts.has_first_offsets != firsts:
            had = "with" if counts.has_first_offsets else "without"
            raise ValueError(
                f"{self.path} was counted {had} first offsets; ask for the same again, or take the "
                "file away"
            )
        self.before = counts

    def write(self, counter: _core.WordCounter) -> bool:
        """Write what the counter holds, and what was there before; whether there was anything.

        The counter is empty afterwards.
        """
        from bytestride.training import count_tables

        if not self.is_whole:
            return False
        counts = WordCounts.from_core(counter.finish(), self._settings)
        if self.before is not None:
            counts = self.before + counts
        if len(counts) == 0:
            return False
        place = {**self.start._asdict(), "read": self.n_bytes}
        count_tables.write_parquet(counts, self.path, checkpoint=place)
        return True

    def remove(self) -> None:
        """Take the file away: all is counted."""
        self.path.unlink(missing_ok=True)


class Interrupts:
    """Whether Ctrl-C was pressed, and has to wait."""

    def __init__(self) -> None:
        self.pending = False

    def let_through(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt


@contextmanager
def uninterrupted(*, active: bool) -> Iterator[Interrupts]:
    """Let Ctrl-C wait for `Interrupts.let_through`; pressed a second time it does not wait.

    Counts are whole between two batches only, and so is the knowledge of where they end. In other
    threads than the main one, which never sees Ctrl-C, and where it is handled by somebody else,
    nothing changes.
    """
    interrupts = Interrupts()
    previous = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not active or not in_main or previous is not signal.default_int_handler:
        yield interrupts
        return

    def wait(number: int, frame: FrameType | None) -> None:
        if interrupts.pending:
            signal.default_int_handler(number, frame)
        interrupts.pending = True

    signal.signal(signal.SIGINT, wait)
    try:
        yield interrupts
        interrupts.let_through()
    finally:
        signal.signal(signal.SIGINT, previous)
