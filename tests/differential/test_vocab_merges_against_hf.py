"""`vocab.json` and `merges.txt`: ids of `tokenizers`, and of transformers on the same folder."""

import dataclasses
import json

import pytest
import tokenizers
from interchange_parts import hf_ids, samples
from tokenizers import models, pre_tokenizers

from bytestride import AddedToken, FormatError, Tokenizer, formats
from bytestride.published import PATTERNS
from bytestride.stages import SpaceBefore, Split

TRAINED_FROM = "the cat sat on the mat, the bat's hat; naïve Übung 漢字 12 12 <|endoftext|> " * 9
TEXTS = [
    "",
    "the cat's hat sat  on\n\n the mat 12",
    " naïve 漢字 <|endoftext|> <pad> the",
    "a<mask>b  \u00a0 x <mask>",
]


@pytest.fixture
def folder(tmp_path):
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator(
        [TRAINED_FROM], vocab_size=300, special_tokens=["<|endoftext|>"], show_progress=False
    )
    theirs.save_model(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["", "vocab.json", "merges.txt"])
def test_the_two_files_of_theirs(name, folder):
    ours = Tokenizer.load(folder / name)
    assert ours.pattern == PATTERNS["gpt2"]
    assert ours.special_tokens == {"<|endoftext|>": 0}
    paths = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    theirs = tokenizers.ByteLevelBPETokenizer(*paths)
    model = tokenizers.Tokenizer(models.BPE.from_file(*paths))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for text in TEXTS:
        assert ours.encode_ordinary(text) == theirs.encode(text).ids == model.encode(text).ids


def test_the_arguments_come_first(folder):
    config = {"tokenizer_class": "Qwen2Tokenizer", "bos_token": "<nowhere>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match=r"<nowhere>' has no id, .* give special_tokens="):
        formats.read(folder)
    config["bos_token"] = None
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    assert formats.read(folder).pattern == PATTERNS["qwen2"]
    assert formats.read(folder).normalizer == "NFC"
    definition = formats.read(folder, pattern="cl100k", special_tokens={"<x>": 500})
    assert definition.pattern == PATTERNS["cl100k"]
    assert definition.added_tokens == (AddedToken("<x>", 500),)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    with pytest.raises(FormatError, match=r"BertTokenizer.* give pattern="):
        formats.read(folder)
    assert formats.read(folder, pattern="gpt2").pattern == PATTERNS["gpt2"]
    (folder / "tokenizer_config.json").write_text('{"add_prefix_space": true}')
    assert formats.read(folder, pattern="cl100k").pattern == (
        SpaceBefore(),
        Split(PATTERNS["cl100k"]),
    )
    (folder / "tokenizer_config.json").write_text('{"bos_token": "<nowhere>"}')
    assert formats.read(folder, special_tokens={}).added_tokens == ()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {
            "tokenizer_class": "GPT2Tokenizer",
            "eos_token": {"__type": "AddedToken", "content": "the", "rstrip": True},
        },
        {"tokenizer_class": "Qwen2Tokenizer"},
    ],
)
def test_special_tokens_that_only_the_class_knows(config, folder):
    transformers = pytest.importorskip("transformers")
    vocab = json.loads((folder / "vocab.json").read_text())
    assert "the" in vocab
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    kind = getattr(transformers, config.get("tokenizer_class", "GPT2Tokenizer"))
    theirs, ours = kind.from_pretrained(folder), Tokenizer.load(folder)
    assert "<|endoftext|>" in ours.special_tokens
    for text in [*TEXTS, "<|endoftext|>", "on the  mat"]:
        ids = ours.encode(text, allowed_special="all")
        assert ids == theirs.encode(text, add_special_tokens=False), text


