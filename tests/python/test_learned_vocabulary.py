"""What one training gives beside its vocabulary: counts, every smaller size, more tokens later."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import Tokenizer, count_words, learn_vocabulary, reference
from bytestride.published import PATTERNS
from bytestride.training import PRESETS

GPT2 = PATTERNS["gpt2"]
TEXT = """low lower lowest newer newest, aaaa aaaaaa; the lower the newer! Every token is a few
bytes, and the shorter ones are parts of the longer: who learns them from a text of enough words
will find that most of what they learn is whole words, with a space in front of each. 1234 567
naïve größer 漢字漢字, and so on; other words, other endings: wordless, endless, worthless, tokens.
"""
TEXT += TEXT
SPECIAL = ["<|end|>", "low"]

texts = st.text(st.sampled_from("aaab bc 1\n.é"), max_size=40)


def merges_of(tokenizer):
    tokens = tokenizer.definition.tokens
    return [(tokens[a], tokens[b]) for a, b in tokenizer.definition.merges.tolist()]


# Counts and sizes.


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("special", [[], SPECIAL])
def test_every_smaller_vocabulary(preset, special):
    options = {"preset": preset, "pattern": "gpt2", "special_tokens": special}
    largest = Tokenizer.train(TEXT, 500, **options)
    assert largest.vocab_size < 500
    for size in range(256 + len(special), largest.vocab_size + 1, 7):
        expected = Tokenizer.train(TEXT, size, **options)
        smaller = largest.with_vocab_size(size)
        assert smaller.definition == expected.definition
        assert smaller.vocab_size == size
        assert np.array_equal(smaller.merge_counts, expected.merge_counts)
        assert np.array_equal(smaller.training.n_text_tokens, expected.training.n_text_tokens)
    with pytest.raises(ValueError, match=r"every size from .*extend\(\) learns more"):
        largest.with_vocab_size(largest.vocab_size + 1)
    with pytest.raises(ValueError, match="every size from"):
        largest.with_vocab_size(255)


@pytest.mark.parametrize("initial_alphabet", [False, b"!z"])
def test_smaller_vocabularies_of_the_observed_bytes(initial_alphabet):
    options = {"preset": "hf", "pattern": "gpt2", "special_tokens": SPECIAL}
    options["initial_alphabet"] = initial_alphabet
    largest = Tokenizer.train(TEXT, 80, **options)
    for size in (60, 71, 80):
        expected = Tokenizer.train(TEXT, size, **options)
        assert largest.with_vocab_size(size).definition == expected.definition


@given(st.lists(texts, max_size=4), st.integers(0, 30))
@settings(max_examples=150)
def test_counts_and_tokens_of_the_text(documents, n_merges):
    tokenizer = Tokenizer.train(documents, 256 + n_merges, "gpt2")
    record = tokenizer.training
    words = reference.count_words(documents, GPT2)
    ids = {word: [tokenizer.encode_bytes(bytes((b,)))[0] for b in word] for word in words}
    n_tokens = [sum(len(ids[word]) * n for word, n in words.items())]
    for (pair, count), product in zip(
        zip(record.merges.tolist(), record.pair_counts.tolist(), strict=True),
        record.products.tolist(),
        strict=True,
    ):
        found = reference.count_pairs_in_words([(ids[word], n) for word, n in words.items()])
        assert found[tuple(pair)] == count
        ids = {word: reference.apply_merge(ids[word], tuple(pair), product) for word in words}
        n_tokens.append(sum(len(ids[word]) * n for word, n in words.items()))
    assert record.n_text_tokens.tolist() == n_tokens
    assert sum(map(len, tokenizer.encode_batch(documents))) == n_tokens[-1]
    assert record.n_text_bytes == n_tokens[0]
    assert record.pairs == merges_of(tokenizer)


def test_it_is_kept_by_pickling_and_not_by_files(tmp_path):
    tokenizer = Tokenizer.train(TEXT, 280, "gpt2", ["<s>"])
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.definition == tokenizer.definition
    assert np.array_equal(again.merge_counts, tokenizer.merge_counts)
    assert again.with_vocab_size(270).definition == tokenizer.with_vocab_size(270).definition
    tokenizer.save(tmp_path / "t.json")
    read = Tokenizer.load(tmp_path / "t.json")
    assert read.merge_counts is None
    assert read.training is None
    with pytest.raises(ValueError, match="was read from a file"):
        read.with_vocab_size(270)


# Merges that are given.


def test_initial_merges():
    given_merges = [(b"n", b"e"), (b"ne", b"w"), (b"z", b"z")]
    tokenizer = Tokenizer.train(TEXT, 270, "gpt2", initial_merges=given_merges)
    assert merges_of(tokenizer)[:3] == given_merges
    assert tokenizer.merge_counts[2] == 0
    assert tokenizer.vocab_size == 270
    # The rest is what is most frequent with those merges made.
    words = {word: [bytes((b,)) for b in word] for word in reference.count_words([TEXT], GPT2)}
    for pair in given_merges:
        words = {
            word: reference.apply_merge(w, pair, pair[0] + pair[1]) for word, w in words.items()
        }
    counts = reference.count_pairs_in_words(
        [(words[word], n) for word, n in reference.count_words([TEXT], GPT2).items()]
    )
    assert counts[merges_of(tokenizer)[3]] == max(counts.values()) == tokenizer.merge_counts[3]


def test_initial_merges_that_are_refused():
    def train(*merges, size=300):
        return Tokenizer.train("ab", size, initial_merges=merges)

    with pytest.raises(ValueError, match="initial merge 0 joins b'ab', which is no token"):
        train((b"ab", b"c"))
    with pytest.raises(ValueError, match="initial merge 1 makes b'ab', which is a token"):
        train((b"a", b"b"), (b"a", b"b"))
    with pytest.raises(ValueError, match="make 1 tokens, and vocab_size leaves room for 0"):
        train((b"a", b"b"), size=256)


# More tokens later.


def test_extending_with_the_same_text_is_training_on():
    for special in ([], ["<s>"]):
        small = Tokenizer.train(TEXT, 270, "gpt2", special)
        large = Tokenizer.train(TEXT, 290, "gpt2", special)
        extended = small.extend(TEXT, 290)
        assert merges_of(extended) == merges_of(large)
        assert extended.vocab_size == 290
        for token_id in range(270 - len(special)):
            assert extended.token_bytes(token_id) == small.token_bytes(token_id)
        assert extended.special_tokens == small.special_tokens
        record = extended.training
        n = len(small.definition.merges)
        assert np.array_equal(record.pair_counts, large.training.pair_counts[n:])
        assert np.array_equal(record.n_text_tokens, large.training.n_text_tokens[n:])
        assert extended.with_vocab_size(270).definition == small.definition
        assert extended.with_vocab_size(280).definition == small.extend(TEXT, 280).definition
        with pytest.raises(ValueError, match="from 270 to 290"):
            extended.with_vocab_size(269)


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3), st.integers(0, 15))
@settings(max_examples=100)
def test_extending_with_another_text(first, second, n_more):
    small = Tokenizer.train(first, 262, "gpt2")
    extended = small.extend(second, small.vocab_size + n_more)
    merges = list(map(tuple, extended.definition.merges.tolist()))
    n_old = len(small.definition.merges)
    assert merges[:n_old] == list(map(tuple, small.definition.merges.tolist()))
    words = reference.count_words(second, GPT2)
    ids = [([small.encode_bytes(bytes((b,)))[0] for b in word], n) for word, n in words.items()]
    for i, pair in enumerate(merges):
        if i >= n_old:
            counts = reference.count_pairs_in_words(ids)
            assert pair == min(counts, key=lambda pair: (-counts[pair], pair))
        ids = [(reference.apply_merge(word, pair, 256 + i), n) for word, n in ids]
    if len(merges) < n_old + n_more:
        assert not reference.count_pairs_in_words(ids)
    assert sum(map(len, extended.encode_batch(second))) == sum(len(w) * n for w, n in ids)


def test_superwords():
    # First words, then merges across the spaces between them: lines are one piece each.
    text = "by the way, in the end of the day\nby the way of the end\n" * 20
    words = Tokenizer.train(text, 280, "gpt2")
    n_words = words.vocab_size
    assert not any(b" " in token[1:] for token in words.definition.tokens.values())
    lines = count_words(text, pattern=(), unit="line")
    superwords = words.extend(lines, n_words + 8)
    assert superwords.pattern == ()
    learned = [superwords.token_bytes(i) for i in range(n_words, n_words + 8)]
    assert any(b" " in token[1:] for token in learned)
    assert superwords.count(text) < words.count(text)
    assert superwords.decode(superwords.encode(text)) == text
    # As a document it has the tokens of its lines: nothing was learned across them.
    by_line = [superwords.encode(line) for line in text.splitlines(keepends=True)]
    assert superwords.encode(text) == [token_id for ids in by_line for token_id in ids]
    assert superwords.count(text) == superwords.training.n_text_tokens[-1]


def test_extending_a_vocabulary_from_a_file(tmp_path, data_file):
    path = tmp_path / "t.json"
    Tokenizer.train(TEXT, 280, "gpt2", ["<s>"], preset="hf").save(path)
    extended = Tokenizer.load(path).extend("zzzz zzzz <s>", 283)
    assert extended.vocab_size == 283
    assert {extended.token_bytes(i) for i in range(280, 283)} == {b"zz", b"zzzz", b" zzzz"}
    extended.save(tmp_path / "more.json")
    assert Tokenizer.load(tmp_path / "more.json").definition == extended.definition
    # Ranks and no merges; special tokens behind; tokens that words are as a whole.
    old = Tokenizer.load(
        data_file("vocab/r50k_base.tiktoken"), pattern="gpt2", special_tokens={"<s>": 50_300}
    )
    new_words = "flurbostrix flurbostrix " * 9
    larger = old.extend(new_words, 50_261)
    assert larger.vocab_size == 50_305
    assert larger.count(new_words) < old.count(new_words)
    text = "Every effort moves you <s> naïve 漢字, 12345!"
    assert larger.encode(text, allowed_special="all") == old.encode(text, allowed_special="all")


def test_extending_a_vocabulary_of_whole_pieces(data_file):
    old = Tokenizer.load(data_file("vocab/llama3.tokenizer.json"))
    extended = old.extend("flurbostrix flurbostrix " * 9, old.vocab_size + 3)
    assert extended.vocab_size == old.vocab_size + 3
    assert extended.count("flurbostrix") < old.count("flurbostrix")
    text = "Every effort moves you; naïve 漢字, 12345!"
    assert extended.encode(text) == old.encode(text)


def test_a_special_token_is_not_made_twice():
    tokenizer = Tokenizer.train("x", 257, "gpt2", ["ab"])
    extended = tokenizer.extend(count_words("abab abab", pattern="gpt2"), 259)
    # The merge (a, b) makes the token that is there; only abab is new, and then Ġabab.
    assert extended.definition.tokens[256] == b"ab"
    assert [extended.token_bytes(i) for i in (257, 258)] == [b"abab", b" abab"]


def test_extensions_that_are_refused():
    tokenizer = Tokenizer.train(TEXT, 280, "gpt2", ["<s>"])
    with pytest.raises(ValueError, match="vocab_size is 279, and there are 280 tokens"):
        tokenizer.extend(TEXT, 279)
    with pytest.raises(ValueError, match=r"cut at special tokens .*'<t>'"):
        tokenizer.extend(count_words(TEXT, special_tokens=["<t>"]), 300)
    with pytest.raises(ValueError, match="normalizer=None"):
        tokenizer.extend(count_words(TEXT, normalizer="NFC"), 300)
    with pytest.raises(ValueError, match="first_offsets=True"):
        tokenizer.extend(count_words(TEXT), 300, preset="minbpe")
    with pytest.raises(ValueError, match="pattern 'gpt2' and 'cl100k'"):
        tokenizer.extend(count_words(TEXT, pattern="gpt2"), 300, pattern="cl100k")
    with pytest.raises(TypeError):
        tokenizer.extend(TEXT, "300")


def test_a_learned_vocabulary():
    learned = learn_vocabulary(TEXT, 300, pattern="gpt2", special_tokens=["<s>"])
    assert learned.vocab_size == 300
    assert learned.definition() == Tokenizer.train(TEXT, 300, "gpt2", ["<s>"]).definition
    assert "preset='bytestride'" in repr(learned)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Tokenizer(learned.definition()).vocab_size == 300
