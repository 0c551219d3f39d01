"""Steps, run states and the loader without workers, in numpy: exact under any ranks and sizes."""

import itertools
import json
import os
import threading
import warnings

import numpy as np
import pytest

from bytestride import FormatError, Mixture, Order, TokenStoreWriter, Windows, _core, open_tokens
from bytestride.windows import BatchLoader
from bytestride.windows.steps import Place, Steps

LENGTH = 8


@pytest.fixture
def windows():
    """Windows that each begin with their own number."""
    return Windows(np.arange(101 * LENGTH + 1, dtype=np.uint16), LENGTH)


def numbers(x):
    return (np.asarray(x)[:, 0] // LENGTH).tolist()


# How an epoch is shared out.


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 4])
@pytest.mark.parametrize("n", [1, 2, 7, 12, 13])
def test_steps_take_every_sample_once(n, batch_size, world_size, drop_last):
    ranks = [Steps(n, batch_size, rank, world_size, drop_last) for rank in range(world_size)]
    whole = batch_size * world_size
    for begin in range(n + 1):
        taken, place, n_steps = [], Place(3, begin), [0] * world_size
        while any(shares := [rank.at(place) for rank in ranks]):
            sizes = [0 if share is None else share.n_samples for share in shares]
            assert max(sizes) - min(sizes) <= 1
            assert sizes == sorted(sizes, reverse=True)
            assert sizes == [batch_size] * world_size or (not drop_last and sum(sizes) < whole)
            for share in filter(None, shares):
                taken += range(share.first, share.first + share.n_samples)
                after = share.after
            n_steps = [a + (b is not None) for a, b in zip(n_steps, shares, strict=True)]
            place = after
            assert ranks[0].after(Place(3, begin), n_steps[0]) == place
        end = n - (n - begin) % whole if drop_last else n
        assert taken == list(range(3 * n + begin, 3 * n + end))
        if begin == 0:
            assert n_steps == [len(rank) for rank in ranks]


def test_steps_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="batch_size must be at least 1, found 0"):
        Steps(10, 0, 0, 1, True)
    with pytest.raises(ValueError, match="found rank 2 of 2"):
        Steps(10, 1, 2, 2, True)
    steps = Steps(10, 1, 0, 1, True)
    for epoch, consumed in ((-1, 0), (2**60, 0), (0, -1), (0, 11)):
        with pytest.raises(ValueError, match="must be from 0 to"):
            steps.check(epoch, consumed)


# What the loader gives.


def test_the_batches_of_the_order(windows):
    order = Order(windows, seed=5)
    loader = BatchLoader(windows, 10, seed=5)
    assert len(loader) == 10
    for epoch in range(2):
        batches = list(loader)
        assert len(batches) == 10
        for i, (x, y) in enumerate(batches):
            expected = windows.batch(order.indices(epoch * 101 + 10 * i, 10))
            assert x.dtype == y.dtype == np.int64
            np.testing.assert_array_equal(x, expected[0])
            np.testing.assert_array_equal(y, expected[1])
    assert loader.state_dict()["epoch"] == 2


@pytest.mark.parametrize("prefetch", [0, 1, 3, 200])
@pytest.mark.parametrize("num_threads", [0, 1, 2])
def test_how_batches_are_made_does_not_change_them(windows, prefetch, num_threads):
    loader = BatchLoader(
        windows, 7, drop_last=False, seed=2, prefetch=prefetch, num_threads=num_threads
    )
    plain = BatchLoader(windows, 7, drop_last=False, seed=2)
    for ours, theirs in itertools.zip_longest(loader, plain):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("layout", ["xy", "rows"])
def test_with_and_without_threads_batches_and_states_are_the_same(windows, layout):
    def run(**threads):
        loader = BatchLoader(
            windows, 7, drop_last=False, seed=2, epochs=2, layout=layout, **threads
        )
        for batch in loader:
            yield np.array(batch if layout == "rows" else np.stack(batch)), loader.state_dict()
        yield np.empty(0), loader.state_dict()

    ways = [list(run(**threads)) for threads in ({}, {"num_threads": 0}, {"num_threads": 1})]
    assert len(ways[0]) == 2 * 15 + 1
    for steps in zip(*ways, strict=True):
        for batch, state in steps[1:]:
            np.testing.assert_array_equal(batch, steps[0][0])
            assert state == steps[0][1]


def test_small_batches_are_gathered_where_they_are_asked_for(monkeypatch):
    begun = []
    pending_batch = _core.PendingBatch

    def begin(*args):
        begun.append(args[4])
        return pending_batch(*args)

    monkeypatch.setattr(_core, "PendingBatch", begin)
    windows = Windows(np.zeros(20 * 1024 + 1, np.uint16), 1024)
    list(BatchLoader(windows, 7))  # 7,168 tokens
    assert begun == []
    list(BatchLoader(windows, 8))  # 8,192
    assert begun == [8, 8]
    list(BatchLoader(windows, 10, num_threads=1))
    list(BatchLoader(windows, 5, num_threads=1))
    list(BatchLoader(windows, 20, num_threads=0))
    list(BatchLoader(windows, 20, prefetch=0))
    assert begun == [8, 8, 10, 10, 5, 5, 5, 5]


