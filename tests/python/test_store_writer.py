"""A writer gives a whole store or nothing: bad input, kills, full disks, closed folders."""

import errno
import os
import resource
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from store_parts import two_shards, write

from bytestride import FormatError, TokenStoreWriter, open_tokens
from bytestride.store import durable
from bytestride.store.durable import PendingFile


@pytest.fixture
def store(tmp_path):
    return two_shards(tmp_path / "store")


def names(path):
    return sorted(p.name for p in path.iterdir())


# Bad input to the writer


@pytest.mark.parametrize(
    ("tokens", "ends", "error", "message"),
    [
        ([5, 300, 1], [3], ValueError, r"token 1 of this call \(number 3 of the store\) is 300"),
        ([5, 1, -1], [3], ValueError, r"token 2 of this call \(number 4 .* is -1"),
        (np.array([2**64 - 1], np.uint64), [], ValueError, "is 18446744073709551615"),
        ([1, 2], [3], ValueError, "document_ends must ascend from 0 to at most 2.*number 0 is 3"),
        ([1, 2], [2, 1], ValueError, "number 1 is 1"),
        ([1, 2], [-1], ValueError, "number 0 is -1"),
        (np.array([1.0]), [1], TypeError, "tokens must be integers, found float64"),
        (np.array([True]), [1], TypeError, "tokens must be integers, found bool"),
        ([1], [0.5], TypeError, "document_ends must be integers"),
        ([[1]], [1], ValueError, "tokens must have one dimension"),
    ],
)
def test_a_refused_call_writes_nothing(tmp_path, tokens, ends, error, message):
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        writer.append([1, 2], [1])
        with pytest.raises(error, match=message):
            writer.append(tokens, ends)
        writer.append([3], [1])
    with open_tokens(tmp_path / "s", verify=True) as opened:
        assert [opened.document(i).tolist() for i in range(2)] == [[1], [2, 3]]


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_no_id_is_wrapped(tmp_path, dtype):
    most = np.iinfo(dtype).max
    with TokenStoreWriter(tmp_path / "s", dtype=dtype) as writer:
        with pytest.raises(ValueError, match=f"outside {dtype}'s ids"):
            writer.append([most, most + 1], [2])
        writer.append(np.array([most], np.uint64), [1])
    with open_tokens(tmp_path / "s") as opened:
        assert opened.tokens(0, 1).tolist() == [most]


# Unfinished stores


def fail_in_body(path, **options):
    """Write three documents and a part of a fourth, then fail; give back the writer."""
    writer = TokenStoreWriter(path, vocab_size=300, **options)
    try:
        with writer:
            writer.append([1, 2, 3, 4], [1, 2, 3])
            assert "shard-00000.bin.tmp" in names(path)
            raise KeyError("mocked")
    except KeyError:
        return writer
    raise AssertionError("the error was swallowed")


def test_an_error_in_the_body_leaves_nothing(tmp_path):
    writer = fail_in_body(tmp_path / "s")
    assert not (tmp_path / "s").exists()
    with pytest.raises(ValueError, match="closed"):
        writer.append([1], [1])


def test_an_error_in_the_body_leaves_what_was_there(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    fail_in_body(tmp_path, shard_tokens=1)
    assert names(tmp_path) == ["notes.txt"]


def test_an_existing_store_is_kept_unless_overwritten(store):
    with pytest.raises(FileExistsError, match="overwrite=True"):
        TokenStoreWriter(store, vocab_size=300)
    fail_in_body(store, overwrite=True)
    with open_tokens(store, verify=True) as opened:
        assert opened.n_tokens == 9
    write(store, [[42]], overwrite=True)
    with open_tokens(store, verify=True) as opened:
        assert opened.tokens(0, 1).tolist() == [42]
    assert names(store) == ["manifest.json", "shard-00000.bin", "shard-00000.idx"]
    (store / "manifest.json").unlink()
    with pytest.raises(FileExistsError, match=r"part of a token store.*no manifest\.json"):
        TokenStoreWriter(store, vocab_size=300)
    write(store, [[43]], overwrite=True)
    (store.parent / "file").write_text("")
    with pytest.raises(FileExistsError):
        TokenStoreWriter(store.parent / "file", vocab_size=300, overwrite=True)


def test_only_one_writer_at_a_time(tmp_path):
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        with pytest.raises(BlockingIOError, match="another writer is at work here"):
            TokenStoreWriter(tmp_path / "s", vocab_size=300)
        writer.append([1], [1])
    write(tmp_path / "s", [[2]], overwrite=True)


def test_leftovers_are_told_from_stores_and_cleared(store):
    for name in ("manifest.json", "shard-00001.bin", "shard-00001.idx"):
        (store / name).rename(store / f"{name}.tmp")
    message = (
        r"never finished: it has no manifest\.json, only manifest\.json\.tmp, shard-00000\.bin"
    )
    with pytest.raises(FormatError, match=message):
        open_tokens(store)
    with pytest.raises(FileExistsError):
        TokenStoreWriter(store, vocab_size=300)
    write(store, [[1]], overwrite=True)
    assert names(store) == ["manifest.json", "shard-00000.bin", "shard-00000.idx"]


@pytest.mark.parametrize("n_renames", range(5))
def test_a_failed_rename_leaves_nothing(tmp_path, monkeypatch, n_renames):
    """The order of names: each index, its payload, and the manifest last."""
    done = []
    commit = PendingFile.commit

    def failing(self):
        if len(done) == n_renames:
            raise OSError(errno.EIO, "mocked")
        commit(self)
        done.append(self.final.name)

    monkeypatch.setattr(PendingFile, "commit", failing)
    with pytest.raises(OSError, match="mocked"):
        write(tmp_path / "s", [[1, 2], [3, 4]], shard_tokens=1)
    order = ["shard-00000.idx", "shard-00000.bin", "shard-00001.idx", "shard-00001.bin"]
    assert done == order[:n_renames]
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("n_renames", range(5))
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_kill_between_two_renames_leaves_no_store(tmp_path, monkeypatch, n_renames, overwrite):
    """As the test above, but nobody cleans up."""
    path = tmp_path / "s"
    if overwrite:
        write(path, [[1], [2], [3], [4]], shard_tokens=1)
    done = []
    commit = PendingFile.commit

    def dying(self):
        if len(done) == n_renames:
            raise OSError(errno.EIO, "mocked")
        commit(self)
        done.append(self)

    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "commit", dying)
        patch.setattr(TokenStoreWriter, "_discard", lambda self: self._folder.release())
        with pytest.raises(OSError, match="mocked"):
            write(path, [[1, 2], [3, 4]], shard_tokens=1, overwrite=overwrite)
    with pytest.raises(FormatError, match="never finished"):
        open_tokens(path)
    write(path, [[5]], overwrite=True)
    with open_tokens(path, verify=True) as opened:
        assert opened.tokens(0, 1).tolist() == [5]
    assert names(path) == ["manifest.json", "shard-00000.bin", "shard-00000.idx"]


