"""Writers that are killed at random moments: what they write is whole or absent, old or new.

One process imports numpy and the store once, and forks a writer for each try, so that a try costs
no start of Python.
"""

import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from store_parts import write

import bytestride
from bytestride import FormatError, open_tokens
from bytestride.store.pending_shard import PendingShard

N_APPENDS = 60
EMIT = ["datatrove", "olmo", "nanogpt", "llmc"]

SERVER = """
import json, os, signal, sys, time
import numpy as np
from pathlib import Path
from bytestride.store import SealedPlace, ShardEntry, TokenStoreWriter
from bytestride.store import assemble_store, convert_store

def make_store(path, base, n_appends, emit):
    options = {"vocab_size": 60_000, "shard_tokens": 2_000, "overwrite": True, "emit": emit}
    with TokenStoreWriter(path, **options) as writer:
        for i in range(n_appends):
            writer.append(np.full(100, base + i), [40, 100])

def make_copy(path, source, format):
    convert_store(source, path, format=format, shard_tokens=2_000, overwrite=True)

def assemble(path, work, n_shards, emit):
    shards = []
    for number in range(n_shards):
        base = Path(work) / f"part-{number}"
        entry = ShardEntry(**json.loads(base.with_suffix(".json").read_text()))
        shards.append(SealedPlace(base.with_suffix(".bin"), base.with_suffix(".idx"), entry))
    options = {"dtype": "uint16", "vocab_size": 60_000, "metadata": {}, "emit": emit}
    assemble_store(path, shards, extra_files=[Path(work) / "rejects.jsonl"], **options)

assert "torch" not in sys.modules
for line in sys.stdin:
    what, arguments, seconds = json.loads(line)
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            globals()[what](*arguments)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)  # not yet waited for, so the number is still the child's
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, time.perf_counter() - begin]), flush=True)
"""


class Writers:
    """Starts writers, and kills them after a while if told to."""

    def __init__(self):
        package = str(Path(bytestride.__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([package, *sys.path])}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, what, *arguments, seconds=None):
        """Run one; give its exit code (-9: killed) and the seconds it took."""
        print(json.dumps([what, arguments, seconds]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait() == 0


@pytest.fixture(scope="module")
def writers():
    started = Writers()
    yield started
    started.close()


def typical_seconds(writers, *order):
    tries = [writers.run(*order) for _ in range(3)]
    assert [status for status, _ in tries] == [0, 0, 0]
    return sorted(seconds for _, seconds in tries)[1]


def base_of(path, dtype=None):
    """The first id of a whole store; None where there is none."""
    try:
        opened = open_tokens(path, dtype, verify=True)
    except (FormatError, FileNotFoundError):
        return None
    with opened:
        assert opened.n_documents == 2 * N_APPENDS
        base = int(opened.tokens(0, 1)[0])
        expected = np.repeat(np.arange(base, base + N_APPENDS), 100)
        assert np.array_equal(opened.tokens(0, opened.n_tokens), expected)
        return base


MANY = [25, pytest.param(200, marks=pytest.mark.slow)]


@pytest.mark.parametrize("n_kills", MANY)
def test_a_killed_writer_leaves_a_whole_store_or_none(tmp_path, writers, n_kills):
    path = tmp_path / "s"
    takes = typical_seconds(writers, "make_store", str(path), 0, N_APPENDS, EMIT)
    choose = random.Random(7)
    seen = set()
    for number in range(n_kills):
        base = 250 * (number + 1)
        before = base_of(path)
        seconds = choose.uniform(0, 1.2 * takes)
        status, _ = writers.run("make_store", str(path), base, N_APPENDS, EMIT, seconds=seconds)
        assert status in (0, -9)
        after = base_of(path)
        assert after in (None, before, base)
        if after is not None:  # its sidecars are as whole as it is: verify has read them
            assert base_of(path / "*.ds") == after
        seen.add("none" if after is None else "new" if after == base else "old")
    assert len(seen) > 1
    assert writers.run("make_store", str(path), 59_000, N_APPENDS, [])[0] == 0
    assert base_of(path) == 59_000
    left = {file.name.partition(".")[2] for file in path.iterdir()}
    assert left == {"bin", "idx", "json"}


@pytest.mark.parametrize(
    ("name", "kind"), [("t.ds", "datatrove"), ("t", "datatrove"), ("t.bin", "megatron")]
)
@pytest.mark.parametrize("n_kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_conversion_leaves_a_whole_result_or_none(tmp_path, writers, name, kind, n_kills):
    target = tmp_path / name
    sources = []
    for base in (0, 30_000):
        documents = [[base + i] * n for i in range(N_APPENDS) for n in (40, 60)]
        sources.append(str(write(tmp_path / str(base), documents, vocab_size=60_000)))
    takes = typical_seconds(writers, "make_copy", str(target), sources[1], kind)
    choose = random.Random(8)
    seen = set()
    for number in range(n_kills):
        before = base_of(target)
        order = ("make_copy", str(target), sources[number % 2], kind)
        status, _ = writers.run(*order, seconds=choose.uniform(0, 1.2 * takes))
        assert status in (0, -9)
        after = base_of(target)
        assert after in (None, before, 30_000 * (number % 2))
        seen.add(after)
    assert seen - {None}
    assert writers.run("make_copy", str(target), sources[0], kind)[0] == 0
    assert base_of(target) == 0
    assert not list(tmp_path.glob("*.tmp"))


def seal_shards(work, n_shards):
    """Make what a job leaves in its work folder: the documents of ``make_store``, by shard."""
    work.mkdir()
    (work / "rejects.jsonl").write_text("{}\n")
    per_shard = N_APPENDS // n_shards
    for number in range(n_shards):
        shard = PendingShard(work, f"part-{number}", np.dtype("<u2"))
        for i in range(number * per_shard, (number + 1) * per_shard):
            shard.append(np.full(100, i), np.array([40, 60]))
        entry = dataclasses.asdict(shard.seal())
        shard.commit()
        (work / f"part-{number}.json").write_text(json.dumps(entry))


@pytest.mark.parametrize("n_kills", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_assembling_goes_on(tmp_path, writers, n_kills):
    work, path = tmp_path / "work", tmp_path / "s"
    order = ("assemble", str(path), str(work), 3, EMIT)

    def files():
        return {file.name: file.read_bytes() for file in path.iterdir()}

    seal_shards(work, 3)
    status, takes = writers.run(*order)
    assert status == 0
    expected = files()
    assert "rejects.jsonl" in expected
    choose = random.Random(9)
    seen = set()
    for _ in range(n_kills):
        shutil.rmtree(path)
        shutil.rmtree(work)
        seal_shards(work, 3)
        for _ in range(2):
            status, _ = writers.run(*order, seconds=choose.uniform(0, takes))
            seen.add(status)
            assert base_of(path) in (None, 0)
        assert writers.run(*order)[0] == 0
        assert files() == expected
    assert -9 in seen
