"""Merges by minbpe's rule, of which tiktoken's educational trainer is the live example.

The bytes by their value; of pairs with the same count the one that stands first in the text as it
is merged so far. With no pair left they raise where ours ends.
"""

import pytest
import tiktoken._educational
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import reference
from bytestride.published import PATTERNS
from trainers import (
    GPT2,
    THREADS,
    by_rank,
    learned,
    learned_by_reference,
    runs_and_ties,
    texts,
    train,
)

WHOLE_TEXT = r"[\s\S]+"


def theirs(text, vocab_size, pattern=GPT2):
    ranks = tiktoken._educational.bpe_train(text, vocab_size, pattern, visualise=None)
    return by_rank(ranks.items())


def check(text, n_merges, learn, pattern=GPT2):
    """Hold against theirs what was learned; where that ends early, theirs has no more either."""
    ours = learn(n_merges)
    assert ours == theirs(text, 256 + len(ours), pattern)
    if len(ours) < n_merges:
        with pytest.raises(ValueError, match="empty"):
            theirs(text, 256 + len(ours) + 1, pattern)


@given(texts, st.integers(0, 40))
def test_the_reference(text, n_merges):
    counts = reference.count_words([text], GPT2)
    check(text, n_merges, lambda n: learned_by_reference(counts, n, tie_break="first_seen"))


@given(texts, st.integers(0, 40), st.sampled_from(THREADS))
@settings(max_examples=300)
def test_few_letters(text, n_merges, num_threads):
    options = {"preset": "minbpe", "num_threads": num_threads}
    check(text, n_merges, lambda n: learned([text], 256 + n, **options))


@given(texts, st.integers(0, 40))
def test_one_word(text, n_merges):
    # minbpe's basic tokenizer: the whole text is one word.
    def learn(n):
        return learned([text], 256 + n, WHOLE_TEXT, preset="minbpe")

    check(text, n_merges, learn, WHOLE_TEXT)


@pytest.mark.parametrize("seed", range(8))
def test_runs_and_ties(seed):
    text = runs_and_ties(seed)
    check(text, 100, lambda n: learned([text], 256 + n, preset="minbpe"))


@pytest.mark.parametrize("corpus", ["en", pytest.param("code", marks=pytest.mark.slow), "multi"])
@pytest.mark.parametrize("pattern", ["gpt2", "cl100k"])
def test_corpora(corpus, pattern, corpus_text):
    # So small a text has ties from the beginning.
    text = corpus_text(corpus, 20_000)
    expected = theirs(text, 256 + 150, PATTERNS[pattern])
    for num_threads in (1, 3):
        options = {"preset": "minbpe", "num_threads": num_threads}
        assert learned([text], 256 + 150, pattern, **options) == expected


def test_ids(corpus_text):
    # Special tokens come after the merges, as minbpe registers them.
    text = corpus_text("en", 5_000)
    tokenizer = train([text], 256 + 20 + 1, preset="minbpe", special_tokens=["<|end|>"])
    tokens = tokenizer.definition.tokens
    expected = [*(bytes([byte]) for byte in range(256)), *theirs(text, 256 + 20)]
    assert [tokens[i] for i in range(256 + 20)] == expected
    assert tokenizer.special_tokens == {"<|end|>": 256 + 20}
