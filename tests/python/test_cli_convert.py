"""`bytestride convert`: every way from one format to another, and what it says."""

import json

import pytest

from bytestride import AddedToken, Tokenizer, formats
from bytestride.cli import main
from bytestride.published import PATTERNS

TEXT = "The cat sat on the mat; the cat's 12 mats, größer and 漢字.\n"
EOS = "<|endoftext|>"


@pytest.fixture(scope="module")
def learned():
    return Tokenizer.train(TEXT * 30, 300, pattern="gpt2", special_tokens=[EOS])


@pytest.fixture
def source(learned, tmp_path):
    learned.save(tmp_path / "tokenizer.json")
    return tmp_path / "tokenizer.json"


def convert(capsys, *arguments, status=0):
    assert main(["convert", *map(str, arguments)]) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def test_there_and_back_again(source, learned, tmp_path, capsys):
    said = convert(capsys, source, tmp_path / "x.tiktoken")
    assert f"wrote {tmp_path / 'x.tiktoken'} (tiktoken): " in said
    assert "read back: the same tokens, and the same merges fire" in said
    assert f"the pattern, which whoever reads it must give: {PATTERNS['gpt2']!r}" in said
    assert f'1 special tokens, which whoever reads it must give: {{"{EOS}": ' in said
    special = f"{EOS}={learned.special_tokens[EOS]}"
    options = ["--pattern", "gpt2", "--special", special]
    said = convert(capsys, tmp_path / "x.tiktoken", tmp_path / "y.json", *options)
    assert "not in the file" not in said
    # The merges are recovered, those that were learned.
    again = Tokenizer.load(tmp_path / "y.json")
    assert again.definition.merges.tolist() == learned.definition.merges.tolist()
    assert again.encode_ordinary(TEXT) == learned.encode_ordinary(TEXT)
    assert again.special_tokens == learned.special_tokens
    said = convert(capsys, tmp_path / "y.json", f"{tmp_path}/z/")
    assert "(vocab.json)" in said
    assert {path.name for path in (tmp_path / "z").iterdir()} == {
        "vocab.json",
        "merges.txt",
        "tokenizer_config.json",
    }
    assert Tokenizer.load(tmp_path / "z").encode_ordinary(TEXT) == again.encode_ordinary(TEXT)


def test_the_same_format_is_copied(source, tmp_path, capsys):
    convert(capsys, source, tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_bytes() == source.read_bytes()


def test_what_is_there_is_not_replaced_without_a_word(source, tmp_path, capsys):
    assert "--force" in convert(capsys, source, source, status=1)
    convert(capsys, source, source, "--force")
    convert(capsys, source, f"{tmp_path}/z/")
    said = convert(capsys, source, tmp_path / "z", "--to", "vocab.json", status=1)
    assert "vocab.json is there already" in said
    convert(capsys, source, tmp_path / "z", "--to", "vocab.json", "--force")
    said = convert(capsys, source, tmp_path / "none" / "x.json", status=1)
    assert "there is no folder" in said


def test_what_a_format_cannot_hold_is_named_with_a_remedy(source, tmp_path, capsys):
    document = json.loads(source.read_text())
    document["normalizer"] = {"type": "NFC"}
    source.write_text(json.dumps(document))
    for name, why in (
        ("x.tiktoken", "has no NFC normaliser; save it as tokenizer.json instead"),
        ("tekken.json", "has no NFC normaliser; save it as tokenizer.json instead"),
        ("vocab.json", "do not say how to split text"),
    ):
        said = convert(capsys, source, tmp_path / name, status=1)
        assert why in said
        assert not (tmp_path / name).exists()
    document["normalizer"] = None
    document["added_tokens"][0]["special"] = False
    source.write_text(json.dumps(document))
    said = convert(capsys, source, tmp_path / "x.tiktoken", status=1)
    assert "is not special, so it is always matched, which tiktoken cannot do" in said


def test_what_ids_do_not_need_is_listed_as_left_out(source, tmp_path, capsys):
    document = json.loads(source.read_text())
    document["post_processor"] = {"type": "ByteLevel", "trim_offsets": True}
    document["truncation"] = {"max_length": 8}
    source.write_text(json.dumps(document))
    said = convert(capsys, source, tmp_path / "x.tiktoken")
    assert "not in the file: the post_processor of the tokenizer.json" in said
    assert "not in the file: the truncation of the tokenizer.json" in said


def test_to_tekken(tmp_path, capsys):
    tokens = {1 + byte: bytes((byte,)) for byte in range(256)} | {257: b"ab"}
    definition = formats.tokenizer_json.Definition(
        tokens, [(98, 99)], PATTERNS["tekken"], (AddedToken("<s>", 0),)
    )
    formats.write(definition, tmp_path / "x.json")
    said = convert(capsys, tmp_path / "x.json", tmp_path / "tekken.json")
    assert "(tekken.json): 257 tokens and 1 added ones, 1 of them special" in said
    said = convert(capsys, tmp_path / "tekken.json", tmp_path / "y.json")
    again = formats.read(tmp_path / "y.json")
    assert again.tokens == definition.tokens
    assert again.merges.tolist() == [[98, 99]]