# A disk that refuses


class FullDisk:
    """Stands in front of a file and takes a number of bytes more, as a disk nearly full does."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        self._room[0] -= memoryview(data).nbytes
        if self._room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [0, 3, 10, 60, 200, 500])
def test_a_full_disk_leaves_nothing_and_keeps_the_old_store(store, monkeypatch, room):
    left = [room]
    make = PendingFile.__init__

    def full(self, final):
        make(self, final)
        self._file = FullDisk(self._file, left)

    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "__init__", full)
        for path, overwrite in ((store, True), (store.parent / "new", False)):
            left[0] = room
            with pytest.raises(OSError, match="No space left"):
                write(path, [[1, 2, 3], [4, 5, 6, 7]], shard_tokens=2, overwrite=overwrite)
    assert not (store.parent / "new").exists()
    with open_tokens(store, verify=True) as opened:
        assert opened.n_tokens == 9
    assert not [name for name in names(store) if name.endswith(".tmp")]


def test_a_full_spool_and_a_failed_sync(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place, name in ((durable.LengthSpool, "append"), (durable.os, "fsync")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, refuse)
            with pytest.raises(OSError, match="No space left"):
                write(tmp_path / "s", [[1, 2]])
        assert not (tmp_path / "s").exists()


def test_a_real_limit_of_file_size(tmp_path):
    """The system itself refuses, in the middle of a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(tmp_path / "s", [np.zeros(30_000, np.uint16)] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "s").exists()


def test_a_writer_that_failed_says_so_for_good(tmp_path, monkeypatch):
    writer = TokenStoreWriter(tmp_path / "s", vocab_size=300)
    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "write", lambda *_: (_ for _ in ()).throw(OSError("mocked")))
        with pytest.raises(OSError, match="mocked"):
            writer.append([1], [1])
    for use in (lambda: writer.append([1], [1]), writer.close):
        with pytest.raises(RuntimeError, match="nothing was stored, since writing failed: mocked"):
            use()
    assert not (tmp_path / "s").exists()


def test_closing_twice_and_after_an_abort(tmp_path):
    writer = TokenStoreWriter(tmp_path / "s", vocab_size=300)
    writer.append([1], [1])
    writer.close()
    writer.close()
    writer.abort()
    open_tokens(tmp_path / "s").close()
    writer = TokenStoreWriter(tmp_path / "t", vocab_size=300)
    writer.abort()
    writer.abort()
    assert not (tmp_path / "t").exists()


@pytest.fixture
def as_nobody():
    """Root may write anywhere: give that away for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked_folder():
    # Not tmp_path: its parents are closed to others, and the folder itself must be what refuses.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("inside", [".", "new"])
@pytest.mark.usefixtures("as_nobody")
def test_an_unwritable_folder(locked_folder, inside):
    with pytest.raises(PermissionError, match=str(locked_folder)):
        write(locked_folder / inside, [[1]])
    assert names(locked_folder) == []


def test_a_folder_that_vanishes(tmp_path):
    writer = TokenStoreWriter(tmp_path / "s", vocab_size=300, shard_tokens=1)
    writer.append([1], [1])
    shutil.rmtree(tmp_path / "s")
    with pytest.raises(FileNotFoundError):
        writer.append([2], [1])
    assert not (tmp_path / "s").exists()


def test_ctrl_c_waits_while_files_get_their_names(tmp_path, monkeypatch):
    path = tmp_path / "s"
    write(path, [[1]])
    commit = PendingFile.commit

    def interrupted(self):
        os.kill(os.getpid(), signal.SIGINT)
        commit(self)

    monkeypatch.setattr(PendingFile, "commit", interrupted)
    at_first = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            write(path, [[2, 3], [4]], overwrite=True)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, at_first)
    with open_tokens(path, verify=True) as opened:
        assert opened.tokens(0, 3).tolist() == [2, 3, 4]
