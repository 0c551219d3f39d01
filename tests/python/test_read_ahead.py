"""An iterator in a thread of its own."""

import threading
import time

import pytest

from bytestride.corpus.read_ahead import read_ahead


def n_threads():
    return sum(thread.name == "bytestride read-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100])
def test_items_in_order(n):
    assert list(read_ahead(range(n))) == list(range(n))
    assert list(read_ahead([None] * n)) == [None] * n
    assert n_threads() == 0


def test_it_is_not_far_ahead():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    ahead = read_ahead(items(), depth=2)
    assert next(ahead) == 0
    time.sleep(0.2)
    assert len(taken) <= 4
    ahead.close()
    time.sleep(0.2)
    assert n_threads() == 0
    assert len(taken) <= 5


def test_errors_come_where_they_happen():
    def items():
        yield 1
        raise OSError("gone")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="gone"):
        next(ahead)
    assert n_threads() == 0


def test_a_wait_for_ever_can_be_ended():
    go_on, stopped = threading.Event(), threading.Event()

    def items():
        yield 1
        go_on.wait(30)  # as a read from a pipe that nobody writes to

    def check():
        if stopped.is_set():
            raise InterruptedError("stopped")

    ahead = read_ahead(items(), check=check)
    assert next(ahead) == 1
    threading.Timer(0.1, stopped.set).start()
    start = time.monotonic()
    with pytest.raises(InterruptedError, match="stopped"):
        next(ahead)
    assert time.monotonic() - start < 10
    go_on.set()
