"""The mirror of tiktoken against tiktoken: real text and any text, in each published encoding."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_pairs import NAMES, outcome, pair_of

SEPARATOR = "<|endoftext|>"
N_BYTES = 100_000
# One of each file; those that are left differ in special tokens or in nothing.
QUICK = ["gpt2", "p50k_edit", "cl100k_base", "o200k_harmony"]
CHARACTERS = "aAsſ'’ \t\n\r\x0b\x85\u300017٣Ⅷé中か\u0301.,!/_🙂\x00\x1c\ud83d\ude42\udc80"
texts = st.text(st.sampled_from(CHARACTERS), max_size=30) | st.text(max_size=20)


@pytest.fixture(
    params=[
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES
    ],
    scope="module",
)
def both(request, vocab_file):
    return pair_of(request.param, vocab_file)


@pytest.fixture(params=["gpt2", "cl100k_base"], scope="module")
def some(request, vocab_file):
    return pair_of(request.param, vocab_file)


@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
def test_documents(both, corpus, corpus_text):
    ours, theirs = both
    documents = corpus_text(corpus, N_BYTES).split(SEPARATOR)
    expected = theirs.encode_ordinary_batch(documents, num_threads=1)
    assert ours.encode_ordinary_batch(documents, num_threads=1) == expected
    assert ours.encode_batch(documents, num_threads=2, disallowed_special=()) == expected
    for document, ids in zip(documents[:20], expected[:20], strict=True):
        assert ours.encode(document) == ours.encode_ordinary(document) == ids
        assert ours.encode_to_numpy(document).tolist() == ids
        assert ours.decode_with_offsets(ids) == theirs.decode_with_offsets(ids)
        assert ours.decode_tokens_bytes(ids) == theirs.decode_tokens_bytes(ids)
    assert ours.decode_batch(expected) == documents
    assert ours.decode_bytes_batch(expected) == theirs.decode_bytes_batch(expected)


def test_attributes(both):
    ours, theirs = both
    for name in ("name", "n_vocab", "max_token_value", "eot_token", "special_tokens_set"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("_pat_str", "_special_tokens", "_special_token_values"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert type(ours._mergeable_ranks) is dict
    assert list(ours._mergeable_ranks.items()) == list(theirs._mergeable_ranks.items())
    assert ours.token_byte_values() == theirs.token_byte_values()
    assert repr(ours) == repr(theirs)


def test_each_id_alone(both):
    ours, theirs = both
    ids = [*random.Random(1).sample(range(theirs.n_vocab), 500), theirs.n_vocab, 100256, 199998]
    for token in [*ids, *theirs._special_tokens.values()]:
        expected = outcome(theirs.decode_single_token_bytes, token)
        assert outcome(ours.decode_single_token_bytes, token) == expected
        assert ours.is_special_token(token) == theirs.is_special_token(token)
        if expected[0] == "result":
            assert ours.encode_single_token(expected[1]) == theirs.encode_single_token(expected[1])


@given(texts)
@settings(max_examples=80)
def test_any_text(some, text):
    for method in ("encode", "encode_ordinary", "encode_to_numpy", "encode_single_token"):
        results = [outcome(getattr(e, method), text) for e in some]
        assert results[0] == results[1], method
    results = [outcome(e._encode_only_native_bpe, text) for e in some]
    assert results[0] == results[1]


def check_completions(some, text):
    ours, theirs = some
    stable, completions = ours.encode_with_unstable(text)
    expected_stable, expected = theirs.encode_with_unstable(text)
    assert stable == expected_stable
    assert all(type(completion) is list for completion in completions)
    assert len(completions) == len(expected)
    assert set(map(tuple, completions)) == set(map(tuple, expected))


ENDS = [
    "hello fanta",
    "x",
    "hello\n",
    "a\n\n",
    "é",
    "中",
    "🙂",
    "it'",
    "12",
    "b\u3000",
    "a\x1c",
    "qqqq",
]


@pytest.mark.parametrize("text", ENDS)
def test_completions(some, text):
    check_completions(some, text)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.sampled_from([*ENDS, " ", "  ", " \n ", " fanta"]), max_size=3).map("".join))
def test_more_completions(some, text):
    check_completions(some, text)


@pytest.mark.parametrize(
    "text", ["", SEPARATOR, f"a{SEPARATOR}", f"a b{SEPARATOR} \n", "ab \ud800"]
)
def test_completions_after_a_special_token(some, text):
    def completed(encoding):
        stable, completions = encoding.encode_with_unstable(text, allowed_special="all")
        return stable, set(map(tuple, completions))

    ours, theirs = some
    assert outcome(completed, ours) == outcome(completed, theirs)


@given(
    st.lists(
        st.binary(max_size=6) | texts.map(lambda t: t.encode(errors="ignore")), max_size=5
    ).map(b"".join)
)
@settings(max_examples=80)
def test_any_bytes(some, data):
    ours, theirs = some
    assert ours._encode_bytes(data) == theirs._encode_bytes(data)
    expected = outcome(theirs._encode_single_piece, data)
    if expected[0] == "panic":
        assert data == b""
        with pytest.raises(ValueError, match="a piece is empty"):
            ours._encode_single_piece(data)
    else:
        assert outcome(ours._encode_single_piece, data) == expected


# Where two begin at the same place, which of them tiktoken names is a matter of hashing.
NOT_NESTED = ["<|endoftext|>", "<|endofprompt|>", "a", "|>", "é"]
PARTS = [SEPARATOR, "<|endofprompt|>", "<|fim_prefix|>", "<|reserved_200018|>", "<|", "a", " ", "é"]


@given(
    st.lists(st.sampled_from(PARTS), max_size=6).map("".join),
    st.just("all") | st.sets(st.sampled_from(PARTS)),
    st.sampled_from(["all", (), "a<"]) | st.lists(st.sampled_from(NOT_NESTED)),
)
@settings(max_examples=80)
def test_special_tokens(some, text, allowed, disallowed):
    options = {"allowed_special": allowed, "disallowed_special": disallowed}
    for method in ("encode", "encode_to_numpy"):
        results = [outcome(getattr(e, method), text, **options) for e in some]
        assert results[0] == results[1], method
    results = [outcome(e.encode_batch, ["x", text], **options) for e in some]
    assert results[0] == results[1]


@given(
    st.lists(st.integers(-2, 100_300), max_size=12), st.sampled_from(["strict", "replace", "zz"])
)
def test_decoding(some, ids, errors):
    for ids_in in (ids, tuple(ids), np.array(ids, np.int64)):
        results = [outcome(e.decode, ids_in, errors) for e in some]
        assert results[0] == results[1]
        results = [outcome(e.decode_with_offsets, ids_in) for e in some]
        assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
def test_more_documents(both, corpus, corpus_text):
    ours, theirs = both
    documents = corpus_text(corpus, 3_000_000).split(SEPARATOR)
    for document, ids in zip(documents, ours.encode_ordinary_batch(documents), strict=True):
        assert theirs.encode_ordinary(document) == ids
        assert ours.decode_with_offsets(ids) == theirs.decode_with_offsets(ids)
