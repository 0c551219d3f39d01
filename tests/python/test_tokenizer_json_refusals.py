"""`tokenizer.json`: what is refused, by which name, and what damage does."""

import contextlib
import copy
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_json_parts import (
    added,
    byte_level,
    digits,
    document,
    dump,
    parse,
    punctuation,
    sequence,
    split,
    with_model,
)

from bytestride.errors import FormatError
from bytestride.formats import tokenizer_json
from bytestride.published import PATTERNS


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
        (document(vocab={"\ud800": 256}), "a lone surrogate .* at byte"),
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
        (b'{"model": ' + b"9" * 5000 + b"}", "has 5000 digits"),
        (b"\x00" * 100, "not JSON"),
    ],
)
def test_what_is_no_json(data, message):
    with pytest.raises(FormatError, match=f"^x.json: .*({message})"):
        tokenizer_json.parse(data, "x.json")


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
