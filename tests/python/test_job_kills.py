"""Jobs that are killed at random moments and begun again: not a byte is other than undisturbed."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest
from corpora import END, documents_of, encoded, files_of, make_folder, small_tokenizer
from job_parts import Jobs, folder_in_memory, start, tokenize

from bytestride import open_tokens
from bytestride.jobs.leftovers import PLAN_NAME, remove_work
from bytestride.jobs.plan import WORK_FOLDER

OPTIONS = ["--shard-tokens", 700, "--seed", 7, "--emit", "datatrove", "--emit", "nanogpt"]
SECONDS = 2
"""A job that was asked to end has this long."""


@pytest.fixture
def tmp_path():
    with folder_in_memory() as path:
        yield path


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    started = Jobs(tmp_path_factory.mktemp("jobs") / "errors.txt")
    yield started
    started.close()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder of inputs, their documents, and a tokenizer's file."""
    folder = tmp_path_factory.mktemp("corpus")
    texts = make_folder(folder / "in", 4, n_files=6, n_texts=30)
    small_tokenizer().save(folder / "tokenizer.json")
    return folder / "in", texts, folder / "tokenizer.json"


@pytest.fixture(scope="module")
def undisturbed(jobs, corpus):
    """The files of a job that nobody disturbed, and how long it took, of two tries the shorter."""
    seconds = []
    for number in range(2):
        with folder_in_memory() as folder:
            out = folder / str(number)
            statuses, taken = jobs.run(tokenize(corpus[0], out, corpus[2], *OPTIONS))
            assert statuses == [0], jobs.errors()
            seconds.append(taken)
            documents, files = documents_of(out), files_of(out)
    assert sorted(documents) == sorted(encoded(small_tokenizer(), corpus[1], END))
    assert len([name for name in files if name.endswith(".bin")]) >= 8
    return files, min(seconds)


N_KILLS = [5, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("n_kills", N_KILLS)
def test_killed_at_any_moment(tmp_path, jobs, corpus, undisturbed, n_kills):
    files, whole = undisturbed
    rng = random.Random(n_kills)
    n_killed = n_stores = 0
    while n_killed < n_kills:
        command = tokenize(corpus[0], tmp_path / str(n_stores), corpus[2], *OPTIONS)
        status = -signal.SIGKILL
        while status:
            after = rng.uniform(0, whole) if n_killed < n_kills else None
            (status,), _ = jobs.run(command, seconds=[after])
            assert status in (0, -signal.SIGKILL), jobs.errors()
            n_killed += status != 0
        # What a kill behind the manifest left goes with the next call.
        assert jobs.run(command)[0] == [0], jobs.errors()
        assert files_of(tmp_path / str(n_stores)) == files
        n_stores += 1


@pytest.mark.parametrize("n_kills", N_KILLS)
def test_killed_while_it_finishes(tmp_path, jobs, corpus, undisturbed, n_kills):
    files, _ = undisturbed
    rng = random.Random(n_kills)
    out = tmp_path / "out"
    command = tokenize(corpus[0], out, corpus[2], *OPTIONS)
    assert jobs.run(command, without_end=True)[0] == [1]
    assert "not finished here" in jobs.errors()
    shutil.copytree(out, tmp_path / "parts")
    _, seconds = jobs.run(command)
    assert files_of(out) == files
    n_killed = 0
    while n_killed < n_kills:
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "parts", out)
        status = -signal.SIGKILL
        while status:
            after = rng.uniform(0, seconds) if n_killed < n_kills else None
            (status,), _ = jobs.run(command, seconds=[after])
            assert status in (0, -signal.SIGKILL), jobs.errors()
            n_killed += status != 0
        assert jobs.run(command)[0] == [0], jobs.errors()
        assert files_of(out) == files


@pytest.mark.parametrize("n_kills", N_KILLS)
def test_two_at_once_are_killed(tmp_path, jobs, corpus, undisturbed, n_kills):
    files, whole = undisturbed
    rng = random.Random(n_kills)
    n_killed = n_stores = n_busy = 0
    busy = jobs.errors().count("another writer is at work here")
    while n_killed < n_kills:
        out = tmp_path / str(n_stores)
        commands = [
            tokenize(corpus[0], out, corpus[2], *OPTIONS, "--num-shards", 2, "--shard-id", i)
            for i in range(2)
        ]
        statuses = [-signal.SIGKILL]
        while any(statuses):
            seconds = [
                rng.uniform(0, whole) if n_killed < n_kills and rng.random() < 0.7 else None
                for _ in commands
            ]
            statuses, _ = jobs.run(*commands, seconds=seconds)
            assert set(statuses) <= {0, 1, -signal.SIGKILL}, jobs.errors()
            # One that is started again while the other finishes is told so.
            n_busy += statuses.count(1)
            assert jobs.errors().count("another writer is at work here") == busy + n_busy
            n_killed += statuses.count(-signal.SIGKILL)
        assert (out / "manifest.json").exists()
        assert jobs.run(commands[0])[0] == [0], jobs.errors()
        assert files_of(out) == files
        n_stores += 1


