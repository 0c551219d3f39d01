"""Shards that were sealed in a work folder become the store that one writer would have written."""

import dataclasses
import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xxhash
from store_parts import write

from bytestride import FormatError, open_tokens
from bytestride.store import SealedPlace, TokenStoreWriter, assemble_store, record_sha256
from bytestride.store.durable import FolderLock, PendingFile
from bytestride.store.pending_shard import PendingShard

SHARDS = [[[1, 2], [], [3, 4, 5]], [[6, 7, 8, 9, 10]], [[11], []]]
EMIT = ("datatrove", "olmo", "nanogpt", "llmc")
METADATA = {"tokenizer": {"name": "some"}, "n": 1}
REJECTS = b'{"reason": "invalid-utf8"}\n'


def seal_all(work, shards=SHARDS):
    """Seal shards as a job does, each under a name of its own."""
    work.mkdir(parents=True)
    places = []
    for number, documents in enumerate(shards):
        shard = PendingShard(work, f"part-{number:05d}.000", np.dtype("<u2"))
        for ids in documents:
            shard.append(np.array(ids, np.int64), np.array([len(ids)]))
        entry = shard.seal()
        shard.commit()
        places.append(SealedPlace(shard.bin.path, work / f"{entry.name}.idx", entry))
    (work / "rejects.jsonl").write_bytes(REJECTS)
    return places


def assemble(folder, places, **options):
    options = {"vocab_size": 50_000, "metadata": METADATA, "emit": EMIT, **options}
    return assemble_store(folder, places, dtype=options.pop("dtype", "uint16"), **options)


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("emit", [(), EMIT, ("arrow", "nanogpt")])
@pytest.mark.parametrize("n_shards", [1, 3])
def test_the_files_that_one_writer_writes(tmp_path, emit, n_shards):
    with TokenStoreWriter(
        tmp_path / "one", vocab_size=50_000, shard_tokens=5, metadata=METADATA, emit=emit
    ) as writer:
        for documents in SHARDS[:n_shards]:
            for ids in documents:
                writer.append(ids, [len(ids)])
    places = seal_all(tmp_path / "two/.work", SHARDS[:n_shards])
    manifest = assemble(tmp_path / "two", places, emit=emit)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert files_of(tmp_path / "two/.work") == {"rejects.jsonl": REJECTS}
    with open_tokens(tmp_path / "two", verify=True) as store:
        assert store.manifest == manifest


def test_extra_files_are_part_of_the_store(tmp_path):
    folder = tmp_path / "s"
    places = seal_all(folder / ".work")
    (folder / "sources.jsonl").write_bytes(b"{}\n")
    extras = [folder / ".work/rejects.jsonl", folder / "sources.jsonl"]
    manifest = assemble(folder, places, extra_files=extras)
    assert [(file.name, file.n_bytes, file.xxh3) for file in manifest.files] == [
        ("rejects.jsonl", len(REJECTS), xxhash.xxh3_64_hexdigest(REJECTS)),
        ("sources.jsonl", 3, xxhash.xxh3_64_hexdigest(b"{}\n")),
    ]
    assert (folder / "rejects.jsonl").read_bytes() == REJECTS
    assert assemble(folder, places, extra_files=extras) == manifest
    with open_tokens(folder, verify=True) as store:
        (folder / "sources.jsonl").write_bytes(b"{ \n")
        with pytest.raises(FormatError, match=r"sources\.jsonl: its XXH3"):
            store.verify()
        (folder / "sources.jsonl").write_bytes(b"{}")
        with pytest.raises(FormatError, match=r"sources\.jsonl: the size: expected 3 bytes"):
            store.verify()
        (folder / "sources.jsonl").unlink()
        with pytest.raises(FormatError, match=r"sources\.jsonl: missing"):
            store.verify()
    write(folder, [[1]], overwrite=True)  # the files of the old store go with it
    assert sorted(files_of(folder)) == ["manifest.json", "shard-00000.bin", "shard-00000.idx"]


def test_sha256_of_every_file(tmp_path):
    work = tmp_path / "s/.work"
    places = seal_all(work)
    options = {"extra_files": [work / "rejects.jsonl"]}
    assemble(tmp_path / "s", places, **options)
    with_sha256 = assemble(tmp_path / "s", places, sha256=True, **options)
    assert all(shard.bin_sha256 and shard.idx_sha256 for shard in with_sha256.shards)
    assert all(file.sha256 for file in (*with_sha256.sidecars, *with_sha256.files))
    raw = files_of(tmp_path / "s")
    record_sha256(tmp_path / "s")
    assert assemble(tmp_path / "s", places, **options) == with_sha256
    assert files_of(tmp_path / "s") == raw


