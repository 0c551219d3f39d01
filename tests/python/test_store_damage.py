"""Nothing that is not a whole store is taken for one."""

import json
import os
import struct

import numpy as np
import pytest
from store_parts import two_shards

from bytestride import FormatError, open_tokens


@pytest.fixture
def store(tmp_path):
    return two_shards(tmp_path / "store")


# What is not there, or is something else


def test_missing_and_foreign_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        open_tokens(tmp_path / "nothing")
    with pytest.raises(FormatError, match=r"not a token store: it has no manifest\.json"):
        open_tokens(tmp_path)
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(FormatError, match="not a token store: expected a folder"):
        open_tokens(tmp_path / "text.txt")
    (tmp_path / "alone.idx").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"alone\.bin: missing beside its \.idx"):
        open_tokens(tmp_path / "alone")
    (tmp_path / "odd.bin").write_bytes(b"123")
    with pytest.raises(FormatError, match="at byte 2: expected a whole uint16"):
        open_tokens(tmp_path / "odd.bin", dtype="uint16")
    with pytest.raises(ValueError, match=r"a bare \.bin does not say what its ids are"):
        open_tokens(tmp_path)


# Damage


def test_every_truncation_is_found_at_open(store):
    for path in sorted(store.iterdir()):
        whole = path.read_bytes()
        size = len(whole) - (path.suffix == ".json")  # a manifest's last newline says nothing
        for n in {0, 1, 9, 33, 34, size // 2, size - 2, size - 1} & set(range(size)):
            path.write_bytes(whole[:n])
            with pytest.raises(FormatError, match=path.name):
                open_tokens(store)
        path.write_bytes(whole + b"\0\0")
        with pytest.raises(FormatError, match=path.name):
            open_tokens(store)
        path.unlink()
        with pytest.raises(FormatError):
            open_tokens(store)
        path.write_bytes(whole)
    open_tokens(store, verify=True).close()


def test_every_flipped_bit_is_found_by_verify(store):
    for path in sorted(store.iterdir()):
        whole = path.read_bytes()
        for i in range(len(whole)):
            flipped = bytearray(whole)
            flipped[i] ^= 1 << (i % 8)
            path.write_bytes(flipped)
            try:
                open_tokens(store, verify=True).close()
            except FormatError as error:
                assert str(store) in str(error)  # noqa: PT017 (most flips raise; blanks do not)
            else:
                assert json.loads(flipped) == json.loads(whole), (path.name, i)
        path.write_bytes(whole)


def edit(path, offset, kind, value):
    raw = bytearray(path.read_bytes())
    struct.pack_into(kind, raw, offset, value)
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("offset", "kind", "value", "message"),
    [
        (0, "<B", 65, r"at byte 0: expected the mark"),
        (9, "<Q", 2, r"at byte 9: expected version 1, found 2"),
        (17, "<B", 6, r"at byte 17: expected a type code"),
        (17, "<B", 4, r"the last sequence, before byte 70: expected an end at byte 10"),
        (18, "<Q", 4, r"at byte 18: expected a file of \d+ bytes for 4 sequences"),
        (18, "<Q", 2**63, r"at byte 18: expected a file of"),
        (26, "<Q", 0, r"at byte 26: expected at least 1"),
        (26, "<Q", 3, r"at byte 18: expected a file of"),
        (42, "<i", 4, r"the last sequence.*found 12"),
        (62, "<q", 6, r"the last sequence.*found 12"),
        (70, "<q", 1, r"at byte 70: expected the first document at sequence 0, found 1"),
        (94, "<q", 2, r"at byte 94: expected the last document to end at sequence 3, found 2"),
    ],
)
def test_an_index_that_disagrees_is_found_at_open(store, offset, kind, value, message):
    edit(store / "shard-00000.idx", offset, kind, value)
    for path in (store, store / "shard-00000.bin"):
        with pytest.raises(FormatError, match=message):
            open_tokens(path)


@pytest.mark.parametrize(
    ("offset", "kind", "value", "message"),
    [
        (34, "<i", -2, r"at byte 34: expected a length of at least 0, found -2"),
        (34, "<i", 3, r"at byte 54: expected sequence 1 at payload byte 6"),
        (54, "<q", 2**40, r"at byte 54: expected sequence 1 at payload byte 4"),
        (78, "<q", 3, r"at byte 86: expected a sequence from 3 to 3, found 2"),
        (78, "<q", -1, r"at byte 78: expected a sequence from 0 to 3, found -1"),
    ],
)
def test_an_index_wrong_inside_is_found_when_documents_are(store, offset, kind, value, message):
    edit(store / "shard-00000.idx", offset, kind, value)
    for path in (store, store / "shard-00000.bin"):
        with open_tokens(path) as opened, pytest.raises(FormatError, match=message):
            _ = opened.document_offsets
    with pytest.raises(FormatError, match=message):
        open_tokens(store / "shard-00000", verify=True)


def test_shards_that_changed_places(store):
    for suffix in (".bin", ".idx"):
        one, two = store / f"shard-00000{suffix}", store / f"shard-00001{suffix}"
        one.rename(store / "x")
        two.rename(one)
        (store / "x").rename(two)
    with pytest.raises(FormatError, match=r"as in manifest\.json"):
        open_tokens(store)


def test_ids_beyond_the_vocabulary_are_found_by_verify(tmp_path):
    np.array([1, -5], "<i4").tofile(tmp_path / "d.bin")
    with pytest.raises(FormatError, match=r"at byte 4: expected an id from 0 to .* found -5"):
        open_tokens(tmp_path / "d.bin", dtype="int32", verify=True)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 1}', "[" * 100_000, "\0"])
def test_manifests_that_are_none(store, text):
    (store / "manifest.json").write_text(text)
    with pytest.raises(FormatError, match="manifest"):
        open_tokens(store)
    (store / "manifest.json").write_bytes(b"\xff" + text.encode())
    with pytest.raises(FormatError, match="UTF-8"):
        open_tokens(store)


def test_a_manifest_of_a_later_version(store):
    manifest = json.loads((store / "manifest.json").read_text())
    (store / "manifest.json").write_text(json.dumps({**manifest, "version": 3}))
    with pytest.raises(FormatError, match="expected 2, found 3; open it with"):
        open_tokens(store)


def test_a_store_that_shrinks_while_it_is_open(store):
    opened = open_tokens(store)
    os.truncate(store / "shard-00001.bin", 2)
    for use in (opened.check_sizes, lambda: opened.tokens(0, 9), opened.verify):
        with pytest.raises(FormatError, match=r"shard-00001.bin: the size: expected 8 bytes"):
            use()
    opened.close()
