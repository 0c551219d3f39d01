"""Windows of a store behind a URL: those of a copy of it on this machine, in the same order."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

from torch.utils.data import DataLoader  # noqa: E402

from bytestride import FormatError, Order, TokenStoreWriter, Windows, open_tokens  # noqa: E402
from bytestride.torch import RemoteWindows  # noqa: E402

pytestmark = [
    # Later Pythons warn of any fork beside threads, and torch has threads of its own.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
    # torchdata 0.11 calls a function that torch 2.13 is about to drop.
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning"),
]

N_TOKENS, LENGTH = 1000, 8


@pytest.fixture
def path(tmp_path):
    with TokenStoreWriter(tmp_path / "store", vocab_size=N_TOKENS, shard_tokens=170) as writer:
        writer.append(np.arange(N_TOKENS), np.arange(0, N_TOKENS + 1, 50))
    return tmp_path / "store"


@pytest.fixture
def url(path):
    """The store in fsspec's own memory."""
    files = fsspec.filesystem("memory")
    files.put(str(path), "/test-remote/store", recursive=True)
    yield "memory://test-remote/store"
    files.rm("/test-remote", recursive=True)


def starts(pairs):
    """First tokens of windows, once each is seen to be whole."""
    found = []
    for x, y in pairs:
        assert x.dtype == y.dtype == torch.int64
        assert torch.equal(x, x[0] + torch.arange(LENGTH))
        assert torch.equal(y, x + 1)
        found.append(int(x[0]))
    return found


def of_a_copy(path, stride, epoch=0, **options):
    """First tokens of the windows of a copy, in the order of an epoch."""
    with open_tokens(path) as store:
        windows = Windows(store, LENGTH, stride)
        order = Order(windows, **options)
        n = order.n_samples
        return windows.batch(order.indices(epoch * n, n))[0][:, 0].tolist()


@pytest.mark.parametrize("block_windows", [7, 31, 4096])
@pytest.mark.parametrize("stride", [3, 25])
@pytest.mark.parametrize("shuffle", ["block", "none"])
def test_the_order_of_a_copy(path, url, shuffle, stride, block_windows):
    options = {"shuffle": shuffle, "seed": 3, "block_windows": block_windows}
    dataset = RemoteWindows(url, LENGTH, stride, **options)
    for epoch in (0, 1, 5):
        dataset.set_epoch(epoch)
        assert starts(dataset) == of_a_copy(path, stride, epoch, **options)
    assert dataset.n_windows == (N_TOKENS - 1 - LENGTH) // stride + 1


@pytest.mark.parametrize("block_windows", [7, 10, 100])
@pytest.mark.parametrize("world_size", [2, 5])
def test_readers_share_an_epoch(path, url, world_size, block_windows):
    for epoch in range(3):
        found = []
        for rank in range(world_size):
            dataset = RemoteWindows(
                url, LENGTH, 5, block_windows=block_windows, rank=rank, world_size=world_size
            )
            dataset.set_epoch(epoch)
            found += starts(dataset)
        assert sorted(found) == sorted(of_a_copy(path, 5))


@pytest.mark.parametrize("place", ["memory", "file"])
@pytest.mark.parametrize("num_workers", [0, 2])
def test_through_a_loader(path, url, num_workers, place):
    dataset = RemoteWindows(url if place == "memory" else f"file://{path}", LENGTH, block_windows=9)
    loader = DataLoader(
        dataset, batch_size=4, num_workers=num_workers, persistent_workers=num_workers > 0
    )
    seen = []
    for epoch in range(2):
        dataset.set_epoch(epoch)
        found = [pair for x, y in loader for pair in zip(x, y, strict=True)]
        seen.append(starts(found))
        assert sorted(seen[-1]) == sorted(of_a_copy(path, LENGTH))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("n_taken", [0, 1, 9, 10, 69, 70, 71])
def test_states(url, n_taken):
    dataset = RemoteWindows(url, LENGTH, 7, block_windows=10, seed=2, rank=0, world_size=2)
    dataset.set_epoch(3)
    iterator = iter(dataset)
    expected = starts(dataset)
    taken = starts(itertools.islice(iterator, n_taken))
    state = iterator.state_dict()
    other = iter(RemoteWindows(url, LENGTH, 7, block_windows=10, rank=0, world_size=2))
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert taken + starts(other) == expected


