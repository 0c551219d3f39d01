"""Typed access to a parsed JSON document, with the key path in every error."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn, TypeVar

from bytestride.errors import FormatError, shown

T = TypeVar("T")

ELSEWHERE: Final = "bytestride does not do this; the tokenizers library itself can use the file"

MAX_PATH_CHARS: Final = 500
"""Of the path to a member: what may be nested without end is followed no deeper."""

_KINDS: Final[dict[type, str]] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def as_object(value: object, path: str) -> dict[str, Any]:
    """Give back `value`, which must be an object; FormatError names `path` where it is not."""
    if not isinstance(value, dict):
        raise FormatError(f"{path} must be an object, not {_KINDS[type(value)]}")
    return value


def field(
    node: dict[str, Any], key: str, kind: type[T], path: str = "", default: T | None = None
) -> T:
    """Give the value of a key, which must be of the type `kind` exactly (true is no integer).

    A key that is missing or null has the value `default`, where there is one. `path` is that of the
    node, for messages.

    Raises
    ------
    FormatError
        The key is missing or null and has no default, or its value is of another type.
    """
    value = node.get(key)
    path = f"{path}.{key}" if path else key
    if value is None:
        if default is None:
            raise FormatError(f"{path} is missing; it must be {_KINDS[kind]}")
        return default
    if type(value) is not kind:
        raise FormatError(f"{path} must be {_KINDS[kind]}, not {_KINDS[type(value)]}")
    return value


def unsupported(node: object, path: str) -> NoReturn:
    """Refuse what a file asks for, in its own words."""
    try:
        text = json.dumps(node, ensure_ascii=False)
    except RecursionError:
        text = shown(node)
    raise FormatError(f"{path} is {text if len(text) <= 200 else text[:200] + '…'}. {ELSEWHERE}")
