"""The reference against Hugging Face `tokenizers`: pretokens, merges of its trainer, and ids."""

import json

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, trainers

from bytestride import reference
from bytestride.published import PATTERNS

GPT2 = PATTERNS["gpt2"]

# The libraries' Unicode tables differ in age: unassigned characters are left out, and U+0295, which
# has changed its case.
texts = st.text(st.sampled_from("aaab bcé🙂\r\n 'sS1\u0301A.")) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cn"], exclude_characters="\u0295")
)


@pytest.fixture(scope="module")
def corpus(data_file):
    return data_file("fixtures/cs336/corpus.en").read_text(encoding="utf-8")


def train(texts, vocab_size, **options):
    """Train Hugging Face's tokenizer; gives it and its merges as pairs of ids."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        **options,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return tokenizer, [tuple(map(model["vocab"].get, pair)) for pair in model["merges"]]


@pytest.mark.slow
def test_merges_on_a_real_text(corpus):
    # 170, because another order of the base bytes shows only from merge 145 on.
    _, expected = train([corpus], 256 + 170)
    assert len(expected) == 170
    assert reference.train([corpus], 256 + 170, GPT2) == expected


@given(st.lists(texts, max_size=4), st.integers(0, 30))
def test_merges_and_ids_on_small_texts(documents, n_merges):
    tokenizer, expected = train(documents, 256 + n_merges)
    assert reference.train(documents, 256 + n_merges, GPT2) == expected
    ours = reference.Tokenizer.from_merges(expected, GPT2)
    for text in documents:
        ids = tokenizer.encode(text).ids
        assert ours.encode(text) == ids
        assert ours.decode(ids) == text.encode()


@given(
    st.lists(texts | st.text(st.sampled_from("aab "), min_size=20, max_size=80), max_size=4),
    st.integers(0, 40),
    st.integers(1, 16),
    st.integers(0, 4),
)
def test_limits_of_length_and_count(documents, n_merges, max_length, min_count):
    options = {"max_token_length": max_length, "min_frequency": min_count}
    _, expected = train(documents, 256 + n_merges, **options)
    counts = reference.count_words(documents, GPT2)
    options = {"max_token_bytes": max_length, "min_count": min_count}
    assert reference.learn_merges(counts, n_merges, **options) == expected


@given(texts, st.sampled_from(["gpt2", "llama3", "qwen2", "o200k", "tekken"]))
def test_pretokens(text, name):
    isolated = pre_tokenizers.Split(tokenizers.Regex(PATTERNS[name]), "isolated")
    expected = [piece for piece, _ in isolated.pre_tokenize_str(text)]
    assert reference.split(text, PATTERNS[name]) == expected


@given(
    st.text(st.sampled_from("abAB1 -"), max_size=12),
    st.sampled_from(["[a-z]+", "(?=[A-Z])", "b*", "1|", "a(?=b)|--", "(?<=a)"]),
)
def test_gaps_and_empty_matches(text, pattern):
    isolated = pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    expected = [piece for piece, _ in isolated.pre_tokenize_str(text)]
    assert reference.split(text, pattern) == expected
