"""Other trainers' layouts beside a store's shards: what they hold; they are whole or absent."""

import dataclasses
import errno
import gzip
import os
import struct

import numpy as np
import pytest
from store_layouts import DOCUMENTS, ENDS, FLAT
from store_parts import write

from bytestride import FormatError, TokenStoreWriter, open_tokens
from bytestride.store import durable, sidecars
from bytestride.store.manifest import Sidecar, encode_manifest, read_manifest
from bytestride.store.sidecars import FORMATS, datatrove, llmc, tables

ALL = {"emit": FORMATS, "vocab_size": 65_536}


def names(path):
    return sorted(file.name for file in path.iterdir())


def documents_of(path, dtype=None):
    with open_tokens(path, dtype, verify=True) as store:
        return [store.document(i).tolist() for i in range(store.n_documents)]


def test_the_bytes_of_every_sidecar(tmp_path):
    metadata = {"tokenizer": {"name": "some\nname", "fingerprint": "f"}}
    folder = write(tmp_path / "s", DOCUMENTS, shard_tokens=5, metadata=metadata, **ALL)
    first, second = (np.array(part, "<u2").tobytes() for part in (FLAT[:9], FLAT[9:]))
    assert (folder / "train.bin").read_bytes() == first + second
    assert (folder / "shard-00000.ds").read_bytes() == first
    assert (folder / "shard-00001.npy").read_bytes() == second
    index = (folder / "shard-00000.ds.index").read_bytes()
    assert struct.unpack("<4Q", index) == tuple(ENDS[:4])
    assert (folder / "shard-00000.ds.metadata").read_text() == "some name|2\n9\n9.00 T"
    with gzip.open(folder / "shard-00000.csv.gz", "rt") as file:
        assert file.read().splitlines() == [
            "0,3,0,shard-00000,1",
            "3,3,1,shard-00000,2",
            "3,4,2,shard-00000,3",
            "4,9,3,shard-00000,4",
        ]
    with gzip.open(folder / "shard-00001.csv.gz", "rt") as file:
        assert file.read() == "0,2,4,shard-00001,1\n"
    header = struct.pack("<3i", 20240520, 1, 2) + bytes(1024 - 12)
    assert (folder / "shard-00001.llmc.bin").read_bytes() == header + second


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_every_sidecar_opens_as_the_same_documents(tmp_path, dtype):
    emit = [name for name in FORMATS if name != "nanogpt" or dtype == "uint16"]
    write(tmp_path / "s", DOCUMENTS, vocab_size=None, dtype=dtype, shard_tokens=5, emit=emit)
    unsigned = {"uint16": "uint16", "int32": "uint32"}[dtype]
    tables = {"*.ds": unsigned, "*.npy": unsigned, "*.arrow": dtype, "*.parquet": dtype}
    for pattern, named in tables.items():
        assert documents_of(tmp_path / "s" / pattern, named) == DOCUMENTS, pattern
    assert documents_of(tmp_path / "s/*.llmc.bin", unsigned) == [FLAT[:9], FLAT[9:]]
    if dtype == "uint16":
        assert documents_of(tmp_path / "s/train.bin", dtype) == [FLAT]


def test_one_payload_has_many_names(tmp_path):
    folder = write(tmp_path / "s", DOCUMENTS, **ALL)
    inodes = {
        (folder / name).stat().st_ino
        for name in ("shard-00000.bin", "shard-00000.ds", "shard-00000.npy", "train.bin")
    }
    assert len(inodes) == 1


