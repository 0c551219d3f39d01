"""The sampler: DistributedSampler's habits, torch's loaders, states under other worlds."""

import itertools
import json
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.distributed as distributed  # noqa: E402
from torch.utils.data import DataLoader, DistributedSampler  # noqa: E402

from bytestride import Mixture, Order, Windows  # noqa: E402
from bytestride.torch import WindowDataset, WindowSampler  # noqa: E402

pytestmark = [
    # Later Pythons warn of any fork beside threads, and torch has threads of its own.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
    # torchdata 0.11 calls a function that torch 2.13 is about to drop.
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning"),
]

LENGTH, N = 4, 103


@pytest.fixture
def dataset():
    """Windows that each begin with their own number."""
    return WindowDataset(np.arange(N * LENGTH + 1, dtype=np.uint16), LENGTH)


def numbers(batches):
    return [(x[:, 0] // LENGTH).tolist() for x, _ in batches]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def test_batches_of_the_order(dataset):
    sampler = WindowSampler(dataset, batch_size=10, seed=3)
    order = Order(dataset.windows, seed=3)
    assert len(sampler) == 10
    batches = list(sampler)
    assert all(type(i) is int for batch in batches for i in batch)
    assert batches == order.indices(0, 100).reshape(10, 10).tolist()
    assert list(sampler) == order.indices(N, 100).reshape(10, 10).tolist()  # the next epoch


def test_one_by_one(dataset):
    sampler = WindowSampler(dataset.windows, shuffle="block", block_windows=9)
    order = Order(dataset.windows, shuffle="block", block_windows=9)
    assert len(sampler) == N
    assert list(sampler) == order.indices(0, N).tolist()
    assert sorted(sampler) == list(range(N))
    big = Order(5000, seed=2)
    assert list(WindowSampler(Windows(np.zeros(5001, np.uint8), 1), seed=2, drop_last=False)) == (
        big.indices(0, 5000).tolist()
    )


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_ranks_share_an_epoch(dataset, batch_size, world_size):
    for drop_last in (True, False):
        ranks = [
            WindowSampler(
                dataset,
                batch_size=batch_size,
                rank=rank,
                num_replicas=world_size,
                drop_last=drop_last,
            )
            for rank in range(world_size)
        ]
        taken = [list(rank) for rank in ranks]
        assert [len(rank) for rank in ranks] == [len(part) for part in taken]
        if drop_last:
            assert len({len(part) for part in taken}) == 1
        samples = flat(taken) if batch_size is None else flat(flat(taken))
        whole = world_size * (batch_size or 1)
        assert len(set(samples)) == len(samples) == (N - N % whole if drop_last else N)


def test_like_distributed_sampler(dataset):
    """Unshuffled it gives the very indices, where ranks have as many of them."""
    for rank in range(3):
        theirs = DistributedSampler(dataset, 3, rank, shuffle=False, drop_last=True)
        ours = WindowSampler(dataset, num_replicas=3, rank=rank, shuffle="none")
        assert list(ours) == list(theirs)
        assert len(ours) == len(theirs)
        theirs.set_epoch(5)
        ours.set_epoch(5)
        assert ours.epoch == 5
        assert list(ours) == list(theirs)


def test_set_epoch(dataset):
    sampler = WindowSampler(dataset, batch_size=10)
    sampler.set_epoch(2)
    first = list(sampler)
    sampler.set_epoch(2)
    assert list(sampler) == first
    sampler.set_epoch(3)
    assert list(sampler) != first
    # An iteration that was left is begun again.
    sampler.set_epoch(2)
    next(iter(sampler))
    assert list(sampler) == first


def test_rank_and_world_size(dataset, monkeypatch):
    with pytest.raises(ValueError, match="one thing"):
        WindowSampler(dataset, rank=0, world_size=2, num_replicas=2)
    with pytest.raises(ValueError, match="world_size needs rank"):
        WindowSampler(dataset, world_size=2)
    with pytest.raises(ValueError, match="rank needs world_size"):
        WindowSampler(dataset, rank=0)
    with pytest.raises(ValueError, match="found rank 2 of 2"):
        WindowSampler(dataset, rank=2, world_size=2)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        WindowSampler(dataset, batch_size=0)
    expected = list(WindowSampler(dataset, rank=1, world_size=2))
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    assert list(WindowSampler(dataset)) == expected
    assert (
        list(WindowSampler(dataset, rank=0, num_replicas=1))
        == Order(dataset.windows).indices(0, N).tolist()
    )


@pytest.mark.parametrize("num_workers", [0, 2])
def test_through_a_loader(dataset, num_workers):
    order = Order(dataset.windows, seed=1)
    sampler = WindowSampler(dataset, batch_size=10, seed=1)
    loader = DataLoader(
        dataset, batch_sampler=sampler, collate_fn=dataset.collate, num_workers=num_workers
    )
    assert len(loader) == 10
    for epoch in range(3):
        assert numbers(loader) == order.indices(epoch * N, 100).reshape(10, 10).tolist()
    one_by_one = WindowSampler(dataset, seed=1)
    loader = DataLoader(
        dataset,
        sampler=one_by_one,
        batch_size=10,
        collate_fn=dataset.collate,
        num_workers=num_workers,
    )
    for epoch in range(2):
        assert flat(numbers(loader)) == order.indices(epoch * N, N).tolist()


def test_states_beside_a_plain_loader(dataset):
    """Workers run ahead of what was taken; the count of batches says how far."""
    sampler = WindowSampler(dataset, batch_size=5, seed=1)
    loader = DataLoader(dataset, batch_sampler=sampler, collate_fn=dataset.collate, num_workers=2)
    assert sampler.state_dict(0)["consumed"] == 0
    for n, _ in enumerate(loader, 1):
        state = json.loads(json.dumps(sampler.state_dict(n_batches_taken=n)))
        assert state["consumed"] == 5 * n
        if n == 6:
            assert sampler.state_dict()["consumed"] > 30
            break
    with pytest.raises(ValueError, match="n_batches_taken must be from 0 to"):
        sampler.state_dict(100)
    resumed = WindowSampler(dataset, batch_size=5)
    resumed.load_state_dict(state)
    resumed.set_epoch(0)  # as a loop over epochs does first
    expected = Order(dataset.windows, seed=1).indices(30, 70).reshape(14, 5).tolist()
    assert list(resumed) == expected
    assert resumed.state_dict(2)["consumed"] == 40
    with pytest.raises(ValueError, match="no iteration"):
        WindowSampler(dataset).state_dict(1)


def test_the_world_may_change(dataset):
    """4 ranks by 3, then 3 ranks by 5, then one by one: every sample once."""
    rest, taken = None, []
    for world_size, batch_size, n_steps in ((4, 3, 3), (3, 5, 2), (2, None, 10), (5, 2, None)):
        states = []
        for rank in range(world_size):
            sampler = WindowSampler(
                dataset, batch_size=batch_size, rank=rank, world_size=world_size, drop_last=False
            )
            if rest is not None:
                sampler.load_state_dict(rest)
            iterator = iter(sampler)
            for got in itertools.islice(iterator, n_steps):
                taken += [got] if batch_size is None else got
            states.append(iterator.state_dict())
        assert n_steps is None or states == states[:1] * world_size
        rest = states[0]
    assert sorted(taken) == list(range(N))


def test_iterators_have_states(dataset):
    iterator = iter(WindowSampler(dataset, batch_size=8, seed=6))
    for _ in range(4):
        next(iterator)
    state = iterator.state_dict()
    assert set(state) == {"version", "fingerprint", "seed", "epoch", "consumed"}
    rest = list(iterator)
    sampler = WindowSampler(dataset, batch_size=8)
    other = iter(sampler)
    next(other)
    other.load_state_dict(state)
    assert list(other) == rest
    assert sampler.state_dict()["seed"] == 6
    assert list(sampler) == Order(dataset.windows, seed=6).indices(N, 96).reshape(12, 8).tolist()


def test_states_of_others_are_refused(dataset):
    sampler = WindowSampler(dataset, batch_size=8)
    state = sampler.state_dict()
    shorter = WindowSampler(WindowDataset(np.arange(300, dtype=np.uint16), LENGTH))
    for target in (shorter, iter(shorter)):
        with pytest.raises(
            ValueError, match=f"{state['fingerprint']}.*{shorter.order.fingerprint}"
        ):
            target.load_state_dict(state)
    with pytest.raises(ValueError, match="version 9"):
        sampler.load_state_dict({**state, "version": 9})
    with pytest.raises(ValueError, match="no epoch"):
        sampler.load_state_dict({k: v for k, v in state.items() if k != "epoch"})


def test_a_mixture(dataset):
    mixture = Mixture(
        [dataset.windows, Windows(np.arange(200, dtype=np.uint8), LENGTH)], weights=[1, 4]
    )
    sampler = WindowSampler(mixture, batch_size=10, seed=1)
    assert flat(sampler) == Order(mixture, seed=1).indices(0, len(sampler) * 10).tolist()


def test_a_far_step_is_there_at_once():
    """Step 1,000,000 of a store of 1e9 tokens; the memory is never touched."""
    tokens = np.zeros(1_000_000_001, np.uint8)
    dataset = WindowDataset(tokens, 16)
    state = WindowSampler(dataset, batch_size=32).state_dict()
    state["consumed"] = 32_000_000
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        sampler = WindowSampler(dataset, batch_size=32)
        sampler.load_state_dict(state)
        batch = next(iter(sampler))
        best = min(best, time.perf_counter() - start)
    assert batch == Order(dataset.windows).indices(32_000_000, 32).tolist()
    assert best < 0.05


# torchdata's loader.


def stateful(dataset, num_workers, **options):
    module = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is missing")
    return module.StatefulDataLoader(
        dataset, collate_fn=dataset.collate, num_workers=num_workers, **options
    )


def stateful_by_batches(dataset, num_workers, seed=1):
    sampler = WindowSampler(dataset, batch_size=7, seed=seed)
    return stateful(dataset, num_workers, batch_sampler=sampler)


def stateful_one_by_one(dataset, num_workers, seed=1):
    sampler = WindowSampler(dataset, seed=seed)
    return stateful(dataset, num_workers, sampler=sampler, batch_size=7, drop_last=True)


@pytest.mark.parametrize("make", [stateful_by_batches, stateful_one_by_one])
@pytest.mark.parametrize("num_workers", [0, 2])
def test_stateful_loaders(dataset, num_workers, make):
    order = Order(dataset.windows, seed=1)
    expected = [order.indices(e * N, 98).reshape(14, 7).tolist() for e in range(3)]
    loader = make(dataset, num_workers)
    for epoch in range(3):
        assert numbers(loader) == expected[epoch]
    # Batches taken when the state is saved: of 15 the last one is not there.
    for n in (0, 3, 14, 15):
        loader = make(dataset, num_workers)
        iterator = iter(loader)
        taken = numbers(itertools.islice(iterator, n))
        state = loader.state_dict()
        del iterator
        resumed = make(dataset, num_workers, seed=2)
        resumed.load_state_dict(state)
        if n < 15:
            assert taken + numbers(resumed) == expected[0]
        assert numbers(resumed) == expected[1]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stateful_loader_in_its_second_epoch(dataset, num_workers):
    order = Order(dataset.windows, seed=1)
    loader = stateful_by_batches(dataset, num_workers)
    numbers(loader)
    taken = numbers(itertools.islice(iter(loader), 4))
    state = loader.state_dict()
    resumed = stateful_by_batches(dataset, num_workers)
    resumed.load_state_dict(state)
    assert taken + numbers(resumed) == order.indices(N, 98).reshape(14, 7).tolist()
    # The sampler's own state is in it, and goes on under another world.
    snapshot = state["_snapshot"]["_main_snapshot"] if num_workers else state
    inner = snapshot["_sampler_iter_state"]
    assert (inner["epoch"], inner["consumed"]) == (1, 28)
