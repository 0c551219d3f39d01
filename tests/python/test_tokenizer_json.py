"""`tokenizer.json`: what is read, what is refused and by which name, what is written."""

import contextlib
import copy
import dataclasses
import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import formats
from bytestride.definition import AddedToken
from bytestride.errors import FormatError
from bytestride.formats import bytelevel, tokenizer_json
from bytestride.published import GPT2_TIKTOKEN, PATTERNS
from bytestride.stages import Digits, Punctuation, SpaceBefore, Split

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("BYTESTRIDE_TEST_DATA", ROOT / ".." / "shared"))
BYTES = {byte: bytes((byte,)) for byte in range(256)}
LLAMA3 = PATTERNS["llama3"]


def added(content, token_id=300, **flags):
    keys = ("single_word", "lstrip", "rstrip", "normalized")
    return {
        "id": token_id,
        "content": content,
        **dict.fromkeys(keys, False),
        "special": True,
    } | flags


def byte_level(**flags):
    defaults = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"type": "ByteLevel"} | defaults | flags


def split(regex=LLAMA3, **changes):
    defaults = {"pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    return {"type": "Split"} | defaults | changes


def digits(individual_digits):
    return {"type": "Digits", "individual_digits": individual_digits}


def punctuation(**changes):
    return {"type": "Punctuation"} | changes


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def document(*, vocab=(), merges=(), **changes):
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {bytelevel.ALPHABET[byte]: byte for byte in range(256)} | dict(vocab),
        "merges": list(merges),
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": sequence(split(), byte_level(use_regex=False)),
        "post_processor": None,
        "decoder": byte_level(),
        "model": model,
    } | changes


def dump(node):
    return json.dumps(node, ensure_ascii=False).encode()


def parse(node):
    return tokenizer_json.parse(dump(node), "x.json")


def with_model(**changes):
    node = document()
    node["model"] |= changes
    return node


