"""Offsets of tokens against Hugging Face's `Encoding.offsets`, with and without a normaliser."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

tokenizers = pytest.importorskip("tokenizers")

NAMES = ["llama3", "qwen3"]
CORPORA = ["en", "code", "multi"]


@pytest.fixture(scope="module")
def theirs(vocab_file):
    """Their tokenizer of a name, without what adds or trims anything behind the model."""

    @functools.cache
    def load(name):
        tokenizer = tokenizers.Tokenizer.from_file(str(vocab_file(name)))
        tokenizer.post_processor = tokenizers.processors.ByteLevel(trim_offsets=False)
        return tokenizer

    return load


def check(ours, theirs, text):
    encoding = theirs.encode(text, add_special_tokens=False)
    ids, offsets = ours.encode_with_offsets(text, allowed_special="all")
    assert ids == encoding.ids
    assert [tuple(row) for row in offsets.tolist()] == encoding.offsets


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("corpus", CORPORA)
def test_documents(name, corpus, corpus_text, published, theirs):
    for document in corpus_text(corpus, 300_000).split("<|endoftext|>"):
        check(published(name), theirs(name), document)


# What composes, decomposes and changes places.
PIECES = [
    *"aes\u0301\u0323\u0307\u0308\u00e9\u0958\U0001d15e\u0344 \u1112\u1161\u11ab한漢🙂\n1",
    *"\u1e69\u0f71\u0f73\u00e5\u212b\u2126",
    "<think>", "<|end_of_text|>", "<|im_start|>",
]  # fmt: skip
accented = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)


@pytest.mark.parametrize("name", NAMES)
def test_any_text(name, published, theirs):
    ours, other = published(name), theirs(name)

    @given(accented | st.text(st.characters(exclude_categories=["Cs", "Cn"])))
    def run(text):
        check(ours, other, text)

    run()


def test_what_a_normaliser_changes_is_cut_as_a_whole(published):
    tokenizer = published("qwen3")

    @given(accented, st.integers(4, 9), st.integers(0, 3))
    def run(text, max_tokens, overlap):
        try:
            chunks = tokenizer.chunk(text, max_tokens, overlap, disallowed_special=())
        except ValueError as error:  # a letter with many marks, all of one stretch
            assert "max_tokens must be at least that" in str(error)  # noqa: PT017
            return
        if overlap == 0:
            assert "".join(chunks) == text
        cut = tokenizer.truncate(text, max_tokens, disallowed_special=())
        assert text.startswith(cut)
        assert chunks[:1] == ([cut] if text else [])
        # What is before the cut is normalised as it is in the whole.
        whole = tokenizer.decode_bytes(tokenizer.encode_ordinary(text))
        assert whole.startswith(tokenizer.decode_bytes(tokenizer.encode_ordinary(cut)))

    run()
