"""Packed files are their text, or say what is wrong with them."""

import builtins
import gzip
import random
import sys

import pytest

from bytestride import FormatError
from bytestride.corpus.input_files import open_stored, unpacked
from bytestride.corpus.kinds import kind_of

TEXT = "It's low, lower\nand  lowest.\r\n\n  New line! 漢字 a b\n" * 20


def text_of(path, n_bytes=1000):
    name = str(path)
    with open_stored(name) as stored, unpacked(stored, name, kind_of(name).packing) as file:
        parts = []
        out = bytearray(n_bytes)
        while n := file.readinto(out):
            parts.append(bytes(out[:n]))
        return b"".join(parts)


def test_gzip(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(TEXT.encode()) + gzip.compress(b"a second member"))
    expected = TEXT.encode() + b"a second member"
    assert text_of(path) == expected
    path.write_bytes(gzip.compress(TEXT.encode())[:-20])
    with pytest.raises(FormatError, match=r"text\.gz: its end is missing"):
        text_of(path)


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(TEXT.encode()))
    assert text_of(path) == TEXT.encode()


def test_several_frames_of_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(TEXT.encode()) + zstandard.compress(b"a second frame"))
    pieces = text_of(path)
    assert pieces == TEXT.encode() + b"a second frame"


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_a_truncated_file_of_zstandard(tmp_path, kept):
    # Half of a corpus must not be taken for the whole: the package itself says nothing of it.
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.compress(random.Random(1).randbytes(300_000)) + zstandard.compress(b"more")
    path = tmp_path / "text.zst"
    path.write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(FormatError, match=r"text\.zst ends after \d+ bytes, inside a frame"):
        text_of(path)
    path.write_bytes(packed[:-1])
    with pytest.raises(FormatError, match=f"text.zst ends after {len(packed) - 1} bytes"):
        text_of(path)


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
            text_of(path)


def test_a_text_of_zstandard_that_is_much_longer_than_its_file(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(b"a b " * 5_000_000))
    assert path.stat().st_size < 10_000
    assert text_of(path) == b"a b " * 5_000_000


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
        text_of(path)


def test_padding_behind_a_member(tmp_path):
    path = tmp_path / "text.gz"
    member = gzip.compress(b"text")
    for padding in (1, 511, 16_384, 100_000):
        path.write_bytes(member + bytes(padding) + member)
        assert text_of(path) == b"texttext"
        path.write_bytes(member + bytes(padding))
        assert text_of(path) == b"text"
    path.write_bytes(member + b"\0no member")
    with pytest.raises(FormatError, match=r"text\.gz is damaged or no gzip file"):
        text_of(path)


def length_before_error(file, n_bytes):
    n_read = 0
    try:
        while n := file.readinto(bytearray(n_bytes)):
            n_read += n
    except FormatError:
        return n_read
    raise AssertionError("there was no error")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_an_error_takes_nothing_away_that_was_there(tmp_path, suffix):
    # However much is asked for, what comes before the error is the same.
    data = random.Random(5).randbytes(300_000)
    if suffix == ".gz":
        packed = gzip.compress(data)
    else:
        packed = pytest.importorskip("zstandard").compress(data)
    path = tmp_path / f"text{suffix}"
    path.write_bytes(packed[:200_000])
    lengths = set()
    for n_bytes in (9, 1000, 10**6):
        with unpacked(open_stored(str(path)), str(path), suffix[1:]) as file:
            lengths.add(length_before_error(file, n_bytes))
    (n_read,) = lengths
    assert n_read > 50_000