# -- reading ---------------------------------------------------------------------------------------


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
    ("node", "message"),
    [
        (with_model(type="WordPiece"), "model.type is WordPiece; only BPE"),
        (with_model(type="Unigram"), "model.type is Unigram"),
        (with_model(dropout=0.1), "model.dropout is 0.1"),
        (with_model(byte_fallback=True), "model.byte_fallback is true"),
        (with_model(continuing_subword_prefix="##"), 'model.continuing_subword_prefix is "##"'),
        (with_model(end_of_word_suffix="</w>"), 'model.end_of_word_suffix is "</w>"'),
        (document(pre_tokenizer=None), "pre_tokenizer is null"),
        (
            document(pre_tokenizer={"type": "Whitespace"}),
            "pre_tokenizer is Whitespace; .* ByteLevel",
        ),
        (document(pre_tokenizer=split()), "pre_tokenizer is Split;"),
        (document(pre_tokenizer=sequence()), "pre_tokenizer is empty;"),
        (
            document(pre_tokenizer=sequence(byte_level(), split())),
            r"pre_tokenizer is ByteLevel \+ Split;",
        ),
        (
            document(pre_tokenizer=sequence(byte_level(), byte_level())),
            r"pre_tokenizer is ByteLevel \+ ByteLevel;",
        ),
        (
            document(pre_tokenizer=sequence(split(), {"type": "Metaspace"}, byte_level())),
            r"pre_tokenizer is Split \+ Metaspace \+ ByteLevel;",
        ),
        (
            document(pre_tokenizer=sequence(*[split()] * 40, byte_level())),
            r"pre_tokenizer is Split \+ .* \+ Split \+ … \+ ByteLevel;",
        ),
        (
            document(pre_tokenizer=sequence(punctuation(behavior="Removed"), byte_level())),
            r'pretokenizers\[0\]: Punctuation.behavior is "Removed"',
        ),
        *(
            (document(pre_tokenizer=sequence(split(**change), byte_level(use_regex=False))), text)
            for change, text in [
                ({"behavior": "Removed"}, 'Split.behavior is "Removed"'),
                ({"behavior": "Other"}, 'Split.behavior is "Other"'),
                ({"invert": True}, "Split.invert is true"),
                ({"pattern": {"Glob": " "}}, 'Split.pattern is {"Glob": " "}'),
                ({"regex": PATTERNS["cl100k"]}, r"reads \{1,3\}\+ as a repeated group"),
            ]
        ),
        (document(normalizer={"type": "Lowercase"}), "normalizer is .*Lowercase"),
        (
            document(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 2}),
            "normalizer is .*NFC",
        ),
        (
            document(normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}]}),
            r"normalizer\.normalizers\[0\] is .*NFD",
        ),
        (document(decoder={"type": "WordPiece"}), "decoder is .*WordPiece"),
        (document(version="2.0"), "version is '2.0'"),
    ],
)
def test_what_is_not_done_is_named(node, message):
    with pytest.raises(FormatError, match=f"^x.json: .*{message}"):
        parse(node)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ([], "the document must be an object, not an array"),
        ({"a": 1}, "no 'model', so this is no tokenizer.json"),
        (document(model=None), "model is missing; it must be an object"),
        (document(model=[]), "model must be an object, not an array"),
        (document(version=1), "version must be a string, not an integer"),
        (document(added_tokens={}), "added_tokens must be an array, not an object"),
        (document(added_tokens=["<a>"]), r"added_tokens\[0\] must be an object, not a string"),
        (document(added_tokens=[added(5)]), r"added_tokens\[0\]\.content must be a string"),
        (document(added_tokens=[added("x", "y")]), r"added_tokens\[0\]\.id must be an integer"),
        (document(added_tokens=[added("x", True)]), r"added_tokens\[0\]\.id must be an integer"),
        (document(added_tokens=[added("x", special=1)]), r"\[0\]\.special must be true or false"),
        (document(added_tokens=[added("x", normalized=None)]), r"\[0\]\.normalized is missing"),
        (document(added_tokens=[added("x"), added("x")]), r"added_tokens\[1\]: 'x' stands twice"),
        (document(added_tokens=[added("x\ud800")]), "lone surrogate"),
        (document(pre_tokenizer="ByteLevel"), "pre_tokenizer must be an object, not a string"),
        (document(pre_tokenizer={}), "pre_tokenizer.type is missing"),
        (
            document(pre_tokenizer=sequence(5)),
            r"pre_tokenizer\.pretokenizers\[0\] must be an object",
        ),
        (document(pre_tokenizer={"type": "Sequence"}), "pre_tokenizer.pretokenizers is missing"),
        (
            document(pre_tokenizer={"type": "ByteLevel"}),
            "pre_tokenizer.add_prefix_space is missing",
        ),
        (document(normalizer=5), "normalizer must be an object, not an integer"),
        (document(decoder=[]), "decoder must be an object"),
        (with_model(type=None, merges=None), "model.merges is missing"),
        (with_model(vocab=[]), "model.vocab must be an object, not an array"),
        (document(vocab={"ab": "5"}), r"model\.vocab\['ab'\] must be an integer, not '5'"),
        (document(vocab={"ab": 5.0}), r"model\.vocab\['ab'\] must be an integer, not 5\.0"),
        (document(vocab={"ab": True}), r"model\.vocab\['ab'\] must be an integer, not True"),
        (document(vocab={"ab": -1}), r"model\.vocab\['ab'\] is -1, outside"),
        (document(vocab={"ab": 2**31}), r"model\.vocab\['ab'\] is 2147483648, outside"),
        (document(vocab={"ab": 97}), "model.vocab gives id 97 to both 'a' and 'ab'"),
        (
            document(vocab={"a b": 256}),
            "'a b'. holds ' ', which stands for no byte",
        ),
        (document(vocab={"▁a": 256}), r"model\.vocab\['▁a'\] holds '▁'"),
        (document(vocab={"\ud800": 256}), r"holds '\\ud800'"),
        (document(vocab={"": 256}), "token id 256 is empty"),
        (with_model(vocab={"a": 0}), "255 of the 256 single bytes"),
        (with_model(merges={}), "model.merges must be an array"),
        (with_model(merges=[5]), r"model\.merges\[0\] must be two strings, not 5"),
        (with_model(merges=["a b", ["a", "b"]]), r"model\.merges\[1\] must be a string like"),
        (with_model(merges=[["a", "b"], "a b"]), r"model\.merges\[1\] must be two strings"),
        (with_model(merges=[["a", "b", "c"]]), r"model\.merges\[0\] must be two strings"),
        (with_model(merges=[["a", 5]]), r"model\.merges\[0\] must be two strings"),
        (with_model(merges=["ab"]), "model.merges holds 'ab', which is not two tokens and a space"),
        (with_model(merges=["a b c"]), "model.merges holds 'a b c'"),
        (with_model(merges=[""]), "model.merges holds ''"),
        (with_model(merges=["a b"]), r"merge 0, ids \(97, 98\), makes b'ab', which is no token"),
        (with_model(merges=["a xy"]), "merge 0: 'xy' is not in model.vocab"),
        # The id that tokenizers gives to <b>, 258, is that of a token here.
        (
            document(vocab={"ab": 258}, added_tokens=[added("<a>"), added("<b>")], merges=["a b"]),
            "'<b>' has id 258, .* token b'ab'",
        ),
        # Its text is the printable form of other bytes.
        (document(added_tokens=[added("Ġ")]), "'Ġ' has id 32, .* token b' '"),
    ],
)
def test_what_is_damaged_is_named(node, message):
    data = json.dumps(node).encode()  # ASCII, so that lone surrogates can be written
    with pytest.raises(FormatError, match=f"^x.json: .*{message}"):
        tokenizer_json.parse(data, "x.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"{", "not JSON: .* at line 1, column 2"),
        (b'{"a": 1,\n "b" 2}', "not JSON: .* at line 2, column 6"),
        (b'{"model": "\xff"}', "not UTF-8 text at byte 11"),
        (b"\xef\xbb\xbf{}", "not JSON: .*BOM"),
        ("{}".encode("utf-16"), "not UTF-8 text at byte 0"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"model": ' + b"9" * 5000 + b"}", "model|integer"),
        (b"\x00" * 100, "not JSON"),
    ],
)
def test_what_is_no_json(data, message):
    with pytest.raises(FormatError, match=f"^x.json: .*({message})"):
        tokenizer_json.parse(data, "x.json")


GPT2 = Split(PATTERNS["gpt2"])


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


FULL = document(
    vocab={"ab": 256, "<v>": 257},
    merges=[["a", "b"]],
    normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]},
    added_tokens=[added("<v>"), added("|x|", normalized=True, special=False)],
    pre_tokenizer=sequence(
        digits(True), sequence(punctuation(behavior="Contiguous")), split(), byte_level()
    ),
)