class Killed(BaseException):
    """Stands for the end of the process."""


class Killer:
    """Ends the process, as it were, at the n-th step that changes the disk; the first is 0."""

    def __init__(self, patch, at):
        self.at, self.n_steps = at, 0
        steps = [(os, "link"), (Path, "unlink"), (Path, "replace"), (PendingFile, "seal")]
        for owner, name in steps:
            patch.setattr(owner, name, self._before(getattr(owner, name)))
        write_bytes = PendingFile.write

        def write(file, data):
            if self._counts():
                write_bytes(file, bytes(data)[: memoryview(data).nbytes // 2])
                raise Killed
            write_bytes(file, data)

        patch.setattr(PendingFile, "write", write)
        patch.setattr(PendingFile, "discard", lambda file: file._file.close())
        patch.setattr(os, "fsync", lambda _: None)  # nothing here can tell, and it takes long

    def _counts(self):
        self.n_steps += 1
        return self.n_steps - 1 == self.at

    def _before(self, call):
        def step(*arguments, **named):
            if self._counts():
                raise Killed
            return call(*arguments, **named)

        return step


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_kill_at_every_step_is_made_up_for(tmp_path, monkeypatch, overwrite):
    sealed, old = tmp_path / "sealed", tmp_path / "old"
    places = seal_all(sealed)
    write(old, [[40], [41, 42], [43], [44]], shard_tokens=1, emit=["olmo", "arrow"])
    folder = tmp_path / "s"

    def begin():
        if folder.exists():
            shutil.rmtree(folder)
        if overwrite:
            shutil.copytree(old, folder)
        shutil.copytree(sealed, folder / ".work")
        return [
            SealedPlace(folder / ".work" / p.bin.name, folder / ".work" / p.idx.name, p.entry)
            for p in places
        ]

    extras = [folder / ".work/rejects.jsonl"]
    options = {"overwrite": overwrite, "extra_files": extras, "emit": ("olmo", "nanogpt")}

    def try_to_kill(at):
        with monkeypatch.context() as patch:
            here = begin()
            killer = Killer(patch, at)
            try:
                assemble(folder, here, **options)
            except Killed:
                return here, None
            return here, killer.n_steps

    _, n_steps = try_to_kill(-1)
    expected = files_of(folder)
    assert n_steps > 30
    tokens_before = set()
    for at in range(n_steps):
        here, done = try_to_kill(at)
        assert done is None
        try:
            with open_tokens(folder, verify=True) as store:
                tokens_before.add(store.tokens(0, 1)[0])
        except FormatError:
            tokens_before.add(None)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: None)
            if at % 2:  # killed again, somewhere else
                with monkeypatch.context() as again:
                    Killer(again, (7 * at) % 11)
                    with suppress(Killed):
                        assemble(folder, here, **options)
            assemble(folder, here, **options)
        assert files_of(folder) == expected, at
    assert tokens_before == ({40, None} if overwrite else {None})


def test_leftovers_of_another_try_are_cleared(tmp_path):
    """One that was to have other sidecars, and more shards."""
    places = seal_all(tmp_path / "s/.work")
    for name in ("shard-00000.arrow.tmp", "shard-00009.bin.tmp", "manifest.json.tmp"):
        (tmp_path / "s" / name).write_bytes(b"half")
    assemble(tmp_path / "s", places, emit=())
    assert not list((tmp_path / "s").glob("*.tmp"))


def test_an_error_leaves_what_was_sealed(tmp_path, monkeypatch):
    """A disk that is full for a while: the next try ends well."""
    places = seal_all(tmp_path / "s/.work")
    before = files_of(tmp_path / "s/.work")

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "seal", refuse)
        with pytest.raises(OSError, match="No space left"):
            assemble(tmp_path / "s", places)
    assert files_of(tmp_path / "s") == {}
    assert files_of(tmp_path / "s/.work") == before
    assemble(tmp_path / "s", places)
    open_tokens(tmp_path / "s", verify=True).close()


