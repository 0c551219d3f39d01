"""The special and added tokens that transformers keeps beside a vocabulary.

In `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, in the ways of
transformers (`tokenization_utils_base.py`, 5.24): where the first lists added tokens with their
ids, it says all, and otherwise the other two are read, too.
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
        tokens.append(_read(as_object(entry, path), path, int(key)))
    return sorted(tokens, key=lambda token: token.id)


def _read(node: dict[str, Any], path: str, token_id: int, **known: bool) -> AddedToken:
    special = known.get("special", field(node, "special", bool, path, default=False))
    defaults = dict.fromkeys(_FLAGS, False) | {"normalized": not special}
    flags = {name: field(node, name, bool, path, default=defaults[name]) for name in _FLAGS}
    return AddedToken(field(node, "content", str, path), token_id, special=special, **flags)


def tokens_said_to_be_special(config: Mapping[str, Any]) -> Iterator[AddedToken]:
    """Yield what the file says is special, those of roles and lists of more; all with id 0."""
    for name in _NAMED:
        value = config.get(f"{name}_token")
        if value is not None:
            yield _special(value, f"{name}_token")
    for name in _LISTS:
        values = config.get(name) or []
        if isinstance(values, dict):  # by roles of their own
            values = list(values.values())
        if not isinstance(values, list):
            raise FormatError(f"{name} must be an array, not {shown(values)}")
        for i, value in enumerate(values):
            yield _special(value, f"{name}[{i}]")


def _special(value: object, path: str) -> AddedToken:
    if isinstance(value, str):
        return AddedToken(value, 0)
    return _read(as_object(value, path), path, 0, special=True)


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
