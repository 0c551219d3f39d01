"""The merge loop against Hugging Face's trainer where tokens stand before the merges.

A special token whose text is what a merge makes keeps its id: the merge counts, and no token is
added. The alphabet is that of the bytes seen or all of it; limits of length and count.
"""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import _core
from bytestride.formats.bytelevel import BYTES_IN_ORDER, to_bytes, to_text
from trainers import GPT2, documents, slice_of

tokenizers = pytest.importorskip("tokenizers")

byte_level = tokenizers.pre_tokenizers.ByteLevel
special_tokens = st.lists(
    st.sampled_from(["ab", "low", "a", "aa", "aaa", " l", "abab", "lo", "er", "<|x|>", "é"]),
    unique=True,
    max_size=5,
).map(lambda texts: [text if "<" in text else to_text(text.encode()) for text in texts])


def theirs(documents, vocab_size, special_tokens, whole_alphabet, **options):
    """Merges as pairs of bytes, and how many tokens the vocabulary has."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        special_tokens=special_tokens,
        initial_alphabet=byte_level.alphabet() if whole_alphabet else [],
        **options,
    )
    tokenizer.train_from_iterator(documents, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [(to_bytes(left), to_bytes(right)) for left, right in model["merges"]]
    return merges, len(model["vocab"])


def ours(documents, vocab_size, special_tokens, whole_alphabet, num_threads=1, **options):
    """The same by the core: special tokens, the 256 bytes, then merges."""
    counter = _core.WordCounter(_core.Splitter(GPT2, [], None))
    counter.add(documents, num_threads=num_threads)
    seen = set("".join(documents).encode())
    ids = {special: i for i, special in enumerate(special_tokens)}
    base_ids = np.zeros(256, dtype=np.uint32)
    n_before = len(special_tokens)
    for byte in BYTES_IN_ORDER:
        character = to_text(bytes([byte]))
        # An unseen byte gets an id too, between those that are seen: only their order matters.
        base_ids[byte] = ids.setdefault(character, len(ids))
        n_before += character not in special_tokens and (whole_alphabet or byte in seen)
    single = {to_text(bytes([byte])) for byte in range(256)}
    existing = [
        (to_bytes(special), i)
        for special, i in ids.items()
        if "<" not in special and special not in single
    ]
    words = counter.finish()
    loop = _core.MergeLoop(words, base_ids, existing=existing, next_id=len(ids), **options)
    n_new = loop.run(max(0, vocab_size - n_before))
    tokens = {i: token for token, i in existing}
    tokens |= {int(i): bytes([byte]) for byte, i in enumerate(base_ids)}
    merges = []
    for (left, right), product in zip(
        loop.merges().tolist(), loop.products().tolist(), strict=True
    ):
        merges.append((tokens[left], tokens[right]))
        tokens[product] = tokens[left] + tokens[right]
    return merges, n_before + n_new


@given(
    documents,
    st.integers(0, 60),
    special_tokens,
    st.booleans(),
    st.integers(1, 16) | st.none(),
    st.integers(1, 4),
)
@settings(max_examples=500)
def test_few_letters(documents, n_tokens, special_tokens, whole_alphabet, max_length, min_count):
    vocab_size = n_tokens + (256 if whole_alphabet else 10)
    limit = {} if max_length is None else {"max_token_length": max_length}
    where = (documents, vocab_size, special_tokens, whole_alphabet)
    expected = theirs(*where, min_frequency=min_count, **limit)
    assert ours(*where, max_token_bytes=max_length, min_count=min_count) == expected


@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
@pytest.mark.parametrize("whole_alphabet", [True, False])
def test_corpora(corpus, whole_alphabet, corpus_text):
    documents = slice_of(corpus_text, corpus, 500_000)
    special_tokens = ["<|endoftext|>", "Ġthe", "in", "return", "e"]
    where = (documents, 3000, special_tokens, whole_alphabet)
    expected = theirs(*where)
    assert expected[1] == 3000
    assert ours(*where, num_threads=3) == expected
