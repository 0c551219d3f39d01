"""Other tools' layouts: what they hold is what is read, and what does not fit together is said."""

import gzip
import os
import pickle
import struct

import numpy as np
import pytest
import store_layouts as make
from store_layouts import DOCUMENTS, ENDS, FLAT
from store_parts import write

from bytestride import FormatError, Windows, open_tokens
from bytestride.store.layouts import arrow as arrow_layout
from bytestride.store.layouts import npy as npy_layout
from bytestride.store.megatron import write_idx


def check(path, dtype, documents=DOCUMENTS, named=None, kind=None):
    """Everything a store gives, and that a pickle of it gives the same."""
    with open_tokens(path, named, verify=True) as store, pickle.loads(pickle.dumps(store)) as copy:
        for opened in (store, copy):
            flat = [token for document in documents for token in document]
            assert opened.dtype == np.dtype(dtype)
            assert opened.tokens(0, opened.n_tokens).tolist() == flat
            n = opened.n_documents
            assert [opened.document(i).tolist() for i in range(n)] == documents
            assert np.concatenate(opened.shards).tolist() == flat
            opened.check_sizes()
    return store


@pytest.mark.parametrize(("kind", "dtype"), [("gpt-2", "uint16"), ("llama-3", "uint32")])
def test_llmc_shards(tmp_path, kind, dtype):
    path = make.llmc(tmp_path / "a_000001.bin", kind=kind)
    check(path, dtype, [FLAT])
    check(path, dtype, [FLAT], named=dtype)
    with pytest.raises(ValueError, match=f"its ids are {dtype}, and dtype=uint8"):
        open_tokens(path, "uint8")
    make.llmc(tmp_path / "a_000000.bin", [7, 8], kind=kind)
    both = [[7, 8], FLAT]
    check(tmp_path, dtype, both)
    check(tmp_path / "a_*.bin", dtype, both)
    check([path, tmp_path / "a_000000.bin"], dtype, both[::-1])
    check([str(path)], dtype, [FLAT])


@pytest.mark.parametrize("size", [2, 4])
def test_datatrove(tmp_path, size):
    path = make.datatrove(tmp_path / "00000_shuffled.ds", size)
    check(path, f"uint{8 * size}")
    check(tmp_path, f"uint{8 * size}")
    (tmp_path / "00000_shuffled.ds.index").unlink()
    check(path, f"uint{8 * size}", [FLAT])
    (tmp_path / "00000_shuffled.ds.metadata").unlink()
    check(path, f"uint{8 * size}", [FLAT], named=f"uint{8 * size}")
    with pytest.raises(ValueError, match=r"without \.ds\.metadata nothing says"):
        open_tokens(path)


def test_datatrove_metadata_as_its_versions_write_it(tmp_path):
    path = make.datatrove(tmp_path / "x.ds")
    for text in ("Unknown Tokenizer|2|2\n11\n11 T", "gpt2|2\n11", "gpt2|2", "org/name|2\n11\n\n"):
        (tmp_path / "x.ds.metadata").write_text(text)
        check(path, "uint16")


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_olmo(tmp_path, dtype):
    path = make.olmo(tmp_path / "part-0-00000.npy", dtype)
    check(path, dtype, named=dtype)
    (tmp_path / "part-0-00000.csv.gz").unlink()
    check(path, dtype, [FLAT], named=dtype)
    with pytest.raises(ValueError, match="no numpy header"):
        open_tokens(path)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int32"])
