"""Stores converted, merged and split: the same documents, in bounded memory, whole or absent."""

import errno
import os
import random
import subprocess

import numpy as np
import pytest
import store_layouts as make
from hypothesis import given, settings
from hypothesis import strategies as st
from store_layouts import DOCUMENTS, FLAT
from store_parts import write

from bytestride import FormatError, Windows, open_tokens
from bytestride.store import convert_store, documents, durable, merge_stores, split_store
from bytestride.store.documents import ends_at, iter_documents, with_ids
from bytestride.store.layout import find_layout
from bytestride.store.layouts import arrow as arrow_layout
from bytestride.store.megatron import write_idx
from bytestride.store.partition import Partition, validation_count


def documents_of(path, dtype=None):
    with open_tokens(path, dtype, verify=True) as store:
        return [store.document(i).tolist() for i in range(store.n_documents)]


def whole(parts):
    """The documents of a stream of parts, and that each part is well formed."""
    found, is_open = [[]], False
    for ids, ends in parts:
        assert (np.diff(ends, prepend=0) >= 0).all()
        assert not ends.size or ends[-1] <= ids.size
        begin = 0
        for end in ends.tolist():
            found[-1] += ids[begin:end].tolist()
            found.append([])
            begin = end
        found[-1] += ids[begin:].tolist()
        is_open = bool(found[-1])
    assert not is_open
    return found[:-1]


def split_anywhere(stream, cuts):
    """Parts of documents, cut at these tokens; ends at a cut go to either side."""
    flat = np.array([token for document in stream for token in document], np.int64)
    ends = np.cumsum([len(document) for document in stream], dtype=np.int64)
    begin = 0
    for number, cut in enumerate([*sorted(min(c, flat.size) for c in cuts), flat.size]):
        last = cut == flat.size or number % 2
        n = int(np.searchsorted(ends, cut, "right" if last else "left"))
        here, ends = ends[:n], ends[n:]
        yield flat[begin:cut], here - begin
        begin = cut
    if ends.size:
        yield flat[:0], ends - begin


streams = st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=8)
cuts = st.lists(st.integers(0, 40), max_size=5)


@settings(max_examples=100)
@given(streams, cuts, st.none() | st.just(7), st.none() | st.just(8))
def test_ids_put_around_documents(stream, cuts, before, after):
    expected = [
        [*([] if before is None else [before]), *document, *([] if after is None else [after])]
        for document in stream
    ]
    assert whole(with_ids(split_anywhere(stream, cuts), before=before, after=after)) == expected


@settings(max_examples=100)
@given(streams, cuts)
def test_documents_found_by_an_id(stream, cuts):
    flat = [token for document in stream for token in document]
    ended, begun = [[]], [[]]
    for token in flat:
        ended[-1].append(token)
        if token == 0:
            ended.append([])
        if token == 0 and begun[-1]:
            begun.append([])
        begun[-1].append(token)
    for expected, how in ((ended, (None, 0)), (begun, (0, None))):
        parts = split_anywhere(stream, cuts)
        found = whole(ends_at(parts, begins_with=how[0], ends_with=how[1]))
        assert found == [document for document in expected if document]


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=10),
    st.integers(1, 7),
    st.integers(1, 4),
    st.sampled_from(["pair", "datatrove", "olmo", "arrow"]),
)
def test_documents_in_blocks(tmp_path_factory, stream, block_tokens, block_ends, kind):
    """However small the blocks are, and however the ends are kept."""
    folder = tmp_path_factory.mktemp("blocks")
    flat = [token for document in stream for token in document]
    ends = np.cumsum([len(document) for document in stream], dtype=int).tolist()
    if kind == "pair":
        np.array(flat, "<u2").tofile(folder / "a.bin")
        with (folder / "a.idx").open("wb") as file:  # several sequences a document
            lengths = np.array([len(document) for document in stream], np.int64)
            write_idx(file.write, np.dtype("<u2"), [lengths] if stream else [], 2)
        path, dtype = folder / "a.bin", None
    elif kind == "arrow":
        path, dtype = make.arrow(folder / "a.arrow", chunks=[stream], large=True), None
    else:
        path = folder / ("a.ds" if kind == "datatrove" else "a.npy")
        getattr(make, kind)(path, ids=flat, ends=ends)
        dtype = "uint16" if kind == "olmo" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_BLOCK", block_ends)
        assert whole(iter_documents(find_layout(path, dtype).shards, block_tokens)) == stream


