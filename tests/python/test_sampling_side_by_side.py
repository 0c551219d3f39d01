"""The benchmark of windows and batches: stores, rivals, turns, and what its tables say."""

import itertools
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from bytestride.store import open_tokens
from sampling_cases import batches, bound, epoch, plan, stores, summary
from sampling_cases.rivals import ListedWindows, nanogpt_batch, numpy_rows, stacked_rows
from sampling_cases.turns import Difference, answers, in_turns, said

N_TOKENS = 3_500


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for module in (stores, bound):
        monkeypatch.setattr(module, "FOLDER", tmp_path / "made")
    return tmp_path


def test_stores_open_here():
    store = stores.filled(N_TOKENS)
    with open_tokens(store.bin_path, verify=True) as opened:
        assert opened.document_offsets.tolist() == [0, 1000, 2000, 3000, 3500]
        tokens = opened.tokens(0, N_TOKENS)
        assert tokens.min() > 0
        assert np.unique(tokens).size > 3_000
    with open_tokens(stores.filled(N_TOKENS, one_document=True).bin_path) as long:
        assert long.document_offsets.tolist() == [0, N_TOKENS]
        assert np.array_equal(long.tokens(0, N_TOKENS), tokens)
    assert stores.filled(N_TOKENS).n_tokens == N_TOKENS
    with open_tokens(stores.sparse(2_000).bin_path, verify=True) as sparse:
        assert sparse.n_documents == 2
        assert not sparse.tokens(0, 2_000).any()


def test_rivals_give_the_same_rows():
    store = stores.filled(N_TOKENS)
    tokens = np.array(store.ids())
    starts = np.array([0, 17, N_TOKENS - 9, 17])
    rows = numpy_rows(tokens, starts, 8)
    assert rows.tolist() == [tokens[start : start + 9].tolist() for start in starts]
    assert batches.same(nanogpt_batch(store.bin_path, torch.from_numpy(starts), 8), rows)
    assert batches.same(stacked_rows(tokens, starts.tolist(), 8), rows)
    assert not batches.same(stacked_rows(tokens, (starts[::-1]).tolist(), 8), rows)
    assert not batches.same(rows[:, 1:], rows)
    listed = ListedWindows(tokens[:30].tolist(), 8, 5)
    assert len(listed) == len(range(0, 30 - 8, 5))
    x, y = listed[2]
    assert (x.tolist(), y.tolist()) == (tokens[10:18].tolist(), tokens[11:19].tolist())


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_bound_gives_the_same_rows():
    tokens = np.array(stores.filled(N_TOKENS).ids())
    starts = np.array([N_TOKENS - 65, 0, 3])
    gather = bound.plain_loop(tokens, 64)
    x, y = gather(starts)
    assert batches.same((x, y), numpy_rows(tokens, starts, 64))
    again, _ = gather(starts)
    assert not np.shares_memory(again, x)


def test_turns():
    done = []
    works = {name: lambda block, name=name: done.append((name, block)) or 1.0 for name in "abc"}
    seconds = in_turns(works, 7, 2)
    assert seconds == {name: [7.0, 7.0] for name in "abc"}
    for turn in (done[:21], done[21:]):
        assert sorted(turn) == [(name, block) for name in "abc" for block in range(7)]
    assert [name for name, _ in (done[0], done[21])] == ["a", "b"]
    assert all(one[1] != next_one[1] for one, next_one in itertools.pairwise(done[:21]))


def test_a_side_that_fails_costs_its_own_row():
    def broken():
        raise ImportError("no x in y (/somewhere/else/y.py)")

    found = list(answers({"a": lambda: lambda block: 0.5, "b": broken}, 1, 3, n_tokens=9))
    assert [answer["contender"] for answer in found] == ["b", "a"]
    assert found[0]["status"] == "failed: ImportError: no x in y y.py)"
    assert found[1] | {} == {
        "n_tokens": 9,
        "contender": "a",
        "status": "ok",
        "values": {"seconds": [0.5, 0.5, 0.5]},
    }
    assert said("a/b: c/d is not there") == "b: d is not there"


def test_other_batches_are_found_out():
    rows = np.arange(20).reshape(2, 10)
    right, wrong = (rows[:, :-1], rows[:, 1:]), (rows[:, :-1], rows[:, :-1])
    batches.checked("a", lambda: lambda i: right, lambda i: rows, 32)()
    with pytest.raises(Difference, match="a: batch 0"):
        batches.checked("a", lambda: lambda i: wrong, lambda i: rows, 32)()
    with pytest.raises(Difference, match="a: batch"):
        list(
            answers({"a": batches.checked("a", lambda: lambda i: wrong, lambda i: rows, 32)}, 1, 1)
        )