def test_numpy_files(tmp_path, dtype):
    ids = np.array(FLAT, "int64").astype(dtype)
    np.save(tmp_path / "a.npy", ids)
    check(tmp_path / "a.npy", dtype, [ids.tolist()])
    with (tmp_path / "b.npy").open("wb") as file:
        np.lib.format.write_array(file, ids, version=(2, 0))
    check(tmp_path / "b.npy", dtype, [ids.tolist()])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(5), "expected ids of uint8, uint16.*found '<i8'; save it again"),
        (np.arange(5, dtype=">u2"), "found '>u2'"),
        (np.zeros(3, [("a", "u2")]), "expected ids of"),
        (np.zeros((2, 3), "u2"), r"expected an array of one dimension, found \(2, 3\)"),
    ],
)
def test_numpy_files_of_something_else(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(FormatError, match=message):
        open_tokens(tmp_path / "a.npy")


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["uint16", "uint32", "int32"])
def test_arrow_is_mapped(tmp_path, kind, stream, large):
    path = make.arrow(tmp_path / "a.arrow", stream, kind=kind, large=large)
    store = check(path, kind)
    with store.__class__(path) as opened:
        assert len(opened.shards) == 2
        assert not any(shard.flags.owndata for shard in opened.shards)


@pytest.mark.parametrize("how", ["int64", "lz4", "stream int64", "parquet", "parquet int64"])
def test_what_is_decoded(tmp_path, how):
    path = tmp_path / ("a.parquet" if "parquet" in how else "a.arrow")
    kind = "int64" if "int64" in how else "uint16"
    if "parquet" in how:
        make.parquet(path, kind=kind)
    else:
        make.arrow(path, "stream" in how, "lz4" if how == "lz4" else None, kind=kind)
    check(path, "int32" if kind == "int64" else "uint16")


def test_arrow_slices_and_empty_tables(tmp_path):
    import pyarrow as pa

    rows = make.arrow_table(chunks=[DOCUMENTS]).slice(2, 2)
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), rows.schema) as writer:
        writer.write_table(rows)
    check(tmp_path / "a.arrow", "uint16", DOCUMENTS[2:4])
    for name in ("none.arrow", "none.parquet"):
        (make.arrow if "arrow" in name else make.parquet)(tmp_path / name, chunks=[])
        with open_tokens(tmp_path / name, verify=True) as store:
            assert (store.n_tokens, store.n_documents, str(store.dtype)) == (0, 0, "uint16")
            assert store.document_offsets.tolist() == [0]


@pytest.mark.parametrize("name", ["a.arrow", "a.parquet", "z.arrow"])
def test_columns_that_are_no_ids(tmp_path, name):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / name
    options = pa.ipc.IpcWriteOptions(compression="lz4" if name[0] == "z" else None)

    def save(column, column_name="input_ids"):
        table = pa.table({column_name: column})
        if name.endswith("parquet"):
            parquet.write_table(table, path)
        else:
            with pa.ipc.new_file(str(path), table.schema, options=options) as writer:
                writer.write_table(table)

    lists = pa.list_(pa.int32())
    for column, message in [
        (pa.array([[1], None], lists), "1 nulls"),
        (pa.array([[1, None]], lists), "1 nulls"),
        (pa.array([1, 2]), "expected input_ids to be lists of integers, found 'int64'"),
        (pa.array([[1.5]]), "lists of integers, found 'list<"),
        (pa.array([[-1]]), "ids from 0 to"),
        (pa.array([[2**31]]), "ids from 0 to"),
    ]:
        save(column)
        with pytest.raises(FormatError, match=message):
            open_tokens(path)
    save(pa.array([[1]], lists), "ids")
    with pytest.raises(FormatError, match=r"one column named input_ids, found \['ids'\]"):
        open_tokens(path)


def test_a_table_too_large_to_be_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_layout, "MAX_DECODED_BYTES", 20)
    for path in (
        make.parquet(tmp_path / "a.parquet"),
        make.arrow(tmp_path / "a.arrow", compression="lz4"),
    ):
        with pytest.raises(FormatError, match=r"take 2\d bytes or more, over 20; .* store convert"):
            open_tokens(path)
    make.arrow(tmp_path / "b.arrow")
    open_tokens(tmp_path / "b.arrow").close()


def test_chosen_rows_of_a_saved_data_set(tmp_path):
    make.arrow(tmp_path / "data-00000-of-00001.arrow", stream=True)
    (tmp_path / "state.json").write_text('{"_indices_files": null}')
    check(tmp_path, "uint16")
    (tmp_path / "state.json").write_text('{"_indices_files": [{"filename": "indices.arrow"}]}')
    with pytest.raises(FormatError, match="flatten_indices"):
        open_tokens(tmp_path)


