"""`tokenizer.json`: what is read, and as what."""

import dataclasses
import json

import pytest
from tokenizer_json_parts import (
    BYTES,
    LLAMA3,
    added,
    byte_level,
    digits,
    document,
    parse,
    punctuation,
    sequence,
    split,
    with_model,
)

from bytestride import formats
from bytestride.definition import AddedToken
from bytestride.formats import tokenizer_json
from bytestride.published import GPT2_TIKTOKEN, PATTERNS
from bytestride.stages import Digits, Punctuation, SpaceBefore, Split


@pytest.mark.parametrize("legacy", [True, False])
def test_what_is_read(legacy):
    pairs = [["Ġ", "a"], ["Ġa", "b"]]
    definition = parse(
        document(
            vocab={"Ġab": 300, "Ġa": 400},
            merges=[" ".join(pair) for pair in pairs] if legacy else pairs,
            added_tokens=[added("<a>"), added("<é>", special=False)],
        )
    )
    assert definition.tokens == BYTES | {300: b" ab", 400: b" a"}
    assert definition.merges.tolist() == [[32, 97], [400, 98]]
    assert definition.pattern == LLAMA3
    assert definition.added_tokens == (
        AddedToken("<a>", 258),
        AddedToken("<é>", 259, special=False),
    )
    assert definition.normalizer is None
    assert not definition.whole_pieces
    assert parse(with_model(ignore_merges=True)).whole_pieces


def test_the_version_line_of_a_merges_file_is_no_merge():
    vocab = {"ab": 256, "#version": 257, "bc": 258}
    node = document(vocab=vocab, merges=["#version: 0.2", "a b", "b c"])
    assert parse(node).merges.tolist() == [[97, 98], [98, 99]]
    assert parse(document(merges=["#version: 0.2"])).merges.tolist() == []


def test_of_a_merge_given_twice_the_later_counts():
    node = document(vocab={"ab": 256, "bc": 257}, merges=["a b", "b c", "a b"])
    assert parse(node).merges.tolist() == [[98, 99], [97, 98]]


GPT2 = Split(PATTERNS["gpt2"])


@pytest.mark.parametrize(
    ("pre_tokenizer", "pattern"),
    [
        (byte_level(), PATTERNS["gpt2"]),
        ({k: v for k, v in byte_level().items() if k != "use_regex"}, PATTERNS["gpt2"]),
        (sequence(byte_level()), PATTERNS["gpt2"]),
        (sequence(split(r"\w+"), byte_level(use_regex=False)), r"\w+"),
        (sequence(split(GPT2_TIKTOKEN), byte_level(use_regex=False)), GPT2_TIKTOKEN),
    ],
)
def test_pre_tokenizers(pre_tokenizer, pattern):
    assert parse(document(pre_tokenizer=pre_tokenizer)).pattern == pattern


@pytest.mark.parametrize(
    ("normalizer", "name"),
    [
        (None, None),
        ({"type": "Sequence", "normalizers": []}, None),
        ({"type": "NFC"}, "NFC"),
        ({"type": "Sequence", "normalizers": [{"type": "NFC"}]}, "NFC"),
    ],
)
def test_normalizers(normalizer, name):
    assert parse(document(normalizer=normalizer)).normalizer == name


def test_what_cannot_change_ids_may_say_anything():
    plain = parse(document())
    for node in (
        document(decoder=None),
        document(truncation={"max_length": 5}, padding={"strategy": "BatchLongest"}),
        document(post_processor={"type": "TemplateProcessing", "single": []}),
        with_model(unk_token="<unk>", fuse_unk=True, dropout=0.0),
        {k: v for k, v in document().items() if k not in ("version", "added_tokens", "decoder")},
        with_model(ignore_merges=None),
        document(added_tokens=[added("")]),
    ):
        assert parse(node) == plain
    node = document()
    del node["model"]["type"]
    assert parse(node) == plain


