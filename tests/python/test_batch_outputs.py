"""What a batch may become: counts, ids in a caller's array, and texts again."""

import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Ragged, Tokenizer, cut_documents, reference

LINE = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n or  not\n"
TOKENIZER = Tokenizer.train(LINE * 4, 340, special_tokens=["<|end|>"])
DOCUMENTS = ["low", "", "naïve 漢字", "lower 🙂\n", b"\xff low", "1234567"]
THREADS = [1, 2, 7]


@given(st.lists(st.text(max_size=9) | st.binary(max_size=9), max_size=9), st.sampled_from(THREADS))
def test_counts(documents, n_threads):
    counts = TOKENIZER.count_batch(documents, num_threads=n_threads)
    assert counts.dtype == np.int64
    assert counts.tolist() == np.diff(TOKENIZER.encode_ragged(documents).offsets).tolist()


def test_counts_of_documents_in_many_chunks():
    documents = ["", LINE * 60_000, "a", "漢" * 600_000, LINE]
    expected = np.diff(TOKENIZER.encode_ragged(documents).offsets)
    for n_threads in THREADS:
        assert TOKENIZER.count_batch(documents, num_threads=n_threads).tolist() == expected.tolist()
        counts = TOKENIZER.count_batch(documents, num_threads=n_threads, disallowed_special=())
        assert counts.tolist() == expected.tolist()


def test_counts_and_special_tokens():
    documents = ["low", "a<|end|>b"]
    with pytest.raises(ValueError, match=r"special token '<\|end\|>' at byte 1"):
        TOKENIZER.count_batch(documents)
    assert TOKENIZER.count_batch(documents, allowed_special="all").tolist()[1] == 3
    for kind in (list, lambda d: [t.encode() for t in d]):
        with pytest.raises(ValueError, match=r"'ow' at (byte|character) 1"):
            TOKENIZER.count_batch(kind(documents), disallowed_special=["ow"])
    with pytest.raises(ValueError, match="'b' at byte 1"):
        TOKENIZER.count_batch((b"ab", np.array([0, 2])), disallowed_special=["b"])
    assert TOKENIZER.count_batch([]).tolist() == []
    assert TOKENIZER.count_batch((b"aba", np.array([0, 1, 3]))).tolist() == [1, 2]


@pytest.mark.parametrize("wrong", [0, -3])
def test_no_threads(wrong):
    for call in (TOKENIZER.count_batch, TOKENIZER.encode_batch, TOKENIZER.encode_ragged):
        with pytest.raises(ValueError, match="num_threads must be at least 1"):
            call(["a"], num_threads=wrong)


# Straight into an array.


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("n_threads", THREADS)
def test_into_an_array(dtype, n_threads):
    documents = DOCUMENTS * 500 + [LINE * 40_000]
    expected = TOKENIZER.encode_ragged(documents)
    n = len(expected.tokens)
    for room in (n, n + 5):
        out = np.full(room, 7, dtype)
        ragged = TOKENIZER.encode_ragged(documents, n_threads, out=out)
        assert isinstance(ragged, Ragged)
        assert ragged.tokens.base is out
        assert np.array_equal(ragged.tokens, expected.tokens)
        assert np.array_equal(ragged.offsets, expected.offsets)
        assert (out[n:] == 7).all()
    match = rf"room for {n - 1} ids.* at most \d+ \(one a byte\)"
    with pytest.raises(ValueError, match=match):
        TOKENIZER.encode_ragged(documents, n_threads, out=np.zeros(n - 1, dtype))
    with pytest.raises(ValueError, match=r"room for 0 ids, and .* at most 5"):
        TOKENIZER.encode_ragged(["lower"], out=np.zeros(0, dtype))
    assert TOKENIZER.encode_ragged([], out=np.zeros(0, dtype)).offsets.tolist() == [0]


def test_arrays_that_nothing_is_written_to():
    locked = np.zeros(9, np.uint16)
    locked.flags.writeable = False
    for out in (locked, np.zeros((9, 1), np.uint16), np.zeros(18, np.uint16)[::2]):
        with pytest.raises(ValueError, match="one-dimensional, contiguous and writeable"):
            TOKENIZER.encode_ragged(["low"], out=out)
    for dtype in ("u1", "i4", "i8", "f4", ">u2"):
        with pytest.raises(TypeError, match="out must be uint16, uint32 or None, not"):
            TOKENIZER.encode_ragged(["low"], out=np.zeros(9, dtype))
    for out in ([0] * 9, bytearray(9), 5):
        with pytest.raises(TypeError, match="out must be a numpy array, not"):
            TOKENIZER.encode_ragged(["low"], out=out)
    with pytest.raises(ValueError, match="dtype uint32 is not that of out"):
        TOKENIZER.encode_ragged(["low"], dtype="u4", out=np.zeros(9, np.uint16))
    out = np.zeros(9, np.uint16)
    assert TOKENIZER.encode_ragged(["low"], dtype="u2", out=out).tokens.base is out


