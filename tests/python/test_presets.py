"""Each preset against the plain reference: merges, ids, special tokens, limits, sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import Tokenizer, count_words, learn_vocabulary, reference
from bytestride.formats.bytelevel import BYTES_IN_ORDER
from bytestride.published import PATTERNS
from bytestride.training import PRESETS

GPT2 = PATTERNS["gpt2"]
SPECIAL = ["<|end|>", "<s>"]

texts = st.text(st.sampled_from("aaab bc'sS12 \t\r\n.é漢"), max_size=40)
documents = st.lists(texts, max_size=5)


def merges_of(tokenizer):
    tokens = tokenizer.definition.tokens
    return [(tokens[a], tokens[b]) for a, b in tokenizer.definition.merges.tolist()]


def merges_of_reference(documents, n_merges, preset, **options):
    order = tuple(PRESETS[preset].bytes_in_order)
    pairs = reference.learn_merges(
        reference.count_words(documents, GPT2),
        n_merges,
        tie_break=PRESETS[preset].tie_break,
        bytes_in_order=order,
        **options,
    )
    tokens = [bytes((byte,)) for byte in order]
    merges = []
    for left, right in pairs:
        merges.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    return merges


@pytest.mark.parametrize("preset", PRESETS)
@given(documents, st.integers(0, 30), st.integers(0, 4), st.none() | st.integers(1, 9))
@settings(max_examples=100)
def test_against_the_reference(preset, documents, n_merges, min_frequency, max_token_length):
    tokenizer = Tokenizer.train(
        documents,
        256 + n_merges,
        "gpt2",
        preset=preset,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
    )
    exclusive = max_token_length
    if max_token_length is not None and preset != "hf":
        exclusive = max_token_length + 1
        longest = max(map(len, tokenizer.definition.tokens.values()))
        assert longest <= max_token_length
    expected = []
    if exclusive != 2 or preset == "hf":
        expected = merges_of_reference(
            documents,
            n_merges,
            preset,
            min_count=max(min_frequency, 1),
            max_token_bytes=exclusive,
        )
    assert merges_of(tokenizer) == expected
    counts = tokenizer.merge_counts
    assert np.all(np.diff(counts.astype(object)) <= 0)
    assert np.all(counts >= max(min_frequency, 1))


@pytest.mark.parametrize("preset", PRESETS)
def test_ids(preset):
    tokenizer = Tokenizer.train("ab ab abc", 256 + 3 + 2, "gpt2", SPECIAL, preset=preset)
    order = bytes(range(256)) if preset in ("rustbpe", "minbpe") else BYTES_IN_ORDER
    first = 2 if preset in ("hf", "cs336") else 0
    assert tokenizer.vocab_size == 261
    assert [tokenizer.token_bytes(first + i)[0] for i in range(256)] == list(order)
    learned = [tokenizer.token_bytes(first + 256 + i) for i in range(3)]
    assert learned == [a + b for a, b in merges_of(tokenizer)]
    assert tokenizer.special_tokens == (
        {"<|end|>": 0, "<s>": 1} if first else {"<|end|>": 259, "<s>": 260}
    )
    assert tokenizer.decode(tokenizer.encode("abc <s>", allowed_special="all")) == "abc <s>"


def test_the_fixture_of_cs336_has_these_ids(data_file):
    import json

    from bytestride.formats.bytelevel import to_bytes

    fixture = json.loads(
        data_file("fixtures/cs336/train-bpe-reference-vocab.json").read_text("utf-8")
    )
    text = data_file("fixtures/cs336/corpus.en").read_text("utf-8")
    tokenizer = Tokenizer.train(text, 500, "gpt2", ["<|endoftext|>"], preset="cs336")
    ids = {token: token_id for token_id, token in tokenizer.definition.tokens.items()}
    assert tokenizer.special_tokens == {"<|endoftext|>": fixture.pop("<|endoftext|>")}
    assert ids == {to_bytes(token): token_id for token, token_id in fixture.items()}


@pytest.mark.parametrize("preset", PRESETS)
def test_special_tokens_in_the_text(preset):
    def learns_it(**options):
        tokenizer = Tokenizer.train("low lower slow " * 20, 300, "gpt2", ["ow"], **options)
        return any(b"ow" in left + right for left, right in merges_of(tokenizer))

    assert learns_it(preset=preset) == (preset not in ("bytestride", "cs336"))
    assert not learns_it(preset=preset, specials_in_text="drop")
    assert learns_it(preset=preset, specials_in_text="hf")
    assert learns_it(preset=preset, specials_in_text="text")


def test_first_sight_needs_its_column():
    counts = count_words("a b", pattern="gpt2")
    with pytest.raises(ValueError, match="first_offsets=True"):
        Tokenizer.train(counts, 300, preset="minbpe")
    counts = count_words("ab cd", pattern="gpt2", first_offsets=True)
    assert Tokenizer.train(counts, 257, preset="minbpe").token_bytes(256) == b"ab"


def test_the_observed_alphabet():
    learned = learn_vocabulary(
        "abab", 3, pattern="gpt2", preset="hf", initial_alphabet=False, special_tokens=[]
    )
    assert learned.vocab_size == 3
    assert learned.tokens == {0: b"a", 1: b"b", 2: b"ab"}
    # A tokenizer encodes every text: the other bytes have ids behind.
    tokenizer = Tokenizer.train("abab", 3, "gpt2", preset="hf", initial_alphabet=False)
    assert tokenizer.vocab_size == 257
    assert tokenizer.encode("ababc") == [2, 2, tokenizer.encode("c")[0]]
    assert tokenizer.decode(tokenizer.encode("漢 c")) == "漢 c"
    with_more = learn_vocabulary(
        "abab", 4, pattern="gpt2", preset="hf", initial_alphabet=b"!a", special_tokens=["<s>"]
    )
    assert with_more.tokens == {1: b"!", 2: b"a", 3: b"b"}
    with pytest.raises(ValueError, match="the 2 bytes and 1 special tokens need at least 3"):
        learn_vocabulary("ab", 2, initial_alphabet=False, special_tokens=["<s>"])
    with pytest.raises(TypeError, match="not a str"):
        learn_vocabulary("ab", 300, initial_alphabet="all")
    with pytest.raises(ValueError, match="from 0 to 255"):
        learn_vocabulary("ab", 300, initial_alphabet=[256])


def test_a_special_token_that_a_merge_makes():
    text = "abab abab abc"
    tokenizer = Tokenizer.train(text, 261, "gpt2", ["ab", "a"], preset="hf")
    # "a" is the byte, "ab" is what the first merge makes: neither is there twice.
    assert tokenizer.definition.tokens[1] == b"a"
    assert tokenizer.definition.tokens[0] == b"ab"
    assert tokenizer.vocab_size == 261
    assert merges_of(tokenizer)[0] == (b"a", b"b")
    assert len(merges_of(tokenizer)) == tokenizer.vocab_size - 257 + 1
    for size in range(257, 262):
        smaller = Tokenizer.train(text, size, "gpt2", ["ab", "a"], preset="hf")
        assert tokenizer.with_vocab_size(size).definition == smaller.definition
    # In Hugging Face's files this text stands for other bytes; no tokenizer can have both.
    with pytest.raises(ValueError, match="which is that of the ordinary token"):
        Tokenizer.train("a a a", 300, "gpt2", ["Ġa"], preset="hf")


def test_what_is_refused():
    with pytest.raises(ValueError, match="no preset; there are bytestride, hf"):
        Tokenizer.train("a", 300, preset="gpt")
    with pytest.raises(ValueError, match="min_frequency must be 0 or more"):
        Tokenizer.train("a", 300, min_frequency=-1)
    with pytest.raises(ValueError, match="max_token_length must be at least 1"):
        Tokenizer.train("a", 300, max_token_length=0)
    with pytest.raises(ValueError, match="need at least 257"):
        Tokenizer.train("a", 256, special_tokens=["<s>"])
    with pytest.raises(ValueError, match="ids end at"):
        Tokenizer.train("a", 2**31)
    read = []
    with pytest.raises(ValueError, match="need at least 256"):
        Tokenizer.train((read.append(1) for _ in range(1)), 100)
    assert read == []  # before anything was counted


def test_counts_and_special_tokens():
    counts = count_words("a<s>b", pattern="gpt2", special_tokens=["<s>"])
    assert Tokenizer.train(counts, 300).special_tokens == {"<s>": 256}
    with pytest.raises(ValueError, match=r"cut at special tokens .* '<s>'"):
        Tokenizer.train(counts, 300, special_tokens=[])
    tokenizer = Tokenizer.train(counts, 300, special_tokens=["<t>", "<s>"])
    assert tokenizer.special_tokens == {"<t>": 256, "<s>": 257}


def test_counts_have_their_own_settings():
    counts = count_words("ab\nab", pattern="gpt2", unit="line")
    assert Tokenizer.train(counts, 257, "gpt2", unit="line").vocab_size == 257
    with pytest.raises(ValueError, match="pattern 'gpt2' and 'cl100k'"):
        Tokenizer.train(counts, 257, "cl100k")
    with pytest.raises(ValueError, match="unit 'line' and 'document'"):
        Tokenizer.train(counts, 257, unit="document")
    with pytest.raises(ValueError, match="normalizer None and 'NFC'"):
        Tokenizer.train(counts, 257, normalizer="NFC")