def test_layouts_and_types(windows):
    (rows, *_) = BatchLoader(windows, 4, layout="rows", dtype=windows.row_dtype)
    assert rows.dtype == np.uint16
    assert rows.shape == (4, LENGTH + 1)
    ((x, y), *_) = BatchLoader(windows, 4, dtype=np.int32)
    assert x.dtype == y.dtype == np.int32
    np.testing.assert_array_equal(rows[:, :-1], x)
    np.testing.assert_array_equal(rows[:, 1:], y)
    with pytest.raises(TypeError, match="dtype must be int64 or int32"):
        BatchLoader(windows, 4, dtype=np.uint16)
    with pytest.raises(ValueError, match="layout must be"):
        BatchLoader(windows, 4, layout="x")
    with pytest.raises(ValueError, match="prefetch must be at least 0"):
        BatchLoader(windows, 4, prefetch=-1)
    with pytest.raises(ValueError, match="batch_size"):
        BatchLoader(windows, 0)
    with pytest.raises(ValueError, match="no windows"):
        BatchLoader(Windows([1, 2], 4), 1)


def test_every_batch_is_in_arrays_of_its_own(windows):
    kept = list(BatchLoader(windows, 10, num_threads=1))
    copies = [(x.copy(), y.copy()) for x, y in kept]
    kept[0][0][:] = -1
    for (x, y), (was_x, was_y) in zip(kept[1:], copies[1:], strict=True):
        assert np.array_equal(x, was_x)
        assert np.array_equal(y, was_y)


def test_epochs_without_end(windows):
    loader = BatchLoader(windows, 10, epochs=None)
    batches = list(itertools.islice(loader, 25))
    first, second = (
        [number for x, _ in part for number in numbers(x)]
        for part in (batches[:10], batches[10:20])
    )
    assert len(set(first)) == len(set(second)) == 100
    assert first != second
    assert loader.state_dict()["epoch"] == 2
    assert loader.state_dict()["consumed"] == 50
    assert len(list(BatchLoader(windows, 10, epochs=3))) == 30
    with pytest.raises(ValueError, match="never give a batch"):
        BatchLoader(windows, 102, epochs=None)
    assert list(BatchLoader(windows, 102)) == []


def test_mixtures(windows):
    other = Windows(np.arange(50, 50 + 40 * LENGTH + 1, dtype=np.uint32), LENGTH)
    mixture = Mixture([windows, other], weights=[1, 3], n_samples=90)
    order = Order(mixture, seed=1)
    batches = list(BatchLoader(mixture, 9, seed=1))
    assert len(batches) == 10
    for i, (x, _) in enumerate(batches):
        np.testing.assert_array_equal(x, mixture.batch(order.indices(9 * i, 9))[0])


# Its state.


def test_the_state_is_what_was_taken_and_not_what_was_gathered(windows):
    loader = BatchLoader(windows, 10, prefetch=5, num_threads=1, seed=9)
    assert loader.state_dict() == {
        "version": 1,
        "fingerprint": loader.order.fingerprint,
        "seed": 9,
        "epoch": 0,
        "consumed": 0,
    }
    for i, _ in enumerate(loader, 1):
        assert loader.state_dict()["consumed"] == 10 * i
        if i == 4:
            break
    state = json.loads(json.dumps(loader.state_dict()))
    resumed = BatchLoader(windows, 3, seed=1, world_size=2, rank=1)
    resumed.load_state_dict(state)
    x, _ = next(iter(resumed))
    order = Order(windows, seed=9)
    assert numbers(x) == order.indices(43, 3).tolist()
    # A loader that was left goes on where it was.
    assert numbers(next(iter(loader))[0]) == order.indices(40, 10).tolist()


def test_a_state_of_the_end_of_an_epoch(windows):
    loader = BatchLoader(windows, 10)
    iterator = iter(loader)
    for _ in range(10):
        next(iterator)
    state = loader.state_dict()
    assert (state["epoch"], state["consumed"]) == (0, 100)
    resumed = BatchLoader(windows, 10)
    resumed.load_state_dict(state)
    resumed.set_epoch(0)  # as a loop over epochs does; the state stays
    assert list(resumed) == []
    assert resumed.state_dict()["epoch"] == 1
    assert len(list(resumed)) == 10