def test_places_that_do_not_go_together_are_found_on_the_way(tmp_path):
    def damaged(offset, value):
        write(tmp_path / "s", DOCUMENTS, overwrite=True)
        path = tmp_path / "s/shard-00000.idx"
        raw = bytearray(path.read_bytes())
        raw[offset : offset + 8] = value.to_bytes(8, "little", signed=True)
        path.write_bytes(raw)
        with pytest.raises(FormatError) as caught:
            list(iter_documents(find_layout(tmp_path / "s/shard-00000.bin", None).shards))
        return str(caught.value)

    pointers, starts = 34 + 4 * 5, 34 + 12 * 5
    assert f"at byte {pointers + 16}: expected a multiple of 2 bytes, found 7" in damaged(
        pointers + 16, 7
    )
    assert "expected a number from 3 to 11, found 2" in damaged(pointers + 16, 4)
    assert "expected a number from 3 to 11, found 20" in damaged(pointers + 16, 40)
    assert f"at byte {starts + 16}: expected a number from 1 to 5, found -9" in damaged(
        starts + 16, -9
    )


# Converting


@pytest.mark.parametrize(
    ("kind", "target", "opens"),
    [
        ("bytestride", "t", None),
        ("megatron", "t", None),
        ("megatron", "t.v1.bin", None),
        ("datatrove", "t", None),
        ("datatrove", "t.v1.ds", None),
        ("olmo", "t", "uint16"),
        ("olmo", "t.npy", "uint16"),
        ("arrow", "t", None),
        ("arrow", "t.arrow", None),
        ("parquet", "t.parquet", None),
        ("parquet", "t", None),
    ],
)
@pytest.mark.parametrize("source", ["own", "datatrove", "parquet"])
def test_conversions_keep_documents(tmp_path, source, kind, target, opens):
    if source == "own":
        path = write(tmp_path / "a", DOCUMENTS, shard_tokens=4, vocab_size=2**16)
    else:
        path = getattr(make, source)(tmp_path / ("a.ds" if source == "datatrove" else "a.parquet"))
    before = sorted(tmp_path.iterdir())
    made = convert_store(path, tmp_path / target, format=kind, shard_tokens=4)
    assert documents_of(made, opens) == DOCUMENTS
    new = set(tmp_path.iterdir()) - set(before)
    assert made in new
    assert not [file for file in new if "tmp" in file.name]
    with pytest.raises(FileExistsError, match="overwrite=True"):
        convert_store(path, tmp_path / target, format=kind)
    assert convert_store(path, tmp_path / target, format=kind, overwrite=True) == made
    assert documents_of(made, opens) == DOCUMENTS
    assert set(tmp_path.iterdir()) == new | set(before)


def test_a_packing_goes_with_a_conversion(tmp_path):
    path = write(tmp_path / "a", DOCUMENTS, shard_tokens=4, vocab_size=2**16)
    made = convert_store(path, tmp_path / "t", format="datatrove", shard_tokens=4)
    before = sorted(made.iterdir())
    with open_tokens(made) as store:
        Windows(store, 4, per_document=True).packed()
    assert len(list(made.iterdir())) == len(before) + 1
    convert_store(path, made, format="datatrove", shard_tokens=4, overwrite=True)
    assert sorted(made.iterdir()) == before


@pytest.mark.parametrize("target", ["t", "t.bin"])
@pytest.mark.parametrize("kind", ["nanogpt", "llmc"])
def test_conversions_to_one_stream(tmp_path, kind, target):
    path = write(tmp_path / "a", DOCUMENTS, shard_tokens=4, vocab_size=2**16)
    made = convert_store(path, tmp_path / target, format=kind, prepend=50_256, append=0)
    expected = [token for document in DOCUMENTS for token in (50_256, *document, 0)]
    assert documents_of(made, "uint16" if kind == "nanogpt" else None) == [expected]
    back = convert_store(made, tmp_path / "back", source_dtype="uint16", begins_with=50_256)
    assert documents_of(back) == [[50_256, *document, 0] for document in DOCUMENTS]
    back = convert_store(made, tmp_path / "again", source_dtype="uint16", ends_with=0)
    assert documents_of(back) == [[50_256, *document, 0] for document in DOCUMENTS]


