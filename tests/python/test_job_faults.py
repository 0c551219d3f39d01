"""What befalls jobs: a full disk, lost rights, inputs that change, workers that fail, others."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time

import pytest
from corpora import END, files_of, make_folder, random_texts, small_tokenizer
from job_parts import environment, folder_in_memory

from bytestride import cache_budget, tokenize_corpus
from bytestride.cli import main
from bytestride.corpus.input_files import InputChangedError, InputFile
from bytestride.corpus.reading import Reading
from bytestride.jobs import corpus as job
from bytestride.jobs import part_writer, shuffled
from bytestride.jobs import tokenize as job_tokenize
from bytestride.jobs.errors import ChangedJobError
from bytestride.jobs.plan import WORK_FOLDER
from bytestride.jobs.workers import Stopped, Workers
from bytestride.store.durable import FolderLock, WholeFile

is_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may do this")


@pytest.fixture
def tmp_path():
    with folder_in_memory() as path:
        yield path


@pytest.fixture(scope="module")
def tokenizer():
    return small_tokenizer()


@pytest.fixture
def inputs(tmp_path):
    make_folder(tmp_path / "in", 3, n_files=8, n_texts=40)
    return tmp_path / "in"


@pytest.fixture
def options(tokenizer):
    return {"tokenizer": tokenizer, "append_eos": END, "shard_tokens": 500, "num_workers": 3}


@pytest.fixture
def tokenizer_file(tmp_path, tokenizer):
    tokenizer.save(tmp_path / "tokenizer.json")
    return tmp_path / "tokenizer.json"


@pytest.fixture(autouse=True)
def nothing_is_left_at_work():
    """Neither a worker nor a reader outlives the job."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def command(inputs, out, tokenizer_file, *more):
    fixed = ["--tokenizer", tokenizer_file, "--append-eos", END, "--shard-tokens", 500]
    return [str(each) for each in ("tokenize", inputs, "-o", out, *fixed, *more)]


def one_error_of(capsys):
    """Give the one line that says what went wrong."""
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if not line.startswith("what is finished stays")]
    assert len(errors) == 1, lines
    assert errors[0].startswith("error: ")
    return errors[0]


# The disk.


@is_root
def test_disk_full(tmp_path, inputs, options, tokenizer_file, capsys):
    out = tmp_path / "out"
    out.mkdir()
    size = f"size={48 * 1024}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", out], check=False).returncode:
        pytest.skip("this root may not mount")
    try:
        assert main(command(inputs, out, tokenizer_file)) == 1
        error = one_error_of(capsys)
        assert "No space left on device" in error
        assert str(out) in error
        assert not list(out.rglob("attempt-*"))
        subprocess.run(["mount", "-o", "remount,size=64M", out], check=True)
        assert main(command(inputs, out, tokenizer_file)) == 0
        tokenize_corpus(inputs, tmp_path / "whole", **options)
        assert files_of(out) == files_of(tmp_path / "whole")
    finally:
        subprocess.run(["umount", out], check=True)


