"""An id behind each document: what numpy.insert would make of the batch without."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Definition, Tokenizer

LINE = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n or  not: 'ſ Ⅷ\n"
TOKENIZER = Tokenizer.train(LINE * 4, 400, special_tokens=["<|end|>"])
END = TOKENIZER.special_tokens["<|end|>"]


def with_ends(tokens, offsets, end_id, last_goes_on=False):
    """Insert the ids into a batch that has none."""
    n_ends = max(len(offsets) - 1 - last_goes_on, 0)
    ends = offsets[1 : 1 + n_ends]
    shift = np.minimum(np.arange(len(offsets)), n_ends)
    return np.insert(tokens, ends, end_id), offsets + shift


def check(documents, offsets=None, *, end_id=END, last_goes_on=False):
    for dtype in (np.dtype(np.uint16), np.dtype(np.uint32)):
        plain = TOKENIZER._encode_flat(documents, offsets, 1, dtype)
        expected = with_ends(*plain, end_id, last_goes_on)
        for n_threads in (1, 2, 3, 4):
            ends = {"end_id": end_id, "last_goes_on": last_goes_on}
            tokens, ends_of = TOKENIZER._encode_flat(documents, offsets, n_threads, dtype, **ends)
            assert tokens.dtype == dtype
            assert np.array_equal(tokens, expected[0])
            assert np.array_equal(ends_of, expected[1])
            again, ends_of = TOKENIZER._encode_flat(
                documents, offsets, n_threads, dtype, **ends, recycled=True
            )
            assert again.dtype == dtype
            assert np.array_equal(again, expected[0])
            assert np.array_equal(ends_of, expected[1])
            out = np.empty(len(expected[0]), dtype)
            ends_of = TOKENIZER._encode_into(documents, offsets, n_threads, out, **ends)
            assert np.array_equal(out, expected[0])
            assert np.array_equal(ends_of, expected[1])


texts = st.text(st.sampled_from("lowaernst' 12\n漢é🙂"), max_size=12)


@given(st.lists(texts, max_size=9), st.booleans(), st.sampled_from([0, END, 65535]))
def test_as_inserted(documents, last_goes_on, end_id):
    check(documents, end_id=end_id, last_goes_on=last_goes_on)
    ragged = TOKENIZER.encode_ragged(documents, 1, end_id=end_id)
    plain = TOKENIZER.encode_ragged(documents, 1)
    expected = with_ends(plain.tokens, plain.offsets, end_id)
    assert ragged.tokens.tolist() == expected[0].tolist()
    assert ragged.offsets.tolist() == expected[1].tolist()


@pytest.mark.parametrize("last_goes_on", [False, True])
def test_documents_of_many_sizes(last_goes_on):
    # Chunks are at most about 64 KiB: here are runs of documents in one, and documents in many.
    rng = random.Random(5)
    documents = ["", LINE, "a"] * 300 + [LINE * 2000, "", b"\xff a " * 30_000, "漢" * 50_000]
    documents += [LINE[: rng.randrange(60)] for _ in range(500)] + [""] * rng.randrange(3)
    rng.shuffle(documents)
    check(documents, last_goes_on=last_goes_on)
    as_bytes = [d if isinstance(d, bytes) else d.encode() for d in documents]
    offsets = np.cumsum([0, *map(len, as_bytes)], dtype=np.int64)
    check(b"".join(as_bytes), offsets, last_goes_on=last_goes_on)
    check([LINE * 1500], last_goes_on=last_goes_on)
    check([LINE * 1500, ""], last_goes_on=last_goes_on)


def test_nothing_but_ends():
    # More ids than bytes: there is room for them.
    check([""] * 50_000)
    check([""] * 3, last_goes_on=True)
    check([], last_goes_on=True)
    assert TOKENIZER.encode_ragged([""] * 3, end_id=7).tokens.tolist() == [7] * 3
    ragged = TOKENIZER.encode_ragged([*"abc"] * 50_000, end_id=7)
    assert len(ragged.tokens) == 300_000


def test_pieces_of_one_document_in_several_calls():
    text = (LINE * 50).encode()
    whole = TOKENIZER.encode_ragged([text], end_id=END).tokens.tolist()
    cut = text.index(b"\n\n or", 900) + 2
    flat = TOKENIZER._encode_flat
    first, _ = flat([text[:cut]], None, 1, None, end_id=END, last_goes_on=True)
    second, _ = flat([text[cut:]], None, 1, None, end_id=END)
    assert [*first.tolist(), *second.tolist()] == whole


def test_the_last_goes_on_means_nothing_without_an_end():
    plain = TOKENIZER._encode_flat([LINE, LINE], None, 1, None)
    found = TOKENIZER._encode_flat([LINE, LINE], None, 1, None, last_goes_on=True)
    assert np.array_equal(plain[0], found[0])
    assert np.array_equal(plain[1], found[1])


def test_a_normaliser_and_an_end():
    definition = TOKENIZER.definition
    normalising = Tokenizer(
        Definition(
            definition.tokens,
            definition.merges,
            definition.pattern,
            definition.added_tokens,
            normalizer="NFC",
        )
    )
    documents = ["e\u0301", "\U0001d160" * 999, ""]
    plain = normalising.encode_ragged(documents)
    ragged = normalising.encode_ragged(documents, end_id=END)
    assert ragged.tokens.tolist() == with_ends(*plain, END)[0].tolist()


def test_the_type_holds_it():
    documents = ["low"]
    assert TOKENIZER.encode_ragged(documents, end_id=65535).tokens.dtype == np.uint16
    for dtype in (None, np.uint32):  # by itself the type is one that holds it
        for large in (65536, 2**32 - 1):
            tokens = TOKENIZER.encode_ragged(documents, dtype=dtype, end_id=large).tokens
            assert tokens.dtype == np.uint32
            assert int(tokens[-1]) == large
    with pytest.raises(ValueError, match=r"end_id 65536 does not fit uint16.*use uint32"):
        TOKENIZER.encode_ragged(documents, dtype=np.uint16, end_id=65536)
    out = np.empty(9, np.uint16)
    with pytest.raises(ValueError, match="end_id 65536 does not fit uint16"):
        TOKENIZER.encode_ragged(documents, out=out, end_id=65536)
    for large in (2**32, 2**70):
        with pytest.raises(ValueError, match=f"end_id {large} does not fit uint32"):
            TOKENIZER.encode_ragged(documents, end_id=large)
    for negative in (-1, -(2**70)):
        with pytest.raises(ValueError, match=f"must not be negative, and is {negative}"):
            TOKENIZER.encode_ragged(documents, end_id=negative)
    for other in ("7", 7.0, b"7", [7]):
        with pytest.raises(TypeError, match="end_id must be an integer or None, not"):
            TOKENIZER.encode_ragged(documents, end_id=other)
    assert TOKENIZER.encode_ragged(["a"], end_id=np.int64(5)).tokens[-1] == 5


def test_no_room_for_the_ends():
    out = np.empty(5, np.uint16)
    with pytest.raises(ValueError, match=r"at most 6 \(one a byte and one a document\)"):
        TOKENIZER.encode_ragged(["q"] * 3, out=out, end_id=0)
    ragged = TOKENIZER.encode_ragged(["q"] * 3, out=np.empty(6, np.uint16), end_id=0)
    assert ragged.offsets.tolist() == [0, 2, 4, 6]
