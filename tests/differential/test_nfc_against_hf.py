"""NFC of the core against that of Hugging Face's tokenizers, character by character and mixed."""

import random
import re

import pytest

from bytestride import _core

tokenizers = pytest.importorskip("tokenizers")
hf_nfc = tokenizers.normalizers.NFC().normalize_str

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
# Those that the reference changes, and the parts of which it makes them.
CHANGED = [c for c in CODE_POINTS if hf_nfc(chr(c)) != chr(c)]
LATIN_GREEK_AND_INDIC = [
    c for block in ((0xC0, 0x180), (0x370, 0x400), (0x900, 0x0E00), (0x1E00, 0x2000))
    for c in range(*block)
]  # fmt: skip
MARKS = [*range(0x300, 0x370), 0x5B0, 0x5B4, 0x64B, 0x93C, 0x94D, 0x9BE, 0x9D7, 0xE38, 0xE48,
         0x1ABF, 0x3099, 0x11127, 0x11930, 0x1D165]  # fmt: skip
HANGUL = [0x1100, 0x1112, 0x1113, 0x1161, 0x1175, 0x1176, 0x11A7, 0x11A8, 0x11C2, 0x11C3,
          0xAC00, 0xAC01, 0xD7A3]  # fmt: skip


def ours(text):
    return _core.normalize_nfc(text).decode()


def test_every_character_between_a_letter_and_marks():
    for start in range(0, len(CODE_POINTS), 4096):
        text = "".join(f"a{chr(c)}\u0301\u0323" for c in CODE_POINTS[start : start + 4096])
        assert ours(text) == hf_nfc(text)


def test_every_character_alone():
    for start in range(0, len(CODE_POINTS), 4096):
        text = "\n".join(map(chr, CODE_POINTS[start : start + 4096]))
        assert ours(text) == hf_nfc(text)


def test_letters_with_each_mark():
    for mark in MARKS:
        text = "\n".join(chr(c) + chr(mark) for c in [*LATIN_GREEK_AND_INDIC, *HANGUL])
        assert ours(text) == hf_nfc(text)


def test_hangul():
    text = "\n".join(
        chr(lead) + chr(vowel) + chr(tail)
        for lead in range(0x10FF, 0x1115)
        for vowel in range(0x1160, 0x1178)
        for tail in range(0x11A6, 0x11C5)
    )
    assert ours(text) == hf_nfc(text)


@pytest.mark.parametrize("seed", range(4))
def test_random_mixtures(seed):
    rng = random.Random(seed)
    pool = [*LATIN_GREEK_AND_INDIC, *MARKS * 5, *HANGUL * 20, *CHANGED, 0x20, 0x4E2D, 0x1F600]
    for _ in range(5000):
        few = rng.choices(pool, k=5)
        text = "".join(chr(rng.choice(few)) for _ in range(rng.randint(1, 24)))
        assert ours(text) == hf_nfc(text), ascii(text)


def test_ill_formed_bytes_stay_and_separate():
    rng = random.Random(7)
    alphabet = b"Ae\xcc\x81\xa3\xe4\xb8\xad\xff\xed\xa0\xf0\x9f\xe1\x84\x80"
    for _ in range(5000):
        data = bytes(rng.choices(alphabet, k=rng.randint(1, 20)))
        parts = re.split("([\udc80-\udcff]+)", data.decode(errors="surrogateescape"))
        expected = [
            (part if i % 2 else hf_nfc(part)).encode(errors="surrogateescape")
            for i, part in enumerate(parts)
        ]
        assert _core.normalize_nfc(data) == b"".join(expected), data