@pytest.mark.parametrize("prefix_space", [False, True])
def test_a_folder_of_transformers(prefix_space, folder):
    transformers = pytest.importorskip("transformers")
    decoder = {
        "0": {"content": "<|endoftext|>", "special": True, "normalized": True},
        "300": {"content": "<pad>", "special": True},
        "301": {"content": "<mask>", "lstrip": True, "special": True},
        "302": {"content": "<think>", "special": False},
    }
    config = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": prefix_space,
        "added_tokens_decoder": decoder,
        "pad_token": "<pad>",
        "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    theirs = transformers.GPT2Tokenizer.from_pretrained(folder)
    ours = Tokenizer.load(folder)
    for text in [*TEXTS, "x<think>y", "<think> <pad>"]:
        ids = ours.encode(text, allowed_special="all")
        assert ids == theirs.encode(text, add_special_tokens=False), text
    # Written again: to the same bytes, and anew, for the same class.
    ours.save(folder / "again", format="vocab.json")
    for path in (folder / "again").iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()
    new = dataclasses.replace(ours.definition, source=None)
    formats.write(new, folder / "new", "vocab.json")
    assert formats.read(folder / "new") == new
    theirs = transformers.GPT2Tokenizer.from_pretrained(folder / "new")
    for text in TEXTS:
        ids = ours.encode(text, allowed_special="all")
        assert ids == theirs.encode(text, add_special_tokens=False), text


def test_added_tokens_of_older_files(folder):
    (folder / "added_tokens.json").write_text('{"<think>": 301, "<pad>": 300}')
    (folder / "special_tokens_map.json").write_text(
        '{"pad_token": "<pad>", "eos_token": {"content": "<|endoftext|>"}}'
    )
    assert formats.read(folder).added_tokens == (
        AddedToken("<|endoftext|>", 0),
        AddedToken("<pad>", 300),
        AddedToken("<think>", 301, special=False, normalized=True),
    )


def test_gpt2_from_its_ranks(vocab_file, corpus_text, tmp_path):
    definition = formats.read(vocab_file("r50k_base"))
    formats.write(definition, tmp_path, "vocab.json")
    ours = Tokenizer.load(tmp_path)
    assert ours.special_tokens == {"<|endoftext|>": 50256}
    theirs = tokenizers.ByteLevelBPETokenizer(
        str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    )
    for text in samples(corpus_text):
        assert ours.encode_ordinary(text) == hf_ids(theirs._tokenizer, text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": PATTERNS["o200k"]}, "do not say how to split text"),
        ({"pattern": (SpaceBefore(), SpaceBefore(), Split("a"))}, "twice"),
        ({"normalizer": "NFC"}, "do not say how to split text"),
    ],
)
def test_what_the_files_cannot_hold(change, message, folder, tmp_path):
    definition = dataclasses.replace(formats.read(folder), source=None)
    with pytest.raises(ValueError, match=message):
        formats.write(dataclasses.replace(definition, **change), tmp_path / "out", "vocab.json")
    assert not (tmp_path / "out").exists()


def test_tokens_that_only_whole_pieces_give(folder, tmp_path):
    definition = formats.read(folder)
    tokens = {**definition.tokens, 500: b"zebra"}
    changed = dataclasses.replace(definition, tokens=tokens, whole_pieces=True, source=None)
    with pytest.raises(ValueError, match="1 tokens are never made by merging"):
        formats.write(changed, tmp_path / "out", "vocab.json")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("merges.txt", "#version: 0.2\na b c\n", r"merges\.txt: line 2 is 'a b c', not two"),
        ("merges.txt", "a b\n\nc d\n", r"merges\.txt: line 2 is ''"),
        ("merges.txt", "zz yy\n", r"merges\.txt: merge 0: 'zz' is not in model\.vocab"),
        ("vocab.json", '{"a": 0, "a": 1}', r"vocab\.json: the key 'a' stands twice"),
        ("vocab.json", '{"a": 0}', r"merge 0: .* is not in model\.vocab"),
        ("vocab.json", '{"a": 1e400}', r"vocab\.json: the number '1e400' is too large"),
        ("tokenizer_config.json", "[]", r"tokenizer_config\.json: the document must be an object"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {}}}', "'x'. is no id"),
        ("added_tokens.json", '{"a": "b"}', r"added_tokens\.json\.a must be an integer"),
    ],
)
def test_damage_is_named_with_its_file(name, text, message, folder):
    (folder / name).write_text(text)
    with pytest.raises(FormatError, match=message):
        formats.read(folder)


def test_half_of_the_two(folder):
    (folder / "merges.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"merges\.txt is not there"):
        formats.read(folder / "vocab.json")
