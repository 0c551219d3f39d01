"""Ids against Hugging Face's tokenizers, for the vocabularies of models in their own format."""

import functools
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import _core

tokenizers = pytest.importorskip("tokenizers")

CORPORA = ["en", "code", "multi"]
SEPARATOR = "<|endoftext|>"
N_BYTES = 2_000_000


@pytest.fixture(scope="module")
def theirs(vocab_file):
    """Their tokenizer of a name; special tokens in a text are text to it, as to encode_ordinary."""

    @functools.cache
    def load(name):
        tokenizer = tokenizers.Tokenizer.from_file(str(vocab_file(name)))
        tokenizer.encode_special_tokens = True
        return tokenizer

    return load


def ids_of(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def check_documents(ours, theirs, documents):
    ragged = ours.encode_ragged(documents, num_threads=2)
    for i, (document, encoding) in enumerate(
        zip(documents, theirs.encode_batch(documents, add_special_tokens=False), strict=True)
    ):
        assert np.array_equal(ragged.document(i), encoding.ids), document[:200]


def is_nfc(text):
    return _core.normalize_nfc(text) == text.encode()


@pytest.mark.parametrize("corpus", CORPORA)
def test_llama3_on_documents(corpus, corpus_text, published, theirs):
    documents = corpus_text(corpus, N_BYTES).split(SEPARATOR)
    check_documents(published("llama3"), theirs("llama3"), documents)


def test_llama3_on_one_text(corpus_text, published, theirs):
    text = corpus_text("multi", N_BYTES).replace(SEPARATOR, "")
    ids = published("llama3").encode_ragged([text], num_threads=2).tokens
    assert np.array_equal(ids, ids_of(theirs("llama3"), text))


@pytest.mark.parametrize("corpus", CORPORA)
def test_qwen3_on_documents_that_are_nfc(corpus, corpus_text, published, theirs):
    documents = list(filter(is_nfc, corpus_text(corpus, N_BYTES).split(SEPARATOR)))
    assert len(documents) > 50
    check_documents(published("qwen3"), theirs("qwen3"), documents)


def test_qwen3_on_documents_that_are_not(corpus_text, published, theirs):
    # Letters and accents apart, as macOS writes file names: composed again by the normaliser.
    text = unicodedata.normalize("NFD", corpus_text("multi", N_BYTES))
    documents = text.split(SEPARATOR)
    assert sum(map(is_nfc, documents)) < len(documents) / 2
    check_documents(published("qwen3"), theirs("qwen3"), documents)


@pytest.mark.parametrize("corpus", CORPORA)
def test_deepseek_v3_on_documents(corpus, corpus_text, published, theirs):
    documents = corpus_text(corpus, N_BYTES).split(SEPARATOR)
    check_documents(published("deepseek_v3"), theirs("deepseek_v3"), documents)


@pytest.mark.parametrize("corpus", CORPORA)
def test_gptoss_is_o200k(corpus, corpus_text, published):
    # Two files, of different formats, for one vocabulary; theirs has merges, the other ranks.
    documents = corpus_text(corpus, 10_000_000).split(SEPARATOR)
    gptoss = published("gptoss").encode_ragged(documents, num_threads=2)
    o200k = published("o200k_base").encode_ragged(documents, num_threads=2)
    assert np.array_equal(gptoss.tokens, o200k.tokens)
    assert np.array_equal(gptoss.offsets, o200k.offsets)


def test_gptoss_on_a_little(corpus_text, published, theirs):
    documents = corpus_text("multi", 500_000).split(SEPARATOR)
    check_documents(published("gptoss"), theirs("gptoss"), documents)


CHARACTERS = (
    "aAsſtTlLrRvVeEdDmM'’ \t\n\r\x0b\x85\xa0\u30007٣½Ⅷéßǅʰ中か한ᄒ\u1161\u11abक\u0301\u0323\u0344"
    "・\u3040⺀.,!/€_🙂\x00\x01\u0378\ue000\U00010d40\U00011de0\u212b\uf900"
)
TOKENS = ["<think>", "</think>", "<|im_end|>", "<think", ">", " ", "\n", "a"]
texts = (
    st.text(st.sampled_from(CHARACTERS), max_size=40)
    | st.text(max_size=30)
    | st.lists(st.sampled_from(TOKENS)).map("".join)
)


@pytest.mark.parametrize("name", ["llama3", "qwen3", "gptoss", "deepseek_v3"])
@given(text=texts)
@settings(max_examples=200)
def test_any_text(name, published, theirs, text):
    assert published(name).encode_ordinary(text) == ids_of(theirs(name), text)


@pytest.mark.parametrize("name", ["llama3", "qwen3", "gptoss", "deepseek_v3"])
@given(text=texts)
@settings(max_examples=100)
def test_what_comes_back(name, published, theirs, text):
    ids = ids_of(theirs(name), text)
    expected = theirs(name).decode(ids, skip_special_tokens=False)
    assert published(name).decode(ids) == expected


def test_tokens_that_merging_does_not_reach(published, theirs):
    # llama3 takes a pretoken that is a token whole (ignore_merges), qwen3 does not.
    for name in ("llama3", "qwen3"):
        ours = published(name)
        definition = ours.definition
        vocab = definition.vocab()
        words = [vocab.token_bytes(int(i)) for i in vocab.unreachable()]
        texts = [word.decode() for word in words if b"\n" not in word and is_text(word)]
        assert texts or name == "qwen3"
        check_documents(ours, theirs(name), texts or ["a"])


def is_text(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
