"""The stream that training reads: batches of texts, files and arrays, and going on anywhere."""

import gzip
import itertools
import re

import pytest

from bytestride.corpus.sources import Position, text_batches

TEXT = "It's low, lower\nand  lowest.\r\n\n  New line! 漢字 a b\n" * 20


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("sources") / "text"


def test_batches(path, tmp_path):
    path.write_bytes(TEXT.encode())
    assert texts_of("a") == [["a"]]
    assert texts_of(b"a") == [[b"a"]]
    assert texts_of(path) == [[TEXT.encode()]]
    assert texts_of([path, "a", b"b"]) == [[TEXT.encode(), "a", b"b"]]
    assert texts_of(item for item in (path, "a")) == [[TEXT.encode(), "a"]]
    assert texts_of([]) == []


def texts_of(source):
    return [batch.documents for batch in text_batches(source, may_cut=True)]


def test_batches_have_a_size(monkeypatch):
    monkeypatch.setattr("bytestride.corpus.sources._BATCH_BYTES", 10)
    assert [len(batch) for batch in texts_of("abcd" for _ in range(7))] == [3, 3, 1]
    long = ["x" * 100, "y"]
    assert texts_of(long) == [[long[0]], [long[1]]]


def test_a_stream_is_not_read_ahead(monkeypatch):
    monkeypatch.setattr("bytestride.corpus.sources._BATCH_BYTES", 4)
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield "abcd"

    batches = text_batches(source(), may_cut=True)
    next(batches)
    assert taken == [0]


def rows_of(batches):
    """Batches as bytes of documents, and where each ends."""
    rows = []
    for batch in batches:
        if batch.offsets is None:
            texts = (
                batch.documents
                if isinstance(batch.documents, list)
                else batch.documents.to_pylist()
            )
            documents = [t.encode() if isinstance(t, str) else t for t in texts]
        else:
            data, spans = bytes(batch.documents), batch.offsets.tolist()
            if batch.offsets.ndim == 1:
                spans = itertools.pairwise(spans)
            documents = [data[i:j] for i, j in spans]
        rows.append((documents, batch.end))
    return rows


@pytest.mark.parametrize("small", [1, 10, 10_000])
@pytest.mark.parametrize("piece_bytes", [5, 64, 1000])
def test_lines(tmp_path, monkeypatch, small, piece_bytes):
    monkeypatch.setattr("bytestride.corpus.sources._BATCH_BYTES", piece_bytes)
    monkeypatch.setattr("bytestride.corpus.sources._SMALL_BYTES", small)
    texts = ["a\n\nb\r\nc\rd", "", "\n", "x" * 300 + "\n" + "y" * 5, "é\u2028\n漢\n"]
    expected = [b"a\n", b"\n", b"b\r\n", b"c\rd", b"\n", b"x" * 300 + b"\n", b"y" * 5]
    expected += ["é\u2028\n".encode(), "漢\n".encode()]
    paths = []
    for i, text in enumerate(texts):
        paths.append(tmp_path / f"{i}.txt")
        paths[-1].write_bytes(text.encode())
    pyarrow = pytest.importorskip("pyarrow")
    for source in (texts, iter(texts), paths, [texts[0], *paths[1:]], pyarrow.array(texts)):
        batches = text_batches(source, may_cut=True, lines=True)
        documents = [text for texts, _ in rows_of(batches) for text in texts]
        assert [
            line for text in documents for line in re.findall(b"[^\n]*\n|[^\n]+", text)
        ] == expected


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("small", [1, 10, 10_000])
def test_a_source_goes_on_where_a_batch_ended(tmp_path, monkeypatch, lines, small):
    monkeypatch.setattr("bytestride.corpus.sources._BATCH_BYTES", 20)
    monkeypatch.setattr("bytestride.corpus.sources._SMALL_BYTES", small)
    path, packed = tmp_path / "1.txt", tmp_path / "2.txt.gz"
    path.write_bytes(TEXT.encode()[:200] + b"\n")
    packed.write_bytes(gzip.compress(TEXT.encode()[:100]))
    source = ["one\ntwo", path, b"three" * 9, path, packed, "four"]
    batches = rows_of(text_batches(source, may_cut=True, lines=lines))
    assert len(batches) > 3
    assert batches[-1][1] == (len(source), 0, None, None)
    whole = b"".join(text for texts, _ in batches for text in texts)
    for number, (_, end) in enumerate(batches):
        rest = rows_of(text_batches(source, may_cut=True, lines=lines, start=end))
        done = b"".join(text for texts, _ in batches[: number + 1] for text in texts)
        assert done + b"".join(text for texts, _ in rest for text in texts) == whole


def test_another_source_does_not_go_on(tmp_path):
    path = tmp_path / "1.txt"
    path.write_bytes(b"abc")
    with pytest.raises(ValueError, match=r"item 0 of the source is .*1\.txt"):
        list(text_batches([path], may_cut=True, start=Position(0, 2, "other.txt")))
    with pytest.raises(ValueError, match=r"1\.txt ends at byte 3, before the place to go on"):
        list(text_batches([path], may_cut=True, start=Position(0, 5, str(path), 0)))


def test_items_that_are_no_text():
    with pytest.raises(TypeError, match=r"a source holds str, bytes, paths .* not int"):
        list(text_batches(["a", 1], may_cut=True))
