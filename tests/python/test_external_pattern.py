import time

import pytest

from bytestride.splitting.external_pattern import compile_pattern

# In 16.0 U+10D40 is a digit and U+1C89 a letter; in 17.0 U+11DE0 became a digit.
SELECTED = (
    "aZ5_ \t\n\x0b\x1c\x85\xa0\u180e\u200b\u2028\u3000éſİǅʰªⅧ²٣中あ́िा€+!‿«\U0001f600"
    "\U00010d40\U00011de0\u1c89\u0378"
)


def pieces(pattern, text, **options):
    ends = compile_pattern(pattern, **options)(text)
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def members(construct, characters):
    """Return those of the characters that a construct matches: each is cut from what is before."""
    text = "".join("\0" + c for c in characters)
    found = pieces(f"(?<=\\x00)(?={construct})", text)
    return {piece[0] for piece in found[1:]}


def test_gaps_are_pieces_and_the_whole_text_is_covered():
    assert pieces("[a-z]+", "  ab  cd!") == ["  ", "ab", "  ", "cd", "!"]
    assert pieces("x", "abc") == ["abc"]
    assert compile_pattern("x")("") == []
    assert compile_pattern("[a-z]")("ab1") == [1, 2, 3]
    assert compile_pattern(".")("\U0001f600é") == [1, 2]


def test_an_empty_match_only_cuts():
    assert pieces("a*", "baac") == ["b", "aa", "c"]
    assert pieces(r"(?=\p{Lu})", "oneTwoThree") == ["one", "Two", "Three"]
    assert pieces("|a", "baac") == ["b", "a", "a", "c"]


WHITE_SPACE = {
    *map(chr, range(9, 14)), " ", "\x85", "\xa0", "\u1680", *map(chr, range(0x2000, 0x200B)),
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
}  # fmt: skip


def category_borders(unicode_data):
    """Return the characters on both sides of every change of category."""
    categories = [unicode_data.category(chr(c)) for c in range(0x110000)]
    borders = {c for c in range(1, 0x110000) if categories[c - 1] != categories[c]}
    return [chr(c) for c in sorted(borders | {c - 1 for c in borders})]


@pytest.fixture(scope="module")
def unicode_data():
    module = pytest.importorskip("unicodedata2", reason="needs unicodedata2==16.0.0")
    if module.unidata_version != "16.0.0":
        pytest.skip(f"needs unicodedata2==16.0.0, found {module.unidata_version}")
    return module


def test_categories_are_those_of_unicode_16(unicode_data):
    characters = category_borders(unicode_data)
    names = {unicode_data.category(c) for c in characters}
    assert len(names) == 30
    for name in names | {name[0] for name in names}:
        expected = {c for c in characters if unicode_data.category(c).startswith(name)}
        assert members(f"\\p{{{name}}}", characters) == expected, name
        others = set(characters) - expected
        assert members(f"\\P{{{name}}}", characters) == others, name
        assert members(f"[^\\p{{{name}}}]", characters) == others, name


def test_digits_and_spaces(unicode_data):
    characters = sorted({*category_borders(unicode_data), *WHITE_SPACE, *SELECTED})
    digits = {c for c in characters if unicode_data.category(c) == "Nd"}
    for construct, expected in (("\\d", digits), ("\\s", WHITE_SPACE)):
        others = set(characters) - expected
        assert members(construct, characters) == expected
        assert members(construct.upper(), characters) == others
        assert members(f"[^{construct}]", characters) == others
        assert members(f"[x{construct.upper()}]", characters) == others
        assert members(f"[^x{construct.upper()}]", characters) == expected


@pytest.mark.parametrize(
    ("construct", "expected"),
    [
        (r"\d", {"5", "٣", "\U00010d40"}),
        (r"\p{N}", {"5", "٣", "Ⅷ", "²", "\U00010d40"}),
        (r"\s", set(" \t\n\x0b\x85\xa0\u2028\u3000")),
        (r"[\p{Lu}\p{Lt}]", {"Z", "İ", "ǅ", "\u1c89"}),
        (r"\p{LC}", {"a", "Z", "é", "ſ", "İ", "ǅ", "\u1c89"}),
        (r"\p{Cased Letter}", {"a", "Z", "é", "ſ", "İ", "ǅ", "\u1c89"}),
        (r"\p{uppercase_letter}", {"Z", "İ", "\u1c89"}),
        (r"\p{^L}", set(SELECTED) - set("aZéſİǅʰªあ中\u1c89")),
        (r"\P{^Mark}", set("́िा")),
        (r"[a-c[Y-Z[\d]]]", {"a", "Z", "5", "٣", "\U00010d40"}),
        (r"[\x41-\x5A\u00e9\x{1F600}\u{37e}]", {"Z", "é", "\U0001f600"}),
        (r"[\t\n\v]", set("\t\n\x0b")),
        (r"[_+!-]", set("_+!")),
        (r"(?i:[a-z])", {"a", "Z", "ſ"}),
        (r"(?i:i)", set()),
        (r"(?i:S)", {"ſ"}),
        (".", set(SELECTED) - {"\n"}),
    ],
)
def test_what_a_construct_matches(construct, expected):
    assert members(construct, SELECTED) == expected


