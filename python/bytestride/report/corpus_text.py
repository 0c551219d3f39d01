"""Names and pieces of text that come from files, as people can read them: on one line, and safe."""

from __future__ import annotations

_MOST = 400


def plain(text: str, n_characters: int = _MOST) -> str:
    r"""Write a text so that all of it can be seen and none of it acts, on one line.

    What `str.isprintable` calls printable, and the space, stay as they are. All else (control
    characters, the signs that turn the direction of writing, separators) is written as ``\x1b``;
    a byte that `os.fsdecode` could not read as ``<FF>``. A text that is too long is cut.
    """
    parts = []
    for character in text[: n_characters + 1]:
        if character == " " or character.isprintable():
            parts.append(character)
        elif "\udc80" <= character <= "\udcff":
            parts.append(f"<{ord(character) - 0xDC00:02X}>")
        else:
            parts.append(character.encode("unicode_escape").decode("ascii"))
    if len(text) > n_characters:
        parts[-1] = "…"
    return "".join(parts)


def counted(n: int, noun: str) -> str:
    """Write a number with its noun: "1 file", "2,000 files"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def ratio(n_bytes: int | None, n_tokens: int) -> float | None:
    """Give bytes per token; None where there is no token, or the bytes are not known."""
    return n_bytes / n_tokens if n_bytes is not None and n_tokens else None


def decimals(number: float | None, n: int = 3) -> str:
    """Write a number that may not be known."""
    return "–" if number is None else f"{number:,.{n}f}"


def percent(share: float) -> str:
    """Write a share; one that is not 0 is not written as 0."""
    return "< 0.01 %" if 0 < share < 0.0001 else f"{100 * share:.2f} %"
