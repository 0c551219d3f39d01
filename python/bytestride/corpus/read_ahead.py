"""An iterator that works ahead in a thread of its own while its caller is busy."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")

_SECONDS = 0.1


def read_ahead(
    items: Iterable[_Item], depth: int = 2, *, check: Callable[[], None] | None = None
) -> Generator[_Item, None, None]:
    """Yield the items of an iterable that runs in another thread, at most `depth` of them ahead.

    An exception of the iterable comes out where its item would have come. The thread ends with the
    iteration, also where that is given up midway: then after the item it is at.

    `check` is called a few times a second while an item is waited for, and may raise to give up:
    an item may be long in coming, from a pipe that nobody writes to.
    """
    ready: queue.Queue[tuple[_Item | None, BaseException | None, bool]] = queue.Queue(depth)
    given_up = threading.Event()

    def put(item: _Item | None, error: BaseException | None, is_last: bool) -> bool:
        while not given_up.is_set():
            try:
                ready.put((item, error, is_last), timeout=_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for item in items:
                if not put(item, None, False):
                    return
        except BaseException as error:  # comes out of the iteration, in its own thread
            put(None, error, True)
        else:
            put(None, None, True)

    thread = threading.Thread(target=run, name="bytestride read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, is_last = _next(ready, check)
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # None only at the end, or as an item
    finally:
        given_up.set()
        # Not longer: it may wait in a read that only another process can end.
        thread.join(_SECONDS)


def _next(
    ready: queue.Queue[tuple[_Item | None, BaseException | None, bool]],
    check: Callable[[], None] | None,
) -> tuple[_Item | None, BaseException | None, bool]:
    while check is not None:
        try:
            return ready.get(timeout=_SECONDS)
        except queue.Empty:
            check()
    return ready.get()
