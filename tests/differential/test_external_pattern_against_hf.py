"""Pieces of arbitrary patterns against the engines they were written for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride.splitting.external_pattern import compile_pattern

LETTERS = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"
PATTERNS = [
    r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+",
    rf"[^\r\n\p{{L}}\p{{N}}]?[{LETTERS}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]+|\p{{N}}{{1,3}}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"\d{1,3}(?=(?:\d{3})*(?!\d))",
    r"[a-z]+|\s+",
    r".",
    r" ?[^\s]+",
    r"(?=\p{Lu})",
    r"\s*|a?",
    r"^\s*\p{L}|\p{L}$",
    r"\p{N}{1,2}+",
    r"(?>a|ab)c|(?:ab|a)+?b|b++c?",
    r"(?<!\p{L})\p{L}(?<=[a-z])",
    r"(?<x>a|b){2}|(?:.{2})*?c|\A.|.\z",
    r"\P{L}+|\p{^Ll}",
    r"[\p{Han}7]+| ?\P{Han}",
]
# Letters of every case and none, folds of ASCII, marks, digits old and new, spaces of all kinds.
CHARACTERS = (
    "aabbcABxsStTSſKkİıßﬆǅʰª中あ́नि 012345٣Ⅷ\U00010d40\U00011de0\u1c89"
    "\n\r\t\x1c\x85\xa0\u200b\u2028\u3000'’,.!|()_-«€\U0001f600中〇⺀か"
)
texts = st.text(st.sampled_from(CHARACTERS) | st.characters(exclude_categories=["Cs"]), max_size=24)


def pieces(split, text):
    ends = split(text)
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pieces_are_those_of_hugging_face(pattern):
    tokenizers = pytest.importorskip("tokenizers")
    reference = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
    split = compile_pattern(pattern, dialect="oniguruma")

    @settings(max_examples=150, deadline=None)
    @given(texts)
    def check(text):
        assert pieces(split, text) == [piece for piece, _ in reference.pre_tokenize_str(text)]

    check()


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{1,3}+|\s++$|(?i:st|ss)|[\s\S]",
        r"^a+|b+$|\pL{2}?|[\s\S]",
        r"(?i:'s|'k|[a-m]x)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|\s++$|[\s\S]",
    ],
)
def test_pieces_are_those_of_tiktoken(pattern):
    tiktoken = pytest.importorskip("tiktoken")
    split = compile_pattern(pattern, dialect="rust")

    @settings(max_examples=60, deadline=None)
    @given(st.text(st.sampled_from("aabbmxsStTßﬆſKkK '’123٣é\n "), max_size=14))
    def check(text):
        # Every substring is a token, so that a piece, whatever it is, becomes one id.
        n = len(text)
        parts = {text[i:j].encode() for i in range(n) for j in range(i + 1, n + 1)}
        tokens = [*(bytes([b]) for b in range(256)), *sorted(p for p in parts if len(p) > 1)]
        encoding = tiktoken.Encoding(
            "substrings",
            pat_str=pattern,
            mergeable_ranks={token: rank for rank, token in enumerate(tokens)},
            special_tokens={},
        )
        expected = encoding.decode_tokens_bytes(encoding.encode_ordinary(text))
        assert [piece.encode() for piece in pieces(split, text)] == expected

    check()
