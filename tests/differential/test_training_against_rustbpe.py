"""Merges against rustbpe: the bytes by their value, ties to the smaller (left id, right id)."""

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
    train,
)

rustbpe = pytest.importorskip("rustbpe", reason="rustbpe, which is compared with, is not here")


def theirs(documents, vocab_size, pattern=GPT2):
    tokenizer = rustbpe.Tokenizer()
    tokenizer.train_from_iterator(iter(documents), vocab_size, pattern=pattern)
    return by_rank((bytes(token), rank) for token, rank in tokenizer.get_mergeable_ranks())


@given(documents, st.integers(0, 60))
def test_the_reference(documents, n_merges):
    expected = theirs(documents, 256 + n_merges)
    counts = reference.count_words(documents, GPT2)
    assert learned_by_reference(counts, n_merges) == expected


@given(documents, st.integers(0, 60), st.sampled_from(THREADS))
@settings(max_examples=300)
def test_few_letters(documents, n_merges, num_threads):
    expected = theirs(documents, 256 + n_merges)
    ours = learned(documents, 256 + n_merges, preset="rustbpe", num_threads=num_threads)
    assert ours == expected


@pytest.mark.parametrize("seed", range(8))
def test_runs_and_ties(seed):
    text = runs_and_ties(seed)
    # More merges than there are pairs: both end where no pair is left.
    assert learned([text], 5000, preset="rustbpe") == theirs([text], 5000)


@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_corpora(corpus, pattern, corpus_text):
    documents = slice_of(corpus_text, corpus, 1_000_000)
    expected = theirs(documents, 4000, PATTERNS[pattern])
    assert len(expected) == 4000 - 256
    for num_threads in (1, 3):
        options = {"preset": "rustbpe", "num_threads": num_threads}
        assert learned(documents, 4000, pattern, **options) == expected


def test_ids(corpus_text):
    # The bytes are the first ids, by value, and the merges follow.
    documents = slice_of(corpus_text, "en", 200_000)
    tokens = train(documents, 1000, preset="rustbpe").definition.tokens
    expected = [*(bytes([byte]) for byte in range(256)), *theirs(documents, 1000)]
    assert [tokens[i] for i in range(1000)] == expected
