r"""Pieces of every known pattern against the regular expression itself.

Equal ids are not enough: two wrong pieces often merge to the same ids. The `regex` library's tables
are newer than Unicode 16, but agree on all that stands here: only U+0295 has changed since.
"""

import itertools
import random
import unicodedata

import pytest
import regex

from bytestride import _core

PATTERNS = _core.known_patterns()
# One of each kind of character, and the letters of contractions.
REPRESENTATIVES = [
    "A", "x", "ǅ", "ʰ", "中", "\u0301", "7", "Ⅷ", "½", " ", "\t", "\r", "\n", "\x85", "\u3000",
    "\xa0", "'", "s", "S", "ſ", "t", "l", "e", "v", "r", "/", ",", "€", "🙂", "\x01", "\u0378",
    "\ue000", "\0", "か", "・", "\u3040", "〇", "⺀",
]  # fmt: skip
# As few as tell every class apart that some pattern tells apart, so that longer strings fit.
CLASSES = ["A", "x", "中", "\u0301", "7", " ", "\t", "\n", "'", "s", "/", "!"]
# The same for grammars that tell more apart.
MORE_CLASSES = {
    "kimi_k2": ["A", "x", "か", "中", "〇", "⺀", "\u0301", "7", " ", "\n", "'", "s"],
    "deepseek_v3": ["x", "é", "中", "・", "\u3040", "\u0301", "7", " ", "\n", "!", "\x01"],
}
CONTRACTIONS = ["'", "s", "S", "ſ", "t", "l", "L", "e", "v", "r", "A", "中", " ", "1"]


@pytest.fixture(params=PATTERNS, ids=[f"{name}-{len(text)}" for name, text in PATTERNS])
def both(request):
    """Two functions from a text to its pieces: ours, in bytes, and that of the library, in str."""
    name, pattern = request.param
    return _core.Splitter(pattern, [], None).pieces, pieces_of(name, pattern)


def pieces_of(name, pattern):
    """Give a function from a text to the matches of a pattern and what lies between them."""
    if name != "deepseek_v3":  # All others match everything.
        return regex.compile(pattern, regex.V1 if "&&" in pattern else 0).findall
    # Without groups, so a split at the matches gives them only where the whole is one group.
    split = regex.compile(f"({pattern})", regex.V1).split
    return lambda text: [piece for piece in split(text) if piece]


def compare(both, texts):
    """Compare the pieces of texts, each by itself: pieces depend on all that is beside them.

    Short texts go by character, longer ones by windows: here all go both ways.
    """
    ours, theirs = both
    n = 0
    for text in texts:
        n += 1
        expected = [piece.encode() for piece in theirs(text)]
        for by_windows in (False, True):
            pieces = ours(text, by_windows=by_windows)
            assert pieces == expected, (text, by_windows)
    return n


def strings(alphabet, length):
    return map("".join, itertools.product(alphabet, repeat=length))


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_all_short_strings(both, length):
    assert compare(both, strings(REPRESENTATIVES, length)) == len(REPRESENTATIVES) ** length


def test_all_strings_of_four(both):
    # Without the letters that contractions alone are about: those have a test of their own.
    # Nor those that only a grammar with classes of its own tells apart.
    alphabet = [c for c in REPRESENTATIVES if c not in "tlervSſか・\u3040〇⺀"]
    assert compare(both, strings(alphabet, 4)) == len(alphabet) ** 4


def test_all_strings_of_five_of_the_fewest_classes(both, request):
    classes = MORE_CLASSES.get(request.node.callspec.id.rpartition("-")[0], CLASSES)
    assert compare(both, strings(classes, 5)) == len(classes) ** 5


def test_all_contractions(both):
    texts = (f"{before}'{rest}" for before in ("", "x", "中", " ", "7")
             for rest in strings(CONTRACTIONS, 3))  # fmt: skip
    assert compare(both, texts) == 5 * len(CONTRACTIONS) ** 3


def test_a_sample_of_longer_strings(both):
    # The same in every run: a hundred thousandth of the strings of six, and fewer of the others.
    rng = random.Random(16)
    texts = ["".join(rng.choices(REPRESENTATIVES, k=rng.randint(4, 6))) for _ in range(30_000)]
    texts += ["".join(rng.choices(CLASSES, k=rng.randint(6, 16))) for _ in range(30_000)]
    compare(both, texts)


def assigned():
    """All characters that this Python's Unicode, which is no newer than 16, has assigned."""
    if unicodedata.unidata_version > "16.0.0":
        pytest.skip(f"needs Unicode 16 or older, found {unicodedata.unidata_version}")
    return [
        chr(c)
        for c in range(0x110000)
        if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co") and c != 0x295
    ]


def test_every_assigned_character(both):
    # In a text of its own, so that one wrong class is seen whatever it is.
    rng = random.Random(17)
    characters = assigned()
    compare(both, (f"A{c}a" for c in rng.sample(characters, 30_000)))
    compare(both, (f"1{c} !{c}\n" for c in rng.sample(characters, 30_000)))


@pytest.mark.parametrize("seed", range(3))
def test_long_random_texts(both, seed):
    rng = random.Random(seed)
    characters = assigned()
    alphabet = REPRESENTATIVES * 20 + rng.sample(characters, 500)
    texts = []
    for _ in range(30):
        few = rng.sample(alphabet, 12)
        # Runs: a character often stands twice.
        texts.append("".join(rng.choice(few) * rng.choice([1, 1, 1, 2, 5]) for _ in range(2000)))
    compare(both, texts)


WHOLE = ["a", "A", "'s", " ", "\n", "7", "中", "!", " a"]
BROKEN = [b"\xff", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x99"]
STAND_IN = "\ufffe"


def test_ill_formed_bytes(both):
    # Each maximal ill-formed sequence is one character of no class. A noncharacter stands for it,
    # so that the library can say where the pieces end.
    ours, theirs = both
    rng = random.Random(18)
    for _ in range(5000):
        parts = []
        for _ in range(rng.randint(1, 6)):
            # Never two side by side: together they could be something else.
            parts += [
                rng.choice(BROKEN),
                rng.choice(["a", "A", "'s", " ", "\n", "7", "中", "!", " a"]),
            ]
        parts = parts[rng.randint(0, 1) :]
        broken = iter([part for part in parts if isinstance(part, bytes)])
        text = "".join(STAND_IN if isinstance(part, bytes) else part for part in parts)
        expected = [
            b"".join(next(broken) if c == STAND_IN else c.encode() for c in piece)
            for piece in theirs(text)
        ]
        data = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        assert ours(data) == ours(data, by_windows=True) == expected
