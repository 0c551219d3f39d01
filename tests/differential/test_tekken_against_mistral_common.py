"""`tekken.json` against mistral-common and transformers' converter, on the files that it brings."""

import base64
import dataclasses
import json

import pytest
from interchange_parts import hf_ids, samples

from bytestride import AddedToken, Definition, FormatError, Tokenizer, formats
from bytestride.formats import tekken
from bytestride.published import PATTERNS

SPECIAL = ["<unk>", "<s>", "</s>", "[INST]"]


def document(n_special=6, named=True, extra=(), **config):
    tokens = [*(bytes((byte,)) for byte in range(256)), b"he", b"lo", b"hello", *extra]
    node = {
        "config": {
            "pattern": PATTERNS["tekken"],
            "num_vocab_tokens": len(tokens),
            "default_vocab_size": len(tokens) + n_special,
            "default_num_special_tokens": n_special,
            "version": "v7",
        }
        | config,
        "vocab": [
            {"rank": i, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
            for i, token in enumerate(tokens)
        ],
        "image": {"image_patch_size": 16, "max_image_size": 1024},
    }
    if named:
        node["special_tokens"] = [
            {"rank": i, "token_str": content, "is_control": True}
            for i, content in enumerate(SPECIAL)
        ]
    return node


def parse(node):
    return tekken.parse(json.dumps(node).encode(), "tekken.json")


def test_what_is_read(tmp_path):
    data = json.dumps(document()).encode()
    (tmp_path / "tekken.json").write_bytes(data)
    definition = formats.read(tmp_path)
    assert definition.source.kind == "tekken.json"
    assert definition.pattern == PATTERNS["tekken"]
    assert definition.merges is None
    assert definition.whole_pieces
    assert definition.tokens[6] == b"\x00"
    assert definition.tokens[6 + 258] == b"hello"
    contents = [*SPECIAL, "<SPECIAL_4>", "<SPECIAL_5>"]
    assert definition.added_tokens == tuple(AddedToken(c, i) for i, c in enumerate(contents))
    formats.write(definition, tmp_path / "again.json", "tekken.json")
    assert (tmp_path / "again.json").read_bytes() == data
    with pytest.raises(ValueError, match=r"is a tekken\.json, which has its own pattern"):
        formats.read(tmp_path, pattern="gpt2")


def test_tokens_behind_the_size_are_left_out():
    definition = parse(document(default_vocab_size=6 + 257))
    assert len(definition.tokens) == 257
    assert definition.tokens[6 + 256] == b"he"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab": None}, "vocab is missing"),
        ({"vocab": [5]}, "of which 6 are special, and vocab has 1 tokens"),
        ({"vocab": [5] * 259}, r"vocab\[0\] must be an object, not an integer"),
        ({"special_tokens": [{"rank": 1, "token_str": "x"}]}, r"special_tokens\[0\]\.rank is 1"),
        ({"special_tokens": [{"rank": 0, "token_str": 7}]}, r"\[0\]\.token_str must be a string"),
        ({"special_tokens": document()["special_tokens"] * 2}, r"special_tokens\[4\]\.rank is 0"),
        ({"special_tokens": None, "config": document(version="v13")["config"]}, "version 'v13'"),
        ({"config": document(default_num_special_tokens=2**40)["config"]}, "is 1099511627776, out"),
        ({"config": document(n_special=3)["config"]}, "there are 4 special tok"),
        ({"config": document(default_vocab_size=5000)["config"]}, "vocab has 259 tokens"),
        ({"config": document(default_vocab_size=-1)["config"]}, "default_vocab_size is -1, outs"),
        ({"config": document(pattern=5)["config"]}, "config.pattern must be a string"),
        ({"config": document(pattern="a" * 20_000)["config"]}, "has 20000 characters; at most"),
    ],
)
def test_what_is_damaged_is_named(change, message):
    with pytest.raises(FormatError, match=f"^tekken.json: .*{message}"):
        parse(document() | change)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"rank": 7, "token_bytes": "AA=="}, r"vocab\[0\]\.rank is 7; ranks must count"),
        ({"rank": 0, "token_bytes": "A"}, r"vocab\[0\]\.token_bytes is 'A', which is not base64"),
        ({"rank": 0, "token_bytes": "é==="}, "which is not base64"),
        ({"rank": 0, "token_bytes": "AQ=="}, "the first 256 tokens must be the bytes"),
    ],
)
def test_entries_that_are_no_tokens(entry, message):
    node = document()
    node["vocab"][0] = entry
    with pytest.raises(FormatError, match=message):
        parse(node)


