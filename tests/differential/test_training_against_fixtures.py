"""Merges that others have written down: the course CS336's, and of TinyStories' words, counted."""

import json

import numpy as np
import pytest

from bytestride import _core, reference
from bytestride.formats.bytelevel import to_bytes
from trainers import (
    BY_VALUE,
    GPT2,
    SEPARATOR,
    THREADS,
    learned_by_reference,
    merges_of,
    train,
)


def pair_of(line):
    left, right = line.split(" ")
    return to_bytes(left), to_bytes(right)


@pytest.fixture
def cs336(data_file):
    """The text, the merges, and the tokens of the vocabulary but for the special one."""
    text = data_file("fixtures/cs336/corpus.en").read_text(encoding="utf-8")
    lines = data_file("fixtures/cs336/train-bpe-reference-merges.txt").read_text("utf-8")
    vocab = data_file("fixtures/cs336/train-bpe-reference-vocab.json").read_text("utf-8")
    tokens = {to_bytes(token) for token in json.loads(vocab) if token != SEPARATOR}
    return text, [pair_of(line) for line in lines.splitlines()], tokens


@pytest.mark.parametrize("num_threads", THREADS)
def test_cs336(cs336, num_threads):
    text, merges, tokens = cs336
    assert len(merges) == 243
    options = {"special_tokens": [SEPARATOR], "num_threads": num_threads}
    tokenizer = train([text], 500, preset="cs336", **options)
    assert merges_of(tokenizer) == merges
    assert tokenizer.vocab_size == 500
    special = tokenizer.special_tokens[SEPARATOR]
    ours = {token for i, token in tokenizer.definition.tokens.items() if i != special}
    assert ours == tokens


@pytest.mark.slow
def test_cs336_by_the_reference(cs336):
    text, merges, _ = cs336
    counts = reference.count_words([text], GPT2, [SEPARATOR])
    learned = learned_by_reference(counts, 60, tie_break="greater_bytes")
    assert learned == [left + right for left, right in merges[:60]]
    # Another order of ties shows early.
    assert learned_by_reference(counts, 60) != learned


@pytest.fixture
def tinystories(data_file):
    """Counted words, the merges with their counts."""
    folder = "fixtures/tinystories_5M"
    words = data_file(f"{folder}/_words.tinystories_sample_5M.json").read_text("utf-8")
    lines = data_file(f"{folder}/merges.tinystories_sample_5M.txt").read_text("utf-8")
    merges = [line.split(" => ") for line in lines.splitlines()]
    word_counts = {word.encode(): count for word, count in json.loads(words).items()}
    return word_counts, [(pair_of(pair), int(count)) for pair, count in merges]


def test_tinystories(tinystories):
    word_counts, expected = tinystories
    assert len(expected) == 1743
    words = np.frombuffer(b"".join(word_counts), np.uint8)
    offsets = np.cumsum([0, *map(len, word_counts)], dtype=np.int64)
    counts = np.array([*word_counts.values()], dtype=np.uint64)
    table = _core.words_from_arrays(words, offsets, counts, None)
    loop = _core.MergeLoop(table, np.array(BY_VALUE, dtype=np.uint32))
    assert loop.run(1743) == 1743
    tokens = [bytes([byte]) for byte in BY_VALUE]
    merges = []
    for left, right in loop.merges().tolist():
        merges.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    assert list(zip(merges, loop.counts().tolist(), strict=True)) == expected


@pytest.mark.slow
def test_tinystories_by_the_reference(tinystories):
    word_counts, expected = tinystories
    learned = learned_by_reference(word_counts, 40)
    assert learned == [left + right for (left, right), _ in expected[:40]]