# Folders, patterns and lists


def pair(prefix, documents=DOCUMENTS, dtype="<u2"):
    flat = [token for document in documents for token in document]
    np.array(flat, dtype).tofile(f"{prefix}.bin")
    with open(f"{prefix}.idx", "wb") as file:  # noqa: PTH123
        lengths = np.array([len(document) for document in documents])
        write_idx(file.write, np.dtype(dtype), [lengths])


def test_folders_patterns_and_lists_of_pairs(tmp_path):
    pair(tmp_path / "text_1")
    pair(tmp_path / "text_0", [[7], [8]])
    both = [[7], [8], *DOCUMENTS]
    check(tmp_path, "uint16", both)
    check(tmp_path / "text_*", "uint16", both)
    check(tmp_path / "text_?.bin", "uint16", both)
    check([tmp_path / "text_0", tmp_path / "text_1.idx"], "uint16", both)
    check([tmp_path / "text_1.bin"], "uint16")


def test_more_than_one_series_is_not_one_store(tmp_path):
    for name in ("train_0", "train_1", "val_0"):
        make.llmc(tmp_path / f"{name}.bin")
    message = r"more than one series of files \(train_\*\.bin, val_\*\.bin\); name the file, or a"
    with pytest.raises(FormatError, match=message):
        open_tokens(tmp_path)
    check(tmp_path / "train_*.bin", "uint16", [FLAT, FLAT])


def test_shards_that_do_not_go_together(tmp_path):
    make.llmc(tmp_path / "a.bin")
    make.llmc(tmp_path / "b.bin", kind="llama-3")
    pair(tmp_path / "c")
    for other in ("b.bin", "c.bin"):
        with pytest.raises(FormatError, match=rf"{other}: .* does not go on from a\.bin, llmc of"):
            open_tokens([tmp_path / "a.bin", tmp_path / other])


def test_what_names_nothing(tmp_path):
    with pytest.raises(ValueError, match="an empty list names no store"):
        open_tokens([])
    with pytest.raises(FileNotFoundError, match="no file matches"):
        open_tokens(tmp_path / "*.bin")
    with pytest.raises(FileNotFoundError, match=r"gone\.ds: no such file"):
        open_tokens([tmp_path / "gone.ds"])
    with pytest.raises(IsADirectoryError, match="a list names files"):
        open_tokens([tmp_path])
    with pytest.raises(FormatError, match="and no files of"):
        open_tokens(tmp_path)
    (tmp_path / "a*b.bin").write_bytes(b"1234")  # a name, before it is a pattern
    with open_tokens(tmp_path / "a*b.bin", "uint16") as store:
        assert store.n_tokens == 2


def test_an_unfinished_store_is_not_a_folder_of_pairs(tmp_path):
    write(tmp_path / "s", DOCUMENTS, vocab_size=65_536)
    (tmp_path / "s/manifest.json").unlink()
    with pytest.raises(FormatError, match="never finished"):
        open_tokens(tmp_path / "s")
    check([tmp_path / "s/shard-00000.bin"], "uint16")


# Damage


def edit(path, offset, kind, value):
    raw = bytearray(path.read_bytes())
    struct.pack_into(kind, raw, offset, value)
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, 2, "at byte 4: expected version 1, found 2"),
        (8, 12, "at byte 8: expected a file of 1048 bytes for 12 tokens, found 1046"),
        (8, -1, "at byte 8: expected a number of tokens, found -1"),
        (0, 20240801, "at byte 4: expected version 7, found 1"),
        (0, 20240522, "evaluation examples"),
    ],
)
def test_a_damaged_llmc_header(tmp_path, offset, value, message):
    path = make.llmc(tmp_path / "a.bin")
    edit(path, offset, "<i", value)
    with pytest.raises(FormatError, match=message):
        open_tokens(path)


