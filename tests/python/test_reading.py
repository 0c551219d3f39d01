"""Chunks of text files against a slow reader: all documents, once, wherever files are cut."""

import gzip
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.reading import Reading, read_chunks, splittable
from bytestride.corpus.rejects import INVALID_UTF8, TOO_LONG

SEPARATORS = [None, b"\n", b"<|end|>", b"\n\n", b"aa", b"\xff|"]
FRAGMENTS = b"ab cd, e,\n,\n\n,<|end|>,<|en,d|>,f\ng,a,aa,aaa,\xff|,\xe6\xbc,\x80,x y z x y ".split(
    b","
)
FRAGMENTS += ["é ö\n".encode(), "漢字".encode()]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(b"".join)


def inputs_of(*paths):
    stats = [path.stat() for path in paths]
    return Inputs(
        [str(path) for path in paths],
        np.array([one.st_size for one in stats], np.int64),
        np.array([one.st_mtime_ns for one in stats], np.int64),
    )


def whole(inputs):
    return [Range(Place(0, 0), Place(len(inputs), 0))]


def documents_of(data, separator):
    """The documents of a file, and where they begin, as bytes.split tells them."""
    if separator is None:
        return [(0, data)]
    documents = data.split(separator)
    begins = itertools.accumulate((len(one) + len(separator) for one in documents), initial=0)
    found = list(zip(begins, documents, strict=False))
    return found if documents[-1] else found[:-1]


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def read(inputs, ranges, reading, chunk_bytes=64):
    """Documents by place, put together from their pieces, and rejects by place."""
    documents, rejects = {}, {}
    open_at, open_text = None, None  # the document that goes on; its text is None once it is bad
    last_end = Place(0, 0)
    for chunk in read_chunks(inputs, ranges, reading, chunk_bytes=chunk_bytes):
        texts = chunk.texts()
        assert chunk.n_file_bytes >= 0
        assert last_end <= chunk.end
        last_end = chunk.end
        pieces = pieces_of(texts)
        assert len(pieces) == texts.n_documents
        assert sum(map(len, pieces)) == texts.n_text_bytes
        assert [len(piece) for piece in pieces] == texts.text_lengths().tolist()
        for reject in texts.rejects:
            rejects.setdefault(Place(reject.source, reject.offset), reject)
        assert texts.continues == (open_at is not None)
        is_one = texts.continues and texts.goes_on
        numbers = list(range(len(pieces)))
        if texts.continues:
            if texts.first_is_bad:
                assert open_at in rejects
                open_text = None
            else:
                piece = pieces[numbers.pop(0)]
                open_text = None if open_text is None else open_text + piece
            if not is_one:
                if open_text is not None:
                    assert open_at not in documents
                    documents[open_at] = open_text
                open_at = None
        if texts.goes_on and not is_one:
            if texts.last_is_bad:
                open_at, open_text = Place(*texts.rejects[-1][:2]), None
            else:
                number = numbers.pop()
                open_at, open_text = texts.place_of(number), pieces[number]
        for number in numbers:
            place = texts.place_of(number)
            sources = texts.sources
            assert place.source == (sources if isinstance(sources, int) else sources[number])
            assert place not in documents
            documents[place] = pieces[number]
    assert open_at is None
    return documents, rejects


def pieces_of(texts):
    if texts.offsets is None:
        return [text.encode() for text in texts.documents.to_pylist()]
    data = bytes(texts.documents)
    if texts.offsets.ndim == 1:
        return [data[i:j] for i, j in itertools.pairwise(texts.offsets.tolist())]
    return [data[i:j] for i, j in texts.offsets.tolist()]


def expected_of(datas, separator):
    good, bad = {}, {}
    for source, data in enumerate(datas):
        for begin, document in documents_of(data, separator):
            (good if is_utf8(document) else bad)[Place(source, begin)] = document
    return good, bad


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reading")


def write(folder, *datas, suffix=""):
    paths = []
    for number, data in enumerate(datas):
        paths.append(folder / f"{number}.txt{suffix}")
        paths[-1].write_bytes(gzip.compress(data, 1) if suffix else data)
    return paths


@settings(max_examples=150)
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


@settings(max_examples=150)
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


@settings(max_examples=150)
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
