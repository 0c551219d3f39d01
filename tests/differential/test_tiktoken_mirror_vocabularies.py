"""The mirror of tiktoken against tiktoken: any vocabulary, any pattern, any special tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_pairs import ours, outcome, theirs

from bytestride import _core

pytestmark = pytest.mark.filterwarnings("ignore:the pattern")

BYTES = {bytes((byte,)): byte for byte in range(256)}
# Patterns that leave something out, match nothing, look around, or are known to the core.
PATTERNS = [
    r"[ab]+", r"[ab]+| ", r"\w+|\s", r"a*", r"(?:ab)?", r"a|(?=b)", r"(?<=a)b|a", r"\S+|\s+(?!\S)",
    r"^a|b", r"a$|b", r"\bab\b|.", r"(a)|(b)", r"(?i:AB)", r"[^a]", r"\p{L}{1,2}+|.", r"é|[\w]",
    *(pattern for name, pattern in _core.known_patterns() if name != "deepseek_v3"),
]  # fmt: skip
texts = st.text(st.sampled_from("aabb \nAé中1'\u200d"), max_size=14)


def check(arguments, method, *args, **options):
    """Compare ids or errors; where theirs panics, ours must raise an Exception."""
    mine = ours.Encoding("x", **arguments)
    encoding = theirs.Encoding("x", **arguments)
    our_outcome = outcome(getattr(mine, method), *args, **options)
    their_outcome = outcome(getattr(encoding, method), *args, **options)
    if method == "encode_with_unstable":
        our_outcome, their_outcome = map(in_order, (our_outcome, their_outcome))
    if their_outcome[0] == "panic":
        assert our_outcome[0] in ("ValueError", "result"), (arguments, args)
    else:
        assert our_outcome == their_outcome, (arguments, args)


def in_order(result):
    if result[0] != "result":
        return result
    stable, completions = result[1]
    return "result", (stable, sorted(completions))


tokens = st.binary(min_size=2, max_size=4).map(lambda data: bytes(b"ab \n"[c % 4] for c in data))
ranks = st.one_of(st.integers(0, 600), st.integers(0, 2**32 - 2), st.integers(2**31 - 2, 2**31 + 2))
METHODS = ["encode_ordinary", "encode_to_numpy", "encode_with_unstable"]


@given(
    st.dictionaries(tokens | st.just(b""), ranks, max_size=12),
    st.sampled_from([BYTES, {}, {b"a": 700, b"b": 3_000_000_000}, {b"a": 9, b"\n": 8, b"b": 7}]),
    st.sampled_from(PATTERNS[:16]),
    texts,
    st.sampled_from(METHODS),
)
@settings(max_examples=100)
def test_any_ranks(merged, single, pattern, text, method):
    mergeable = {**{token: rank + 256 for token, rank in merged.items()}, **single}
    mergeable = {token: rank for token, rank in mergeable.items() if rank < 2**32 - 1}
    mergeable = {token: r for r, token in {r: t for t, r in mergeable.items()}.items()}
    if not mergeable:
        return
    arguments = {"pat_str": pattern, "mergeable_ranks": mergeable, "special_tokens": {"<s>": 5}}
    check(arguments, method, text)
    check(arguments, "_encode_bytes", text.encode()[1:])
    check(arguments, "decode_bytes", [*mergeable.values(), 5, 5_000])
    check(arguments, "token_byte_values")


@given(st.sampled_from(PATTERNS), texts)
@settings(max_examples=100)
def test_any_pattern(pattern, text):
    mergeable = BYTES | {b"ab": 300, b"bb": 301, b" a": 302, b"  ": 303, b"\n\n": 304, b"aab": 305}
    arguments = {"pat_str": pattern, "mergeable_ranks": mergeable, "special_tokens": {"b ": 400}}
    check(arguments, "encode_ordinary", text)
    check(arguments, "encode", text, allowed_special="all")
    check(arguments, "encode_with_unstable", text, disallowed_special=())


SPECIALS = ["ab", "b", " a", "é", "a\n", "🙂", "\ufffd", "aé中"]


@given(
    st.lists(st.sampled_from(SPECIALS), min_size=1, max_size=4, unique=True).filter(
        lambda names: not any(a != b and a.startswith(b) for a in names for b in names)
    ),
    st.sampled_from([0, 96, 300, 2**31, 2**32 - 9]),
    st.sampled_from([PATTERNS[2], _core.known_patterns()[0][1]]),
    st.text(st.sampled_from("aabb \né中\ud83d\ude42\udc80🙂"), max_size=12),
    st.data(),
)
@settings(max_examples=50)
def test_any_special_tokens(names, first_id, pattern, text, data):
    specials = {name: first_id + i for i, name in enumerate(names)}
    arguments = {"pat_str": pattern, "mergeable_ranks": BYTES, "special_tokens": specials}
    allowed = data.draw(st.sampled_from(["all", set(), {names[0]}, set(SPECIALS)]))
    refused = data.draw(st.sampled_from(["all", (), [names[-1]], ["🙂", "zz"]]))
    options = {"allowed_special": allowed, "disallowed_special": refused}
    check(arguments, "encode", text, **options)
    check(arguments, "encode_batch", [text, text], **options)
    check(arguments, "encode_to_numpy", text, **options)
    for token in specials.values():
        check(arguments, "decode_bytes", [token])
        check(arguments, "decode_single_token_bytes", token)
        check(arguments, "is_special_token", token)
    check(arguments, "encode_single_token", names[0])


@pytest.mark.parametrize(
    ("name", "pattern"), _core.known_patterns(), ids=[name for name, _ in _core.known_patterns()]
)
def test_known_patterns(name, pattern, corpus_text):
    """The core has these grammars in the words of other engines; fancy-regex reads them alike."""
    mergeable = BYTES | {b"ab": 256, b" a": 257, b"11": 258, b"  ": 259, b"\n\n": 260, b"'s": 261}
    arguments = {"pat_str": pattern, "mergeable_ranks": mergeable, "special_tokens": {}}
    encoding = theirs.Encoding("x", **arguments)
    if name == "deepseek_v3":  # leaves characters out, which only the regex package can follow
        with pytest.raises(ValueError, match="in a class, escape it"):
            ours.Encoding("x", **arguments)
        return
    mine = ours.Encoding("x", **arguments)
    characters = [chr(c) for c in range(0, 0x110000, 7) if not 0xD800 <= c < 0xE000]
    # Not longer, since with some of them tiktoken's engine gives up.
    lines = ["".join(characters[i : i + 40]) for i in range(0, len(characters), 40)]
    lines += corpus_text("multi", 60_000).splitlines(keepends=True)
    lines += ["IT'S it's 'ſ x'ſ 1234 !!\r\n \n  x"]
    expected = encoding.encode_ordinary_batch(lines, num_threads=1)
    assert mine.encode_ordinary_batch(lines, num_threads=1) == expected


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [r"\w", r"\W", r"[\w]", r"[^\w]", r"\b.", r"[\W\d]"])
def test_word_characters(pattern):
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    arguments = {"pat_str": pattern, "mergeable_ranks": BYTES, "special_tokens": {}}
    check(arguments, "encode_ordinary", text)
