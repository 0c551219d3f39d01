"""A token's bytes as people can see them."""

from __future__ import annotations

import unicodedata

_NAMES = {" ": "·", "\n": "↵", "\r": "␍", "\t": "→", "\u00a0": "⍽"}


def visible(token: bytes) -> str:
    r"""Write a token so that all of it can be seen, on one line.

    Spaces become ``·``, newlines ``↵`` and tabs ``→``; other characters that show nothing are
    written as ``\u200b``, and bytes that are no whole character as ``<E2>``.
    """
    parts = []
    for character in token.decode("utf-8", "surrogateescape"):
        if "\udc80" <= character <= "\udcff":  # a byte that is no character
            parts.append(f"<{ord(character) - 0xDC00:02X}>")
        elif character in _NAMES:
            parts.append(_NAMES[character])
        elif character.isprintable():
            parts.append(character)
        else:
            parts.append(character.encode("unicode_escape").decode("ascii"))
    return "".join(parts)


def short(token: bytes, n_characters: int = 32) -> str:
    """Write a token as `visible` does, but no more of it than fits beside others.

    What begins with a combining mark is given a ``◌`` to stand on, so that the mark does not go to
    what happens to be written before it.
    """
    text = visible(token[: 4 * n_characters])  # a character has 4 bytes at most
    if text and unicodedata.category(text[0]).startswith("M"):
        text = "◌" + text
    cut = len(text) > n_characters or len(token) > 4 * n_characters
    return text[: n_characters - 1] + "…" if cut else text
