"""Which characters are letters, numbers, spaces: Unicode 16, and what the peers' engines say."""

import itertools

import pytest

from bytestride import _core

NAMES = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
]  # fmt: skip
GROUPS = ["L", "M", "N", "P", "S", "Z", "C"]
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def members(name):
    return {c for first, last in _core.category_ranges(name) for c in range(first, last + 1)}


@pytest.fixture(scope="module")
def categories():
    """Give the category of each code point in Unicode 16."""
    unicode_data = pytest.importorskip("unicodedata2", reason="needs unicodedata2==16.0.0")
    if unicode_data.unidata_version != "16.0.0":
        pytest.skip(f"needs unicodedata2==16.0.0, found {unicode_data.unidata_version}")
    return [unicode_data.category(chr(c)) for c in range(0x110000)]


@pytest.mark.parametrize("name", [*NAMES, *GROUPS])
def test_against_the_standard(name, categories):
    expected = {c for c in range(0x110000) if categories[c].startswith(name)}
    assert members(name) == expected


@pytest.fixture(scope="module")
def tokenizers():
    return pytest.importorskip("tokenizers")


def their_members(tokenizers, construct, code_points):
    """Code points that a class of their regular expressions holds: what a split by it removes."""
    removing = tokenizers.pre_tokenizers.Split(tokenizers.Regex(construct), "removed")
    kept = set()
    for _, (first, end) in removing.pre_tokenize_str("".join(map(chr, code_points))):
        kept.update(code_points[first:end])
    return set(code_points) - kept


@pytest.fixture(scope="module")
def their_runs(tokenizers):
    """Runs of code points that their engine puts into one category, whichever: first to members."""
    construct = "|".join(rf"\p{{{name}}}+" for name in NAMES)
    isolating = tokenizers.pre_tokenizers.Split(tokenizers.Regex(construct), "isolated")
    pieces = isolating.pre_tokenize_str("".join(map(chr, CODE_POINTS)))
    return {CODE_POINTS[first]: CODE_POINTS[first:end] for _, (first, end) in pieces}


# Surrogates are in no text of theirs.
@pytest.mark.parametrize("name", [name for name in [*NAMES, *GROUPS] if name != "Cs"])
def test_against_hugging_face(tokenizers, their_runs, name):
    assert sum(map(len, their_runs.values())) == len(CODE_POINTS)
    firsts = their_members(tokenizers, rf"\p{{{name}}}+", list(their_runs))
    expected = {c for first in firsts for c in their_runs[first]}
    assert expected
    assert members(name) - set(range(0xD800, 0xE000)) == expected


def test_white_space(tokenizers):
    assert members("White_Space") == their_members(tokenizers, r"\s+", CODE_POINTS)
    # PropList.txt of Unicode: these and no others, since version 6.3.
    assert members("White_Space") == {
        *range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
        0x205F, 0x3000,
    }  # fmt: skip


def test_han(tokenizers, categories):
    regex = pytest.importorskip("regex")
    han = members("Han")
    assert han == their_members(tokenizers, r"\p{Han}+", CODE_POINTS)
    assert han == {
        c for c in CODE_POINTS if categories[c] != "Cn" and regex.match(r"\p{Han}", chr(c))
    }


def test_han_of_tiktoken():
    tiktoken = pytest.importorskip("tiktoken")
    # Matched is what comes back: the rest is dropped.
    encoding = tiktoken.Encoding(
        "han",
        pat_str=r"\p{Han}",
        mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        special_tokens={},
    )
    text = "".join(map(chr, CODE_POINTS))
    assert set(map(ord, encoding.decode(encoding.encode_ordinary(text)))) == members("Han")


@pytest.mark.parametrize("kind", ["digits", "punctuation"])
def test_what_is_a_digit_and_what_is_punctuation(tokenizers, kind):
    kinds = tokenizers.pre_tokenizers
    theirs = {"digits": kinds.Digits(individual_digits=True), "punctuation": kinds.Punctuation()}
    text = "".join(f"a{chr(c)}" for c in CODE_POINTS)
    ours = _core.Splitter([(kind, "isolated")], [], None).pieces(text)
    pieces = [piece for piece, _ in theirs[kind].pre_tokenize_str(text)]
    assert ours == [piece.encode() for piece in pieces]
    assert len(pieces) > 1000


def test_every_code_point_is_in_one_category():
    counts = dict.fromkeys(range(0x110000), 0)
    for name in NAMES:
        for c in members(name):
            counts[c] += 1
    assert set(counts.values()) == {1}
    for group in GROUPS:
        parts = [members(name) for name in NAMES if name[0] == group]
        assert members(group) == set().union(*parts)


@pytest.mark.parametrize("name", [*NAMES, *GROUPS, "White_Space"])
def test_ranges_ascend_and_do_not_touch(name):
    ranges = _core.category_ranges(name)
    assert ranges
    assert all(first <= last for first, last in ranges)
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(ranges))


@pytest.mark.parametrize("name", ["", "X", "lu", "LU", "Luu", "Letter", "white_space", "u", "L&"])
def test_other_names(name):
    with pytest.raises(ValueError, match="no general category"):
        _core.category_ranges(name)


def test_the_version():
    # U+10D40 came with 16.0, U+11DE0 with 17.0; U+0295 changed from Ll to Lo in 17.0.
    assert 0x10D40 in members("Nd")
    assert 0x11DE0 in members("Cn")
    assert 0x295 in members("Ll")