def test_another_store_stays_unless_overwritten(tmp_path):
    folder = write(tmp_path / "s", [[40], [41]], shard_tokens=1)
    places = seal_all(folder / ".work")
    before = files_of(folder)
    with pytest.raises(FileExistsError, match="there is a token store here"):
        assemble(folder, places)
    assert files_of(folder) == before
    (folder / "manifest.json").unlink()
    with pytest.raises(FileExistsError, match="part of a token store"):
        assemble(folder, places)
    assemble(folder, places, overwrite=True)
    with pytest.raises(FileExistsError):  # the same shards, with another argument
        assemble(folder, places, metadata={})
    with pytest.raises(FileExistsError):
        assemble(folder, places, emit=("olmo",))
    with pytest.raises(FileNotFoundError, match=r"what was to replace it is gone"):
        assemble(folder, places, metadata={}, overwrite=True)
    with open_tokens(folder, verify=True) as store:
        assert store.n_tokens == 11


def test_files_of_others_are_not_taken(tmp_path):
    places = seal_all(tmp_path / "s/.work")
    for name in ("train.bin", "shard-00002.npy", "shard-00007.bin", "rejects.jsonl"):
        (tmp_path / "s" / name).write_bytes(b"mine")
        with pytest.raises(FileExistsError, match=name):
            assemble(tmp_path / "s", places, extra_files=[tmp_path / "s/.work/rejects.jsonl"])
        assert (tmp_path / "s" / name).read_bytes() == b"mine"
        (tmp_path / "s" / name).unlink()


def test_shards_that_are_not_what_is_said(tmp_path):
    folder = tmp_path / "s"
    places = seal_all(folder / ".work")

    def with_entry(**changes):
        return [
            *places[:2],
            dataclasses.replace(places[2], entry=dataclasses.replace(places[2].entry, **changes)),
        ]

    for changes, error, message in (
        ({"bin_bytes": 4}, FormatError, "the size: expected 4 bytes, as in its entry"),
        (
            {"n_documents": 1},
            FormatError,
            "the header: expected .*'uint16', 1, 1.*, as in its entry",
        ),
        ({"idx_xxh3": None}, ValueError, "its entry has no XXH3"),
    ):
        with pytest.raises(error, match=message):
            assemble(folder, with_entry(**changes))
    with pytest.raises(FormatError, match="'int32'"):
        assemble(folder, places, dtype="int32", emit=())
    with pytest.raises(ValueError, match="a store has a shard"):
        assemble(folder, [])
    with pytest.raises(ValueError, match="is named twice"):
        assemble(folder, [*places, places[0]])
    with pytest.raises(TypeError):
        assemble(folder, places, metadata={"x": object()})
    for name in ("shard-00000.bin", "manifest.json", "train.bin", "x.tmp"):
        with pytest.raises(ValueError, match="is a name that a store gives or has"):
            assemble(folder, places, extra_files=[folder / ".work" / name])
    places[1].idx.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"part-00001\.000\.idx: no such file, and no .*shard-00001"
    ):
        assemble(folder, places)
    assert files_of(folder) == {}


def test_a_shard_that_lies_where_another_goes(tmp_path):
    """It would be taken for a file of an old store."""
    folder = write(tmp_path / "s", [[40], [41]], shard_tokens=1)
    entries = open_tokens(folder).manifest.shards
    (folder / "manifest.json").unlink()
    places = [
        SealedPlace(folder / f"{e.name}.bin", folder / f"{e.name}.idx", e) for e in entries[::-1]
    ]
    with pytest.raises(ValueError, match=r"has a name of the store's own, but is to become"):
        assemble(folder, places, overwrite=True, emit=())
    assemble(folder, places[::-1], emit=())
    assert open_tokens(folder, verify=True).n_tokens == 2


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system")
def test_another_file_system(tmp_path):
    if Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    work = Path("/dev/shm") / f"bytestride-{os.getpid()}"
    try:
        with pytest.raises(ValueError, match="lies on another file system"):
            assemble(tmp_path / "s", seal_all(work))
    finally:
        shutil.rmtree(work)


def test_locks(tmp_path):
    places = seal_all(tmp_path / "s/.work")
    lock = FolderLock(tmp_path / "s")
    with pytest.raises(BlockingIOError, match="another writer"):
        assemble(tmp_path / "s", places)
    assemble(tmp_path / "s", places, lock=lock, sha256=True)
    with pytest.raises(BlockingIOError, match="another writer"):
        assemble(tmp_path / "s", places)
    lock.release()
    assemble(tmp_path / "s", places)
