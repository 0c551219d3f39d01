"""Files in pieces: plain and compressed, cut at safe places only, none lost."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import _core
from bytestride.corpus import files
from bytestride.corpus.files import open_file, read_pieces
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
