"""The torch data set gives what Windows gives, through DataLoader and its workers."""

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.utils.data import DataLoader, Subset, default_collate  # noqa: E402

from bytestride import TokenStoreWriter, Windows, open_tokens  # noqa: E402
from bytestride.torch import WindowDataset  # noqa: E402

N, LENGTH, STRIDE = 2_000, 16, 5


@pytest.fixture
def path(tmp_path):
    with TokenStoreWriter(tmp_path / "store", vocab_size=N, shard_tokens=300) as writer:
        writer.append(np.arange(N), np.arange(0, N + 1, 50))
    return tmp_path / "store"


@pytest.fixture
def dataset(path):
    with open_tokens(path) as store:
        yield WindowDataset(store, LENGTH, STRIDE)


def check(batches, n_windows):
    """Every window once, whole; gives back the order of their starts."""
    starts = torch.cat([x[:, 0] for x, _ in batches])
    for x, y in batches:
        assert x.dtype == y.dtype == torch.int64
        assert torch.equal(x, x[:, :1] + torch.arange(LENGTH))
        assert torch.equal(y, x + 1)
    assert sorted(starts.tolist()) == [STRIDE * i for i in range(n_windows)]
    return starts.tolist()


def test_samples_and_batches(dataset):
    windows = dataset.windows
    assert isinstance(windows, Windows)
    assert len(dataset) == len(windows) == (N - 1 - LENGTH) // STRIDE + 1
    for i in (0, 7, len(dataset) - 1, -1):
        x, y = dataset[i]
        assert x.shape == y.shape == (LENGTH,)
        assert x.tolist() == windows[i][0].tolist()
        assert y.tolist() == windows[i][1].tolist()
    x, y = dataset.__getitems__([4, 0, 4])
    assert x.shape == y.shape == (3, LENGTH)
    assert x[:, 0].tolist() == [20, 0, 20]
    with pytest.raises(IndexError):
        dataset[len(dataset)]


# Later Pythons warn of any fork beside threads, and torch has threads of its own.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_through_a_loader(dataset, num_workers, shuffle):
    loader = DataLoader(
        dataset,
        batch_size=32,
        shuffle=shuffle,
        num_workers=num_workers,
        collate_fn=dataset.collate,
        generator=torch.Generator().manual_seed(1),
    )
    order = check(list(loader), len(dataset))
    assert (order == sorted(order)) is not shuffle


def test_one_core_call_a_batch(dataset, monkeypatch):
    calls = []
    batch = Windows.batch

    def counted(self, indices):
        calls.append(len(indices))
        return batch(self, indices)

    monkeypatch.setattr(Windows, "batch", counted)
    loader = DataLoader(dataset, batch_size=100, collate_fn=dataset.collate)
    batches = list(loader)
    assert calls == [100, 100, 100, 97]
    check(batches, 397)


@pytest.mark.slow
def test_spawned_workers_open_the_path_themselves(path):
    dataset = WindowDataset(path, LENGTH, STRIDE)
    loader = DataLoader(
        dataset,
        batch_size=64,
        num_workers=1,
        multiprocessing_context="spawn",
        collate_fn=dataset.collate,
    )
    check(list(loader), len(dataset))


def test_pickles_paths_and_not_tokens(path):
    dataset = WindowDataset(str(path), LENGTH, STRIDE)
    pickled = pickle.dumps(dataset)
    assert len(pickled) < 1000
    assert torch.equal(pickle.loads(pickled)[3][0], dataset[3][0])


def test_pickles_ids_in_memory():
    dataset = WindowDataset(np.arange(N, dtype=np.uint16), LENGTH, STRIDE)
    pickled = pickle.dumps(dataset)
    assert 2 * N < len(pickled) < 2 * N + 1000
    assert torch.equal(pickle.loads(pickled)[3][0], dataset[3][0])


def test_collate_stacks_samples(dataset):
    samples = [dataset[i] for i in (3, 1)]
    x, y = dataset.collate(samples)
    expected_x, expected_y = dataset.__getitems__([3, 1])
    assert torch.equal(x, expected_x)
    assert torch.equal(y, expected_y)
    batch = (x, y)
    assert dataset.collate(batch) is batch


def test_other_ways_to_load(dataset):
    """A subset asks for batches too; the default collate, one by one, and no batches all work."""
    subset = Subset(dataset, range(10, 20))
    ((x, y),) = DataLoader(subset, batch_size=10, collate_fn=dataset.collate)
    assert x[:, 0].tolist() == [STRIDE * i for i in range(10, 20)]
    for x, y in DataLoader(dataset, batch_size=50, collate_fn=default_collate):
        assert x.shape[1] == LENGTH
        assert torch.equal(x + 1, y)
    singles = list(DataLoader(dataset, batch_size=None, collate_fn=dataset.collate))
    assert len(singles) == len(dataset)
    assert singles[2][0].shape == (LENGTH,)
    x, y = singles[2]
    assert torch.equal(x + 1, y)


def test_too_little_text():
    assert len(WindowDataset([1, 2, 3], 3, 1)) == 0
    with pytest.raises(ValueError, match="3 tokens hold no window"):
        WindowDataset([1, 2, 3], 3, 1, on_empty="error")
    with pytest.raises(FileNotFoundError):
        WindowDataset("no such store", 3, 1)