@pytest.mark.parametrize("n_bytes", [4, 11, 1023])
def test_a_short_llmc_shard(tmp_path, n_bytes):
    path = make.llmc(tmp_path / "a.bin")
    os.truncate(path, n_bytes)
    with pytest.raises(FormatError, match=f"a header of 1024 bytes, found {n_bytes} bytes"):
        open_tokens(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the tokenizer's name"),
        ("gpt2|3\n11", "line 1: expected the tokenizer's name"),
        ("gpt2|2\n12", r"line 2: expected 11 tokens, as x\.ds has, found 12"),
        ("gpt2|2\n-11", "line 2: expected the number of tokens"),
        ("gpt2|4\n11", "expected a whole uint32, found 2 bytes"),
        ("\0" * 100_000, "line 1"),
    ],
)
def test_damaged_datatrove_metadata(tmp_path, text, message):
    path = make.datatrove(tmp_path / "x.ds")
    (tmp_path / "x.ds.metadata").write_text(text)
    with pytest.raises(FormatError, match=message):
        open_tokens(path)


def test_a_damaged_datatrove_index(tmp_path):
    path = make.datatrove(tmp_path / "x.ds")
    index = tmp_path / "x.ds.index"
    for offset, value in ((8, 2), (8, 2**63 + 1), (8, 12)):
        edit(index, offset, "<Q", value)
        message = f"byte 8: expected an end from 3 to 11, found {value}"
        with open_tokens(path) as store, pytest.raises(FormatError, match=message):
            _ = store.document_offsets
        with pytest.raises(FormatError, match="byte 8"):
            open_tokens(path, verify=True)
    make.datatrove(tmp_path / "x.ds")
    edit(index, 32, "<Q", 10)
    with pytest.raises(FormatError, match="byte 32: expected the last document to end at token 11"):
        open_tokens(path)
    os.truncate(index, 39)
    with pytest.raises(FormatError, match="byte 32: expected a whole uint64, found 7 bytes"):
        open_tokens(path)
    os.truncate(index, 0)
    with pytest.raises(
        FormatError, match="expected the ends of documents of 11 tokens, found none"
    ):
        open_tokens(path)
    make.datatrove(tmp_path / "x.ds")
    with open_tokens(path) as store:
        os.truncate(index, 8)
        with pytest.raises(FormatError, match="40 bytes, as when opened"):
            _ = store.document_offsets


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,3\n3,11", None),
        ("", "line 0: expected the last document to end at token 11"),
        ("0,3\n4,11", "line 2: expected a document that starts at token 3"),
        ("0,3\n3,12", "line 2: expected an end from 3 to 11"),
        ("0,3\n3,2", "line 2: expected an end from 3 to 11"),
        ("0,3\n3,10", "line 2: expected the last document to end at token 11"),
        ("0;3", "line 1: expected start,end in tokens, found b'0;3'"),
        ("0,9" + "9" * 30, "line 1: expected start,end"),
        ("0," + " " * 200_000 + "11", "line 1: expected start,end"),
        ("0,0\n" * 2_000, "at most 1022 documents"),
    ],
)
def test_damaged_olmo_documents(tmp_path, monkeypatch, text, message):
    monkeypatch.setattr(npy_layout, "_SPARE_DOCUMENTS", 1000)
    path = make.olmo(tmp_path / "a.npy")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(text)
    with open_tokens(path, "uint16") as store:
        if message is None:
            assert store.document_offsets.tolist() == [0, 3, 11]
        else:
            with pytest.raises(FormatError, match=message):
                _ = store.n_documents


def test_olmo_documents_that_are_no_gzip_file(tmp_path):
    path = make.olmo(tmp_path / "a.npy")
    whole = (tmp_path / "a.csv.gz").read_bytes()
    for raw in (b"0,11\n", whole[:-9], whole[:20], whole[:-8] + b"12345678"):
        (tmp_path / "a.csv.gz").write_bytes(raw)
        with pytest.raises(FormatError, match="not a whole gzip file"):
            open_tokens(path, "uint16", verify=True)


