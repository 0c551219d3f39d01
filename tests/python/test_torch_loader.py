"""The loader without workers, as tensors: the batches of its numpy twin, on their device."""

import itertools
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.distributed as distributed  # noqa: E402

from bytestride import FormatError, Order, TokenStoreWriter, Windows, open_tokens  # noqa: E402
from bytestride.torch import WindowDataset, WindowLoader, WindowSampler, pinned  # noqa: E402
from bytestride.windows import BatchLoader  # noqa: E402

LENGTH = 8


@pytest.fixture
def windows():
    """Windows that each begin with their own number."""
    return Windows(np.arange(101 * LENGTH + 1, dtype=np.uint16), LENGTH)


@pytest.mark.parametrize("layout", ["xy", "rows"])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, np.int32])
def test_the_batches_of_the_numpy_loader(windows, layout, dtype):
    loader = WindowLoader(windows, 10, seed=1, layout=layout, dtype=dtype, drop_last=False)
    as_numpy = np.int64 if dtype == torch.int64 else np.int32
    twin = BatchLoader(windows, 10, seed=1, layout=layout, dtype=as_numpy, drop_last=False)
    assert len(loader) == len(twin) == 11
    for batch, expected in itertools.zip_longest(loader, twin):
        batch, expected = (batch, expected) if layout == "xy" else ([batch], [expected])
        for tensor, array in zip(batch, expected, strict=True):
            assert isinstance(tensor, torch.Tensor)
            assert tensor.is_contiguous()
            assert tensor.numpy().dtype == as_numpy
            np.testing.assert_array_equal(tensor.numpy(), array)
    assert loader.state_dict() == twin.state_dict()
    assert loader.device == torch.device("cpu")


def test_the_stored_type(windows):
    batch = next(iter(WindowLoader(windows, 4, layout="rows", dtype=torch.uint16)))
    assert batch.dtype == torch.uint16
    with pytest.raises(TypeError, match="dtype must be int64 or int32"):
        WindowLoader(windows, 4, dtype=torch.uint16)


def test_same_samples_and_states_as_the_sampler(windows):
    dataset = WindowDataset(windows)
    for rank in range(2):
        options = {"batch_size": 7, "seed": 4, "rank": rank, "world_size": 2, "drop_last": False}
        loader, sampler = WindowLoader(dataset, **options), WindowSampler(dataset, **options)
        indices = iter(sampler)
        assert loader.state_dict() == indices.state_dict()
        for (x, _), expected in itertools.zip_longest(loader, indices):
            assert (x[:, 0] // LENGTH).tolist() == expected
            assert loader.state_dict() == indices.state_dict()


def test_rank_of_torch(windows, monkeypatch):
    expected = [x.tolist() for x, _ in WindowLoader(windows, 10, rank=1, world_size=2)]
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    assert [x.tolist() for x, _ in WindowLoader(windows, 10)] == expected


def test_batches_are_the_users_own(windows):
    batches = list(WindowLoader(windows, 10, num_threads=1))
    assert len({x.data_ptr() for x, _ in batches} | {y.data_ptr() for _, y in batches}) == 20
    for x, y in batches:
        x.zero_()
        y.zero_()
    fresh = list(WindowLoader(windows, 10))
    assert all(torch.equal(x + 1, y) for x, y in fresh)


def test_resume_at_a_far_step():
    tokens = np.zeros(1_000_000_001, np.uint8)  # never touched
    windows = Windows(tokens, 16)
    state = {**WindowLoader(windows, 32).state_dict(), "consumed": 32_000_000}
    loader = WindowLoader(windows, 32, prefetch=0)
    loader.load_state_dict(state)
    x, _ = next(iter(loader))
    assert x.shape == (32, 16)
    assert loader.state_dict()["consumed"] == 32_000_032


# Devices. There is no CUDA where tests run: what is called of it is replaced here.


class FakeEvent:
    def __init__(self, log, name):
        self.log = log
        self.name = name

    def synchronize(self):
        self.log.append(f"wait for {self.name}")


@pytest.fixture
def cuda(monkeypatch):
    """Let a loader believe that it copies to a device; gives what it did, in order."""
    log = []
    n_events = itertools.count()

    class Stream:
        def record_event(self):
            return FakeEvent(log, f"copy {next(n_events)}")

    allocate = torch.empty

    def unpinned(shape, dtype):
        log.append("allocate")
        return allocate(shape, dtype=dtype)

    def to(tensor, device, non_blocking):
        assert non_blocking
        assert device.type == "cuda"
        return tensor.clone()  # on a device the copy would be made later, but before its event

    monkeypatch.setattr(pinned, "allocate", unpinned)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream())
    monkeypatch.setattr(torch.Tensor, "to", to)
    return log


@pytest.mark.parametrize("layout", ["xy", "rows"])
@pytest.mark.parametrize("prefetch", [0, 1, 3])
@pytest.mark.parametrize("num_threads", [0, 1])
def test_the_ring_of_pinned_buffers(windows, cuda, num_threads, prefetch, layout):
    """No slot is written again before its copy is done, and there are no more than is said."""
    options = {"layout": layout, "prefetch": prefetch, "num_threads": num_threads}
    loader = WindowLoader(windows, 10, device="cuda", drop_last=False, epochs=2, **options)
    batches = list(loader)
    twin = list(BatchLoader(windows, 10, layout=layout, drop_last=False, epochs=2))
    assert len(batches) == len(twin) == 22
    for batch, expected in zip(batches, twin, strict=True):
        np.testing.assert_array_equal(np.asarray(batch), np.asarray(expected))
    per_batch = 2 if layout == "xy" else 1
    assert cuda.count("allocate") == per_batch * (prefetch + 1)
    waits = [entry for entry in cuda if entry != "allocate"]
    assert waits == [f"wait for copy {i}" for i in range(22 - (prefetch + 1))]