def test_types_of_ids(tmp_path):
    path = make.datatrove(tmp_path / "a.ds", size=4)
    made = convert_store(path, tmp_path / "b")
    assert open_tokens(made).dtype == np.int32
    made = convert_store(path, tmp_path / "c", dtype="uint16")
    assert open_tokens(made).dtype == np.uint16
    with pytest.raises(ValueError, match=r"nanoGPT reads uint16.*name dtype='uint16'"):
        convert_store(path, tmp_path / "d.bin", format="nanogpt")
    wide = make.datatrove(tmp_path / "w.ds", size=4, ids=[1, 70_000], ends=[2])
    with pytest.raises(ValueError, match="is 70000, outside uint16's ids"):
        convert_store(wide, tmp_path / "d.bin", format="nanogpt", dtype="uint16")
    beyond = make.datatrove(tmp_path / "v.ds", size=4, ids=[1, 2**31], ends=[2])
    with pytest.raises(ValueError, match="is 2147483648, outside int32's ids"):
        convert_store(beyond, tmp_path / "d")
    own = write(tmp_path / "own", [[1]], vocab_size=300)
    with pytest.raises(ValueError, match="is 300, outside the vocabulary's ids"):
        convert_store(own, tmp_path / "d", append=300)
    assert not [path for path in tmp_path.iterdir() if path.name[0] == "d"]


@pytest.mark.parametrize(
    ("options", "target", "error", "message"),
    [
        ({"format": "xyz"}, "t", ValueError, "no format is named 'xyz'; there are bytestride,"),
        ({"begins_with": 1, "ends_with": 2}, "t", ValueError, "begins_with or ends_with, not both"),
        ({"append": -1}, "t", ValueError, "append must be an id from 0"),
        ({"format": "olmo", "emit": ["olmo"]}, "t", ValueError, "emit goes with"),
        ({"format": "olmo"}, "t.ds", ValueError, r"a file of olmo ends with \.npy"),
        ({"format": "olmo"}, "full", FileExistsError, r"holds other files \(notes\.txt\)"),
        ({"format": "olmo"}, "notes", NotADirectoryError, "is a file; name a folder"),
        ({"format": "olmo", "overwrite": True}, "full", FileExistsError, "holds other files"),
        ({"format": "datatrove"}, "d.ds", IsADirectoryError, "is a folder; name a file"),
    ],
)
def test_bad_conversions(tmp_path, options, target, error, message):
    path = write(tmp_path / "a", DOCUMENTS, vocab_size=2**16)
    (tmp_path / "full").mkdir()
    (tmp_path / "d.ds").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    (tmp_path / "notes").write_text("mine")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error, match=message):
        convert_store(path, tmp_path / target, **options)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "full/notes.txt").read_text() == "mine"


def test_tables_too_large_to_be_opened_are_converted(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_layout, "MAX_DECODED_BYTES", 4)
    make.parquet(tmp_path / "a-0.parquet")
    make.parquet(tmp_path / "a-1.parquet", chunks=[DOCUMENTS[:3]], kind="uint16")
    with pytest.raises(FormatError, match="store convert"):
        open_tokens(tmp_path / "a-0.parquet")
    made = convert_store(tmp_path / "a-*.parquet", tmp_path / "s")
    assert documents_of(made) == DOCUMENTS + DOCUMENTS[:3]
    make.parquet(tmp_path / "a-2.parquet", kind="int32")
    with pytest.raises(FormatError, match="ids are of several types: int32, uint16"):
        convert_store(tmp_path / "a-*.parquet", tmp_path / "t")


