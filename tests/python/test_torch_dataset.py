"""The data set's fields, and batches that leave a worker narrow: the same as Windows gives."""

import multiprocessing
import os
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.utils.data import DataLoader  # noqa: E402

from bytestride import FormatError, Mixture, TokenStoreWriter, Windows, open_tokens  # noqa: E402
from bytestride.torch import WindowDataset  # noqa: E402
from bytestride.torch.dataset import FIELDS  # noqa: E402

# Later Pythons warn of any fork beside threads, and torch has threads of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

# After an error in a worker torch waits five seconds for it to end: such tests are slow.

LENGTH = 12
METHODS = [
    method for method in ("fork", "spawn") if method in multiprocessing.get_all_start_methods()
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "store"
    random = np.random.default_rng(0)
    lengths = random.integers(1, 30, 60)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    with TokenStoreWriter(path, vocab_size=60_000, shard_tokens=200) as writer:
        writer.append(random.integers(0, 60_000, ends[-1]), ends)
    return path


@pytest.fixture
def store(path):
    with open_tokens(path) as store:
        yield store


KINDS = {
    "plain": lambda tokens: Windows(tokens, LENGTH),
    "padded": lambda tokens: Windows(tokens, LENGTH, 5, tail="pad", mask_overlap=True, pad_id=7),
    "boundaries": lambda tokens: Windows(tokens, LENGTH, mask_boundaries=True, ignore_index=-1),
    "documents": lambda tokens: Windows(tokens, LENGTH, per_document=True, tail="anchor", eos_id=3),
    "packed": lambda tokens: Windows(tokens, LENGTH, per_document=True, tail="pad").packed(
        cache=False
    ),
    "mixture": lambda tokens: Mixture(
        [
            Windows(tokens, LENGTH, per_document=True, tail="pad"),
            Windows(np.arange(70_000, 70_100, dtype=np.int32), LENGTH),
        ]
    ),
    "mixture of ignored": lambda tokens: Mixture(
        [
            Windows(tokens, LENGTH, per_document=True, tail="pad", ignore_index=-5),
            Windows(tokens, LENGTH, per_document=True, tail="pad"),
        ]
    ),
}


def expected(windows, indices):
    """Every field of a batch, by the methods of the windows."""
    x, y = windows.batch(indices)
    cu_seqlens, max_seqlen = windows.cu_seqlens(indices)
    return {
        "x": x,
        "y": y,
        "loss_mask": windows.loss_mask(indices),
        "position_ids": windows.position_ids(indices),
        "document_ids": windows.document_ids(indices),
        "cu_seqlens": cu_seqlens,
        "max_seqlen": max_seqlen,
        "rows": windows.rows(indices),
    }


def check_fields(batch, windows, indices):
    assert type(batch) is dict
    assert tuple(batch) == FIELDS
    for name, value in expected(windows, indices).items():
        if name == "max_seqlen":
            assert batch[name] == value
        else:
            assert batch[name].numpy().dtype == value.dtype
            np.testing.assert_array_equal(batch[name].numpy(), value, err_msg=name)


def check_pairs(batches, windows, indices):
    for batch, rows in zip(batches, indices, strict=True):
        x, y = batch
        assert x.dtype == y.dtype == torch.int64
        expected_x, expected_y = windows.batch(rows)
        np.testing.assert_array_equal(x.numpy(), expected_x)
        np.testing.assert_array_equal(y.numpy(), expected_y)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_without_workers(store, kind):
    windows = KINDS[kind](store)
    dataset = WindowDataset(windows, fields=FIELDS)
    assert dataset.windows is windows
    assert dataset.fields == FIELDS
    indices = [3, 0, len(windows) - 1, 3]
    check_fields(dataset.__getitems__(indices), windows, indices)
    sample = dataset[-1]
    assert sample["x"].shape == sample["y"].shape == (LENGTH,)
    assert sample["rows"].shape == (LENGTH + 1,)
    check_fields(dataset.collate([dataset[i] for i in indices]), windows, indices)
    assert torch.equal(WindowDataset(windows)[2][1], dataset[2]["y"])


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_through_workers(store, kind):
    windows = KINDS[kind](store)
    indices = [[3, 0, 2], [len(windows) - 1, 1], [4, 5, 6, 7]]
    pairs, fields = WindowDataset(windows), WindowDataset(windows, fields=FIELDS)
    for dataset, check in ((pairs, check_pairs), (fields, None)):
        batches = list(
            DataLoader(dataset, batch_sampler=indices, collate_fn=dataset.collate, num_workers=2)
        )
        if check is not None:
            check(batches, windows, indices)
            continue
        for batch, rows in zip(batches, indices, strict=True):
            check_fields(batch, windows, rows)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(method, marks=pytest.mark.slow if method == "spawn" else ())
        for method in METHODS
    ],
)
def test_start_methods(path, method):
    dataset = WindowDataset(path, LENGTH, 3, tail="pad")
    indices = [[i, i + 1, 0] for i in range(8)]
    loader = DataLoader(
        dataset,
        batch_sampler=indices,
        collate_fn=dataset.collate,
        num_workers=2,
        multiprocessing_context=method,
        persistent_workers=True,
    )
    for _ in range(2):
        check_pairs(list(loader), dataset.windows, indices)


