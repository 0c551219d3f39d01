"""Hashes in a manifest: XXH3 from the writer, SHA-256 when it is asked for, stores of version 1."""

import dataclasses
import hashlib
import json
import os

import pytest
import xxhash
from store_parts import two_shards, write

from bytestride import FormatError, Windows, open_tokens
from bytestride.cli import main
from bytestride.store import record_sha256
from bytestride.store.durable import FolderLock, PendingFile
from bytestride.store.manifest import encode_manifest, read_manifest

EMIT = ["datatrove", "olmo", "nanogpt", "llmc"]


@pytest.fixture
def store(tmp_path):
    return write(tmp_path / "store", [[1, 2], [], [3, 4, 5], [9]], shard_tokens=4, emit=EMIT)


def hashes_of(folder):
    """Name, XXH3 and SHA-256 of all files that a manifest names."""
    manifest = read_manifest(folder / "manifest.json")
    for shard in manifest.shards:
        yield f"{shard.name}.bin", shard.bin_xxh3, shard.bin_sha256
        yield f"{shard.name}.idx", shard.idx_xxh3, shard.idx_sha256
    for file in (*manifest.sidecars, *manifest.files):
        yield file.name, file.xxh3, file.sha256


def make_version_1(folder):
    """Make the manifest what it was before XXH3 was taken."""
    path = folder / "manifest.json"
    record_sha256(folder)
    content = json.loads(path.read_text())
    for entry in (*content["shards"], *content.get("sidecars", [])):
        for key in ("bin_xxh3", "idx_xxh3", "xxh3"):
            entry.pop(key, None)
    content["version"] = 1
    del content["sha256"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(content))


def test_sha256_is_recorded_afterwards_and_nothing_else_changes(store):
    before = read_manifest(store / "manifest.json")
    files = {p.name: p.read_bytes() for p in store.iterdir() if p.suffix != ".json"}
    assert {name for name, _, _ in hashes_of(store)} == set(files)
    assert all(sha256 is None for _, _, sha256 in hashes_of(store))
    with open_tokens(store) as opened:
        print_before = opened.fingerprint, Windows(opened, 2, 1).fingerprint
        record_sha256(store)
        opened.verify()
    for name, xxh3, sha256 in hashes_of(store):
        assert xxh3 == xxhash.xxh3_64_hexdigest(files[name])
        assert sha256 == hashlib.sha256(files[name]).hexdigest()
    with open_tokens(store, verify=True) as opened:
        assert (opened.fingerprint, Windows(opened, 2, 1).fingerprint) == print_before
    raw = (store / "manifest.json").read_bytes()
    record_sha256(store)
    assert (store / "manifest.json").read_bytes() == raw
    after = read_manifest(store / "manifest.json")
    assert dataclasses.replace(after, shards=before.shards, sidecars=before.sidecars) == before
    assert sorted(p.name for p in store.iterdir()) == sorted([*files, "manifest.json"])


def test_fingerprints_differ_where_documents_do(tmp_path):
    documents = [[[1, 2], [3]], [[1, 2], [4]], [[1], [2, 3]], [[1, 2], [3], []]]
    prints = set()
    for number, each in enumerate(documents):
        with open_tokens(write(tmp_path / str(number), each)) as opened:
            prints.add(opened.fingerprint)
    with open_tokens(write(tmp_path / "again", documents[0])) as opened:
        assert opened.fingerprint in prints
    assert len(prints) == len(documents)


def test_stores_of_version_1_are_read_verified_and_recorded(store):
    make_version_1(store)
    facts = [("uint16", 5, 3), ("uint16", 1, 1)]
    facts += [
        tuple(hashlib.sha256((store / f"{name}.{end}").read_bytes()).hexdigest() for end in ends)
        for name in ("shard-00000", "shard-00001")
        for ends in (("bin", "idx"),)
    ]
    fingerprint = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    with open_tokens(store, verify=True) as opened:
        assert opened.fingerprint == fingerprint
    record_sha256(store)
    assert all(xxh3 is None and sha256 for _, xxh3, sha256 in hashes_of(store))
    with open_tokens(store, verify=True) as opened:
        assert opened.fingerprint == fingerprint
    (store / "shard-00001.bin").write_bytes(b"\x07\x00")
    with pytest.raises(FormatError, match=r"shard-00001\.bin: its SHA-256"):
        open_tokens(store, verify=True)


@pytest.mark.parametrize("name", ["shard-00000.bin", "shard-00000.idx", "shard-00000.csv.gz"])
def test_nothing_is_recorded_of_a_damaged_store(store, name):
    raw = bytearray((store / name).read_bytes())
    raw[1] ^= 1 if name.endswith("bin") else 128
    (store / name).write_bytes(raw)
    manifest = (store / "manifest.json").read_bytes()
    with pytest.raises(FormatError, match=name):
        record_sha256(store)
    assert (store / "manifest.json").read_bytes() == manifest


def test_both_hashes_are_compared(store):
    record_sha256(store)
    path = store / "manifest.json"
    manifest = read_manifest(path)
    for key, said in (("bin_xxh3", "its XXH3"), ("idx_sha256", "its SHA-256")):
        wrong = dataclasses.replace(manifest.shards[0], **{key: "0"})
        changed = dataclasses.replace(manifest, shards=(wrong, *manifest.shards[1:]))
        path.write_bytes(encode_manifest(changed))
        with pytest.raises(FormatError, match=said):
            open_tokens(store, verify=True)


def test_a_manifest_names_a_hash_of_every_file(store):
    path = store / "manifest.json"
    manifest = read_manifest(path)
    none = dataclasses.replace(manifest.shards[0], idx_xxh3=None)
    changed = dataclasses.replace(manifest, shards=(none, *manifest.shards[1:]))
    path.write_bytes(encode_manifest(changed))
    with pytest.raises(FormatError, match="an XXH3 or a SHA-256 of every file"):
        open_tokens(store)


def test_what_cannot_be_recorded(store, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"manifest\.json"):
        record_sha256(tmp_path)
    lock = FolderLock(store)
    with pytest.raises(BlockingIOError, match="another writer"):
        record_sha256(store)
    lock.release()
    manifest = (store / "manifest.json").read_bytes()

    def refuse(*_):
        raise OSError("mocked")

    monkeypatch.setattr(PendingFile, "seal", refuse)
    with pytest.raises(OSError, match="mocked"):
        record_sha256(store)
    assert (store / "manifest.json").read_bytes() == manifest
    assert not list(store.glob("*.tmp"))


def test_the_command(tmp_path, capsys):
    store = two_shards(tmp_path / "s")
    assert main(["store", "verify", "--sha256", str(store)]) == 0
    assert "whole (hashes, documents and ids): 9 tokens" in capsys.readouterr().out
    assert all(sha256 for _, _, sha256 in hashes_of(store))
    assert main(["store", "verify", "--sha256", str(store / "shard-00000.bin")]) == 1
    assert "has no manifest to record a SHA-256 in" in capsys.readouterr().err
    os.truncate(store / "shard-00001.bin", 4)
    assert main(["store", "verify", "--sha256", str(store)]) == 1
