"""What goes in comes out: round trips, ill-formed input, and what a tokenizer says of itself."""

import time
import unicodedata
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import AddedToken, Definition, Tokenizer, _core, reference
from bytestride.published import PATTERNS

PUBLISHED = ["r50k_base", "p50k_base", "cl100k_base", "o200k_base", "llama3"]
LINE = (
    "It's I'LL we'd naïve Übung ǅ 漢字かな 한국어 हिन्दी ไทย 🙂👍🏽 x_y a.b() {1234567} ½Ⅷ٣ 3.14 "
    "//// --- … \u00a0\u3000 \t \r\n \n\n    \n !? !!\n"
)
TRAINED_ON = LINE * 3 + "low lower lowest newer newest wider wide " * 20
# Characters that a split pattern tells apart, and others of one to four bytes.
CHARACTERS = (
    "aAsſtTlLreE'’ \t\n\r\x85\xa0\u30007٣½Ⅷéßǅʰ中क\u0301.,/€🙂\x00\x01\u0378\ue000\U0010ffff"
)
texts = st.text(st.sampled_from(CHARACTERS), max_size=40) | st.text(max_size=20)
# Whole characters, parts of characters, overlong forms, surrogates, and what lies above U+10FFFF.
FRAGMENTS = [
    b"a", b"It's", b" ", b"\n", b"12", b"!", "é".encode(), "中".encode(), "🙂".encode(),
    b"\xff", b"\xc3", b"\xa9", b"\xe2\x82", b"\xf0\x9f\x99", b"\xf0\x9f", b"\xc0\x80",
    b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xf5", b"\x80",
]  # fmt: skip
ill_formed = st.lists(st.sampled_from(FRAGMENTS), max_size=16).map(b"".join)


