"""Ids against tiktoken's, for the vocabularies it publishes: real text, odd text, any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import Tokenizer
from bytestride.published import PUBLISHED

tiktoken = pytest.importorskip("tiktoken")
load = pytest.importorskip("tiktoken.load")

# p50k is r50k and a few runs of spaces.
NAMES = [
    "r50k_base",
    pytest.param("p50k_base", marks=pytest.mark.slow),
    "cl100k_base",
    "o200k_base",
]
CORPORA = ["en", "code", "multi"]
SEPARATOR = "<|endoftext|>"
N_BYTES = 10_000_000
WHOLE = {"en": 69_900_000, "code": 45_500_000, "multi": 49_900_000}


@pytest.fixture(params=NAMES, scope="module")
def both(request, published, vocab_file):
    """Our tokenizer and theirs."""
    name = request.param
    theirs = tiktoken.Encoding(
        name,
        pat_str=PUBLISHED[name].pattern,
        mergeable_ranks=load.load_tiktoken_bpe(str(vocab_file(name))),
        special_tokens=dict(PUBLISHED[name].special_tokens),
    )
    return published(name), theirs


def their_ids(theirs, text):
    return theirs.encode_to_numpy(text, disallowed_special=())


@pytest.mark.parametrize("corpus", CORPORA)
def test_documents(both, corpus, corpus_text):
    ours, theirs = both
    documents = corpus_text(corpus, N_BYTES).split(SEPARATOR)
    assert len(documents) > 500
    ragged = ours.encode_ragged(documents, num_threads=2)
    for i, document in enumerate(documents):
        check_ids(theirs, ragged.document(i), their_ids(theirs, document))


@pytest.mark.slow
@pytest.mark.parametrize("corpus", CORPORA)
def test_whole_corpora(both, corpus, corpus_text):
    ours, theirs = both
    documents = corpus_text(corpus, WHOLE[corpus]).split(SEPARATOR)
    ragged = ours.encode_ragged(documents, num_threads=2)
    for i, document in enumerate(documents):
        check_ids(theirs, ragged.document(i), their_ids(theirs, document))


@pytest.mark.parametrize("corpus", CORPORA)
def test_one_text(both, corpus, corpus_text):
    # Cut in several places here, so that two threads share it; and in bytes from the start.
    ours, theirs = both
    text = corpus_text(corpus, N_BYTES).replace(SEPARATOR, "")
    expected = their_ids(theirs, text)
    for document in (text, text.encode()):
        check_ids(theirs, ours.encode_ragged([document], num_threads=2).tokens, expected)
    assert ours.count(text) == len(expected)


def check_ids(theirs, ids, expected):
    """Compare arrays, and show the text before the first difference."""
    if not np.array_equal(ids, expected):
        ids, expected = ids.tolist(), expected.tolist()
        at = next(i for i in range(len(ids) + 1) if ids[: i + 1] != expected[: i + 1])
        before = theirs.decode(expected[max(0, at - 8) : at])
        pytest.fail(f"after {before!r}: {ids[at : at + 5]}, expected {expected[at : at + 5]}")


# Where splitters go wrong: see the comments.
ADVERSARIAL = [
    "today\n ", "today\n \n", "today\n  \n", "a \n b", "a\n\n\nb", "a \r\n\r\n b", "\r\n \r\n",
    "\r\r\n\n\r", "a\x0b\x0cb", "a\x85b\x85\x85c", "x\xa0y\xa0\xa0z", "a\u2028b\u2029 c",
    "a\u1680b", "\u3000\u3000x \u3000", "a\u200bb", "a\u180eb", "\ufeffa \ufeff", "a\tb\t\tc \t d",
    # \s+(?!\S) leaves the last character, whatever it is, to what follows.
    *(f"{left}{space}{right}" for left in ("", "a", "1", "!") for right in ("", "a", "1", "!", "'s")
      for space in ("  ", "   ", " \n", "\n ", "\n\n", "\t ", " \u3000", "\xa0 ", "\r\n ")),
    # Contractions, and U+017F, which folds to an s.
    "it's it'S 'ſ it'ſ IT'LL we'VE'RE 'd'D 'M'm 'T can't'S", "'", "''s", " 's", "'s's", "'lL'Ll'L",
    "a'sb", "'r", "'re", "'rE", "'v", "'ve.", "x'tx", "1'd", "ﬆ 'ﬆ", "don’t", "'k 'K", "'İ'ı",
    # Digits of Unicode 16 and 17, letter numbers, fractions.
    "\U00010d40\U00010d41\U00010d42\U00010d43", "\U00011de0\U00011de1", "\U00016ff4",
    "1234567890", "1 12 123 1234", "٣٤٥٦٧", "ⅧⅨⅩⅪ", "½⅓¼²³", "3.14e-10", "0x1F", "1,000,000",
    # Upper, lower, title case, caseless, marks: o200k gives back from the last of both.
    "AxxB", "ABc", "aBC", "HTTPServer", "iPhone", "ǅungla ǅǅ", "A中B中c", "中Aa", "aʰB", "Aʰb",
    "A\u0301B\u0301c\u0301", "\u0301a", "\u0301\u0301", " \u0301", "!\u0301a", "a\u0301\u0301b",
    "1\u0301", "\u20dd", "क्षि", "नमस्ते", "à́̂", "\u1c89\u1c8a", "ʕʔ",
    # Punctuation with its tails.
    "a/b//c", "!/\n/", "!!\n\n!", " //\r\n//", "://\n", "a.\n\nb", "...\r\n\r\n", "(){}[]", "/",
    "//", "\n/", "!\n/\n/", "€$£", "a_b__c", "\\n\\t", "`x`", "\"'\"", "—–…", " — ",
    # CJK, emoji with joiners and modifiers, flags, private use, unassigned, control characters.
    "漢字かなカナ한국어", "漢字。漢字、", "「漢」", "ไทยไม่มีวรรค", "👍🏽👨‍👩‍👧‍👦🏳️‍🌈🇩🇪🇫🇷", "☺️",
    "a🙂b", "🙂 🙂",
    "\ue000\uf8ff", "\u0378\u0379", "\U0010ffff", "\ufffe\uffff", "\ufffd", "\x00", "\x00\x00a\x00",
    "\x01 \x02", "\x7f", "\x1c\x1d\x1e\x1f", "a\x1cb",
    # Special tokens as text, long runs, other things at length.
    "<|endoftext|>", "<|endofprompt|><|fim_prefix|>", "<|end", " <|endoftext|> ",
    *(unit * n for n in (17, 300, 3000)
      for unit in ("a", " ", "\n", "=", "ab", "中", "é", "🙂", "0", "\t", "\r\n", " \n", "'s")),
    *(unit * n + tail for unit, n in (("a", 300), (" ", 300), ("\n", 300), ("=", 300), ("1", 300))
      for tail in ("b", " b", "\n", "\nb", "1", "!", "\u3000")),
]  # fmt: skip


def test_adversarial_texts(both):
    ours, theirs = both
    ragged = ours.encode_ragged(ADVERSARIAL, num_threads=2)
    for i, text in enumerate(ADVERSARIAL):
        expected = theirs.encode_ordinary(text)
        assert ours.encode_ordinary(text) == expected, ascii(text[:60])
        assert ragged.document(i).tolist() == expected
    assert ours.encode_batch(ADVERSARIAL, disallowed_special=()) == [
        theirs.encode_ordinary(text) for text in ADVERSARIAL
    ]
    together = "".join(ADVERSARIAL)
    assert ours.encode_ordinary(together) == theirs.encode_ordinary(together)


def test_known_ids(published):
    # From tiktoken's own documentation and tests, so that two wrongs cannot agree.
    assert published("cl100k_base").encode("today\n ") == [31213, 198, 220]
    assert published("cl100k_base").encode("rer") == [38149]
    assert published("r50k_base").encode("hello world") == [31373, 995]
    assert published("cl100k_base").encode("hello world") == [15339, 1917]


CHARACTERS = (
    "aAsſtTlLrRvVeEdDmM'’ \t\n\r\x0b\x85\xa0\u3000017٣½Ⅷéßǅʰ中かक\u0301\u200d"
    ".,!/€_🙂\x00\x01\u0378\ue000\U00010d40\U00011de0"
)
texts = (
    st.text(st.sampled_from(CHARACTERS), max_size=60)
    | st.text(max_size=40)
    | st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "Z", "P"]), max_size=30)
    | st.lists(st.sampled_from(ADVERSARIAL[:150]), max_size=6).map("".join)
)


@given(texts)
@settings(max_examples=400)
def test_any_text(both, text):
    ours, theirs = both
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@given(st.text(st.sampled_from("aé中\ud83d\ude42\udc80\ud800 's"), max_size=12))
def test_surrogates(both, text):
    ours, theirs = both
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_every_character(name, published, vocab_file):
    # Each in a context that tells letters, marks, numbers, white space and the rest apart.
    ours = published(name)
    theirs = tiktoken.Encoding(
        name,
        pat_str=PUBLISHED[name].pattern,
        mergeable_ranks=load.load_tiktoken_bpe(str(vocab_file(name))),
        special_tokens={},
    )
    for start in range(0, 0x110000, 0x4000):
        characters = [chr(c) for c in range(start, start + 0x4000) if not 0xD800 <= c < 0xE000]
        text = "".join(f"a{c}b 1{c}2 !{c}.\n" for c in characters)
        if not np.array_equal(ours.encode_to_numpy(text), their_ids(theirs, text)):
            for c in characters:
                line = f"a{c}b 1{c}2 !{c}.\n"
                assert ours.encode(line) == theirs.encode_ordinary(line), f"U+{ord(c):04X}"


SPECIAL = ["<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>"]
special_texts = st.lists(st.sampled_from([*SPECIAL, "<|", "endoftext|>", "a", " ", "<", "|>"]))


@given(special_texts.map("".join), st.sets(st.sampled_from(SPECIAL)), st.booleans())
def test_special_tokens(both, text, names, everything):
    ours, theirs = both
    allowed = "all" if everything else names
    answers = []
    for tokenizer in (ours, theirs):
        try:
            answers.append(tokenizer.encode(text, allowed_special=allowed))
        except ValueError:
            answers.append(None)
    assert answers[0] == answers[1]
    options = {"allowed_special": allowed, "disallowed_special": ()}
    assert ours.encode(text, **options) == theirs.encode(text, **options)
    # What is refused by name is refused even where it is no special token, or allowed too.
    options = {"allowed_special": allowed, "disallowed_special": {"a<", SPECIAL[0]}}
    answers = []
    for tokenizer in (ours, theirs):
        try:
            answers.append(tokenizer.encode(text, **options))
        except ValueError:
            answers.append(None)
    assert answers[0] == answers[1]


@given(st.lists(st.integers(0, 50_255), max_size=30))
def test_decoding(both, ids):
    ours, theirs = both
    assert ours.decode_bytes(ids) == theirs.decode_bytes(ids)
    assert ours.decode(ids) == theirs.decode(ids)
    for i in ids[:5]:
        assert ours.token_bytes(i) == theirs.decode_single_token_bytes(i)


def test_a_trained_vocabulary_in_theirs(corpus_text):
    # Our own merges under tiktoken's rule: ranks are ids, in our order of the bytes.
    text = corpus_text("multi", 300_000)
    ours = Tokenizer.train(text, 1500, "cl100k")
    theirs = tiktoken.Encoding(
        "trained",
        pat_str=PUBLISHED["cl100k_base"].pattern,
        mergeable_ranks={token: i for i, token in ours.definition.tokens.items()},
        special_tokens={},
    )
    check_ids(theirs, ours.encode_ragged([text]).tokens, their_ids(theirs, text))
