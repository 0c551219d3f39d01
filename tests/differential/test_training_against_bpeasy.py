"""Merges against bpeasy: rustbpe's rule, and a length that tokens must stay below."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import reference
from bytestride.published import PATTERNS
from trainers import (
    GPT2,
    THREADS,
    by_rank,
    documents,
    learned,
    learned_by_reference,
    runs_and_ties,
    slice_of,
)

bpeasy = pytest.importorskip("bpeasy", reason="bpeasy, which is compared with, is not here")

NO_LIMIT = 1 << 30


def theirs(documents, vocab_size, pattern=GPT2, max_token_length=NO_LIMIT):
    return by_rank(bpeasy.train_bpe(iter(documents), pattern, max_token_length, vocab_size).items())


def our_length(max_token_length):
    """Ours is the longest token; theirs lies above it, but never keeps two bytes apart."""
    return max(2, max_token_length - 1)


@given(documents, st.integers(1, 60), st.integers(2, 16))
def test_the_reference(documents, n_merges, max_token_length):
    expected = theirs(documents, 256 + n_merges, max_token_length=max_token_length)
    counts = reference.count_words(documents, GPT2)
    assert learned_by_reference(counts, n_merges, max_token_bytes=max_token_length) == expected


@given(documents, st.integers(1, 60), st.integers(2, 16), st.sampled_from(THREADS))
@settings(max_examples=300)
def test_few_letters(documents, n_merges, max_token_length, num_threads):
    expected = theirs(documents, 256 + n_merges, max_token_length=max_token_length)
    options = {"max_token_length": our_length(max_token_length), "num_threads": num_threads}
    assert learned(documents, 256 + n_merges, preset="rustbpe", **options) == expected


@pytest.mark.parametrize("seed", range(8))
def test_runs_and_ties(seed):
    text = runs_and_ties(seed)
    assert learned([text], 3000, preset="rustbpe") == theirs([text], 3000)


@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
@pytest.mark.parametrize("max_token_length", [4, 9, None])
def test_corpora(corpus, max_token_length, corpus_text):
    documents = slice_of(corpus_text, corpus, 500_000)
    pattern = "gpt2" if max_token_length else "o200k"
    expected = theirs(documents, 3000, PATTERNS[pattern], max_token_length or NO_LIMIT)
    options = {"max_token_length": our_length(max_token_length)} if max_token_length else {}
    assert learned(documents, 3000, pattern, preset="rustbpe", **options) == expected