class Doubled:
    """A collate function of somebody's own, which looks at the batch in the worker."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, batch):
        batch = self.inner(batch)
        if isinstance(batch, (tuple, list)):
            x, y = batch
            assert len(batch) == 2
            assert batch[1] is y
            return x * 2, y
        assert len(batch) == len(list(batch)) == 2
        return {**batch, "x": batch["x"] * 2}


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
@pytest.mark.parametrize("num_workers", [0, 1])
def test_batches_looked_at_in_a_worker(store, num_workers):
    windows = Windows(store, LENGTH)
    expected_x, expected_y = windows.batch([1, 2])
    for fields in (("x", "y"), ("position_ids", "x")):
        dataset = WindowDataset(windows, fields=fields)
        (batch,) = DataLoader(
            dataset,
            batch_sampler=[[1, 2]],
            collate_fn=Doubled(dataset.collate),
            num_workers=num_workers,
        )
        x = batch["x"] if isinstance(batch, dict) else batch[0]
        np.testing.assert_array_equal(x.numpy(), 2 * expected_x)
    # torch's own collate function makes the same of a batch in a worker as outside of one.
    (batch,) = DataLoader(WindowDataset(windows), batch_sampler=[[1, 2]], num_workers=num_workers)
    np.testing.assert_array_equal(batch.numpy(), [expected_x, expected_y])


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
def test_what_a_worker_sends_is_small(store, monkeypatch):
    from bytestride.torch import dataset as module

    windows = Windows(store, LENGTH)
    monkeypatch.setattr(module, "get_worker_info", lambda: "a worker")
    batch = WindowDataset(windows).__getitems__(list(range(20)))
    sent = pickle.dumps(batch)
    assert len(sent) < 20 * (LENGTH + 1) * 2 + 200
    check_pairs([pickle.loads(sent)], windows, [list(range(20))])
    assert type(pickle.loads(sent)) is tuple
    masked = Windows(store, LENGTH, per_document=True, tail="pad")
    batch = WindowDataset(masked).__getitems__(list(range(20)))
    sent = pickle.dumps(batch)
    assert len(sent) < 20 * (LENGTH + 1) * 2 + 20 * LENGTH // 8 + 300
    check_pairs([pickle.loads(sent)], masked, [list(range(20))])


def test_arguments(store, path):
    with pytest.raises(ValueError, match=r"fields must be of x, y, .*; found z"):
        WindowDataset(store, LENGTH, fields=("x", "z"))
    for fields in ((), ("x", "x")):
        with pytest.raises(ValueError, match="each once"):
            WindowDataset(store, LENGTH, fields=fields)
    with pytest.raises(TypeError, match="windows are made already"):
        WindowDataset(Windows(store, LENGTH), LENGTH)
    with pytest.raises(TypeError, match="windows are made already"):
        WindowDataset(Windows(store, LENGTH), tail="pad")
    with pytest.raises(TypeError, match="max_length is missing"):
        WindowDataset(store)
    with pytest.raises(TypeError, match="masked"):
        WindowDataset(store, LENGTH, masked=True)
    dataset = WindowDataset(path, LENGTH)
    assert dataset.windows.stride == LENGTH
    copy = pickle.loads(pickle.dumps(WindowDataset(path, LENGTH, fields=("rows",), tail="pad")))
    assert copy.fields == ("rows",)
    assert copy.windows.fingerprint == Windows(store, LENGTH, tail="pad").fingerprint


@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
@pytest.mark.parametrize("num_workers", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("access", ["map", "read"])
def test_a_store_that_shrinks(tmp_path, access, num_workers):
    """The error names the file, in the loader's process too; reads serve what is left."""
    with TokenStoreWriter(tmp_path / "s", vocab_size=2000) as writer:
        writer.append(np.arange(2000), np.array([0, 2000]))
    with open_tokens(tmp_path / "s", access=access) as store:
        dataset = WindowDataset(store, LENGTH)
        loader = DataLoader(
            dataset, batch_size=10, collate_fn=dataset.collate, num_workers=num_workers
        )
        iterator = iter(loader)
        next(iterator)
        (payload,) = (tmp_path / "s").glob("*.bin")
        os.truncate(payload, 2000)  # half of it
        batches = []
        with pytest.raises(FormatError, match=payload.name):
            batches.extend(iterator)
        if access == "read":
            assert (
                len(batches) == 7
            )  # windows up to the 83rd are whole; the next batch has 80 to 89
            assert batches[-1][0][-1, 0] == 79 * LENGTH
        else:
            assert len(batches) <= 3  # as many as a worker had begun


@pytest.mark.slow
@pytest.mark.skipif("fork" not in METHODS, reason="needs fork")
def test_errors_of_workers_say_what_was_wrong(store):
    dataset = WindowDataset(store, LENGTH)
    loader = DataLoader(
        dataset, batch_sampler=[[0], [10**6]], collate_fn=dataset.collate, num_workers=1
    )
    with pytest.raises(IndexError, match="1000000"):
        list(loader)