def test_added_tokens_that_stand_in_the_vocabulary():
    definition = parse(
        document(
            vocab={"<a>": 256, "<｜é｜>": 257, "ab": 258, "cd": 259, "ef": 260, "efg": 261},
            merges=["a b", "e f", "ef g"],
            added_tokens=[
                added(text) for text in ("<a>", "<｜é｜>", "ab", "cd", "ef", "x", "<new>")
            ],
        )
    )
    # What no merge makes or uses is an added token and nothing else; a byte is always a token.
    assert definition.tokens == BYTES | {258: b"ab", 260: b"ef", 261: b"efg"}
    ids = {token.content: token.id for token in definition.added_tokens}
    assert ids == {
        "<a>": 256,
        "<｜é｜>": 257,
        "ab": 258,
        "cd": 259,
        "ef": 260,
        "x": 120,
        "<new>": 262,
    }


@pytest.mark.parametrize(
    ("node", "pattern"),
    [
        (byte_level(), PATTERNS["gpt2"]),
        (byte_level(use_regex=False), ()),
        (byte_level(add_prefix_space=True), (SpaceBefore(), GPT2)),
        (byte_level(add_prefix_space=True, use_regex=False), (SpaceBefore(),)),
        (sequence(split(), byte_level(use_regex=False)), LLAMA3),
        (sequence(split(), byte_level()), (Split(LLAMA3), GPT2)),
        (
            sequence(split(), byte_level(add_prefix_space=True)),
            (Split(LLAMA3), SpaceBefore(), GPT2),
        ),
        (sequence(digits(True), byte_level()), PATTERNS["starcoder"]),
        (sequence(digits(False), byte_level()), (Digits(), GPT2)),
        (sequence(digits(True), byte_level(use_regex=False)), (Digits(individual=True),)),
        (sequence(punctuation(), byte_level()), (Punctuation(), GPT2)),
        (
            sequence(punctuation(behavior="MergedWithNext"), byte_level(use_regex=False)),
            (Punctuation("merged_with_next"),),
        ),
        (
            sequence(sequence(digits(False), sequence()), split(), byte_level(use_regex=False)),
            (Digits(), Split(LLAMA3)),
        ),
        (
            sequence(split(behavior="Contiguous"), byte_level(use_regex=False)),
            (Split(LLAMA3, "contiguous"),),
        ),
        (
            sequence(split(pattern={"String": "a.b<\n"}), byte_level(use_regex=False)),
            "a\\.b<\n",
        ),
        (sequence(split(pattern={"String": ""}), byte_level(use_regex=False)), "(?:)"),
    ],
)
def test_which_pattern_a_pre_tokenizer_is(node, pattern):
    definition = parse(document(pre_tokenizer=node))
    assert definition.pattern == pattern
    again = tokenizer_json.serialize(dataclasses.replace(definition, source=None))
    assert tokenizer_json.parse(again, "again").pattern == pattern


def test_sequences_nested_deeply_are_read_or_refused():
    node = byte_level()
    for _ in range(300):
        node = sequence(node)
    assert parse(document(pre_tokenizer=node)).pattern == PATTERNS["gpt2"]


def test_a_space_that_no_file_can_put_is_not_written():
    definition = parse(document(pre_tokenizer=byte_level(add_prefix_space=True)))
    moved = dataclasses.replace(definition, source=None, pattern=(SpaceBefore(), Split("a")))
    with pytest.raises(ValueError, match="only at last"):
        tokenizer_json.serialize(moved)


@pytest.mark.parametrize(
    ("name", "n_tokens", "n_added", "pattern", "normalizer", "whole_pieces"),
    [
        ("llama3", 128000, 256, "llama3", None, True),
        ("qwen3", 151643, 26, "qwen2", "NFC", False),
        ("gptoss", 199998, 21, "o200k", None, True),
        ("deepseek_v3", 127997, 818, "deepseek_v3", None, False),
    ],
)
def test_files_of_known_models(
    name, n_tokens, n_added, pattern, normalizer, whole_pieces, tmp_path, vocab_file
):
    path = vocab_file(name)
    definition = formats.read(path)
    assert len(definition.tokens) == n_tokens
    assert len(definition.added_tokens) == n_added
    assert definition.pattern == PATTERNS[pattern]
    assert definition.normalizer == normalizer
    assert definition.whole_pieces == whole_pieces
    document = json.loads(path.read_bytes())
    ids = {entry["content"]: entry["id"] for entry in document["added_tokens"]}
    assert {token.content: token.id for token in definition.added_tokens} == ids
    formats.write(definition, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
