"""Files in pieces: plain and compressed, cut at safe places only, none lost."""

import builtins
import gzip
import io
import itertools
import random
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import FormatError, _core
from bytestride.corpus import files
from bytestride.corpus.files import open_file, read_pieces
from bytestride.corpus.sources import Position, text_batches
from bytestride.published import PATTERNS

TEXT = "It's low, lower\nand  lowest.\r\n\n  New line! 漢字 a b\n" * 20
parts = st.sampled_from(
    [
        "a b",
        "x\ny",
        "\n",
        " ",
        "  ",
        "\r\n",
        "1\n2",
        "!\na",
        "'s\n's",
        "é\na",
        "a é",
        "漢",
        "/\na",
        "\t a b",
    ]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "text"


@pytest.mark.parametrize("piece_bytes", [1, 2, 5, 16, 100, 10**6])
def test_pieces_are_the_file(path, piece_bytes):
    path.write_bytes(TEXT.encode())
    pieces = list(read_pieces(path, may_cut=True, piece_bytes=piece_bytes))
    assert b"".join(pieces) == TEXT.encode()
    assert all(pieces)
    assert all(len(piece) < piece_bytes + 60 for piece in pieces)  # the longest way to a cut
    assert len(pieces) == 1 if piece_bytes == 10**6 else len(pieces) > 5


@settings(max_examples=60)
@given(st.lists(parts, max_size=40).map("".join), st.integers(1, 30))
def test_pieces_split_like_the_whole(path, text, piece_bytes):
    path.write_bytes(text.encode())
    pieces = list(read_pieces(path, may_cut=True, piece_bytes=piece_bytes))
    for pattern in PATTERNS.values():
        splitter = _core.Splitter(pattern, [], None)
        in_parts = [word for piece in pieces for word in splitter.pieces(piece)]
        assert in_parts == splitter.pieces(text)


@given(st.lists(parts, max_size=30).map("".join))
@settings(max_examples=60)
def test_any_place_called_safe_is_safe(text):
    # All of them, not only those that a file happens to be cut at.
    data = text.encode()
    cut = len(data)
    while cut := _core.last_safe_cut(data[:cut]):
        for pattern in PATTERNS.values():
            splitter = _core.Splitter(pattern, [], None)
            whole = splitter.pieces(data)
            assert splitter.pieces(data[:cut]) + splitter.pieces(data[cut:]) == whole


def test_a_file_that_may_not_be_cut_comes_whole(path):
    path.write_bytes(TEXT.encode())
    assert list(read_pieces(path, may_cut=False, piece_bytes=8)) == [TEXT.encode()]


def test_a_text_without_a_place_to_cut(path):
    data = "漢字".encode() * 1000 + b"a b\n"
    path.write_bytes(data)
    pieces = list(read_pieces(path, may_cut=True, piece_bytes=16))
    assert b"".join(pieces) == data
    assert len(pieces[0]) > 6000


def test_the_time_without_a_place_to_cut_is_linear(path, monkeypatch):
    # The search goes over what is held: were each piece searched anew, it would take minutes.
    path.write_bytes(b"=" * 4_000_000)
    searched = []
    last_safe_cut = _core.last_safe_cut

    def counting(held):
        searched.append(len(held))
        return last_safe_cut(held)

    monkeypatch.setattr(files._core, "last_safe_cut", counting)
    assert b"".join(read_pieces(path, may_cut=True, piece_bytes=1000)) == b"=" * 4_000_000
    assert sum(searched) < 20_000_000


def test_an_empty_file(path):
    path.write_bytes(b"")
    assert list(read_pieces(path, may_cut=True)) == []
    assert list(read_pieces(path, may_cut=False)) == []


def test_gzip(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(TEXT.encode()) + gzip.compress(b"a second member"))
    expected = TEXT.encode() + b"a second member"
    assert b"".join(read_pieces(path, may_cut=True, piece_bytes=64)) == expected
    path.write_bytes(gzip.compress(TEXT.encode())[:-20])
    with pytest.raises(FormatError, match=r"text\.gz: its end is missing"):
        list(read_pieces(path, may_cut=True, piece_bytes=64))


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(TEXT.encode()))
    assert b"".join(read_pieces(path, may_cut=True, piece_bytes=64)) == TEXT.encode()


def test_several_frames_of_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(TEXT.encode()) + zstandard.compress(b"a second frame"))
    pieces = b"".join(read_pieces(path, may_cut=True, piece_bytes=64))
    assert pieces == TEXT.encode() + b"a second frame"


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_a_truncated_file_of_zstandard(tmp_path, kept):
    # Half of a corpus must not be taken for the whole: the package itself says nothing of it.
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.compress(random.Random(1).randbytes(300_000)) + zstandard.compress(b"more")
    path = tmp_path / "text.zst"
    path.write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(FormatError, match=r"text\.zst ends after \d+ bytes, inside a frame"):
        list(read_pieces(path, may_cut=True, piece_bytes=64))
    path.write_bytes(packed[:-1])
    with pytest.raises(FormatError, match=f"text.zst ends after {len(packed) - 1} bytes"):
        list(read_pieces(path, may_cut=True, piece_bytes=64))


def test_a_damaged_file_of_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT.encode())
    for damaged in (
        b"no such file",
        packed + b"junk",
        packed[:-1] + b"?",
        packed[:20] + packed[21:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"text\.zst: damaged before byte \d+"):
            list(read_pieces(path, may_cut=True, piece_bytes=64))


def test_a_text_of_zstandard_that_is_much_longer_than_its_file(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(b"a b " * 5_000_000))
    assert path.stat().st_size < 10_000
    assert b"".join(read_pieces(path, may_cut=True, piece_bytes=10**6)) == b"a b " * 5_000_000


def test_zstandard_that_is_not_installed(tmp_path, monkeypatch):
    path = tmp_path / "text.zst"
    path.write_bytes(b"")
    real_import = builtins.__import__

    def without(name, *arguments):
        if name == "zstandard":
            raise ModuleNotFoundError(name)
        return real_import(name, *arguments)

    monkeypatch.delitem(sys.modules, "bytestride.corpus.zstd", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"text\.zst needs .*bytestride\[zstd\]"):
        open_file(path)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        list(read_pieces(tmp_path / "nothing.txt", may_cut=True))
    with pytest.raises(IsADirectoryError):
        list(read_pieces(tmp_path, may_cut=True))


def test_the_file_is_closed(path, monkeypatch):
    path.write_bytes(TEXT.encode())
    opened = []

    def opening(name):
        opened.append(open_file(name))
        return opened[-1]

    monkeypatch.setattr(files, "open_file", opening)
    pieces = read_pieces(path, may_cut=True, piece_bytes=8)
    next(pieces)
    pieces.close()
    assert opened[0].closed


def test_short_reads(path, monkeypatch):
    # A file gives as much as it likes: here at most 3 bytes at a time.
    class Short(io.BytesIO):
        def read(self, n=-1):
            return super().read(min(n, 3))

    monkeypatch.setattr(files, "open_file", lambda _: Short(TEXT.encode()))
    pieces = list(read_pieces(path, may_cut=True, piece_bytes=50))
    assert b"".join(pieces) == TEXT.encode()
    assert len(pieces) > 5


# The stream that training reads.


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
