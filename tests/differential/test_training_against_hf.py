"""Merges and ids against Hugging Face's BpeTrainer with the whole alphabet."""

import numpy as np
import pytest

from bytestride import Tokenizer
from bytestride.published import PATTERNS

tokenizers = pytest.importorskip("tokenizers")

SEPARATOR = "<|endoftext|>"


def their_training(documents, vocab_size, pre_tokenizer=None):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    tokenizer.pre_tokenizer = pre_tokenizer or byte_level(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size, show_progress=False, initial_alphabet=byte_level.alphabet()
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def split_by(pattern):
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(PATTERNS[pattern]), "isolated")
    return tokenizers.pre_tokenizers.Sequence([split, byte_level])


def check(documents, vocab_size, pattern, tmp_path):
    theirs = their_training(documents, vocab_size, None if pattern == "gpt2" else split_by(pattern))
    ours = Tokenizer.train(documents, vocab_size, pattern, num_threads=2)
    # Their file, read here: the same ids for the same bytes, and the same merges in one order.
    theirs.save(str(tmp_path / "tokenizer.json"))
    read = Tokenizer.load(tmp_path / "tokenizer.json").definition
    assert ours.vocab_size == vocab_size
    assert ours.definition.tokens == read.tokens
    assert np.array_equal(ours.definition.merges, read.merges)
    for document in documents[:3]:
        text = document[:100_000]
        assert ours.encode_ordinary(text) == theirs.encode(text, add_special_tokens=False).ids


def test_cs336(data_file, tmp_path):
    text = data_file("fixtures/cs336/corpus.en").read_text(encoding="utf-8")
    check([text], 2000, "gpt2", tmp_path)


@pytest.mark.parametrize("corpus", ["code", "multi"])
@pytest.mark.parametrize("pattern", ["gpt2", "llama3", "o200k"])
def test_a_megabyte(corpus, pattern, corpus_text, tmp_path):
    text = corpus_text(corpus, 1_000_000).replace(SEPARATOR, "")
    check([text], 2000, pattern, tmp_path)


def test_documents(corpus_text, tmp_path):
    documents = corpus_text("en", 1_000_000).split(SEPARATOR)
    assert len(documents) > 50
    check(documents, 5000, "gpt2", tmp_path)


def test_special_tokens(corpus_text):
    # Theirs come first and ours last; what is learned is the same.
    text = corpus_text("en", 300_000)
    special = [SEPARATOR]
    ours = Tokenizer.train(text, 1000, "gpt2", special)
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    theirs.pre_tokenizer = byte_level(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=1000,
        show_progress=False,
        initial_alphabet=byte_level.alphabet(),
        special_tokens=special,
    )
    theirs.train_from_iterator(text.split(SEPARATOR), trainer)
    assert ours.special_tokens == {SEPARATOR: 999}
    assert theirs.token_to_id(SEPARATOR) == 0
    piece = "A text that has been seen by neither of the two, of some 12345 words."
    expected = theirs.encode(piece).ids
    assert [token_id + 1 for token_id in ours.encode(piece)] == expected
    assert ours.encode(f"{SEPARATOR}a", allowed_special="all")[0] == 999
