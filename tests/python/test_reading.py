"""Chunks of text files against a slow reader: all documents, once, wherever files are cut."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_parts import documents_of, inputs_of, pieces_of, read, whole, write

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.kinds import kind_of
from bytestride.corpus.reading import Reading, read_chunks, splittable
from bytestride.corpus.rejects import INVALID_UTF8, TOO_LONG

SEPARATORS = [None, b"\n", b"<|end|>", b"\n\n", b"aa", b"\xff|"]
FRAGMENTS = b"ab cd, e,\n,\n\n,<|end|>,<|en,d|>,f\ng,a,aa,aaa,\xff|,\xe6\xbc,\x80,x y z x y ".split(
    b","
)
FRAGMENTS += ["é ö\n".encode(), "漢字".encode()]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(b"".join)


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def expected_of(datas, separator):
    good, bad = {}, {}
    for source, data in enumerate(datas):
        for begin, document in documents_of(data, separator):
            (good if is_utf8(document) else bad)[Place(source, begin)] = document
    return good, bad


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reading")


@settings(max_examples=100)
@given(
    st.lists(texts, min_size=1, max_size=3),
    st.sampled_from(SEPARATORS),
    st.integers(1, 80),
    st.booleans(),
    st.sampled_from(["", ".gz"]),
)
def test_documents_of_files(folder, datas, separator, chunk_bytes, may_cut, suffix):
    inputs = inputs_of(*write(folder, *datas, suffix=suffix))
    reading = Reading(separator=separator, may_cut=may_cut)
    documents, rejects = read(inputs, whole(inputs), reading, chunk_bytes)
    good, bad = expected_of(datas, separator)
    assert documents == good
    assert list(rejects) == list(bad)
    for place, reject in rejects.items():
        assert reject.reason == INVALID_UTF8
        assert bad[place].startswith(reject.sample)
        with pytest.raises(UnicodeDecodeError) as error:
            bad[place].decode()
        assert reject.detail.startswith(f"byte {error.value.start:,} of the document")
    n_stored = sum(c.n_file_bytes for c in read_chunks(inputs, whole(inputs), reading))
    assert n_stored <= inputs.sizes.sum()


@settings(max_examples=100)
@given(
    texts,
    st.sampled_from([b"\n", b"<|end|>", b"\xff|", b"a"]),
    st.integers(1, 80),
    st.lists(st.integers(1, 150), max_size=6),
)
def test_ranges_are_a_partition(folder, data, separator, chunk_bytes, cuts):
    inputs = inputs_of(*write(folder, data))
    reading = Reading(separator=separator, keep_invalid_utf8=True)
    assert splittable(inputs, 0, reading)
    places = [Place(0, cut) for cut in sorted({cut for cut in cuts if cut < len(data)})]
    places = [Place(0, 0), *places, Place(1, 0)]
    found = {}
    for begin, end in itertools.pairwise(places):
        documents, rejects = read(inputs, [Range(begin, end)], reading, chunk_bytes)
        assert not rejects
        assert all(begin <= place < end for place in documents)
        found.update(documents)
    assert found == expected_of([data], separator)[0] | expected_of([data], separator)[1]


@settings(max_examples=60)
@given(
    st.lists(texts, min_size=1, max_size=3),
    st.sampled_from(SEPARATORS),
    st.integers(1, 40),
    st.sampled_from(["", ".gz"]),
)
def test_reading_goes_on_where_a_chunk_ended(folder, datas, separator, chunk_bytes, suffix):
    inputs = inputs_of(*write(folder, *datas, suffix=suffix))
    reading = Reading(separator=separator, keep_invalid_utf8=True)
    end = Place(len(inputs), 0)
    everything, _ = read(inputs, whole(inputs), reading, chunk_bytes)
    before = {}
    for chunk in read_chunks(inputs, whole(inputs), reading, chunk_bytes=chunk_bytes):
        texts = chunk.texts()
        if texts.goes_on:
            continue
        rest, _ = read(inputs, [Range(chunk.end, end)], reading, chunk_bytes)
        before = {place: text for place, text in everything.items() if place < chunk.end}
        assert before | rest == everything
        assert not before.keys() & rest.keys()


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from([b"a b ", b"====", b"=" * 13, b"\n", b"||", b"|", b"a\nb", b"x\n"]),
        max_size=25,
    ).map(b"".join),
    st.sampled_from([None, b"\n", b"||", b"<|end|>"]),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 30),
    st.booleans(),
)
def test_limits_do_not_depend_on_chunks(folder, data, separator, limit, one, other, may_cut):
    inputs = inputs_of(*write(folder, data))
    reading = Reading(
        separator=separator, may_cut=may_cut, max_document_bytes=limit, max_uncut_bytes=limit
    )
    first = read(inputs, whole(inputs), reading, one)
    second = read(inputs, whole(inputs), reading, other)
    assert first[0] == second[0]
    assert {place: r[:4] for place, r in first[1].items()} == {
        place: r[:4] for place, r in second[1].items()
    }
    good, rejects = first
    assert all(reject.reason == TOO_LONG for reject in rejects.values())
    everything = dict(documents_of(data, separator))
    assert {place.offset for place in [*good, *rejects]} == set(everything)
    for place, text in good.items():
        assert everything[place.offset] == text
    for begin, text in everything.items():
        if not may_cut:
            assert (Place(0, begin) in rejects) == (len(text) > limit)
        elif len(text) <= limit:
            assert Place(0, begin) in good


@pytest.mark.parametrize("separator", [None, b"\n\n", b"nowhere"])
def test_reading_goes_on_within_a_document(folder, separator):
    data = "some words\nand Größe, ".encode() * 40 + b"\n\n" + b"more of it " * 30
    inputs = inputs_of(*write(folder, data))
    reading = Reading(separator=separator)
    end = Place(1, 0)
    open_at, before = None, b""
    n_within = 0
    for chunk in read_chunks(inputs, whole(inputs), reading, chunk_bytes=50):
        texts = chunk.texts()
        before += b"".join(pieces_of(texts))
        open_at = (open_at if texts.continues else texts.place_of(0)) if texts.goes_on else None
        if open_at is not None:
            n_within += 1
            rest = read_chunks(
                inputs, [Range(chunk.end, end)], reading, chunk_bytes=31, within=open_at
            )
            behind = [one.texts() for one in rest]
            assert behind[0].continues
            pieces = [piece for texts in behind for piece in pieces_of(texts)]
            assert before + b"".join(pieces) == data.replace(separator or b"nowhere", b"")
    assert n_within > 10


def test_a_fault_at_any_byte(folder):
    text = "Größe\nist x y,\nwas 漢字 hier steht\nund a.\n".encode() * 2
    (folder / "sound").write_bytes(text)
    for at in range(len(text)):
        data = text[:at] + b"\xff" + text[at + 1 :]
        (path,) = write(folder, data)
        inputs = inputs_of(path)
        with pytest.raises(UnicodeDecodeError) as error:
            data.decode()
        documents, rejects = read(inputs, whole(inputs), Reading(), 8)
        assert not documents
        (reject,) = rejects.values()
        fault = error.value.start
        assert reject.detail == f"byte {fault} of the document, {data[fault]:#04x}, is not UTF-8"


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_pieces_encode_like_the_whole(folder, corpus_text, published, name):
    tokenizer = published(name)
    data = corpus_text("multi", 200_000).encode()
    inputs = inputs_of(*write(folder, data))
    ids, n_pieces = [], 0
    for chunk in read_chunks(inputs, whole(inputs), Reading(), chunk_bytes=5000):
        texts = chunk.texts()
        n_pieces += texts.n_documents
        ids.append(tokenizer.encode_ragged((texts.documents, texts.offsets)).tokens)
    assert n_pieces > 30
    assert np.concatenate(ids).tolist() == tokenizer.encode_bytes(data)


def test_ranges_of_other_inputs(folder):
    inputs = inputs_of(*write(folder, b"a"))
    for begin, end in [((0, 0), (2, 0)), ((1, 0), (0, 0)), ((-1, 0), (0, 0)), ((0, -1), (0, 5))]:
        with pytest.raises(ValueError, match="is not one of 1 files"):
            list(read_chunks(inputs, [Range(Place(*begin), Place(*end))], Reading()))


def test_what_may_be_split(folder):
    names = ["a.txt", "a.txt.gz", "a.jsonl", "a.jsonl.zst", "a.parquet", "-", "a.arrow"]
    sizes = np.array([9, 9, 9, 9, 9, -1, 9])
    inputs = Inputs(names, sizes, np.zeros(7, np.int64))

    def of(reading):
        return [name for i, name in enumerate(names) if splittable(inputs, i, reading)]

    assert of(Reading()) == ["a.jsonl"]
    assert of(Reading(separator=b"<|end|>")) == ["a.txt", "a.jsonl"]
    assert of(Reading(separator=b"abcab")) == ["a.jsonl"]
    assert of(Reading(format="jsonl")) == ["a.txt", "a.jsonl", "a.parquet", "a.arrow"]


def test_what_cannot_be_read_so():
    with pytest.raises(ValueError, match="the separator between documents is empty"):
        Reading(separator=b"")
    with pytest.raises(ValueError, match="format 'csv' is none of text, jsonl, parquet, arrow"):
        Reading(format="csv")
    with pytest.raises(ValueError, match="max_uncut_bytes is 0"):
        Reading(max_uncut_bytes=0)
    with pytest.raises(ValueError, match=r"a\.parquet\.gz: a table packed as \.gz is not read"):
        kind_of("a.parquet.gz")
