"""Lines of JSON objects beside a store (``sources.jsonl``, ``rejects.jsonl``), one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from bytestride.errors import FormatError, shown

LINE_BYTES = 1 << 16
"""The longest line that is read: twice what a path of 4,096 bytes needs, escaped as JSON."""

_REMEDY = "restore the file from a copy, or move it away: the report then goes without it"
MOST_COUNT = 2**63 - 1
"""The largest number that counts anything."""


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a value from JSON is a whole number of at least 0, and no absurd one."""
    return type(value) is int and 0 <= value <= MOST_COUNT  # True is an int too, but no count


class Line:
    """An object that stands in a line of a file, whose members are checked as they are asked for.

    Members that nobody asks for are left alone.
    """

    def __init__(self, path: Path, number: int, members: dict[str, Any]) -> None:
        self._path = path
        self._number = number
        self._members = members

    def text(self, name: str) -> str:
        """Give a member that must be a string.

        Raises
        ------
        FormatError
            If it is not there, or is none.
        """
        value = self._members.get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def count(self, name: str) -> int:
        """Give a member that must be a whole number of at least 0.

        Raises
        ------
        FormatError
            If it is not there, or is none.
        """
        value = self._members.get(name)
        if not is_count(value):
            raise self._wrong(name, "a whole number from 0 to 2**63 - 1")
        return value

    def _wrong(self, name: str, expected: str) -> FormatError:
        found = shown(self._members[name]) if name in self._members else "nothing"
        return broken_line(self._path, self._number, f"{name!r} to be {expected}", found)


def read_lines(path: Path) -> Iterator[Line]:
    """Go through a file; memory is that of one line.

    Raises
    ------
    FormatError
        At the first line that is longer than `LINE_BYTES` or is not a JSON object.
    """
    with path.open("rb") as file:
        decode = json.JSONDecoder().decode
        number = 0
        while raw := file.readline(LINE_BYTES + 1):
            number += 1
            if len(raw) > LINE_BYTES:
                raise broken_line(path, number, f"at most {LINE_BYTES:,} bytes", "more")
            try:
                members = decode(raw.decode())
            except (ValueError, RecursionError) as error:
                raise broken_line(path, number, "a JSON object", _said(error)) from None
            if not isinstance(members, dict):
                raise broken_line(path, number, "a JSON object", shown(members))
            yield Line(path, number, members)


def broken_line(path: Path, number: int, expected: str, found: str) -> FormatError:
    """Make the error for a line that is not what it should be."""
    return FormatError(f"{path}: line {number:,}: expected {expected}, found {found}; {_REMEDY}")


def _said(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are not UTF-8 (byte {error.start} of the line)"
    return f"none ({error})"