def test_a_first_batch_is_held_against_the_store():
    store = stores.sparse(5_000)
    places = np.arange(2)[:, None] * 7 + np.arange(plan_length := 5)
    places[1, 3:] = -1
    plan.fill(store, [places.tolist()])
    ids = np.where(places < 0, 0, store.ids()[places])
    assert (ids[places >= 0] > 0).all()
    x, y = ids[:, :-1].copy(), ids[:, 1:]
    x[1, 2] = 0  # the row has three tokens, and the last of them is a target only
    answer = {"positions": places.tolist(), "batch": [x.tolist(), y.tolist()]}
    assert plan.is_right(store, answer)
    x[0, plan_length - 2] += 1
    assert not plan.is_right(store, answer | {"batch": [x.tolist(), y.tolist()]})
    # The same window twice is no shuffled batch.
    twice = {key: [value[0]] * 2 for key, value in answer.items() if key == "positions"}
    twice["batch"] = [[part[0]] * 2 for part in answer["batch"]]
    assert not plan.is_right(store, answer | twice)


def test_cases_run_at_a_small_size(monkeypatch):
    monkeypatch.setattr(batches, "last_level_cache_bytes", lambda: 1)
    job = {"n_tokens": 60_000, "rounds": 2, "scale": 0.001}
    rows = {row["contender"]: row for row in batches.random_windows(job)}
    for name in ("bytestride, arrays", "bytestride, tensors", "nanoGPT get_batch"):
        assert rows[name]["status"] == "ok"
        assert len(rows[name]["values"]["seconds"]) == 2
    rows = {row["contender"]: row for row in epoch.one_epoch(job, 8)}
    assert rows["bytestride, DataLoader"]["status"] == rows["GPTDatasetV1"]["status"] == "ok"
    assert rows["GPTDatasetV1"]["n_batches"] == len(range(0, 60_000 - 256, 128)) // 8


def test_tables_and_marks():
    def row(contender, *seconds, **fields):
        values = {"seconds": [*seconds]} | fields.pop("values", {})
        common = {"case": "batches", "status": "ok", "store_tokens": 100, "run": 0}
        return {**common, "contender": contender, "values": values, **fields}

    size = {"n_tokens": 1_000_000, "n_batches": 10}
    memory = {"values": {"held_bytes": [500], "traced_peak_bytes": [2_000_000]}}
    record = {
        **{"date": "2026-01-02", "processor": "P", "cores": 2, "system": "S", "python": "3"},
        "versions": {"torch": "2"},
        "runs": [{"commit": "abc"}],
        "rows": [
            row("bytestride, arrays", 1.0, 2.0, 4.0, **size),
            row("plain C loop", 0.9, 1.8, 4.8, **size),
            row("numpy, one line", 1.0, 2.0, 4.0, **size),
            row("bytestride", 0.001, case="startup", **memory),
            row("Megatron GPTDataset", 2.0, case="startup"),
            row("bytestride, mixture and spans, by 32", 0.02, case="indices", n_indices=10**6),
            {**row("bytestride, arrays"), "case": "epoch, 8", "values": {}, "status": "failed: x"},
        ],
    }
    lines = summary.marks(record).splitlines()
    by_name = {line.split("|")[1].strip(): line for line in lines}
    assert "| 0.85× | 1× | 0.9× | must |" in by_name["batches, against the bound"]
    assert "| 1× | short |" in by_name["against numpy's line"]
    assert "| 2e+03× | goal |" in by_name["build and first batch, against Megatron"]
    assert "| 40 | 15 | 20 | must |" in by_name["one sample index, by 32, ns"]
    assert "| 500 | goal |" in by_name["memory of the index, bytestride, bytes"]
    assert "| 2,000,000 | short |" in by_name["the most while it is built, bytestride, bytes"]
    assert "not measured" in by_name["resume, WindowLoader, ms"]
    tables = summary.tables(record)
    assert "| plain C loop | 1.8e+05 | 0.556 | 0.9× |" in tables
    assert "- epoch, 8, bytestride, arrays: failed: x" in tables
    assert {mark.case for mark in summary.MARKS} <= set(summary.TITLES)