def test_a_ring_for_each_iteration(windows, cuda):
    """An iteration that was left may still write to its buffers; the next one has others."""
    loader = WindowLoader(windows, 10, device="cuda", num_threads=1)
    left = iter(loader)
    next(left)
    order = Order(windows)
    for i, (x, _) in enumerate(loader, 1):
        assert (x[:, 0] // LENGTH).tolist() == order.indices(10 * i, 10).tolist()
    assert cuda.count("allocate") == 2 * 2 * 3
    with pytest.raises(RuntimeError, match="has ended"):
        next(left)


def test_pinned_batches_in_memory(windows, cuda, monkeypatch):
    loader = WindowLoader(windows, 10, pin_memory=True, num_threads=1)
    batches = list(loader)
    assert cuda == ["allocate"] * 20
    for (x, y), (expected_x, expected_y) in zip(batches, BatchLoader(windows, 10), strict=True):
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


def test_devices_that_do_not_go(windows):
    with pytest.raises(ValueError, match="leave pin_memory out"):
        WindowLoader(windows, 10, device="cuda", pin_memory=False)
    with pytest.raises(ValueError, match="pin_memory is for"):
        WindowLoader(windows, 10, device="meta", pin_memory=True)
    x, _ = next(iter(WindowLoader(windows, 10, device="meta")))
    assert x.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_device(windows):
    for batch, expected in zip(
        WindowLoader(windows, 10, device="cuda", epochs=5, num_threads=1),
        BatchLoader(windows, 10, epochs=5),
        strict=True,
    ):
        for tensor, array in zip(batch, expected, strict=True):
            assert tensor.is_cuda
            np.testing.assert_array_equal(tensor.cpu().numpy(), array)
    x, _ = next(iter(WindowLoader(windows, 10, pin_memory=True)))
    assert x.is_pinned()


# What goes wrong.


@pytest.mark.parametrize("access", ["map", "read"])
def test_a_store_that_shrinks(tmp_path, access):
    with TokenStoreWriter(tmp_path / "s", vocab_size=2000) as writer:
        writer.append(np.arange(2000), np.array([0, 2000]))
    with open_tokens(tmp_path / "s", access=access) as store:
        loader = WindowLoader(Windows(store, LENGTH), 5, shuffle="none", num_threads=1)
        iterator = iter(loader)
        next(iterator)
        (payload,) = (tmp_path / "s").glob("*.bin")
        os.truncate(payload, 2000)
        with pytest.raises(FormatError, match=payload.name):
            for _ in iterator:
                pass
        taken = loader.state_dict()["consumed"]
        assert taken == 120 if access == "read" else 5 <= taken <= 15


def test_an_interrupt(windows):
    """It comes between two batches; the next iteration goes on after the last one taken."""
    loader = WindowLoader(windows, 1, epochs=None, seed=8, num_threads=1)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    taken = []
    at_first = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            taken.extend(int(x[0, 0]) // LENGTH for x, _ in loader)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, at_first)
    state = loader.state_dict()
    n_counted = state["epoch"] * 101 + state["consumed"]
    # The last one may have been handed out just when the interrupt came.
    assert n_counted - len(taken) in (0, 1)
    order = Order(windows, seed=8)
    x, _ = next(iter(loader))
    assert int(x[0, 0]) // LENGTH == order.indices(n_counted, 1)[0]


def run_in_a_process(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_store(tmp_path):
    """Loaders over a store of 1 GiB, in a process that may not have half of that beside the map."""
    store = tmp_path / "big.bin"
    with store.open("wb") as file:
        file.truncate(1 << 30)  # sparse
    done = run_in_a_process(
        """
        import itertools, re, resource, sys
        from torch.utils.data import DataLoader
        from bytestride.torch import WindowDataset, WindowLoader, WindowSampler
        from bytestride.store import open_tokens

        def of_process(name):
            with open("/proc/self/status") as file:
                return int(re.search(name + r":\\s+(\\d+)", file.read())[1]) * 1024

        dataset = WindowDataset(open_tokens(sys.argv[1], "uint16"), 256)
        room = of_process("VmSize") + (512 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        before = of_process("RssAnon")
        for n_batches, loader in (
            (3000, WindowLoader(dataset, 32, seed=1)),
            (
                500,
                DataLoader(
                    dataset,
                    batch_sampler=WindowSampler(dataset, batch_size=32),
                    collate_fn=dataset.collate,
                    num_workers=2,
                ),
            ),
        ):
            n = sum(1 for _ in itertools.islice(loader, n_batches))
            assert n == n_batches
            grown = of_process("RssAnon") - before
            assert grown < 64 << 20, grown
        print("whole")
        """,
        store,
    )
    assert done.stdout == "whole\n", done.stderr


def test_too_little_memory_is_an_error_and_no_crash():
    """A batch that there is no room for is a MemoryError where it is asked for."""
    if sys.platform != "linux":
        pytest.skip("needs RLIMIT_AS to count")
    windows = Windows(np.zeros(10_001, np.uint8), 1000, 1)
    loader = WindowLoader(windows, 9000, epochs=None)  # 144 MB each
    limits = resource.getrlimit(resource.RLIMIT_AS)
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = n_pages * resource.getpagesize() + (200 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (room, limits[1]))
    try:
        with pytest.raises(MemoryError):
            list(itertools.islice(loader, 4))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    x, y = next(iter(WindowLoader(windows, 10)))
    assert x.shape == y.shape == (10, 1000)