def test_a_file_may_not_grow(tmp_path, inputs, options, tokenizer_file, capsys):
    """What a quota does, or a file system's limit: the file is named."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    out = tmp_path / "out"
    arguments = command(inputs, out, tokenizer_file, "--seed", 3)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))
    try:
        assert main(arguments) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    error = one_error_of(capsys)
    assert "File too large" in error
    assert str(out) in error
    assert main(arguments) == 0
    tokenize_corpus(inputs, tmp_path / "whole", seed=3, **options)
    assert files_of(out) == files_of(tmp_path / "whole")


AS_NOBODY = """
import os, sys
from bytestride.cli import main
arguments = sys.argv[2:]
# Once elsewhere, so that all is imported while it may be read.
at = arguments.index("-o") + 1
assert main([*arguments[:at], sys.argv[1], *arguments[at + 1 :]]) == 0
os.setgid(65534)
os.setuid(65534)
sys.exit(main(arguments))
"""


@is_root
@pytest.mark.parametrize("lost", ["input", "work", pytest.param("output", marks=pytest.mark.slow)])
def test_permission_lost(tmp_path, inputs, options, tokenizer_file, monkeypatch, lost):
    out = tmp_path / "out"
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        tokenize_corpus(inputs, out, **options)
    monkeypatch.undo()
    for path in (out, *out.rglob("*")):
        os.chown(path, 65534, 65534)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    where = {"input": inputs / "part-05.txt", "work": out / WORK_FOLDER, "output": out}[lost]
    mode = where.stat().st_mode
    where.chmod(0o600 if lost == "input" else 0o555)
    os.chown(where, 0, 0)
    arguments = command(inputs, out, tokenizer_file)
    ended = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(tmp_path / "once"), *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert str(where) in ended.stderr
    assert "ermission denied" in ended.stderr or "no right to read" in ended.stderr
    where.chmod(mode)
    assert main(arguments) == 0
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(out) == files_of(tmp_path / "whole")


# Inputs that do not stay.


def stop_after(monkeypatch, n_shards):
    """Have a job end, as by Ctrl-C, with its n-th shard."""
    publish, left = part_writer.publish, iter(range(n_shards))

    def stopping(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        publish(*arguments)

    monkeypatch.setattr(part_writer, "publish", stopping)


def grow(path):
    with path.open("ab") as file:
        file.write(b" and more")


def shorten(path):
    os.truncate(path, path.stat().st_size - 5)


def touch(path):
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))


CHANGES = [
    (grow, r"part-05.txt had [\d,]+ bytes and has [\d,]+"),
    (shorten, r"part-05.txt had [\d,]+ bytes and has [\d,]+"),
    (touch, r"part-05.txt was of [-\d:T.]+ and is of [-\d:T.]+"),
    (lambda path: path.unlink(), r"part-05.txt is not among the inputs any more"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=["grown", "shorter", "touched", "gone"])
def test_input_changed_between_two_runs(tmp_path, inputs, options, monkeypatch, change, said):
    out = tmp_path / "out"
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        tokenize_corpus(inputs, out, **options)
    monkeypatch.undo()
    change(inputs / "part-05.txt")
    with pytest.raises(ChangedJobError, match=said):
        tokenize_corpus(inputs, out, **options)
    assert tokenize_corpus(inputs, out, resume=False, **options).is_finished
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(out) == files_of(tmp_path / "whole")


@pytest.mark.parametrize(
    ("suffix", "change"),
    [
        (".txt", shorten),
        (".jsonl", grow),
        (".jsonl.gz", shorten),
        (".parquet", touch),
        *(
            pytest.param(suffix, change, marks=pytest.mark.slow)
            for suffix in (".txt", ".jsonl", ".jsonl.gz", ".parquet")
            for change in (grow, shorten, touch)
        ),
    ],
)
def test_input_changed_while_it_is_read(tmp_path, options, monkeypatch, suffix, change):
    folder = tmp_path / "in"
    make_large(folder / f"part-05{suffix}")
    path = folder / f"part-05{suffix}"
    change_when_begun(monkeypatch, lambda: change(path))
    reading = Reading(separator=b"\n")
    options = {**options, "num_workers": 2, "shard_tokens": 100_000}
    with pytest.raises(InputChangedError, match=rf"part-05{suffix} was changed since"):
        tokenize_corpus(folder, tmp_path / "out", reading=reading, memory_bytes=2**23, **options)
    monkeypatch.undo()
    with pytest.raises(ChangedJobError, match=rf"part-05{suffix} (had|was of)"):
        tokenize_corpus(folder, tmp_path / "out", reading=reading, **options)


@pytest.mark.parametrize("suffix", [".txt", ".jsonl.gz"])
def test_input_removed_while_it_is_read(tmp_path, options, monkeypatch, suffix):
    """A file that is open stays what it was; one that is not is missed."""
    folder = tmp_path / "in"
    for i in range(3):
        make_large(folder / f"part-{i:02d}{suffix}")
    path = folder / f"part-02{suffix}"
    data, status = path.read_bytes(), path.stat()
    reading = Reading(separator=b"\n")
    options = {**options, "num_workers": 1, "shard_tokens": 2**30, "reading": reading}
    change_when_begun(monkeypatch, path.unlink)
    with pytest.raises(FileNotFoundError, match=rf"part-02{suffix}"):
        tokenize_corpus(folder, tmp_path / "out", memory_bytes=2**23, **options)
    monkeypatch.undo()
    path.write_bytes(data)  # bringing it back as it was is enough
    os.utime(path, ns=(0, status.st_mtime_ns))
    assert tokenize_corpus(folder, tmp_path / "out", **options).is_finished
    tokenize_corpus(folder, tmp_path / "whole", **options)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def make_large(path):
    """Make a file of one kind, of several chunks."""
    import random

    import pyarrow as pa
    import pyarrow.parquet
    from corpora import write_jsonl

    path.parent.mkdir(exist_ok=True)
    rng = random.Random(5)
    texts = [text.replace("\n", " ") for text in random_texts(rng, 100)] * 100
    if path.suffix == ".txt":
        path.write_text("\n".join(texts))
    elif path.suffix == ".parquet":
        pa.parquet.write_table(pa.table({"text": texts}), path, row_group_size=100)
    else:
        write_jsonl(path, texts, rng)


def change_when_begun(monkeypatch, change):
    """Change an input when the first ids were made of it, before more is taken."""
    add, done = part_writer.PartWriter.add, []

    def add_and_change(self, chunk):
        add(self, chunk)
        if not done:
            done.append(True)
            change()

    monkeypatch.setattr(part_writer.PartWriter, "add", add_and_change)


def test_output_removed_midway(tmp_path, inputs, options, tokenizer_file, monkeypatch, capsys):
    out = tmp_path / "out"

    def remove():  # while another part's files may get their names
        while out.exists():
            shutil.rmtree(out, ignore_errors=True)

    change_when_begun(monkeypatch, remove)
    assert main(command(inputs, out, tokenizer_file)) == 1
    assert f"{out}" in one_error_of(capsys)
    monkeypatch.undo()
    assert not (out / "manifest.json").exists()
    assert main(command(inputs, out, tokenizer_file)) == 0
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(out) == files_of(tmp_path / "whole")


def test_output_removed_before_the_end(tmp_path, inputs, options, monkeypatch):
    """It is not taken for one that other machines are at."""
    run_parts = job.run_parts

    def run_and_remove(plan, *arguments, **keywords):
        run_parts(plan, *arguments, **keywords)
        shutil.rmtree(plan.output)

    monkeypatch.setattr(job, "run_parts", run_and_remove)
    with pytest.raises(FileNotFoundError, match="somebody removed it"):
        tokenize_corpus(inputs, tmp_path / "out", **options)


# Workers.


@pytest.mark.parametrize(
    "error", [MemoryError("no room"), RuntimeError("lost"), OSError(5, "disk")]
)
def test_a_worker_fails(tmp_path, inputs, options, monkeypatch, error):
    of_worker, left = job_tokenize._encoder, iter(range(5))

    def failing_encoder(*arguments):
        encode = of_worker(*arguments)

        def failing(chunk):
            if next(left, None) is None:
                raise error
            return encode(chunk)

        return failing

    monkeypatch.setattr(job_tokenize, "_encoder", failing_encoder)
    with pytest.raises(type(error)) as raised:
        tokenize_corpus(inputs, tmp_path / "out", **options)
    assert raised.value is error
    monkeypatch.undo()
    assert not list((tmp_path / "out").rglob("attempt-*"))
    tokenize_corpus(inputs, tmp_path / "out", **options)
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_a_reader_fails(tmp_path, options, monkeypatch):
    options = {**options, "shard_tokens": 100_000, "memory_bytes": 2**23}
    make_large(tmp_path / "in" / "a.txt")
    readinto, left = InputFile.readinto, iter(range(3))

    def failing(self, out):
        if next(left, None) is None:
            raise OSError(5, "Input/output error", self.name)
        return readinto(self, out[:20_000])

    monkeypatch.setattr(InputFile, "readinto", failing)
    with pytest.raises(OSError, match=r"Input/output error: '.*a.txt'"):
        tokenize_corpus(tmp_path / "in", tmp_path / "out", **options)


def test_who_shows_progress_fails(tmp_path, inputs, options):
    def progress(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tokenize_corpus(inputs, tmp_path / "out", progress=progress, **options)
    assert tokenize_corpus(inputs, tmp_path / "out", **options).is_finished


def test_a_shuffle_is_given_up(tmp_path, inputs, options, monkeypatch):
    """A failure elsewhere, or a signal, does not wait for the order of a large shard."""
    wrote = []

    def check(self):
        if wrote:
            raise Stopped

    write = shuffled._gathered
    monkeypatch.setattr(shuffled, "_BLOCK_DOCUMENTS", 2)
    monkeypatch.setattr(shuffled, "_gathered", lambda *parts: wrote.append(1) or write(*parts))
    monkeypatch.setattr(Workers, "check", check)
    with pytest.raises(Stopped):
        tokenize_corpus(inputs, tmp_path / "out", seed=1, **{**options, "num_workers": 1})
    assert len(wrote) <= 2  # parts at once
    assert not list((tmp_path / "out").rglob("attempt-*"))


# Neighbours.


def test_two_at_one_folder(tmp_path, inputs, options, tokenizer_file, capsys):
    out = tmp_path / "out"
    out.mkdir()
    lock = FolderLock(out)
    try:
        with pytest.raises(BlockingIOError, match="another writer is at work"):
            tokenize_corpus(inputs, out, **options)
        assert main(command(inputs, out, tokenizer_file)) == 1
        assert "another writer is at work here; wait for it" in one_error_of(capsys)
    finally:
        lock.release()
    assert tokenize_corpus(inputs, out, **options).is_finished


def test_ended_just_before_the_manifest(tmp_path, inputs, options, monkeypatch):
    """All other files have their names, and rejects and sources are made anew."""
    commit = WholeFile.commit

    def stopping(self):
        if self.final.name == "manifest.json":
            raise KeyboardInterrupt
        commit(self)

    monkeypatch.setattr(WholeFile, "commit", stopping)
    with pytest.raises(KeyboardInterrupt):
        tokenize_corpus(inputs, tmp_path / "out", **options)
    monkeypatch.undo()
    assert (tmp_path / "out" / "rejects.jsonl").exists()
    tokenize_corpus(inputs, tmp_path / "out", **options)
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_those_who_share_a_folder_finish_it_last(tmp_path, inputs, options):
    out = tmp_path / "out"
    out.mkdir()
    other = FolderLock(out, shared=True)  # as if it were another machine's
    for shard_id in range(2):
        shards = {"shard_id": shard_id, "num_shards": 2}
        assert not tokenize_corpus(inputs, out, **shards, **options).is_finished
    with pytest.raises(BlockingIOError, match="another writer is at work"):
        tokenize_corpus(inputs, out, **options)
    assert not (out / "manifest.json").exists()
    assert other.take_alone()
    with pytest.raises(BlockingIOError, match="another writer is at work"):
        tokenize_corpus(inputs, out, **shards, **options)
    other.release()
    assert tokenize_corpus(inputs, out, **shards, **options).is_finished
    assert not (out / WORK_FOLDER).exists()
    tokenize_corpus(inputs, tmp_path / "whole", **options)
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_finished_job_does_nothing_again(tmp_path, inputs, options, monkeypatch):
    out = tmp_path / "out"
    first = tokenize_corpus(inputs, out, **options)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    monkeypatch.setattr(job, "run_parts", None)
    assert tokenize_corpus(inputs, out, **options) == first
    # One that was killed behind the manifest leaves its work folder to the next.
    (out / WORK_FOLDER / "attempt-x").mkdir(parents=True)
    (out / WORK_FOLDER / "plan.json").write_text("{}")
    assert tokenize_corpus(inputs, out, **options) == first
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_the_word_caches_are_within_the_memory_given(tmp_path, inputs, options):
    before, seen = cache_budget(), []
    more = {"progress": lambda _: seen.append(cache_budget()), "memory_bytes": 2**25}
    tokenize_corpus(inputs, tmp_path / "out", **more, **options)
    assert set(seen) == {2**23}
    assert cache_budget() == before