@pytest.mark.parametrize("error", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_without_hard_links_the_bytes_are_copied(tmp_path, monkeypatch, error):
    one = write(tmp_path / "one", DOCUMENTS, shard_tokens=5, **ALL)

    def refuse(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(durable.os, "link", refuse)
    two = write(tmp_path / "two", DOCUMENTS, shard_tokens=5, **ALL)
    assert names(one) == names(two)
    for name in names(one):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert (two / "shard-00000.bin").stat().st_nlink == 1


def test_empty_stores_and_documents(tmp_path):
    for number, documents in enumerate([[], [[]], [[], [1], []]]):
        folder = write(tmp_path / str(number), documents, **ALL)
        for pattern in ("*.ds", "*.npy", "*.arrow", "*.parquet"):
            named = "uint16" if "npy" in pattern else None
            assert documents_of(folder / pattern, named) == documents, pattern
        assert open_tokens(folder / "shard-00000.llmc.bin").n_tokens == sum(map(len, documents))


def test_arrow_batches_are_whole_documents_and_are_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_BATCH_TOKENS", 4)
    folder = write(tmp_path / "s", DOCUMENTS, emit=("arrow", "parquet"))
    with open_tokens(folder / "shard-00000.arrow") as store:
        assert [shard.tolist() for shard in store.shards] == [FLAT[:4], FLAT[4:9], FLAT[9:]]
        assert not any(shard.flags.owndata for shard in store.shards)
    assert documents_of(folder / "shard-00000.arrow") == DOCUMENTS
    assert documents_of(folder / "shard-00000.parquet") == DOCUMENTS


def test_a_payload_too_long_for_one_llmc_shard(tmp_path, monkeypatch):
    pieces = llmc.write_llmc
    monkeypatch.setitem(
        sidecars._WRITERS, "llmc", lambda shard, files: pieces(shard, files, max_tokens=4)
    )
    folder = write(tmp_path / "s", DOCUMENTS, emit=["llmc"])
    assert [name for name in names(folder) if "llmc" in name] == [
        f"shard-00000.00{i}.llmc.bin" for i in range(3)
    ]
    assert documents_of(folder / "*.llmc.bin") == [FLAT[:4], FLAT[4:8], FLAT[8:]]
    write(folder, [[1]], overwrite=True)
    assert names(folder) == ["manifest.json", "shard-00000.bin", "shard-00000.idx"]


def test_verify_looks_at_sidecars(tmp_path):
    folder = write(tmp_path / "s", DOCUMENTS, emit=["datatrove", "llmc"])
    path = folder / "shard-00000.llmc.bin"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with open_tokens(folder) as store, pytest.raises(FormatError, match=r"llmc\.bin: its XXH3"):
        store.verify()
    path.unlink()
    with open_tokens(folder) as store, pytest.raises(FormatError, match=r"llmc\.bin: missing"):
        store.verify()


def test_overwriting_removes_old_sidecars(tmp_path):
    folder = write(tmp_path / "s", DOCUMENTS, shard_tokens=5, **ALL)
    (folder / "notes.txt").write_text("mine")
    write(folder, [[1]], overwrite=True, emit=["olmo"])
    kept = ["manifest.json", "notes.txt", "shard-00000.bin", "shard-00000.csv.gz"]
    assert names(folder) == [*kept, "shard-00000.idx", "shard-00000.npy"]


def test_a_file_of_somebody_elses_is_not_taken(tmp_path):
    (tmp_path / "train.bin").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"train\.bin"):
        TokenStoreWriter(tmp_path, vocab_size=300, emit=["nanogpt"])
    write(tmp_path, [[1]], vocab_size=300)
    assert (tmp_path / "train.bin").read_bytes() == b"mine"


def test_what_a_killed_writer_left_is_not_written_over(tmp_path):
    """Its files may be other names of a payload that is in use."""
    folder = write(tmp_path / "s", [[7, 8]])
    other = tmp_path / "t"
    other.mkdir()
    for name in ("shard-00000.bin", "shard-00000.ds", "train.bin"):
        os.link(folder / "shard-00000.bin", other / f"{name}.tmp")
    write(other, DOCUMENTS, **ALL)
    assert documents_of(folder) == [[7, 8]]
    assert documents_of(other) == DOCUMENTS


@pytest.mark.parametrize("name", ["../x", "/x", "", 5, None])
def test_a_sidecar_lies_beside_its_store(tmp_path, name):
    folder = write(tmp_path / "s", DOCUMENTS, emit=["olmo"])
    path = folder / "manifest.json"
    manifest = read_manifest(path)
    changed = dataclasses.replace(manifest, sidecars=(Sidecar(name, 0, ""),))
    path.write_bytes(encode_manifest(changed))
    with pytest.raises(FormatError, match="sidecars: expected names of files beside it"):
        open_tokens(folder)


@pytest.mark.parametrize(
    ("emit", "error", "message"),
    [
        (["megatron"], ValueError, "no format is named 'megatron'; there are datatrove, olmo"),
        ("olmo", TypeError, "emit must be names of formats, found the text 'olmo'"),
        (["nanogpt"], ValueError, "nanoGPT reads uint16, and the ids are int32"),
    ],
)
def test_bad_formats(tmp_path, emit, error, message):
    with pytest.raises(error, match=message):
        TokenStoreWriter(tmp_path / "s", dtype="int32", emit=emit)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("n_writes", range(0, 40, 8))
def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch, n_writes):
    left = [n_writes]
    write_bytes = durable.PendingFile.write

    def full(self, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_bytes(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(durable.PendingFile, "write", full)
        try:
            write(tmp_path / "s", DOCUMENTS, shard_tokens=5, **ALL)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 (the last ones pass)
            assert not (tmp_path / "s").exists()
        else:
            documents_of(tmp_path / "s")


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0.00 T"),
        (9, "9.00 T"),
        (999, "999 T"),
        (1000, "1.00 kT"),
        (9_999, "10.0 kT"),
        (12_345, "12.3 kT"),
        (999_999, "1.00 MT"),
        (10**12, "1.00 TT"),
        (2**62, "4.61 ET"),
    ],
)
def test_numbers_in_short(n, said):
    assert datatrove.in_short(n) == said