def _places(node, path=()):
    """Paths of all values below `node`, but for most of the vocabulary."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in itertools.islice(items, 0, None, 1 if len(node) < 50 else 37):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _read_or_refuse(data):
    """Neither another exception nor a warning; what is read is read again from what is written."""
    with contextlib.suppress(FormatError):
        definition = tokenizer_json.parse(data, "x.json")
        assert tokenizer_json.serialize(definition) == data


@given(st.data())
def test_a_wrong_value_anywhere_is_a_format_error_or_another_tokenizer(data):
    node = copy.deepcopy(FULL)
    for path in data.draw(st.lists(st.sampled_from(list(_places(FULL))), min_size=1, max_size=2)):
        parent = node
        try:
            for key in path[:-1]:
                parent = parent[key]
            if data.draw(st.booleans()):
                del parent[path[-1]]
            else:
                parent[path[-1]] = data.draw(
                    st.sampled_from(
                        [None, True, 0, 1, -1, 2**40, 1e300, "", "x", "a b", [], [[]], {}, {"x": 1}]
                    )
                )
        except (LookupError, TypeError):
            continue  # the first change took the second place away
    _read_or_refuse(dump(node))


@given(st.integers(0, 10**6), st.binary(max_size=3), st.integers(0, 3))
def test_damaged_bytes_are_a_format_error_or_another_tokenizer(position, inserted, n_removed):
    data = bytearray(dump(FULL))
    position %= len(data)
    data[position : position + n_removed] = inserted
    _read_or_refuse(bytes(data))


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
    name, n_tokens, n_added, pattern, normalizer, whole_pieces, tmp_path
):
    path = DATA / "vocab" / f"{name}.tokenizer.json"
    if not path.exists():
        pytest.skip(f"no vocabulary at {path}")
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
