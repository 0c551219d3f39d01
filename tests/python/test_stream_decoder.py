"""The text of ids as they come: in sum that of all at once, and nothing half."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Definition, StreamDecoder, Tokenizer, reference
from bytestride.published import PATTERNS

BYTES = {i: bytes([i]) for i in range(256)}
TOKENS = BYTES | {300: "漢".encode()[:2], 301: "字".encode()[2:] + b"a", 302: b"low"}
TOKENIZER = Tokenizer(Definition(TOKENS, None, PATTERNS["gpt2"]))
SLOW = reference.Tokenizer(TOKENS, None, PATTERNS["gpt2"])

ids_of_anything = st.lists(st.sampled_from(sorted(TOKENS)), max_size=12)
ids_of_text = st.text(max_size=8).map(TOKENIZER.encode)


@given(ids_of_anything | ids_of_text, st.sampled_from(["replace", "ignore", "backslashreplace"]))
def test_one_by_one(ids, errors):
    stream = StreamDecoder(TOKENIZER, errors)
    pieces = [stream.feed(token_id) for token_id in ids]
    assert len(stream.held) <= 3
    pieces.append(stream.flush())
    assert pieces == SLOW.decode_stream(ids, errors)
    assert "".join(pieces) == TOKENIZER.decode(ids, errors)


@given(st.lists(ids_of_anything, max_size=4), st.sampled_from([list, tuple, iter, np.array]))
def test_many_at_a_time(parts, kind):
    stream = StreamDecoder(TOKENIZER)
    text = "".join(stream.feed(kind(part) if part else part) for part in parts) + stream.flush()
    assert text == TOKENIZER.decode([token_id for part in parts for token_id in part])


def test_what_is_held():
    stream = StreamDecoder(TOKENIZER)
    assert stream.held == b""
    assert stream.feed(300) == ""
    assert stream.held == "漢".encode()[:2]
    assert stream.feed([]) == ""
    assert stream.feed("漢".encode()[2]) == "漢"
    assert stream.held == b""
    assert stream.feed([302, 300]) == "low"
    assert stream.flush() == "\ufffd"
    assert stream.flush() == ""
    assert stream.feed(302) == "low"
    # It never completes: it goes out as soon as that is sure.
    assert stream.feed([0xE6, 302]) == "\ufffdlow"


@pytest.mark.parametrize("one", [302, np.int64(302), np.uint16(302), [302], np.array([302], ">i4")])
def test_kinds_of_ids(one):
    assert StreamDecoder(TOKENIZER).feed(one) == "low"


def test_errors_leave_it_as_it_was():
    stream = StreamDecoder(TOKENIZER)
    stream.feed(300)
    for wrong in (256, -1, 2**70, [302, 999], np.array([999])):
        with pytest.raises(KeyError, match="is no token's"):
            stream.feed(wrong)
    for wrong in ("a", None, 1.5, [None], np.zeros(2), object()):
        with pytest.raises(TypeError):
            stream.feed(wrong)
    with pytest.raises(ValueError, match="one-dimensional"):
        stream.feed(np.zeros((1, 1), int))
    assert stream.held == "漢".encode()[:2]


def test_strict():
    stream = StreamDecoder(TOKENIZER, errors="strict")
    stream.feed(300)
    with pytest.raises(UnicodeDecodeError):
        stream.feed(302)
    assert len(stream.held) == 2
    with pytest.raises(UnicodeDecodeError):
        stream.flush()
    assert stream.flush() == ""
    with pytest.raises(LookupError):
        StreamDecoder(TOKENIZER, errors="nothing").feed([0xFF])


def test_what_is_no_tokenizer():
    for wrong in (None, "cl100k_base", object()):
        with pytest.raises(TypeError, match="must be a Tokenizer"):
            StreamDecoder(wrong)
    with pytest.raises(TypeError, match="errors must be str"):
        StreamDecoder(TOKENIZER, errors=None)


def test_it_keeps_its_tokenizer():
    stream = StreamDecoder(Tokenizer(Definition(TOKENS, None, PATTERNS["gpt2"])))
    assert stream.feed(302) == "low"


def test_threads_with_a_stream_each():
    texts = {}

    def run(n):
        stream = StreamDecoder(TOKENIZER)
        texts[n] = "".join(stream.feed(b) for b in ("漢字" * 500).encode()) + stream.flush()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(texts.values()) == {"漢字" * 500}
