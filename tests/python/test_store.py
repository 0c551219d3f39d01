"""Token stores: what is written is what is read, here and by an independent reader of the bytes."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from store_parts import write

from bytestride import FormatError, TokenStoreWriter, open_tokens
from bytestride.store.megatron import read_document_offsets, read_header, write_idx


def parse_idx(path: Path):
    """Read an index with nothing but struct, as its layout is published."""
    raw = path.read_bytes()
    assert raw[:9] == b"MMIDIDX\x00\x00"
    version, code, n_sequences, n_ends = struct.unpack_from("<QBQQ", raw, 9)
    assert version == 1
    at = 34
    lengths = struct.unpack_from(f"<{n_sequences}i", raw, at)
    at += 4 * n_sequences
    pointers = struct.unpack_from(f"<{n_sequences}q", raw, at)
    at += 8 * n_sequences
    documents = struct.unpack_from(f"<{n_ends}q", raw, at)
    assert at + 8 * n_ends == len(raw)
    return code, list(lengths), list(pointers), list(documents)


DOCUMENTS = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9], [10, 11], []]


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        ({"vocab_size": 50_257}, "uint16", 8),
        ({"vocab_size": 65_536}, "uint16", 8),
        ({"vocab_size": 65_537}, "int32", 4),
        ({"dtype": "uint16"}, "uint16", 8),
        ({"dtype": "uint32"}, "int32", 4),
        ({"dtype": "int32", "vocab_size": 300}, "int32", 4),
    ],
)
def test_the_bytes_of_a_shard(tmp_path, options, kind, code):
    with TokenStoreWriter(tmp_path / "s", **options) as writer:
        for document in DOCUMENTS:
            writer.append(document, [len(document)])
    flat = [token for document in DOCUMENTS for token in document]
    payload = (tmp_path / "s/shard-00000.bin").read_bytes()
    size = np.dtype(kind).itemsize
    assert payload == b"".join(token.to_bytes(size, "little") for token in flat)
    found_code, lengths, pointers, documents = parse_idx(tmp_path / "s/shard-00000.idx")
    assert found_code == code
    assert lengths == [len(document) for document in DOCUMENTS]
    assert pointers == [size * sum(lengths[:i]) for i in range(len(lengths))]
    assert documents == list(range(len(DOCUMENTS) + 1))

    manifest = json.loads((tmp_path / "s/manifest.json").read_text())
    (shard,) = manifest["shards"]
    assert manifest["dtype"] == kind
    assert (manifest["n_tokens"], manifest["n_documents"]) == (11, 6)
    assert shard["bin_xxh3"] == xxhash.xxh3_64_hexdigest(payload)
    index = (tmp_path / "s/shard-00000.idx").read_bytes()
    assert shard["idx_xxh3"] == xxhash.xxh3_64_hexdigest(index)
    assert not [key for key in shard if "sha256" in key]
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        "manifest.json",
        "shard-00000.bin",
        "shard-00000.idx",
    ]


documents_strategy = st.lists(st.lists(st.integers(0, 65_535), max_size=9), max_size=12)


@settings(deadline=None, max_examples=60)
@given(
    documents=documents_strategy,
    shard_tokens=st.integers(1, 30),
    cuts=st.lists(st.integers(0, 110), max_size=6),
)
def test_bytes_depend_on_documents_alone(tmp_path_factory, documents, shard_tokens, cuts):
    """Whole, or cut into calls anywhere, also within documents: the same files."""
    folder = tmp_path_factory.mktemp("stores")
    one = write(folder / "one", documents, vocab_size=65_536, shard_tokens=shard_tokens)
    flat = np.array([t for document in documents for t in document], np.int64)
    ends = np.cumsum([len(document) for document in documents], dtype=np.int64)
    with TokenStoreWriter(folder / "two", vocab_size=2**16, shard_tokens=shard_tokens) as writer:
        begin = 0
        for cut in [*sorted(min(c, flat.size) for c in cuts), flat.size]:
            # An end at the cut belongs to the call before it, so that each end is handed over once.
            here, ends = ends[ends <= cut], ends[ends > cut]
            writer.append(flat[begin:cut], here - begin)
            begin = cut
        assert (writer.n_tokens, writer.n_documents) == (flat.size, len(documents))
    files = sorted(p.name for p in one.iterdir())
    assert files == sorted(p.name for p in (folder / "two").iterdir())
    for name in files:
        assert (one / name).read_bytes() == (folder / "two" / name).read_bytes(), name

    with open_tokens(one, verify=True) as store:
        assert len(store) == store.n_tokens == flat.size
        assert store.n_documents == len(documents)
        assert [store.document(i).tolist() for i in range(len(documents))] == documents
        assert store.tokens(0, flat.size).tolist() == flat.tolist()
        # A shard ends with the first document that fills it, and not before.
        for shard in store.manifest.shards[:-1]:
            assert shard.n_tokens >= shard_tokens
        starts = np.cumsum([0, *(s.n_tokens for s in store.manifest.shards)])
        assert set(starts.tolist()) <= set(store.document_offsets.tolist())


def test_reading_across_shards(tmp_path):
    documents = [list(range(i, i + 4)) for i in range(0, 40, 4)]
    with open_tokens(write(tmp_path / "s", documents, shard_tokens=6)) as store:
        assert len(store.shards) == 5
        assert store.dtype == np.uint16
        assert store.path == tmp_path / "s"
        assert "40 tokens" in repr(store)
        for start in range(41):
            for stop in range(start, 41):
                assert store.tokens(start, stop).tolist() == list(range(start, stop))
        assert store.document(-1).tolist() == [36, 37, 38, 39]
        for start, stop in [(-1, 3), (0, 41), (3, 2), (41, 41)]:
            with pytest.raises(IndexError, match="not among the 40"):
                store.tokens(start, stop)
        for i in (10, -11):
            with pytest.raises(IndexError, match="not among the 10"):
                store.document(i)
        for shard in store.shards:
            with pytest.raises(ValueError, match="read-only"):
                shard[0] = 1
        with pytest.raises(ValueError, match="read-only"):
            store.document_offsets[0] = 1


def test_closed_stores_and_pickles(tmp_path):
    store = open_tokens(write(tmp_path / "s", [list(range(20_000))]))
    pickled = pickle.dumps(store)
    assert len(pickled) < 1000
    shard = store.shards[0]
    store.close()
    store.close()
    assert shard[19_999] == 19_999
    assert "closed" in repr(store)
    with pytest.raises(ValueError, match="closed"):
        len(store)
    copy = pickle.loads(pickled)
    assert copy.tokens(0, 3).tolist() == [0, 1, 2]
    copy.close()
    write(tmp_path / "s", [[1, 2]], overwrite=True)
    changed = pickle.loads(pickled)
    with pytest.raises(FormatError, match="as when this store was pickled"):
        len(changed)


def test_pickled_relative_path_is_found_from_elsewhere(tmp_path, monkeypatch):
    write(tmp_path / "s", [[1, 2, 3]])
    monkeypatch.chdir(tmp_path)
    with open_tokens("s") as store:
        pickled = pickle.dumps(store)
    monkeypatch.chdir("/")
    with pickle.loads(pickled) as store:
        assert store.n_tokens == 3


@pytest.mark.parametrize("appends", [[], [([], [])], [([], [0])], [([], [0, 0])]])
def test_empty_stores(tmp_path, appends):
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        for tokens, ends in appends:
            writer.append(tokens, ends)
    n = sum(len(ends) for _, ends in appends)
    with open_tokens(tmp_path / "s", verify=True) as store:
        assert (store.n_tokens, store.n_documents, len(store.shards)) == (0, n, 1)
        assert store.tokens(0, 0).size == 0
        assert store.document_offsets.tolist() == [0] * (n + 1)


def test_a_document_left_open_ends_at_close(tmp_path):
    with TokenStoreWriter(tmp_path / "s", vocab_size=300, shard_tokens=2) as writer:
        writer.append([1, 2, 3], [1])
        writer.append([4], [])
    with open_tokens(tmp_path / "s") as store:
        assert [store.document(i).tolist() for i in range(2)] == [[1], [2, 3, 4]]


def test_megatron_pairs_open_by_any_of_their_names(tmp_path):
    np.array([7, 8, 9, 70_000], "<i4").tofile(tmp_path / "data_text.v2.bin")
    with (tmp_path / "data_text.v2.idx").open("wb") as file:
        write_idx(file.write, np.dtype("<i4"), [np.array([3, 0, 1])])
    for name in ("data_text.v2", "data_text.v2.bin", "data_text.v2.idx"):
        with open_tokens(tmp_path / name, verify=True) as store:
            assert store.manifest is None
            assert store.dtype == np.int32
            assert [store.document(i).tolist() for i in range(3)] == [[7, 8, 9], [], [70_000]]
    with open_tokens(tmp_path / "data_text.v2", dtype="int32") as store:
        assert store.n_tokens == 4
    with pytest.raises(ValueError, match="are int32, and dtype=uint16 was asked for"):
        open_tokens(tmp_path / "data_text.v2", dtype="uint16")


def test_long_documents_are_several_sequences(tmp_path):
    lengths = [5, 0, 12, 4, 8]
    with (tmp_path / "d.idx").open("wb") as file:
        write_idx(file.write, np.dtype("<u2"), [np.array(lengths[:2]), np.array(lengths[2:])], 4)
    code, sequences, pointers, documents = parse_idx(tmp_path / "d.idx")
    assert (code, sequences) == (8, [4, 1, 0, 4, 4, 4, 4, 4, 4])
    assert pointers == [2 * sum(sequences[:i]) for i in range(9)]
    assert documents == [0, 2, 3, 6, 7, 9]
    offsets = read_document_offsets(read_header(tmp_path / "d.idx", 58))
    assert offsets.tolist() == [0, 5, 5, 17, 21, 29]


def test_a_document_beyond_int32(tmp_path):
    with (tmp_path / "d.idx").open("wb") as file:
        write_idx(file.write, np.dtype("<i4"), [np.array([3, 2**32 + 5])])
    longest = 2**31 - 1
    _, sequences, pointers, documents = parse_idx(tmp_path / "d.idx")
    assert sequences == [3, longest, longest, 7]
    assert pointers == [0, 12, 12 + 4 * longest, 12 + 8 * longest]
    assert documents == [0, 1, 4]
    offsets = read_document_offsets(read_header(tmp_path / "d.idx", 4 * (2**32 + 8)))
    assert offsets.tolist() == [0, 3, 2**32 + 8]


@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "int32"])
def test_bare_payloads(tmp_path, kind):
    np.arange(100).astype(kind).tofile(tmp_path / "train.bin")
    with pytest.raises(ValueError, match="name dtype="):
        open_tokens(tmp_path / "train.bin")
    with open_tokens(tmp_path / "train.bin", dtype=kind, verify=True) as store:
        assert store.tokens(0, 100).tolist() == list(range(100))
        assert (store.n_documents, store.document_offsets.tolist()) == (1, [0, 100])
        with pickle.loads(pickle.dumps(store)) as copy:
            assert copy.tokens(99, 100).tolist() == [99]
    with pytest.raises(ValueError, match="must be one of uint8, uint16"):
        open_tokens(tmp_path / "train.bin", dtype="float32")


def test_metadata_is_kept(tmp_path):
    metadata = {"tokenizer": "sha256:…", "eos": 0, "names": ["é", "\udc80"]}
    write(tmp_path / "s", [[1]], metadata=metadata)
    with open_tokens(tmp_path / "s") as store:
        assert store.manifest.metadata == metadata
        assert store.manifest.vocab_size == 50_000
        assert store.manifest.bytestride
    with pytest.raises(TypeError):
        TokenStoreWriter(tmp_path / "t", vocab_size=300, metadata={"x": object()})
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, "name vocab_size or dtype"),
        ({"vocab_size": 0}, "vocab_size must be from 1"),
        ({"vocab_size": 2**31 + 1}, "vocab_size must be from 1"),
        ({"vocab_size": 65_537, "dtype": "uint16"}, "does not fit uint16"),
        ({"vocab_size": 300, "shard_tokens": 0}, "shard_tokens must be at least 1"),
    ],
)
def test_bad_options(tmp_path, options, error):
    with pytest.raises(ValueError, match=error):
        TokenStoreWriter(tmp_path / "s", **options)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("dtype", ["float32", "int64", ">u2", "uint8"])
def test_bad_dtype(tmp_path, dtype):
    with pytest.raises(TypeError, match="dtype must be"):
        TokenStoreWriter(tmp_path / "s", dtype=dtype)


@pytest.mark.parametrize("n_documents", [1, 3_000_000])
def test_many_documents_in_one_shard(tmp_path, n_documents):
    """More lengths than one block of the spool."""
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        writer.append(np.full(n_documents, 7), np.arange(1, n_documents + 1))
    with open_tokens(tmp_path / "s", verify=True) as store:
        assert np.array_equal(store.document_offsets, np.arange(n_documents + 1))
