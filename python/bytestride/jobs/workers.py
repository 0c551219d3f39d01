"""Threads that do one thing to many items, and give the results in the items' order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

MOST_WORKERS = 1024
"""More help nobody, and may not start."""

_AHEAD = 2
"""Items in work or done for each worker, so that none waits for the result before its own."""


class Stopped(Exception):  # noqa: N818 (nothing went wrong here)
    """Somebody else's failure, or a signal, ended the work."""


class Workers:
    """A pool of threads that several parts of a job may use at once.

    What they do must release the GIL for most of its time.

    Parameters
    ----------
    n_workers
        How many threads.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="bytestride worker")
        self._stopped = threading.Event()

    def map_in_order(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[_Result]:
        """Yield the results in the order of the items; at most a few items are taken ahead.

        Raises
        ------
        Stopped
            Between two results, after `stop` was called.
        """
        waiting: deque[Future[_Result]] = deque()
        try:
            for item in items:
                self.check()
                waiting.append(self._pool.submit(function, item))
                while len(waiting) > _AHEAD * self.n_workers or (waiting and waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                self.check()
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def check(self) -> None:
        """Raise `Stopped` after `stop` was called: for whoever waits for something else."""
        if self._stopped.is_set():
            raise Stopped

    def stop(self) -> None:
        """Have whoever waits for results give up."""
        self._stopped.set()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
