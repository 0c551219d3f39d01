"""JSON as our formats take it: strict where Python's reader is lax, and bounded.

Refused, beside what is no JSON: numbers that are no numbers (NaN, Infinity, 1e400), integers of
more digits than any id has, a key that stands twice in an object, lone surrogates, and nesting that
Python cannot follow.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from bytestride.errors import FormatError, shown

MAX_DIGITS: Final = 20
"""Of an integer: 64 bits. Python turns longer ones into numbers in quadratic time, or not at all.
"""

# An escape: two that are the halves of one character, half a character alone, or any other. So
# backslashes are paired as a reader pairs them.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89ABab][0-9A-Fa-f]{2}\\u[dD][C-Fc-f][0-9A-Fa-f]{2}"
    rb"|(u[dD][89A-Fa-f][0-9A-Fa-f]{2})|.)",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89A-Fa-f]")


def parse_json(data: bytes) -> object:
    """Read a JSON document.

    Raises
    ------
    FormatError
        It is none, or holds what is refused; the message says where, without the file's name.
    """
    if not data:
        raise FormatError("the file is empty")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 text at byte {error.start}") from None
    _check_surrogates(data)
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise FormatError(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise FormatError("JSON nested too deeply to be a tokenizer") from None
    return value


def _check_surrogates(data: bytes) -> None:
    """Refuse an escape that is half a character, as every other reader of these files does."""
    if not _SURROGATE.search(data):
        return
    for match in _ESCAPE.finditer(data):
        if match[1]:
            raise FormatError(f"a lone surrogate, half a character, at byte {match.start()}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise FormatError(f"the key {shown(key)} stands twice in one object")
            seen.add(key)
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise FormatError(f"the number {text[:MAX_DIGITS]}... has {len(text)} digits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FormatError(f"the number {shown(text)} is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise FormatError(f"{text} is no JSON number")


def compact(value: object) -> str:
    """Write JSON as tokenizers 0.23 does by default: without white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
