"""The special and added tokens that transformers keeps beside a vocabulary.

In `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`; all of them say the
same in different ways, and the first that gives a token an id is taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bytestride.definition import AddedToken
from bytestride.errors import FormatError, shown
from bytestride.formats.json_fields import as_object, field

_FLAGS: Final = ("lstrip", "rstrip", "single_word", "normalized")
_NAMED: Final = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_LISTS: Final = ("additional_special_tokens", "extra_special_tokens")


def added_tokens_decoder(config: Mapping[str, Any]) -> list[AddedToken]:
    """Read the entries of `added_tokens_decoder`, ascending by id."""
    tokens = []
    entries = field(dict(config), "added_tokens_decoder", dict, default={})
    for key, entry in entries.items():
        path = f"added_tokens_decoder[{shown(key)}]"
        if not re.fullmatch(r"[0-9]{1,10}", key):
            raise FormatError(f"{path} is no id")
        node = as_object(entry, path)
        flags = {name: field(node, name, bool, path, default=False) for name in _FLAGS}
        special = field(node, "special", bool, path, default=False)
        content = field(node, "content", str, path)
        tokens.append(AddedToken(content, int(key), special=special, **flags))
    return sorted(tokens, key=lambda token: token.id)


def special_contents(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the contents that the file says are special: those of roles, and lists of more."""
    for name in _NAMED:
        value = config.get(f"{name}_token")
        if value is not None:
            yield _content(value, f"{name}_token")
    for name in _LISTS:
        values = config.get(name) or []
        if isinstance(values, dict):  # by roles of their own
            values = list(values.values())
        if not isinstance(values, list):
            raise FormatError(f"{name} must be an array, not {shown(values)}")
        for i, value in enumerate(values):
            yield _content(value, f"{name}[{i}]")


def _content(value: object, path: str) -> str:
    if isinstance(value, str):
        return value
    return field(as_object(value, path), "content", str, path)


def write_decoder(tokens: tuple[AddedToken, ...]) -> dict[str, Any]:
    """Write `added_tokens_decoder`, which holds all that an added token has."""
    return {
        str(token.id): {
            "content": token.content,
            **{name: getattr(token, name) for name in _FLAGS},
            "special": token.special,
        }
        for token in sorted(tokens, key=lambda token: token.id)
    }
