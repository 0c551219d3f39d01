"""Files: which format, what is no tokenizer, and what a failed write leaves behind."""

import errno
import random

import pytest

from bytestride import formats
from bytestride.definition import Definition
from bytestride.errors import FormatError
from bytestride.formats import tokenizer_json

BYTES = {byte: bytes((byte,)) for byte in range(256)}


def trained():
    return Definition(BYTES | {256: b"ab"}, [(97, 98)], r"\S+|\s+")


def test_paths_that_hold_no_tokenizer(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        formats.read(tmp_path / "none.json")
    with pytest.raises(IsADirectoryError, match=r"is a directory; give the file in it, .*\.json"):
        formats.read(tmp_path)
    path = tmp_path / "x.json"
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"x\.json is empty"):
        formats.read(path)
    path.write_bytes(bytes(random.Random(5).randbytes(5000)))
    with pytest.raises(FormatError, match=r"x\.json, line 1 \(byte 0\)"):
        formats.read(path, pattern="gpt2")
    path.write_bytes(b"\xef\xbb\xbf {}")
    with pytest.raises(FormatError, match=r"not JSON: .*BOM"):
        formats.read(path)


def test_the_content_says_what_a_file_is(tmp_path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(b" \n" + tokenizer_json.serialize(trained()))
    assert formats.read(path).source.kind == "tokenizer.json"
    for argument in ({"pattern": "gpt2"}, {"special_tokens": {}}):
        with pytest.raises(ValueError, match=r"has its own pattern .* leave out"):
            formats.read(path, **argument)


def test_the_name_says_what_is_written(tmp_path):
    for name, kind in (
        ("x.tiktoken", "tiktoken"),
        ("x.json", "tokenizer.json"),
        ("x", "tokenizer.json"),
    ):
        formats.write(trained(), tmp_path / name)
        definition = formats.read(tmp_path / name, pattern="gpt2" if kind == "tiktoken" else None)
        assert definition.source.kind == kind
        assert definition.tokens == trained().tokens


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"version": "1.0", "model" :\n {"vocab": {}}}', "tokenizer.json"),
        (b'{"model": 5, "token_bytes": 6, "config": 7}', "vocab.json"),
        (b' {"a": 0}\n', "vocab.json"),
        (b'{"config": {}, "vocab": [{"token_bytes": "AA==", "rank": 0}]}', "tekken.json"),
        (b'{"model": {"vocab": {"token_bytes": 7, "a": 1}}}', "tokenizer.json"),
        (b"{}", "tokenizer.json"),
        (b"#version: 0.2\na b\n", "vocab.json"),
        (b"YQ== 0\n", "tiktoken"),
        (b"\xef\xbb\xbf{}", "tokenizer.json"),
        (b"", "tiktoken"),
    ],
)
def test_a_kind_by_content(data, kind):
    assert formats.kind_of(data) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/x.tiktoken", "tiktoken"),
        ("a/tiktoken.model", "tiktoken"),
        ("tekken.json", "tekken.json"),
        ("a/vocab.json", "vocab.json"),
        ("merges.txt", "vocab.json"),
        ("a/", "vocab.json"),
        ("a/tokenizer", "tokenizer.json"),
        ("x.json", "tokenizer.json"),
    ],
)
def test_a_kind_by_name(path, kind):
    assert formats.format_of(path) == kind


def test_a_kind_that_is_not_written(tmp_path):
    with pytest.raises(FormatError, match="'gguf' is no format that is written"):
        formats.write(trained(), tmp_path / "x", "gguf")


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        formats.write(trained(), tmp_path / "missing" / "x.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder\.json is a directory"):
        formats.write(trained(), tmp_path / "folder.json")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_what_was_there(error, step, tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_bytes(b"old")

    def fail(*_):
        raise error

    monkeypatch.setattr(step, fail)
    with pytest.raises(type(error)):
        formats.write(trained(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_through(tmp_path):
    target = tmp_path / "folder" / "target.json"
    target.parent.mkdir()
    target.write_bytes(b"old")
    (tmp_path / "link.json").symlink_to(target)
    formats.write(trained(), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert formats.read(target) == trained()


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    formats.write(trained(), tmp_path / "x.json")
    assert (tmp_path / "x.json").stat().st_mode == (tmp_path / "plain").stat().st_mode