def test_payloads_that_shrink_while_they_are_open(tmp_path):
    paths = [
        make.llmc(tmp_path / "a.bin"),
        make.datatrove(tmp_path / "a.ds"),
        make.arrow(tmp_path / "a.arrow"),
    ]
    np.save(tmp_path / "a.npy", np.array(FLAT, "u4"))
    for path in [*paths, tmp_path / "a.npy"]:
        with open_tokens(path) as store:
            os.truncate(path, 20)
            for use in (store.check_sizes, lambda s=store: s.tokens(0, 11), store.verify):
                with pytest.raises(FormatError, match=str(path)):
                    use()


@pytest.mark.parametrize("name", ["a.bin", "a.ds", "a.arrow", "a.parquet", "a.npy"])
def test_windows_over_other_layouts(tmp_path, name):
    kinds = {"bin": make.llmc, "ds": make.datatrove, "arrow": make.arrow, "parquet": make.parquet}
    save = kinds.get(name[2:], lambda path: np.save(path, np.array(FLAT, "u4")))
    save(tmp_path / name)
    with open_tokens(tmp_path / name) as store:
        x, y = Windows(store, 4, 1).batch(range(7))
    assert x.tolist() == [FLAT[i : i + 4] for i in range(7)]
    assert y.tolist() == [FLAT[i + 1 : i + 5] for i in range(7)]


# Random damage


def mutations(raw, seed, n):
    """Truncations, flipped bits and overwritten numbers, the same for a seed."""
    choose = np.random.default_rng(seed)
    numbers = [0, 1, 0xFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]
    for _ in range(n):
        damaged = bytearray(raw)
        kind = choose.integers(4)
        at = int(choose.integers(len(raw)))
        if kind == 0:
            del damaged[at:]
        elif kind == 1:
            damaged[at] ^= 1 << int(choose.integers(8))
        elif kind == 2:
            number = int(choose.choice(np.array(numbers, np.uint64)))
            damaged[at : at + 8] = number.to_bytes(8, "little")
        else:
            damaged[at:at] = damaged[: int(choose.integers(64))]
        yield bytes(damaged)


KINDS = {
    "llmc": (make.llmc, "a.bin", ["a.bin"]),
    "datatrove": (make.datatrove, "a.ds", ["a.ds", "a.ds.index", "a.ds.metadata"]),
    "olmo": (make.olmo, "a.npy", ["a.npy", "a.csv.gz"]),
    "npy": (lambda p: np.save(p, np.array(FLAT, "u2")), "a.npy", ["a.npy"]),
    "pair": (lambda p: pair(p.with_suffix("")), "a.bin", ["a.bin", "a.idx"]),
    "arrow": (make.arrow, "a.arrow", ["a.arrow"]),
    "stream": (lambda p: make.arrow(p, stream=True, large=True), "a.arrow", ["a.arrow"]),
    "parquet": (make.parquet, "a.parquet", ["a.parquet"]),
}


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 30))]
)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_an_error_of_ours_or_changes_only_ids(tmp_path, kind, seed):
    """Whatever opens goes together: the documents cover the tokens, and all of them can be read."""
    save, name, files = KINDS[kind]
    save(tmp_path / name)
    named = "uint16" if kind in ("olmo", "pair", "llmc") else None
    for file in files:
        whole = (tmp_path / file).read_bytes()
        for raw in mutations(whole, seed, 60):
            (tmp_path / file).write_bytes(raw)
            try:
                with open_tokens(tmp_path / name, named) as store:
                    offsets = store.document_offsets
                    assert (np.diff(offsets) >= 0).all()
                    assert (offsets[0], offsets[-1]) == (0, store.n_tokens)
                    assert store.tokens(0, store.n_tokens).size == store.n_tokens
                    store.verify()
            except ValueError as error:
                said = str(error)
                # Or it became a file that does not say its type, or is another's.
                known = "name dtype=" in said or "was asked for" in said
                assert isinstance(error, FormatError) or known  # noqa: PT017 (not all raise)
                assert str(tmp_path) in said
                assert len(said) < 2000
        (tmp_path / file).write_bytes(whole)
    open_tokens(tmp_path / name, named, verify=True).close()


def test_ends_are_as_published():
    assert ENDS == [3, 3, 4, 9, 11]