def test_set_epoch(windows):
    loader = BatchLoader(windows, 10, seed=4)
    first = [numbers(x) for x, _ in loader]
    loader.set_epoch(0)
    assert [numbers(x) for x, _ in loader] == first
    loader.set_epoch(7)
    x, _ = next(iter(loader))
    assert numbers(x) == Order(windows, seed=4).indices(707, 10).tolist()
    with pytest.raises(ValueError, match="epoch must be from 0"):
        loader.set_epoch(-1)


def test_one_iteration_at_a_time(windows):
    loader = BatchLoader(windows, 10, num_threads=1)
    old = iter(loader)
    next(old)
    new = iter(loader)
    next(new)
    with pytest.raises(RuntimeError, match="this iteration has ended"):
        next(old)
    loader.set_epoch(3)
    with pytest.raises(RuntimeError, match="this iteration has ended"):
        next(new)


def test_states_of_others_are_refused(windows):
    loader = BatchLoader(windows, 10)
    state = loader.state_dict()
    other = BatchLoader(Windows(np.arange(100, dtype=np.uint16), LENGTH), 10)
    with pytest.raises(ValueError, match="fingerprint") as caught:
        other.load_state_dict(state)
    assert state["fingerprint"] in str(caught.value)
    assert other.state_dict()["fingerprint"] in str(caught.value)
    with pytest.raises(ValueError, match="fingerprint"):
        BatchLoader(windows, 10, shuffle="block").load_state_dict(state)
    with pytest.raises(ValueError, match="of version 2, and this is version 1"):
        loader.load_state_dict({**state, "version": 2})
    with pytest.raises(ValueError, match="has no consumed"):
        loader.load_state_dict({key: state[key] for key in state if key != "consumed"})
    with pytest.raises(ValueError, match="consumed must be from 0 to 101"):
        loader.load_state_dict({**state, "consumed": 102})
    with pytest.raises(ValueError, match="seed must be from 0"):
        loader.load_state_dict({**state, "seed": -1})
    assert loader.state_dict() == state


# What goes wrong.


@pytest.fixture
def store_path(tmp_path):
    with TokenStoreWriter(tmp_path / "store", vocab_size=2000) as writer:
        writer.append(np.arange(2000), np.array([0, 2000]))
    return tmp_path / "store"


def shrink(path):
    (payload,) = path.glob("*.bin")
    os.truncate(payload, payload.stat().st_size - 512)
    return payload.name


def test_a_store_that_shrinks(store_path):
    with open_tokens(store_path) as store:
        loader = BatchLoader(Windows(store, LENGTH), 5, shuffle="none", prefetch=2, num_threads=1)
        iterator = iter(loader)
        next(iterator)
        name = shrink(store_path)
        with pytest.raises(FormatError, match=name):
            for _ in iterator:
                pass
        taken = loader.state_dict()["consumed"]
        assert 5 <= taken <= 15  # what was gathered before it shrank came whole
        with pytest.raises(FormatError, match=name):  # the batch is tried again
            next(iter(loader))
        assert loader.state_dict()["consumed"] == taken


def test_reads_serve_what_is_left_of_a_store(store_path):
    with open_tokens(store_path, access="read") as store:
        loader = BatchLoader(Windows(store, LENGTH), 5, shuffle="none", prefetch=2, num_threads=1)
        iterator = iter(loader)
        next(iterator)
        name = shrink(store_path)  # 256 ids less: windows from 217 on lack tokens
        batches = []
        with pytest.raises(FormatError, match=name):
            batches.extend(iterator)
        assert numbers(batches[-1][0])[-1] == 214
        assert loader.state_dict()["consumed"] == 215


def test_a_closed_store(store_path):
    store = open_tokens(store_path)
    loader = BatchLoader(Windows(store, LENGTH), 5, num_threads=1)
    next(iter(loader))
    store.close()
    with pytest.raises(ValueError, match="the store is closed"):
        next(iter(loader))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("n_others", [0, 2])
def test_a_fork_while_batches_are_gathered(windows, n_others):
    """Both processes go on with the same batches, each by itself."""
    loader = BatchLoader(windows, 3, prefetch=8, num_threads=2, epochs=2, seed=3)
    order = Order(windows, seed=3)

    def check(iterator, begin):
        for i, (x, _) in enumerate(iterator, begin):
            epoch, step = divmod(i, 33)
            assert numbers(x) == order.indices(epoch * 101 + 3 * step, 3).tolist()
        return i == 65

    stop = threading.Event()

    def gather():
        while not stop.is_set():
            for _ in BatchLoader(windows, 50, epochs=2, num_threads=1):
                pass

    others = [threading.Thread(target=gather) for _ in range(n_others)]
    for other in others:
        other.start()
    try:
        iterator = iter(loader)
        for n in range(1, 6):
            next(iterator)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                ok = False
                try:
                    ok = check(iterator, n)
                finally:
                    os._exit(0 if ok else 1)
            assert os.waitpid(child, 0)[1] == 0
        assert check(iterator, 5)
    finally:
        stop.set()
        for other in others:
            other.join()
