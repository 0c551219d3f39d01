"""Where tokens lie in a text, and what is cut by that: against the slow twins, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import AddedToken, Definition, Tokenizer, reference
from bytestride.published import PATTERNS

LINE = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n or  not\n"
SPECIAL = ["<|end|>", "<|end|>x", "<é>"]
MERGES = reference.train([LINE * 3], 256 + 60 + len(SPECIAL), PATTERNS["cl100k"], SPECIAL)
SLOW = reference.Tokenizer.from_merges(MERGES, PATTERNS["cl100k"], SPECIAL)
FAST = Tokenizer.train(LINE * 3, 256 + 60 + len(SPECIAL), "cl100k", SPECIAL)

BY_BYTES = Tokenizer(Definition({i: bytes([i]) for i in range(256)}, None, PATTERNS["gpt2"]))

texts = st.text(st.sampled_from("lowerISt'na 12ï漢字🙂\n\t\ud83d\ude42"), max_size=24) | st.text()
with_special = st.lists(
    texts | st.sampled_from(SPECIAL) | st.sampled_from(["<", "x", "é"]), max_size=6
).map("".join)
numbers = st.integers(0, 12)


def test_the_twins_are_the_same_tokenizer():
    assert FAST.encode_ordinary(LINE) == SLOW.encode(LINE)


@given(with_special, st.sampled_from(["char", "byte"]))
def test_offsets(text, unit):
    ids, offsets = FAST.encode_with_offsets(text, unit=unit, allowed_special="all")
    assert offsets.dtype == np.int64
    assert offsets.shape == (len(ids), 2)
    assert ids == FAST.encode(text, allowed_special="all")
    expected_ids, expected = SLOW.encode_with_offsets(text, unit, SPECIAL)
    assert ids == expected_ids
    assert [tuple(row) for row in offsets.tolist()] == expected


@given(texts)
def test_offsets_in_bytes_cover_the_text(text):
    utf8 = reference.to_utf8(text)
    ids, offsets = FAST.encode_with_offsets(text, unit="byte", disallowed_special=())
    assert [utf8[a:b] for a, b in offsets] == [FAST.token_bytes(i) for i in ids]


def test_offsets_of_texts_that_share_an_id():
    added = tuple(AddedToken(content, 300) for content in ("<a>", "<longer>"))
    tokenizer = Tokenizer(
        Definition({i: bytes([i]) for i in range(256)}, None, PATTERNS["gpt2"], added)
    )
    ids, offsets = tokenizer.encode_with_offsets("x<longer>é<a>", allowed_special="all")
    assert ids == [120, 300, 0xC3, 0xA9, 300]
    assert offsets.tolist() == [[0, 1], [1, 9], [9, 10], [9, 10], [10, 13]]


def test_offsets_of_no_text():
    ids, offsets = FAST.encode_with_offsets("")
    assert ids == []
    assert offsets.shape == (0, 2)


@given(texts, numbers)
def test_truncate(text, max_tokens):
    cut = FAST.truncate(text, max_tokens, disallowed_special=())
    assert cut == SLOW.truncate(text, max_tokens)
    assert text.startswith(cut)
    # Its ids within the whole are the whole's first.
    ids = FAST.encode_ordinary(text)
    data = reference.to_utf8(cut)
    while data:
        data = data.removeprefix(FAST.token_bytes(ids.pop(0)))
        max_tokens -= 1
    assert max_tokens >= 0 or not cut


@given(texts, st.integers(1, 8), st.integers(0, 7))
def test_chunk(text, max_tokens, overlap):
    if overlap >= max_tokens:
        with pytest.raises(ValueError, match=r"overlap must be less than max_tokens"):
            FAST.chunk(text, max_tokens, overlap)
        return
    try:
        expected = SLOW.chunk(text, max_tokens, overlap)
    except ValueError:
        with pytest.raises(ValueError, match=r"the character at index \d+ takes \d+ tokens"):
            FAST.chunk(text, max_tokens, overlap)
        return
    chunks = FAST.chunk(text, max_tokens, overlap)
    assert chunks == expected
    if overlap == 0:
        assert "".join(chunks) == text


@given(texts, numbers)
def test_count_till_limit(text, limit):
    assert FAST.count_till_limit(text, limit) == SLOW.count_till_limit(text, limit)


def test_on_long_texts():
    text = LINE * 3000
    ids = FAST.encode(text)
    assert FAST.count_till_limit(text, len(ids)) == len(ids)
    assert FAST.count_till_limit(text, len(ids) - 1) is None
    assert FAST.truncate(text, len(ids)) == text
    assert FAST.truncate(text, 2**70) == text
    assert FAST.count_till_limit(text, 2**70) == len(ids)
    assert FAST.truncate(text, 2000) == SLOW.truncate(LINE * 200, 2000)
    chunks = FAST.chunk(text, 100)
    assert "".join(chunks) == text
    offsets = FAST.encode_with_offsets(text)[1]
    assert offsets[-1].tolist() == [len(text) - 1, len(text)]
    for n_ascii in (0, 5):
        assert (
            "".join(FAST.chunk("a" * n_ascii + "漢" * 10_000, 4)) == "a" * n_ascii + "漢" * 10_000
        )


def test_by_hand():
    tokenizer = BY_BYTES
    assert tokenizer.truncate("a漢b", 3) == "a"
    assert tokenizer.truncate("a漢b", 4) == "a漢"
    assert tokenizer.truncate("漢", 2) == ""
    assert tokenizer.truncate("漢", 0) == ""
    assert tokenizer.chunk("a漢b", 3) == ["a", "漢", "b"]
    assert tokenizer.chunk("abcde", 3, 1) == ["abc", "cde"]
    assert tokenizer.chunk("abcde", 3, 2) == ["abc", "bcd", "cde"]
    assert tokenizer.chunk("ab漢cd", 4, 2) == ["ab", "b漢", "cd"]
    assert tokenizer.chunk("", 3) == []
    with pytest.raises(ValueError, match="character at index 1 takes 4 tokens; max_tokens must be"):
        tokenizer.chunk("a🙂", 3)


@pytest.mark.parametrize(
    "text", ["\ud83d\ude42", "a\ud83d", "\ude42\ud83d b", "é\ud83d\ude42\ud83d"]
)
def test_surrogates(text):
    assert "".join(FAST.chunk(text, 4)) == text
    assert FAST.truncate(text, 99) == text
    _, offsets = FAST.encode_with_offsets(text)
    assert offsets.max() == len(text)


def test_surrogate_pairs_stay_together():
    assert BY_BYTES.chunk("\ud83d\ude42" * 2, 4) == ["\ud83d\ude42"] * 2
    assert BY_BYTES.truncate("\ud83d\ude42" * 2, 7) == "\ud83d\ude42"
    assert BY_BYTES.encode_with_offsets("\ud83d\ude42")[1].tolist() == [[0, 2]] * 4


def test_special_tokens():
    text = "low<|end|> low"
    for call in (
        lambda **names: FAST.encode_with_offsets(text, **names),
        lambda **names: FAST.truncate(text, 1, **names),
        lambda **names: FAST.chunk(text, 2, **names),
        lambda **names: FAST.count_till_limit(text, 1, **names),
    ):
        with pytest.raises(ValueError, match=r"special token '<\|end\|>' at byte 3"):
            call()
        with pytest.raises(ValueError, match="which disallowed_special names"):
            call(disallowed_special=["ow"])
        call(disallowed_special=())
        call(allowed_special="all")
    assert FAST.chunk("a<|end|>b", 2, allowed_special={"<|end|>"}) == ["a<|end|>", "b"]
    assert FAST.count_till_limit("a<|end|>b", 3, allowed_special="all") == 3


@pytest.mark.parametrize("wrong", [-1, -(2**70), "3", 1.0, None, [1]])
def test_wrong_numbers(wrong):
    error = ValueError if isinstance(wrong, int) else TypeError
    for call in (
        lambda: FAST.truncate("a", wrong),
        lambda: FAST.chunk("a", wrong),
        lambda: FAST.chunk("a", 3, wrong),
        lambda: FAST.count_till_limit("a", wrong),
    ):
        with pytest.raises(error, match="must be"):
            call()


def test_wrong_arguments():
    with pytest.raises(ValueError, match="max_tokens must be at least 1, not 0"):
        FAST.chunk("a", 0)
    for unit in ("bytes", None, 1, ""):
        with pytest.raises(ValueError, match="unit must be 'char' or 'byte'"):
            FAST.encode_with_offsets("a", unit=unit)
    for text in (b"a", None, ["a"]):
        for method, arguments in (
            (FAST.encode_with_offsets, ()),
            (FAST.truncate, (1,)),
            (FAST.chunk, (1,)),
            (FAST.count_till_limit, (1,)),
        ):
            with pytest.raises(TypeError, match="text must be str, not "):
                method(text, *arguments)


def test_a_pattern_that_regex_follows():
    with pytest.warns(UserWarning, match="regex package"):
        tokenizer = Tokenizer.train(LINE, 270, r"\p{L}+|[^\p{L}]")
    assert "".join(tokenizer.chunk(LINE * 100, 7)) == LINE * 100
    assert tokenizer.count_till_limit(LINE * 100, 50) is None
    _, offsets = tokenizer.encode_with_offsets(LINE, unit="byte")
    assert offsets[-1, 1] == len(LINE.encode())
