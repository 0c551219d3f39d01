"""A token's bytes as people can see them."""

from __future__ import annotations

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
