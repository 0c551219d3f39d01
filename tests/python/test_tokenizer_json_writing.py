"""`tokenizer.json`: what is written, and what the format cannot hold."""

import dataclasses
import json

import pytest

from bytestride import formats
from bytestride.definition import AddedToken, Definition, Source
from bytestride.formats import tokenizer_json
from bytestride.published import PATTERNS

BYTES = {byte: bytes((byte,)) for byte in range(256)}


def trained(**changes):
    parts = {
        "tokens": BYTES | {256: b"ab", 257: b"\xff ", 258: b"ab\xff "},
        "merges": [(97, 98), (255, 32), (256, 257)],
        "pattern": PATTERNS["gpt2"],
        "added_tokens": (AddedToken("<a>", 259), AddedToken("<é>", 260, special=False)),
    }
    return Definition(**(parts | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"merges": []},
        {"normalizer": "NFC"},
        {"whole_pieces": True},
        {"pattern": PATTERNS["cl100k"]},
        {"pattern": r"\w+|\W"},
        {"added_tokens": ()},
        {"added_tokens": (AddedToken("<a>", 300), AddedToken("<b>", 5000))},
        {"added_tokens": (AddedToken("ab", 256), AddedToken("<b>", 259))},
        {"added_tokens": (AddedToken("<a>", 259, lstrip=True, normalized=True),)},
        {"added_tokens": (AddedToken("<a>", 259, rstrip=True, single_word=True),)},
        {"tokens": {1000 + byte: token for byte, token in BYTES.items()}, "merges": []},
    ],
)
def test_a_new_document_is_read_as_what_was_written(changes, tmp_path):
    definition = trained(**changes)
    formats.write(definition, tmp_path / "x.json")
    data = (tmp_path / "x.json").read_bytes()
    again = formats.read(tmp_path / "x.json")
    assert again == definition
    assert again.source == Source("tokenizer.json", data)
    assert json.dumps(json.loads(data), ensure_ascii=False, indent=2).encode() == data


def test_tiktokens_rule_is_written_as_the_merges_that_fire():
    tokens = BYTES | {256: b"ab", 257: b"abc", 258: b"bc", 259: b"xyz"}
    definition = trained(tokens=tokens, merges=None, whole_pieces=True, added_tokens=())
    again = tokenizer_json.parse(tokenizer_json.serialize(definition), "x")
    assert again.merges.tolist() == [[97, 98], [256, 99], [98, 99]]
    assert again.tokens == tokens
    assert again.whole_pieces


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"added_tokens": (AddedToken("<a>", 300), AddedToken("<b>", 300))},
            "'<a>' and '<b>' share id 300",
        ),
        ({"added_tokens": (AddedToken("Ġ", 300),)}, "'Ġ' with id 300 would be taken"),
        (
            {
                "tokens": BYTES | {256: "né".encode()},
                "merges": [],
                "added_tokens": (AddedToken("né", 256),),
            },
            "'né' with id 256 would be taken",
        ),
    ],
)
def test_what_the_format_cannot_hold_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        formats.write(trained(**changes), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_was_read_is_written_byte_for_byte(tmp_path):
    document = json.loads(tokenizer_json.serialize(trained()))
    document["post_processor"] = {"type": "ByteLevel"}
    data = json.dumps(document, indent=7, sort_keys=True).encode() + b"\n\n"
    (tmp_path / "x.json").write_bytes(data)
    definition = formats.read(tmp_path / "x.json")
    formats.write(definition, tmp_path / "y.json")
    assert (tmp_path / "y.json").read_bytes() == data
    # What has changed since does not fit its document, and the rest of the document would be lost.
    changed = dataclasses.replace(definition, added_tokens=())
    with pytest.raises(ValueError, match="not what its source says any more"):
        formats.write(changed, tmp_path / "z.json")
    formats.write(dataclasses.replace(changed, source=None), tmp_path / "z.json")
    assert formats.read(tmp_path / "z.json").added_tokens == ()
