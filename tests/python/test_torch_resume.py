"""Training runs that are killed and go on in another world: every sample once, and none twice."""

import json
import multiprocessing
import os
import signal
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.utils.data import DataLoader  # noqa: E402

from bytestride import TokenStoreWriter, Windows, open_tokens  # noqa: E402
from bytestride.torch import WindowDataset, WindowLoader, WindowSampler  # noqa: E402

pytestmark = [
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="ranks are forked"
    ),
    # Later Pythons warn of any fork beside threads, and torch has threads of its own.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]

LENGTH, N_WINDOWS = 4, 2003
STATE = "state.json"


class Plan:
    """One run: how many ranks of how many workers, and the batch size of each rank."""

    def __init__(self, name, world_size, num_workers, batch_size, loader="DataLoader"):
        self.name = name
        self.world_size = world_size
        self.num_workers = num_workers
        self.batch_size = batch_size
        self.loader = loader


@pytest.fixture
def folder(tmp_path):
    tokens = np.arange(N_WINDOWS * LENGTH + 1)
    with TokenStoreWriter(tmp_path / "store", vocab_size=60_000, shard_tokens=900) as writer:
        writer.append(tokens, np.array([0, tokens.size]))
    return tmp_path


def batches_and_states(plan, folder, rank):
    """A rank's batches, each with the state once it was taken."""
    options = {
        "batch_size": plan.batch_size,
        "seed": 11,
        "rank": rank,
        "world_size": plan.world_size,
        "drop_last": False,
    }
    state_file = folder / STATE
    state = json.loads(state_file.read_bytes()) if state_file.exists() else None
    dataset = WindowDataset(folder / "store", LENGTH)
    if plan.loader == "WindowLoader":
        loader = WindowLoader(dataset, num_threads=1, **options)
        if state is not None:
            loader.load_state_dict(state)
        for x, _ in loader:
            yield x, loader.state_dict()
        return
    sampler = WindowSampler(dataset, **options)
    if state is not None:
        sampler.load_state_dict(state)
    loader = DataLoader(
        dataset,
        batch_sampler=sampler,
        collate_fn=dataset.collate,
        num_workers=plan.num_workers,
    )
    for n, (x, _) in enumerate(loader, 1):
        yield x, sampler.state_dict(n_batches_taken=n)


def train(plan, folder, rank, barrier):
    """A rank: takes a batch, waits for the others as an all-reduce does; the first one saves."""
    os.setsid()
    steps = batches_and_states(plan, folder, rank)
    with (folder / f"{plan.name}-{rank}.jsonl").open("a") as log:
        begin = consumed(folder)
        while begin < N_WINDOWS:
            x, state = next(steps, (None, None))  # none: a last step that is too short for all
            if x is not None:
                print(json.dumps([begin, (x[:, 0] // LENGTH).tolist()]), file=log, flush=True)
            barrier.wait(30)
            if rank == 0:
                new = folder / "new-state.json"
                new.write_text(json.dumps(state))
                new.replace(folder / STATE)
            barrier.wait(30)
            begin = consumed(folder)


@contextmanager
def running(plan, folder):
    """Ranks at work, which do not outlive the test."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(plan.world_size)
    ranks = [
        context.Process(target=train, args=(plan, folder, rank, barrier))
        for rank in range(plan.world_size)
    ]
    for rank in ranks:
        rank.start()
    try:
        yield ranks
    finally:
        for rank in ranks:
            if rank.exitcode is None:
                with suppress(ProcessLookupError):
                    os.killpg(rank.pid, signal.SIGKILL)
                rank.kill()
            rank.join()


def consumed(folder):
    try:
        return json.loads((folder / STATE).read_bytes())["consumed"]
    except FileNotFoundError:
        return 0


def kill_after(plan, folder, n_samples):
    """Run until so many samples were taken, then kill all ranks and their workers at once."""
    end = consumed(folder) + n_samples
    deadline = time.monotonic() + 30
    with running(plan, folder) as ranks:
        while consumed(folder) < end:
            assert time.monotonic() < deadline
            assert all(rank.exitcode is None for rank in ranks)
            time.sleep(0.001)
        for rank in ranks:
            os.killpg(rank.pid, signal.SIGKILL)
    assert [rank.exitcode for rank in ranks] == [-signal.SIGKILL] * plan.world_size


def finish(plan, folder):
    with running(plan, folder) as ranks:
        for rank in ranks:
            rank.join(30)
            assert rank.exitcode == 0


def samples_of(plan, folder, before):
    """The samples of a run, but for those of steps after its last state, which were lost."""
    found = []
    for rank in range(plan.world_size):
        for line in (folder / f"{plan.name}-{rank}.jsonl").read_text().splitlines():
            begin, samples = json.loads(line)
            if begin < before:
                found += samples
    return found


def check_killed_and_resumed(folder, plans, kills):
    found = []
    for plan, at in zip(plans, [*kills, None], strict=True):
        begin = consumed(folder)
        if at is None:
            finish(plan, folder)
        else:
            kill_after(plan, folder, at)
        end = consumed(folder)
        assert begin < end
        assert (end == N_WINDOWS) is (at is None)
        found += samples_of(plan, folder, end)
    assert len(found) == N_WINDOWS
    assert sorted(found) == list(range(N_WINDOWS))


def test_killed_and_resumed_in_another_world(folder):
    """4 ranks of 2 workers are killed; 3 ranks of 1 worker go on."""
    check_killed_and_resumed(folder, [Plan("a", 4, 2, 16), Plan("b", 3, 1, 31)], [500])


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [1, 33, 150, 250])
def test_killed_more_than_once(folder, n_samples):
    check_killed_and_resumed(
        folder,
        [
            Plan("a", 4, 2, 8),
            Plan("b", 3, 1, 5),
            Plan("c", 2, 0, 7, "WindowLoader"),
            Plan("d", 3, 1, 16),
        ],
        [n_samples] * 3,
    )


def test_another_store_is_refused(folder):
    """As a run would be that is set up with other windows than the one that it goes on from."""
    (folder / "x").mkdir()
    finish(Plan("a", 1, 0, 500), folder)
    state = json.loads((folder / STATE).read_bytes())
    with open_tokens(folder / "store") as store:
        WindowSampler(Windows(store, LENGTH), batch_size=3).load_state_dict(state)
        for windows in (
            Windows(store, LENGTH, 2),
            Windows(store, LENGTH, tail="pad"),
            Windows(np.arange(store.n_tokens, dtype=np.uint16), LENGTH),
        ):
            with pytest.raises(ValueError, match=f"its fingerprint is {state['fingerprint']}"):
                WindowSampler(windows, batch_size=3).load_state_dict(state)
