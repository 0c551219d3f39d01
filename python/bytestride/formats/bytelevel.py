"""The ByteLevel alphabet: each byte as one printable character, as GPT-2 wrote its vocabulary.

Bytes that are printable in Latin-1 stand for themselves; the other 68 (controls, space, DEL, 0x80
to 0xA0, soft hyphen) take the characters from U+0100 on, in order. So space is "Ġ" and newline "Ċ".
(Source: `bytes_to_unicode` in GPT-2's encoder.py; `bytes_char` in Hugging Face's byte_level.rs.)
"""

from __future__ import annotations

from codecs import charmap_build, charmap_decode, charmap_encode
from typing import Final


def _alphabet() -> str:
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in printable else next(others)) for byte in range(256))


ALPHABET: Final = _alphabet()
"""The character of each byte, by byte value."""

BYTES_IN_ORDER: Final = bytes(sorted(range(256), key=ALPHABET.__getitem__))
"""The 256 bytes in the order of their characters, which is that of their ids in GPT-2."""

# A byte <-> character table is what Python's charmap codecs are made of, and they run in C.
_ENCODING: Final = charmap_build(ALPHABET)


def to_bytes(text: str) -> bytes:
    """Bytes that a text in the ByteLevel alphabet stands for.

    Raises
    ------
    UnicodeEncodeError
        A character is not in the alphabet; `start` of the error is its index.
    """
    return charmap_encode(text, "strict", _ENCODING)[0]


def to_text(data: bytes) -> str:
    """Write bytes in the ByteLevel alphabet, one character a byte."""
    return charmap_decode(data, "strict", ALPHABET)[0]
