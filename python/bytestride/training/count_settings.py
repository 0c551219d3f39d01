"""What word counts depend on beside the text, so that counts that do not belong together are told.

Two texts are counted in the same way if they are cut in the same way: into documents or lines, at
the same special tokens, in the same normal form, by the same pattern.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, get_args

from bytestride.definition import AddedToken
from bytestride.errors import FormatError
from bytestride.published import PATTERNS, resolve_pattern
from bytestride.stages import (
    Digits,
    Pattern,
    Punctuation,
    SpaceBefore,
    Split,
    Stage,
    as_json,
    check_pattern,
)

Unit = Literal["document", "line"]
SpecialsInText = Literal["drop", "hf", "text"]

_PATTERN_NAMES: Final = {text: name for name, text in PATTERNS.items()}


@dataclass(frozen=True)
class CountSettings:
    """How a text is cut into the words that are counted.

    Attributes
    ----------
    pattern : str or tuple of stages
        A regular expression or the name of a known one, or stages (`bytestride.stages`).
    unit : {"document", "line"}
        What no word crosses: a text of the source, or each line of one with its newline, as in
        Hugging Face's ``train(files)``.
    special_tokens : tuple of str
        Texts that are cut out before any splitting; sorted. None where `specials_in_text` is
        "text", for then they change nothing.
    specials_in_text : {"drop", "hf", "text"}
        A special token that stands in the text is not counted ("drop"); is counted as a word, as
        Hugging Face's trainer does with tokens that were added before the training ("hf"); or is
        text like any other ("text").
    normalizer : "NFC" or None
        Normal form of the text.

    Raises
    ------
    ValueError
        A part is none of these; a special token is empty or stands twice.
    """

    pattern: Pattern
    unit: Unit = "document"
    special_tokens: tuple[str, ...] = ()
    specials_in_text: SpecialsInText = field(default="drop")
    normalizer: str | None = None

    def __post_init__(self) -> None:
        pattern = self.pattern
        pattern = check_pattern(pattern) if isinstance(pattern, tuple) else resolve_pattern(pattern)
        object.__setattr__(self, "pattern", pattern)
        for name, kinds in (("unit", Unit), ("specials_in_text", SpecialsInText)):
            if getattr(self, name) not in get_args(kinds):
                known = " or ".join(map(repr, get_args(kinds)))
                raise ValueError(f"{name} must be {known}, not {getattr(self, name)!r}")
        if self.normalizer not in (None, "NFC"):
            raise ValueError(f"normalizer must be None or 'NFC', not {self.normalizer!r}")
        special_tokens = check_special_tokens(self.special_tokens)
        if self.specials_in_text == "text" or not special_tokens:
            special_tokens = ()
            object.__setattr__(self, "specials_in_text", "text")
        object.__setattr__(self, "special_tokens", tuple(sorted(special_tokens)))

    def added_tokens(self) -> list[AddedToken]:
        """Give the tokens that a splitter cuts out; their ids mean nothing."""
        return [AddedToken(token, i) for i, token in enumerate(self.special_tokens)]

    def to_dict(self) -> dict[str, Any]:
        """Give a form that JSON can hold."""
        return {
            "pattern": as_json(self.pattern),
            "unit": self.unit,
            "special_tokens": list(self.special_tokens),
            "specials_in_text": self.specials_in_text,
            "normalizer": self.normalizer,
        }

    @classmethod
    def from_dict(cls, values: object) -> CountSettings:
        """Read what `to_dict` gave.

        Raises
        ------
        FormatError
            It is something else; the message says what.
        """
        names = [part.name for part in fields(cls)]
        if not isinstance(values, dict) or sorted(values) != sorted(names):
            raise FormatError(f"the settings of counts must have the parts {', '.join(names)}")
        try:
            pattern = _pattern_from_json(values["pattern"])
            special_tokens = tuple(values["special_tokens"])
            return cls(**{**values, "pattern": pattern, "special_tokens": special_tokens})
        except (TypeError, ValueError) as error:
            raise FormatError(f"the settings of counts make no sense: {error}") from None

    def fingerprint(self) -> str:
        """SHA-256, in hex, over all of it; the same on every machine."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(b"bytestride count settings 1\n" + text.encode("ascii")).hexdigest()

    def difference(self, other: CountSettings) -> str:
        """Say in which parts two differ, each with both values; nothing where they are equal."""
        parts = []
        for part in fields(self):
            ours, theirs = getattr(self, part.name), getattr(other, part.name)
            if ours != theirs:
                parts.append(f"{part.name} {_shown(ours)} and {_shown(theirs)}")
        return "; ".join(parts)


def check_special_tokens(special_tokens: Iterable[str]) -> tuple[str, ...]:
    """Check that special tokens are texts, each once.

    Raises
    ------
    TypeError
        One str, or something that is no str.
    ValueError
        One is empty, stands twice or has no UTF-8.
    """
    if isinstance(special_tokens, str):
        raise TypeError("special_tokens must be a list of texts, not one str")
    tokens = tuple(special_tokens)
    for i, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"special tokens must be str, not {type(token).__name__}")
        if not token:
            raise ValueError("a special token must not be empty")
        if token in tokens[:i]:
            raise ValueError(f"special token {token!r} stands twice in the list")
        token.encode()  # a lone surrogate is an error, and says where
    return tokens


def _shown(value: object) -> str:
    if isinstance(value, str) and value in _PATTERN_NAMES:
        return repr(_PATTERN_NAMES[value])
    return repr(value)


def _pattern_from_json(value: object) -> Pattern:
    """Read what `stages.as_json` gave."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise ValueError(f"pattern is {value!r}")
    stages: list[Stage] = []
    for row in value:
        match row:
            case ["split", text, behavior]:
                stages.append(Split(text, behavior))
            case ["digits", "isolated" | "contiguous" as behavior]:
                stages.append(Digits(behavior == "isolated"))
            case ["punctuation", behavior]:
                stages.append(Punctuation(behavior))
            case ["space_before", ""]:
                stages.append(SpaceBefore())
            case _:
                raise ValueError(f"pattern has the stage {row!r}")
    return tuple(stages)
