"""How many cores a container's quota leaves, read from files as the kernel writes them."""

import os

import pytest

from bytestride import Tokenizer, _core, cores


@pytest.fixture
def no_limit():
    """Leave the core's limit as it was found."""
    _core.set_core_limit(0)
    yield
    cores.apply_quota()


@pytest.mark.parametrize(
    ("text", "n_cores"),
    [
        ("max 100000\n", 0),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("100001 100000", 2),
        ("50000 100000\n", 1),
        ("1 100000\n", 1),
        ("6400000 100000\n", 64),
        ("", 0),
        ("nonsense", 0),
        ("1 2 3", 0),
        ("100000 0", 0),
        ("-1 100000", 0),
    ],
)
def test_version_2(text, n_cores, tmp_path):
    (tmp_path / "cpu.max").write_text(text)
    assert cores.quota_cores(tmp_path) == n_cores


@pytest.mark.parametrize(
    ("quota", "period", "n_cores"),
    [("-1\n", "100000\n", 0), ("250000\n", "100000\n", 3), ("100000\n", "100000\n", 1)],
)
def test_version_1(quota, period, n_cores, tmp_path):
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(quota)
    assert cores.quota_cores(tmp_path) == 0  # one of the two files is not enough
    (folder / "cpu.cfs_period_us").write_text(period)
    assert cores.quota_cores(tmp_path) == n_cores


def test_no_group(tmp_path):
    assert cores.quota_cores(tmp_path) == 0
    assert cores.quota_cores(tmp_path / "nothing") == 0


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "cpu.max").mkdir()
    assert cores.quota_cores(tmp_path) == 0


def test_the_core_keeps_to_the_limit(no_limit):
    n_cores = _core.usable_cores()
    assert n_cores >= 1
    if hasattr(os, "sched_getaffinity"):
        assert n_cores == len(os.sched_getaffinity(0))
    _core.set_core_limit(1)
    assert _core.usable_cores() == 1
    tokenizer = Tokenizer.train("low lower " * 9, 260)
    assert tokenizer.encode_batch(["low"] * 9) == [tokenizer.encode("low")] * 9
    _core.set_core_limit(10_000)  # more than there are
    assert _core.usable_cores() == n_cores


def test_the_quota_of_this_machine_is_applied(no_limit):
    n_cores = _core.usable_cores()
    cores.apply_quota()
    quota = cores.quota_cores()
    assert _core.usable_cores() == (min(n_cores, quota) if quota else n_cores)


def test_the_cores_that_the_process_may_use(no_limit):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no affinity on this system")
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert _core.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