@pytest.mark.parametrize("kind", ["datatrove", "arrow", "megatron", "llmc"])
@pytest.mark.parametrize("n_calls", range(0, 20, 4))
def test_a_conversion_that_fails_leaves_what_was_there(tmp_path, monkeypatch, kind, n_calls):
    """Whichever write or sync it is that fails."""
    target = tmp_path / ("t" if kind in ("arrow", "megatron") else f"t.{kind[:2]}")
    path = write(tmp_path / "a", DOCUMENTS, vocab_size=2**16)
    target = target.with_suffix(".bin") if kind == "llmc" else target
    old = convert_store(make.llmc(tmp_path / "old.bin", [7]), target, format=kind)
    before = sorted(tmp_path.iterdir())
    left = [n_calls]

    def failing(real):
        def call(*arguments):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", failing(os.fsync))
        patch.setattr(durable.PendingFile, "write", failing(durable.PendingFile.write))
        try:
            convert_store(path, target, format=kind, overwrite=True)
        except OSError:
            done = False
        else:
            done = True
    assert not [file for file in tmp_path.iterdir() if "tmp" in file.name]
    if done:
        assert documents_of(old) == ([FLAT] if kind == "llmc" else DOCUMENTS)
    elif old.exists():
        assert documents_of(old) in ([[7]], DOCUMENTS, [FLAT])
    if not done and n_calls < 6:
        assert sorted(tmp_path.iterdir()) == before
        assert documents_of(old) == [[7]]


def test_one_conversion_at_a_time(tmp_path):
    path = write(tmp_path / "a", DOCUMENTS)
    (tmp_path / "t.ds.tmp").mkdir()
    lock = durable.FolderLock(tmp_path / "t.ds.tmp")
    with pytest.raises(BlockingIOError, match="another writer is at work"):
        convert_store(path, tmp_path / "t.ds", format="datatrove")
    lock.release()
    assert documents_of(convert_store(path, tmp_path / "t.ds", format="datatrove")) == DOCUMENTS


def test_a_stream_beside_a_megatron_index(tmp_path):
    path = write(tmp_path / "a", DOCUMENTS)
    (tmp_path / "t.idx").write_bytes(b"")
    for kind in ("llmc", "nanogpt"):
        with pytest.raises(FileExistsError, match=r"t\.idx: with it, t\.bin would be a Megatron"):
            convert_store(path, tmp_path / "t.bin", format=kind, overwrite=True)


@pytest.mark.parametrize("hard_links", [True, False])
@pytest.mark.parametrize(
    ("kind", "target", "opens"),
    [
        ("megatron", "t", None),
        ("datatrove", "t.ds", None),
        ("datatrove", "t", None),
        ("olmo", "t.npy", "uint16"),
        ("nanogpt", "t.bin", "uint16"),
    ],
)
def test_payloads_get_another_name(tmp_path, monkeypatch, kind, target, opens, hard_links):
    path = write(tmp_path / "a", DOCUMENTS, metadata={"tokenizer": {"name": "x"}})
    if not hard_links:
        monkeypatch.setattr(durable.os, "link", lambda *_: (_ for _ in ()).throw(OSError()))
    made = convert_store(path, tmp_path / target, format=kind, link=True)
    assert documents_of(made, opens) == ([FLAT] if kind == "nanogpt" else DOCUMENTS)
    payload = made / "shard-00000.ds" if made.is_dir() else made
    assert payload.samefile(path / "shard-00000.bin") == hard_links
    copy = convert_store(path, tmp_path / f"copy-{target}", format=kind)
    for one in made.iterdir() if made.is_dir() else tmp_path.glob(f"{target[0]}.*"):
        two = copy / one.name if copy.is_dir() else tmp_path / f"copy-{one.name}"
        assert one.read_bytes() == two.read_bytes()
    with open_tokens(path, verify=True) as store, open_tokens(copy, opens) as again:
        assert again.n_tokens == store.n_tokens


