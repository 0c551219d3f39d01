"""Arguments as the original takes them: what it refuses is refused by errors of the same types."""

from __future__ import annotations

from operator import index
from typing import Any, Final

MAX_U32: Final = 2**32 - 1


def checked_size(value: Any) -> int:
    """Give a length or a place as an int; OverflowError below 0, TypeError for anything else."""
    number = index(value)
    if number < 0:
        raise OverflowError("can't convert negative int to unsigned")
    return number


def checked_id(value: Any) -> int:
    """Give an id as an int that 32 bits hold; OverflowError, TypeError for anything else."""
    number = index(value)
    if number < 0:
        raise OverflowError("number too small to fit in target type")
    if number > MAX_U32:
        raise OverflowError("number too large to fit in target type")
    return number


def checked_sequence(values: Any) -> Any:
    """Give back a sequence; TypeError for a text and for what has no items by number."""
    if isinstance(values, str):
        raise TypeError("Can't extract `str` to `Vec`")
    if not hasattr(values, "__getitem__") or isinstance(values, dict):
        raise TypeError(f"'{type(values).__name__}' object is not an instance of 'Sequence'")
    return values


def checked_text(value: Any) -> str:
    """Give back a str; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"'{type(value).__name__}' object is not an instance of 'str'")
    return value