def test_a_folder_that_is_being_removed_is_the_same_job_still(tmp_path, monkeypatch):
    work = tmp_path / WORK_FOLDER
    names = [f"part-00000.{i:03d}{end}" for i in range(3) for end in (".json", ".bin", ".idx")]
    for n_removed in range(len(names) + 1):
        work.mkdir(exist_ok=True)
        for name in [*names, PLAN_NAME]:
            (work / name).write_bytes(b"")
        left = iter(range(n_removed))

        def unlink(path, missing_ok=False, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt
            os.remove(path)  # noqa: PTH107 (the other is what is replaced)

        with monkeypatch.context() as patch:
            patch.setattr(type(work), "unlink", unlink)
            with pytest.raises(KeyboardInterrupt):
                remove_work(work)
        there = {path.name for path in work.iterdir()}
        assert PLAN_NAME in there
        assert len(there) == len(names) + 1 - n_removed
        rows = sorted(name for name in there if name.endswith(".json") and name != PLAN_NAME)
        assert rows == [f"part-00000.{i:03d}.json" for i in range(len(rows))]
        assert {name.replace(".json", ".bin") for name in rows} <= there
    remove_work(work)
    assert not work.exists()
    remove_work(work)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Work for a while, in shards of which the first is soon done."""
    path = tmp_path_factory.mktemp("large") / "in.jsonl"
    line = b'{"text": "low lower lowest newer wider the cat don\'t stop 12345 zq"}\n'
    path.write_bytes(line * 100_000)
    return path


LARGE = ["--shard-tokens", 200_000]


@pytest.fixture(scope="module")
def whole_of_large(jobs, corpus, large, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    assert jobs.run(tokenize(large, out, corpus[2], *LARGE))[0] == [0], jobs.errors()
    return files_of(out)


def end_by(number, process, work):
    """Signal a process when it has done something; give status, errors, and seconds it took."""
    begin = time.monotonic()
    while not list(work.glob("part-*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < begin + 60
        time.sleep(0.005)
    process.send_signal(number)
    begin = time.monotonic()
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors.decode(), time.monotonic() - begin


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_end(tmp_path, jobs, corpus, large, whole_of_large, number, status):
    out = tmp_path / "out"
    command = tokenize(large, out, corpus[2], *LARGE)
    found, errors, seconds = end_by(number, start(command), out / WORK_FOLDER)
    assert found == status, errors
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    assert seconds < SECONDS
    assert [path.name for path in out.iterdir()] == [WORK_FOLDER]
    assert not list(out.rglob("*.tmp"))
    assert not list(out.rglob("attempt-*"))
    assert jobs.run(command)[0] == [0], jobs.errors()
    assert files_of(out) == whole_of_large


def test_asked_to_end_while_stdin_is_silent(tmp_path, corpus, large):
    data = 3 * large.read_bytes()  # more than is held: some of it is done before the writing ends
    options = [*LARGE, "--format", "jsonl"]
    out = tmp_path / "out"
    process = start(tokenize("-", out, corpus[2], *options), stdin=subprocess.PIPE)
    process.stdin.write(data)
    process.stdin.flush()
    stdin, process.stdin = process.stdin, None  # it stays open
    status, errors, seconds = end_by(signal.SIGTERM, process, out / WORK_FOLDER)
    stdin.close()
    assert status == 143, errors
    assert "the same command goes on" in errors
    assert "Fatal" not in errors
    assert seconds < SECONDS
    again = start(tokenize("-", out, corpus[2], *options), stdin=subprocess.PIPE)
    _, errors = again.communicate(data)
    assert again.returncode == 0, errors
    with open_tokens(out, verify=True) as store:
        tokens = store.tokens(0, store.n_tokens).reshape(data.count(b"\n"), -1)
        assert store.n_documents == len(tokens)
        assert (tokens == tokens[0]).all()
        assert tokens[0].tolist() == store.document(0).tolist()