def test_what_cannot_be_linked(tmp_path):
    own = write(tmp_path / "own", DOCUMENTS, shard_tokens=4)
    llmc = make.llmc(tmp_path / "a.bin")
    wide = make.datatrove(tmp_path / "w.ds", size=4, ids=[1, 2**31], ends=[2])
    for source, options, message in [
        (own, {"format": "llmc"}, "of the same bytes"),
        (own, {"format": "megatron"}, "several payloads are not one pair"),
        (own, {"format": "olmo", "append": 1}, "keeps ids and shards as they are"),
        (own, {"format": "olmo", "shard_tokens": 5}, "keeps ids and shards as they are"),
        (llmc, {"format": "olmo"}, "holds more than ids"),
        (make.parquet(tmp_path / "a.parquet"), {"format": "olmo"}, "of another layout"),
        (wide, {"format": "nanogpt"}, "nanoGPT reads uint16"),
        (wide, {"format": "megatron"}, "at byte 4: expected an id below 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            convert_store(source, tmp_path / "t", link=True, **options)
    assert not list(tmp_path.glob("t*"))
    made = convert_store(own, tmp_path / "n.bin", format="nanogpt", link=True)
    assert documents_of(made, "uint16") == [FLAT]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB, where one can be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(tmp_path, small_disk):
    long = [list(range(1000))] * 90
    path = write(tmp_path / "a", long)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write(small_disk / "s", long + long)
    assert caught.value.errno == errno.ENOSPC
    write(small_disk / "s", [[1]])
    targets = {"llmc": "t.bin", "datatrove": "t", "bytestride": "u", "arrow": "v"}
    for kind, target in targets.items():
        emit = [kind] if kind != "bytestride" else []
        with pytest.raises(OSError, match="No space left on device"):
            merge_stores([path, path], small_disk / "u", emit=emit)
        with pytest.raises(OSError, match="No space left on device"):
            convert_store([path / "shard-00000.bin"] * 2, small_disk / target, format=kind)
    assert sorted(file.name for file in small_disk.iterdir()) == ["s"]
    assert documents_of(small_disk / "s") == [[1]]


# Merging


def tokenizer(name, fingerprint):
    return {"tokenizer": {"name": name, "fingerprint": fingerprint}, "end_of_document": "<e>"}


def test_merging(tmp_path):
    one = write(tmp_path / "one", [[1, 2], []], metadata=tokenizer("x", "f"), vocab_size=300)
    two = write(tmp_path / "two", [[3], [299]], metadata=tokenizer("y", "f"), vocab_size=400)
    three = make.datatrove(tmp_path / "three.ds")
    path = merge_stores([one, two], tmp_path / "m", shard_tokens=2, emit=["datatrove"])
    assert documents_of(path) == [[1, 2], [], [3], [299]]
    with open_tokens(path) as store:
        assert len(store.shards) == 2
        assert store.manifest.vocab_size == 400
        assert store.manifest.metadata == {**tokenizer("x", "f"), "merged_from": ["one", "two"]}
    path = merge_stores([one, three, one], tmp_path / "n")
    assert documents_of(path) == [[1, 2], [], *DOCUMENTS, [1, 2], []]
    with open_tokens(path) as store:
        assert store.manifest.vocab_size is None
    wide = make.datatrove(tmp_path / "w.ds", size=4)
    assert open_tokens(merge_stores([one, wide], tmp_path / "w")).dtype == np.int32


def test_merging_stores_of_different_tokenizers(tmp_path):
    one = write(tmp_path / "one", [[1]], metadata=tokenizer("x", "f"))
    two = write(tmp_path / "two", [[2]], metadata=tokenizer("y", "g"))
    with pytest.raises(ValueError, match=r"different tokenizers \(.*one: x; .*two: y\).*--any-tok"):
        merge_stores([one, two], tmp_path / "m")
    assert not (tmp_path / "m").exists()
    path = merge_stores([one, two], tmp_path / "m", any_tokenizer=True)
    with open_tokens(path) as store:
        assert store.manifest.metadata == {"merged_from": ["one", "two"]}
    with pytest.raises(ValueError, match="nothing to merge"):
        merge_stores([], tmp_path / "e")


def test_a_merged_store_is_as_if_written_at_once(tmp_path):
    documents = [list(range(i, 2 * i)) for i in range(40)]
    parts = [write(tmp_path / str(i), documents[i : i + 10]) for i in range(0, 40, 10)]
    merged = merge_stores(parts, tmp_path / "m", shard_tokens=100)
    at_once = write(tmp_path / "w", documents, shard_tokens=100)
    for file in at_once.iterdir():
        if file.suffix != ".json":
            assert file.read_bytes() == (merged / file.name).read_bytes()


# Splitting


@pytest.mark.parametrize("seed", [None, 0, 2**64 - 1])
@pytest.mark.parametrize("counts", [[0, 0], [3], [2, 0, 5, 1], [100, 900], [1] * 20, [0, 7, 0]])
def test_partitions_are_exact(counts, seed):
    partition = Partition(counts, seed)
    n = sum(counts)
    labels = partition.labels(0, n)
    assert np.bincount(labels, minlength=len(counts)).tolist() == counts
    for first in range(0, n, 37):
        assert np.array_equal(
            partition.labels(first, min(37, n - first)), labels[first : first + 37]
        )
    if seed is None:
        assert (np.diff(labels) >= 0).all()


def test_partitions_by_chance(monkeypatch):
    """A seed's parts are no other seed's, are spread evenly, and do not depend on the blocks."""
    a, b = (Partition([900, 100], seed).labels(0, 1000) for seed in (1, 2))
    assert 60 < np.count_nonzero(a != b) < 300
    for labels in (a, b):
        in_tenths = labels.reshape(10, 100).sum(axis=1)
        assert in_tenths.max() < 25
        assert in_tenths.min() > 1
    monkeypatch.setattr("bytestride.store.partition._BLOCK", 7)
    assert np.array_equal(Partition([900, 100], 1).labels(0, 1000), a)
    assert Partition([3, 3], 5).labels(0, 6).tolist() == Partition([3, 3], 5).labels(0, 6).tolist()


@pytest.mark.parametrize(
    ("n", "share", "expected"),
    [(10, 0.1, 1), (10, 0.99, 9), (10, 0.01, 1), (2, 0.5, 1), (7, 0.5, 4)],
)
def test_validation_counts(n, share, expected):
    assert validation_count(n, share) == expected


def test_bad_splits(tmp_path):
    path = write(tmp_path / "a", [[1], [2], [3]])
    for options, message in [
        ({}, "either validation or parts"),
        ({"validation": 0.5, "parts": 2}, "either validation or parts"),
        ({"validation": 0}, "between 0 and 1"),
        ({"validation": float("nan")}, "between 0 and 1"),
        ({"parts": 4}, "parts must be from 1 to 3"),
        ({"parts": 2, "seed": -1}, "seed must be from 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            split_store(path, tmp_path / "s", **options)
    np.array([1, 2], "u2").tofile(tmp_path / "b.bin")
    with pytest.raises(ValueError, match="1 documents cannot be split"):
        split_store(tmp_path / "b.bin", tmp_path / "s", validation=0.5, dtype="uint16")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("seed", [None, 3])
def test_splitting(tmp_path, seed, monkeypatch):
    choose = random.Random(1)
    stream = [[i] * choose.randrange(4) for i in range(50)]
    path = write(tmp_path / "a", stream, shard_tokens=20, metadata={"tokenizer": {"name": "x"}})
    monkeypatch.setattr("bytestride.store.payload.BLOCK_TOKENS", 8)
    labels = Partition([40, 10], seed).labels(0, 50).tolist()
    paths = split_store(path, tmp_path / "s", validation=0.2, seed=seed, shard_tokens=20)
    assert [made.name for made in paths] == ["train", "validation"]
    for part, made in enumerate(paths):
        assert documents_of(made) == [
            d for d, label in zip(stream, labels, strict=True) if label == part
        ]
        with open_tokens(made) as store:
            assert store.manifest.metadata["tokenizer"] == {"name": "x"}
            how = {"of": "a", "seed": seed, "part": made.name}
            assert store.manifest.metadata["split"] == how
    parts = split_store(path, tmp_path / "p", parts=7, seed=seed)
    assert [open_tokens(made).n_documents for made in parts] == [8] + [7] * 6
    everything = sorted(document for made in parts for document in documents_of(made))
    assert everything == sorted(stream)


def test_splitting_a_table(tmp_path):
    paths = split_store(make.parquet(tmp_path / "a.parquet"), tmp_path / "s", parts=2)
    assert [documents_of(path) for path in paths] == [DOCUMENTS[:3], DOCUMENTS[3:]]


def test_a_split_that_fails_leaves_no_part(tmp_path):
    path = write(tmp_path / "a", [[1], [2], [3], [4]])
    write(tmp_path / "s/part-00001", [[9]])
    with pytest.raises(FileExistsError):
        split_store(path, tmp_path / "s", parts=2)
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["part-00001"]


def test_a_source_that_shrinks(tmp_path):
    path = make.datatrove(tmp_path / "a.ds")
    shards = find_layout(path, None).shards
    os.truncate(path, 20)
    with pytest.raises(FormatError, match="expected 22 bytes, as when opened, found 20"):
        list(iter_documents(shards))
    make.datatrove(path)
    os.truncate(tmp_path / "a.ds.index", 16)
    with pytest.raises(FormatError, match="expected 40 bytes, as when opened, found 16"):
        list(iter_documents(shards))
