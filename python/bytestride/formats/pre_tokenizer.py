"""The pre-tokenizer of a `tokenizer.json`: read as a pattern, and written from one.

Read are `Split`, `Digits` and `Punctuation`, as many as there are, and then `ByteLevel`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bytestride.errors import FormatError
from bytestride.formats.json_fields import ELSEWHERE, MAX_PATH_CHARS, as_object, field, unsupported
from bytestride.formats.regex_dialect import from_hugging_face, to_hugging_face
from bytestride.published import PATTERNS
from bytestride.stages import (
    MAX_STAGES,
    SEQUENCES,
    Behavior,
    Digits,
    Pattern,
    Punctuation,
    SpaceBefore,
    Split,
    Stage,
    check_pattern,
)

if TYPE_CHECKING:
    from bytestride.splitting.pattern_syntax import Dialect

_GPT2: Final = Split(PATTERNS["gpt2"])
_BEHAVIORS: Final[dict[str, Behavior]] = {
    "Isolated": "isolated",
    "Contiguous": "contiguous",
    "MergedWithPrevious": "merged_with_previous",
    "MergedWithNext": "merged_with_next",
}
_BEHAVIOR_NAMES: Final = {behavior: name for name, behavior in _BEHAVIORS.items()}


def read_pattern(value: object) -> Pattern:
    """Find what a pre-tokenizer splits by.

    Raises
    ------
    FormatError
        It does something that bytestride does not do; the message names it.
    ValueError
        A regular expression in it cannot be kept.
    """
    path = "pre_tokenizer"
    if value is None:
        raise FormatError(f"{path} is null, so this is no byte-level tokenizer. {ELSEWHERE}")
    parts = _flatten(value, path)
    kinds = [field(part, "type", str, at) for part, at in parts]
    if (
        not kinds
        or kinds[-1] != "ByteLevel"
        or set(kinds[:-1]) - {"Split", "Digits", "Punctuation"}
        or len(kinds) > MAX_STAGES
    ):
        shown = kinds if len(kinds) <= 8 else [*kinds[:7], "…", kinds[-1]]
        raise FormatError(
            f"{path} is {' + '.join(shown) or 'empty'}; what is read is ByteLevel, after any of "
            f"Split, Digits and Punctuation, {MAX_STAGES} at most. {ELSEWHERE}"
        )
    stages = tuple(stage for part, at in parts for stage in _read_stages(part, at))
    return check_pattern(stages)


def _flatten(value: object, path: str) -> list[tuple[dict[str, Any], str]]:
    """Give the pre-tokenizers in a sequence, those of sequences in it too, with their paths."""
    waiting = [(as_object(value, path), path)]
    parts = []
    while waiting:
        node, at = waiting.pop()
        if field(node, "type", str, at) != "Sequence":
            parts.append((node, at))
            continue
        if len(at) > MAX_PATH_CHARS:
            raise FormatError(f"{path}: sequences nested too deeply")
        inner = field(node, "pretokenizers", list, at)
        below = [f"{at}.pretokenizers[{i}]" for i in range(len(inner))]
        waiting += [(as_object(inner[i], below[i]), below[i]) for i in reversed(range(len(inner)))]
    return parts


def _read_stages(node: dict[str, Any], path: str) -> list[Stage]:
    kind = node["type"]
    path = path if path == "pre_tokenizer" else f"{path}: {kind}"
    if kind == "Split":
        return [_read_split(node, path)]
    if kind == "Digits":
        return [Digits(field(node, "individual_digits", bool, path))]
    if kind == "Punctuation":
        return [Punctuation(_read_behavior(node, path, default="Isolated"))]
    stages: list[Stage] = [SpaceBefore()] if field(node, "add_prefix_space", bool, path) else []
    return [*stages, _GPT2] if field(node, "use_regex", bool, path, default=True) else stages


def _read_behavior(node: dict[str, Any], path: str, **default: str) -> Behavior:
    behavior = field(node, "behavior", str, path, **default)
    if behavior not in _BEHAVIORS:
        unsupported(behavior, f"{path}.behavior")
    return _BEHAVIORS[behavior]


def _read_split(node: dict[str, Any], path: str) -> Split:
    pattern = field(node, "pattern", dict, path)
    behavior = _read_behavior(node, path)
    if field(node, "invert", bool, path):
        unsupported(True, f"{path}.invert")
    if set(pattern) == {"String"}:
        text = field(pattern, "String", str, f"{path}.pattern")
        # An empty text is found between any two characters.
        return Split(re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text) or "(?:)", behavior)
    if set(pattern) != {"Regex"}:
        unsupported(pattern, f"{path}.pattern")
    text = field(pattern, "Regex", str, f"{path}.pattern")
    return Split(from_hugging_face(text) or "(?:)", behavior)


def write_pattern(pattern: Pattern, dialect: Dialect | None) -> dict[str, Any]:
    """Give the pre-tokenizer of a file for a pattern, which was read in a dialect so far.

    Raises
    ------
    ValueError
        A pre-tokenizer cannot do this.
    """
    if isinstance(pattern, str):
        stages = list(SEQUENCES.get(pattern, (Split(pattern),)))
    else:
        stages = list(pattern)
    # A single pattern is written out, whatever it is.
    use_regex = len(stages) > 1 and stages[-1] == _GPT2
    if use_regex:
        stages.pop()
    add_prefix_space = bool(stages) and stages[-1] == SpaceBefore()
    if add_prefix_space:
        stages.pop()
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": add_prefix_space,
        "trim_offsets": True,
        "use_regex": use_regex,
    }
    written = [_write_stage(stage, dialect) for stage in stages]
    return {"type": "Sequence", "pretokenizers": [*written, byte_level]}


def _write_stage(stage: Stage, dialect: Dialect | None) -> dict[str, Any]:
    match stage:
        case Split(pattern, behavior):
            return {
                "type": "Split",
                "pattern": {"Regex": to_hugging_face(pattern, dialect)},
                "behavior": _BEHAVIOR_NAMES[behavior],
                "invert": False,
            }
        case Digits(individual):
            return {"type": "Digits", "individual_digits": individual}
        case Punctuation(behavior):
            return {"type": "Punctuation", "behavior": _BEHAVIOR_NAMES[behavior]}
        case SpaceBefore():
            raise ValueError(
                "a tokenizer.json puts spaces before pieces only at last, or before the gpt2 "
                "pattern at last; give SpaceBefore that place"
            )