@pytest.mark.parametrize(
    ("pattern", "dialect", "text", "expected"),
    [
        ("a$", "rust", "a\nba\n", ["a\nba\n"]),
        ("a$", "rust", "a\nba", ["a\nb", "a"]),
        ("a$", "oniguruma", "a\nba\n", ["a", "\nb", "a", "\n"]),
        ("^a", "rust", "a\nab", ["a", "\nab"]),
        ("^a", "oniguruma", "a\nab", ["a", "\n", "a", "b"]),
        (r"a\z|\Ab", None, "bba\na", ["b", "ba\n", "a"]),
        (r"\d{1,3}+", "rust", "1234567", ["123", "456", "7"]),
        (r"\d{1,3}+", "oniguruma", "1234567", ["1234567"]),
        (r"(?i:st)", "rust", "ST\ufb06ſt", ["ST", "\ufb06", "ſt"]),
        (r"\pL", "rust", "1é", ["1", "é"]),
        (r"\xe9", "rust", "1é", ["1", "é"]),
        (r"a{2}?", "rust", "aaaa", ["aa", "aa"]),
    ],
)
def test_what_a_dialect_settles(pattern, dialect, text, expected):
    assert pieces(pattern, text, dialect=dialect) == expected


@pytest.mark.parametrize("pattern", ["a$", "^a", r"\d{1,3}+", "(?i:st)", r"\pL", r"\xe9", "a{2}?"])
def test_what_only_a_dialect_settles_is_refused_without_one(pattern):
    with pytest.raises(ValueError, match="engines differ about"):
        compile_pattern(pattern)


def test_possessive_and_atomic_give_nothing_back():
    assert pieces("a++a", "aaa") == ["aaa"]
    assert pieces("a+a", "baaa") == ["b", "aaa"]
    assert pieces("a?+a", "xa") == ["xa"]
    assert pieces("(?>a|ab)c", "abc") == ["abc"]
    assert pieces("(?:a|ab)c", "xabc") == ["x", "abc"]
    assert pieces("a{1,2}?", "aa") == ["a", "a"]


@pytest.mark.parametrize(
    ("pattern", "offset", "construct"),
    [
        (r"x\b", 1, r"\b"), (r"x\B", 1, r"\B"), (r"\w+", 0, r"\w"), (r"[a\w]", 2, r"\w"),
        (r"\X", 0, r"\X"), (r"\R", 0, r"\R"), (r"a\K", 1, r"\K"), (r"\h", 0, r"\h"),
        (r"\Z", 0, r"\Z"), (r"\G", 0, r"\G"), (r"(a)\1", 3, r"\1"), (r"\<", 0, r"\<"),
        (r"\p{Greek}", 0, r"\p{Greek}"), (r"[\p{Greek}]", 1, r"\p{Greek}"), (r"\p{L", 0, r"\p{"),
        ("[[:alpha:]]", 1, "[:"), ("[a-z&&b]", 4, "&&"), ("[a--b]", 2, "--"), ("[~~]", 1, "~~"),
        ("[+--]", 2, "--"), ("(?i)a", 0, "(?i"), ("(?m:a)", 0, "(?m"), ("(?-i:a)", 0, "(?-"),
        ("(?s:.)", 0, "(?s"), ("(?#x)", 0, "(?#"), ("(?P=n)", 0, "(?P"), ("(?R)", 0, "(?R"),
        ("(?i:é)", 4, "é"), ("(?i:.)", 4, "."), (r"(?i:\p{L})", 4, r"\p"), ("(?i:[^a])", 4, "[^"),
        ("(a", 0, "("), ("a)", 1, ")"), ("[a", 0, "["), ("[a[b]", 0, "["), ("[]a]", 1, "]"),
        ("[^]", 2, "]"), ("*a", 0, "*"), ("a|+", 2, "+"), ("(?=a)*", 5, "*"), ("a**", 2, ""),
        ("a{2", 1, "{2"), ("a{x}", 1, "{"), ("a{,}", 1, "{"), ("{", 0, "{"), ("a{2,1}", 1, "{2,1}"),
        ("a{0}", 1, "{0}"), ("(?:a*)*", 0, "(?:a*)*"), ("(?:|a){2}", 0, "(?:|a){2}"),
        ("(?<=a+)b", 5, ""), ("[z-a]", 1, "z-a"), (r"[a-\d]", 1, ""), (r"[\d-z]", 3, "-"),
        ("[a-c-e]", 4, "-"), (r"\x4", 0, r"\x"), (r"\x{110000}", 0, ""), (r"\uD800", 0, ""),
        ("a\\", 1, "\\"), (r"\p", 0, r"\p"), ("(?<1>a)", 0, "(?<1>"), ("(?<a", 0, "(?<"),
        ("(" * 60 + ")" * 60, 50, "("), ("[" * 60, 50, "["), ("[a-", 1, "a-"),
    ],
)  # fmt: skip
def test_what_cannot_be_exact_is_refused_with_its_place(pattern, offset, construct):
    with pytest.raises(ValueError, match=f"offset {offset}: ") as caught:
        compile_pattern(pattern)
    message = str(caught.value)
    assert message.startswith(f"pattern {pattern!r}, offset {offset}: {construct}")
    remedy = message.rpartition(": ")[2]
    assert remedy


def test_a_pattern_that_backtracks_is_stopped(monkeypatch):
    monkeypatch.setattr("bytestride.splitting.external_pattern.SECONDS_AT_LEAST", 0.2)
    split = compile_pattern(r"(?:a|aa)+\d")
    begin = time.monotonic()
    with pytest.raises(ValueError, match="stopped after character 3; it backtracks"):
        split("aa1" + "a" * 60 + "!")
    assert time.monotonic() - begin < 20


def test_own_classes_can_be_given():
    split = compile_pattern(r"\p{L}+", category_ranges=lambda name: [(0x61, 0x62)])
    assert split("abcab") == [2, 3, 5]