# One buffer with separators.


@given(st.binary(max_size=30) | st.text("ab\n", max_size=12).map(str.encode),
       st.sampled_from([b"\n", b"ab", b"aba", b"\n\n"]))  # fmt: skip
def test_cutting(buffer, separator):
    spans = cut_documents(buffer, separator)
    assert spans.dtype == np.int64
    assert spans.shape == (len(spans), 2)
    assert [tuple(row) for row in spans.tolist()] == reference.cut_documents(buffer, separator)


def test_cut_and_encoded():
    texts = [LINE, "", "low", "漢字"]
    joined = "<|endoftext|>".join(texts).encode()
    for buffer in (joined, joined + b"<|endoftext|>", bytearray(joined), memoryview(joined)):
        pair = (buffer, cut_documents(buffer, b"<|endoftext|>"))
        expected = TOKENIZER.encode_ragged(texts)
        ragged = TOKENIZER.encode_ragged(pair, num_threads=2)
        assert np.array_equal(ragged.tokens, expected.tokens)
        assert np.array_equal(ragged.offsets, expected.offsets)
        assert TOKENIZER.count_batch(pair).tolist() == np.diff(expected.offsets).tolist()
    assert cut_documents(b"", b"\n").shape == (0, 2)
    assert TOKENIZER.encode_ragged((b"", cut_documents(b"", b"\n"))).offsets.tolist() == [0]


def test_wrong_separators():
    with pytest.raises(ValueError, match="separator between documents is empty"):
        cut_documents(b"ab", b"")
    for buffer, separator in ((b"ab", "a"), ("ab", b"a"), (None, b"a"), (b"ab", None)):
        with pytest.raises(TypeError):
            cut_documents(buffer, separator)


@pytest.mark.parametrize("spans", [[[0, 9]], [[-1, 2]], [[2, 1]], [[0, 1], [0, -1]]])
def test_spans_that_make_no_sense(spans):
    with pytest.raises(
        ValueError, match=r"offsets\[\d\] is \[.*\], which is no part of a buffer of 3"
    ):
        TOKENIZER.encode_ragged((b"abc", np.array(spans)))


def test_spans_in_any_order():
    ragged = TOKENIZER.encode_ragged((b"lowx", np.array([[3, 4], [0, 3], [1, 1]], ">i4")))
    assert [ragged.document(i).tolist() for i in range(3)] == [
        TOKENIZER.encode("x"), TOKENIZER.encode("low"), [],
    ]  # fmt: skip


# And back.


@given(st.lists(st.text(max_size=9), max_size=9))
def test_decoding_batches(texts):
    ragged = TOKENIZER.encode_ragged(texts)
    lists = TOKENIZER.encode_batch(texts, disallowed_special=())
    arrays = [ragged.document(i) for i in range(len(texts))]
    for batch in (ragged, lists, arrays, iter(lists), tuple(arrays)):
        assert TOKENIZER.decode_batch(batch) == texts
    assert TOKENIZER.decode_bytes_batch(ragged) == [text.encode() for text in texts]


def test_decoding_batches_with_errors():
    half = TOKENIZER.encode_bytes(b"\xe6\xbc")
    assert TOKENIZER.decode_batch([half], errors="ignore") == [""]
    assert TOKENIZER.decode_batch([half, []]) == ["\ufffd", ""]
    with pytest.raises(KeyError, match="at position 1 is no token's"):
        TOKENIZER.decode_batch([[97], [97, 10**6]])
    for wrong in (5, None, [5], ["a"]):
        with pytest.raises(TypeError):
            TOKENIZER.decode_batch(wrong)


# The ints of lists, which are shared.


def test_ints_are_what_they_seem():
    tokenizer = Tokenizer.train(LINE * 4, 400)
    text = LINE * 50
    ids = tokenizer.encode(text)
    assert all(type(token_id) is int for token_id in ids)
    assert ids == tokenizer.encode_to_numpy(text).tolist()
    again = tokenizer.encode_batch([text, text])
    assert again == [ids, ids]
    assert all(a is b for a, b in zip(ids, again[1], strict=True))
    del tokenizer
    assert ids == again[0]  # the ints outlive their tokenizer


def test_references_of_ints():
    tokenizer = Tokenizer.train(LINE * 4, 400)
    large = max(tokenizer.encode(LINE))
    assert large > 256  # smaller ints are the interpreter's own
    n = tokenizer.encode(LINE).count(large)
    before = sys.getrefcount(large)
    held = [tokenizer.encode(LINE) for _ in range(100)]
    assert sys.getrefcount(large) == before + 100 * n
    del held
    assert sys.getrefcount(large) == before


def test_lists_made_by_many_threads():
    tokenizer = Tokenizer.train(LINE * 4, 400)
    expected = TOKENIZER.encode(LINE * 20)
    results = []

    def run():
        results.extend(TOKENIZER.encode(LINE * 20) for _ in range(20))
        tokenizer.encode_batch([LINE] * 50)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 80