def test_what_cannot_be_written():
    definition = dataclasses.replace(parse(document()), source=None)
    for change, message in (
        ({"normalizer": "NFC"}, "a tekken.json has no NFC"),
        ({"added_tokens": (AddedToken("<s>", 900),)}, "at the ids from 0 on, one each"),
        ({"added_tokens": ()}, "id 6, .* is not where it would be"),
        ({"pattern": ()}, "this tokenizer splits in stages"),
    ):
        with pytest.raises(ValueError, match=f"{message}.*; save it as tokenizer.json"):
            tekken.serialize(dataclasses.replace(definition, **change))
    changed = dataclasses.replace(parse(document()), pattern=PATTERNS["gpt2"])
    with pytest.raises(ValueError, match="not what its source says any more"):
        tekken.serialize(changed)


def test_a_new_document_is_read_as_what_was_written(tmp_path):
    tokens = {3 + byte: bytes((byte,)) for byte in range(256)} | {259: "é".encode()}
    added = tuple(AddedToken(f"<{i}>", i) for i in range(3))
    definition = Definition(tokens, None, PATTERNS["tekken"], added, whole_pieces=True)
    Tokenizer(definition).save(tmp_path / "tekken.json")
    assert Tokenizer.load(tmp_path / "tekken.json").definition == definition
    entry = json.loads((tmp_path / "tekken.json").read_text())["vocab"][256]
    assert entry == {"rank": 256, "token_bytes": "w6k=", "token_str": "é"}


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("mistral_common.tokens.tokenizers.tekken").Tekkenizer


def test_small_files_against_mistral_common(theirs, tmp_path):
    for named in (True, False):
        path = tmp_path / "tekken.json"
        node = document(n_special=25, named=named)
        del node["image"]
        path.write_text(json.dumps(node))
        ours, other = Tokenizer.load(path), theirs.from_file(path)
        assert ours.vocab_size == other.n_words
        assert list(ours.special_tokens) == [t["token_str"] for t in other._all_special_tokens]
        for text in ("hello <s> hello", "[INST]hello"):
            assert ours.encode_ordinary(text) == other.encode(text, bos=False, eos=False)
            assert other.decode(ours.encode_ordinary(text)) == text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tekken_240718.json", "tekken_240911.json"])
def test_published_files_against_mistral_common(name, theirs, corpus_text, tmp_path):
    import mistral_common

    (folder,) = mistral_common.__path__
    path = f"{folder}/data/{name}"
    ours, other = Tokenizer.load(path), theirs.from_file(path)
    special = {t["token_str"]: t["rank"] for t in other._all_special_tokens}
    assert ours.special_tokens == special
    new = dataclasses.replace(ours.definition, source=None)
    formats.write(new, tmp_path / "tekken.json")
    assert formats.read(tmp_path / "tekken.json") == new
    again = theirs.from_file(tmp_path / "tekken.json")
    converted = ours.from_hf(Tokenizer(new).to_hf())
    formats.write(
        dataclasses.replace(converted.definition, source=None), tmp_path / "2.json", "tekken.json"
    )
    assert (tmp_path / "2.json").read_bytes() == (tmp_path / "tekken.json").read_bytes()
    converter = pytest.importorskip("transformers.integrations.mistral.tokenizer")
    hf = converter.MistralConverter(path).converted()
    for text in samples(corpus_text):
        ids = other.encode(text, bos=False, eos=False)
        assert ours.encode_ordinary(text) == ids == again.encode(text, bos=False, eos=False)
        assert hf_ids(hf, text) == ids == converted.encode_ordinary(text)