def test_a_state_at_the_end(url):
    dataset = RemoteWindows(url, LENGTH, 7, block_windows=10)
    iterator = iter(dataset)
    starts(iterator)
    other = iter(dataset)
    other.load_state_dict(iterator.state_dict())
    assert starts(other) == []


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stateful_loader(path, url, num_workers):
    module = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is missing")

    def loader():
        dataset = RemoteWindows(url, LENGTH, block_windows=9, seed=4)
        return module.StatefulDataLoader(dataset, batch_size=4, num_workers=num_workers)

    expected = [x[:, 0].tolist() for x, _ in loader()]
    first = loader()
    taken = [x[:, 0].tolist() for x, _ in itertools.islice(first, 7)]
    resumed = loader()
    resumed.load_state_dict(first.state_dict())
    assert taken + [x[:, 0].tolist() for x, _ in resumed] == expected
    assert sorted(itertools.chain(*expected)) == sorted(of_a_copy(path, LENGTH))


def test_states_of_others_are_refused(url):
    options = {"block_windows": 10, "rank": 0, "world_size": 2}
    iterator = iter(RemoteWindows(url, LENGTH, 7, **options))
    state = iterator.state_dict()
    with pytest.raises(ValueError, match="fingerprint"):
        iter(RemoteWindows(url, LENGTH, 8, **options)).load_state_dict(state)
    with pytest.raises(ValueError, match="reader 0 of 2, and this is reader 1 of 3"):
        iter(RemoteWindows(url, LENGTH, 7, block_windows=10, rank=1, world_size=3)).load_state_dict(
            state
        )
    for change in ({"consumed": 5}, {"consumed": 10}, {"in_block": 11}, {"in_block": -1}):
        with pytest.raises(ValueError, match="no place of reader 0 of 2"):
            iterator.load_state_dict({**state, "consumed": 0, **change})
    with pytest.raises(ValueError, match="consumed must be"):
        iterator.load_state_dict({**state, "consumed": 10_000})
    with pytest.raises(ValueError, match="has no epoch"):
        iterator.load_state_dict({k: v for k, v in state.items() if k != "epoch"})


def test_a_bare_file(path):
    np.arange(N_TOKENS, dtype="<u4").tofile(path.parent / "train.bin")
    url = f"file://{path.parent}/train.bin"
    dataset = RemoteWindows(url, LENGTH, 5, dtype="uint32", block_windows=6)
    assert starts(dataset) == of_a_copy(path, 5, shuffle="block", block_windows=6)
    with pytest.raises(ValueError, match="name it"):
        RemoteWindows(url, LENGTH)
    with pytest.raises(ValueError, match="dtype must be"):
        RemoteWindows(url, LENGTH, dtype="float32")
    with (path.parent / "train.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(FormatError, match="4001 bytes are no whole number"):
        RemoteWindows(url, LENGTH, dtype="uint32")


def test_what_is_no_store(path, url):
    with pytest.raises(FileNotFoundError, match=r"has no manifest\.json"):
        RemoteWindows("memory://test-remote/nothing", LENGTH)
    with pytest.raises(ValueError, match="leave dtype out"):
        RemoteWindows(url, LENGTH, dtype="int32")
    with pytest.raises(ValueError, match="no windows"):
        RemoteWindows(url, N_TOKENS)
    with pytest.raises(ValueError, match="shuffle must be"):
        RemoteWindows(url, LENGTH, shuffle="global")
    with pytest.raises(ValueError, match="must be at least 1"):
        RemoteWindows(url, LENGTH, 0)
    with pytest.raises(ValueError, match="epoch must be"):
        RemoteWindows(url, LENGTH).set_epoch(-1)
    manifest = path / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"n_tokens": 1000', b'"n_tokens": 1001'))
    with pytest.raises(FormatError, match=r"manifest\.json: sha256"):
        RemoteWindows(f"file://{path}", LENGTH)


def test_a_payload_that_is_too_short(path):
    dataset = RemoteWindows(f"file://{path}", LENGTH, shuffle="none", block_windows=10)
    payload = sorted(path.glob("*.bin"))[2]
    payload.write_bytes(payload.read_bytes()[:100])
    with pytest.raises(FormatError, match=payload.name):
        starts(dataset)
    payload.unlink()
    with pytest.raises(FileNotFoundError, match=payload.name):
        starts(dataset)