def train(pattern, vocab_size=256 + 120, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a pattern that regex has to follow
        return Tokenizer.train(TRAINED_ON, vocab_size, pattern, **options)


TRAINED = {name: train(name) for name in PATTERNS} | {
    "bytes only": train("gpt2", 256),
    "another pattern": train(r"[a-z]+|\p{Lu}+|\s|[^a-z]"),
}


@pytest.fixture(params=[*PUBLISHED, *TRAINED], scope="module")
def tokenizer(request, published):
    return TRAINED[request.param] if request.param in TRAINED else published(request.param)


@given(texts)
@settings(max_examples=50)
def test_text_comes_back(tokenizer, text):
    ids = tokenizer.encode_ordinary(text)
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.decode(ids, errors="strict") == text
    assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()
    assert tokenizer.encode(text, disallowed_special=()) == ids
    assert tokenizer.count(text, disallowed_special=()) == len(ids)
    assert tokenizer.encode_bytes(text.encode()) == ids
    assert tokenizer.encode_to_numpy(text, disallowed_special=()).tolist() == ids


@given(st.binary(max_size=60) | ill_formed)
@settings(max_examples=50)
def test_bytes_come_back(tokenizer, data):
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data


@given(texts)
@settings(max_examples=50)
def test_an_nfc_vocabulary_gives_back_the_normalised_text(published, text):
    # The normaliser's tables are older than any Python's: it is the core's own (checked in
    # tests/differential/test_nfc_against_hf.py) that says what comes back.
    tokenizer = published("qwen3")
    ids = tokenizer.encode_ordinary(text)
    assert tokenizer.decode_bytes(ids) == _core.normalize_nfc(text)
    if text.isascii():
        assert tokenizer.decode(ids) == text


def test_nfc_joins_a_letter_and_its_accent(published):
    tokenizer = published("qwen3")
    apart = "Cafe\u0301"
    assert tokenizer.encode_ordinary(apart) == tokenizer.encode_ordinary("Café")
    assert tokenizer.decode(tokenizer.encode_ordinary(apart)) == unicodedata.normalize("NFC", apart)
    assert tokenizer.encode_bytes(apart.encode()) == tokenizer.encode_ordinary("Café")


@pytest.mark.parametrize("name", PATTERNS)
@given(data=ill_formed)
@settings(max_examples=60)
def test_ill_formed_bytes_against_the_reference(name, data):
    tokenizer = TRAINED[name]
    assert tokenizer.encode_bytes(data) == REFERENCES[name].encode(data)
    assert tokenizer.encode_ragged([data]).tokens.tolist() == REFERENCES[name].encode(data)


REFERENCES = {
    name: reference.Tokenizer(
        TRAINED[name].definition.tokens,
        map(tuple, TRAINED[name].definition.merges.tolist()),
        PATTERNS[name],
    )
    for name in PATTERNS
}


def test_an_ill_formed_sequence_is_one_character_of_no_class():
    # ` ?[^\s\p{L}\p{N}]+` takes the space and all of it; the word behind is not touched.
    splitter = _core.Splitter(PATTERNS["gpt2"], [], None)
    assert splitter.pieces(b"a \xff\xf0\x9f\x99b") == [b"a", b" \xff\xf0\x9f\x99", b"b"]
    # And llama3's one character before a word may be such a sequence, of up to three bytes.
    splitter = _core.Splitter(PATTERNS["llama3"], [], None)
    assert splitter.pieces(b"a\xf0\x9f\x99b") == [b"a", b"\xf0\x9f\x99b"]
    assert splitter.pieces(b"a\xf0\x9f\xffb") == [b"a", b"\xf0\x9f\xff", b"b"]


surrogates = st.text(
    st.sampled_from(["\ud83d", "\ude42", "\udc80", "\udfff", "\ud800", "a", " ", "é", "中", "🙂"]),
    max_size=12,
)


@given(surrogates)
def test_lone_surrogates_become_replacement_characters(text):
    # tiktoken's rule: two that make a pair are their character, any other is U+FFFD.
    repaired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    for tokenizer in (TRAINED["cl100k"], TRAINED["gpt2"]):
        ids = tokenizer.encode_ordinary(text)
        assert ids == tokenizer.encode_ordinary(repaired)
        assert tokenizer.encode(text) == ids
        assert tokenizer.encode_batch([text], num_threads=1) == [ids]
        assert tokenizer.encode_ragged([text]).tokens.tolist() == ids
        assert tokenizer.decode(ids) == repaired


@pytest.mark.parametrize("tail", ["", "é", "ß中", "🙂", "é🙂"])
def test_a_text_in_every_storage_of_a_str(tail):
    # The tail makes Python hold all of the text in units of 1, 2 or 4 bytes.
    tokenizer = TRAINED["o200k"]
    for text in ("low lower\n" + tail, LINE.encode("ascii", "ignore").decode() * 30 + tail):
        ids = tokenizer.encode_bytes(text.encode())
        assert tokenizer.encode_ordinary(text) == ids
        assert tokenizer.encode_ragged([text], num_threads=1).tokens.tolist() == ids


def test_ids_of_a_numpy_array():
    ids = TRAINED["cl100k"].encode_to_numpy("low lower")
    assert ids.dtype == np.uint32
    assert ids.ndim == 1
    assert ids.flags.owndata
    assert ids.flags.writeable
    assert TRAINED["cl100k"].encode_to_numpy("").shape == (0,)


def test_nothing_gives_nothing():
    tokenizer = TRAINED["cl100k"]
    assert tokenizer.encode("") == []
    assert tokenizer.encode_ordinary("") == []
    assert tokenizer.encode_bytes(b"") == []
    assert tokenizer.count("") == 0
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode_bytes(()) == b""


def test_a_call_does_not_see_the_one_before():
    tokenizer = TRAINED["llama3"]
    alone = {text: tokenizer.encode(text) for text in (LINE, "low", "x" * 400, "", "newest ")}
    for first in alone:
        for second in alone:
            tokenizer.encode(first)
            assert tokenizer.encode(second) == alone[second]


def test_what_a_tokenizer_says_of_itself(published):
    tokenizer = train("gpt2", 256 + 60 + 2, special_tokens=["<s>", "</s>"])
    assert tokenizer.vocab_size == 318
    assert tokenizer.pattern == PATTERNS["gpt2"]
    assert tokenizer.special_tokens == {"<s>": 316, "</s>": 317}
    assert tokenizer.added_tokens == (AddedToken("<s>", 316), AddedToken("</s>", 317))
    assert tokenizer.name is None
    assert repr(tokenizer) == "<Tokenizer vocab_size=318>"
    assert tokenizer.token_bytes(0) == b"!"
    assert tokenizer.token_bytes(317) == b"</s>"
    assert Tokenizer(tokenizer.definition).encode(LINE) == tokenizer.encode(LINE)

    r50k = published("r50k_base")
    assert r50k.name == "r50k_base"
    assert repr(r50k) == "<Tokenizer 'r50k_base', vocab_size=50257>"
    assert r50k.token_bytes(50256) == b"<|endoftext|>"
    assert r50k.encode("Hello, world") == [15496, 11, 995]


def test_ids_may_have_holes():
    tokens = {3 * i: bytes([i]) for i in range(256)} | {1000: b"ab"}
    tokenizer = Tokenizer(Definition(tokens, None, PATTERNS["gpt2"], (AddedToken("<x>", 2000),)))
    assert tokenizer.vocab_size == 2001
    assert tokenizer.encode("abc<x>", allowed_special="all") == [1000, 3 * ord("c"), 2000]
    for hole in (1, 999, 1001, 1999):
        with pytest.raises(KeyError, match=f"id {hole} is no token's"):
            tokenizer.token_bytes(hole)
        with pytest.raises(KeyError, match=f"id {hole} at position 1 is no token's"):
            tokenizer.decode([0, hole])


def test_a_vocabulary_that_merging_does_not_reach():
    # "abc" is a token of no pair: only the whole-piece rule gives it.
    tokens = dict(enumerate(bytes([i]) for i in range(256))) | {256: b"abc"}
    for whole_pieces, expected in ((True, [256]), (False, [97, 98, 99])):
        definition = Definition(tokens, None, PATTERNS["gpt2"], whole_pieces=whole_pieces)
        tokenizer = Tokenizer(definition)
        assert tokenizer.encode("abc") == expected
        assert tokenizer.encode("abcd") == [97, 98, 99, 100]


UNITS = ["a", " ", "\n", "=", "中", "ab", "a ", "\u3000", "'s", "0", "e\u0301", "🙂"]


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
@pytest.mark.parametrize("name", ["r50k_base", "o200k_base"])
def test_a_megabyte_of_the_same(published, name, unit):
    # Time that grows with the square of the length would be hours.
    text = unit * (1_000_000 // len(unit.encode()))
    tokenizer = published(name)
    start = time.monotonic()
    ids = tokenizer.encode_ordinary(text)
    assert time.monotonic() - start < 10
    assert tokenizer.decode(ids) == text


def test_one_word_of_a_megabyte(published):
    rng = np.random.default_rng(5)
    word = "".join(map(chr, rng.integers(97, 123, 1_000_000)))
    tokenizer = published("cl100k_base")
    start = time.monotonic()
    ids = tokenizer.encode_ordinary(word)
    assert time.monotonic() - start < 10
    assert tokenizer.decode(ids) == word


def test_a_long_text_in_a_pattern_of_regex():
    tokenizer = TRAINED["another pattern"]
    text = LINE * 2000
    assert tokenizer.decode(tokenizer.encode_ordinary(text)) == text
