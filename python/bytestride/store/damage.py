"""One shape for every message about a damaged store: file, place, expected, found, remedy."""

from __future__ import annotations

from pathlib import Path

from bytestride.errors import FormatError

REWRITE = "write the store again from its source, or restore it from a copy"


def damaged(
    path: Path | str, where: int | str, expected: object, found: object, remedy: str = REWRITE
) -> FormatError:
    """Make the error for a file whose contents are not what they should be.

    Parameters
    ----------
    path
        The file.
    where
        A byte offset, or words for a place that has none.
    expected, found
        What should be there and what is.
    remedy
        What the reader of the message can do.
    """
    place = f"at byte {where}" if isinstance(where, int) else where
    return FormatError(f"{path}: {place}: expected {expected}, found {found}; {remedy}")
