"""Splits one after the other: what a pattern is where no single regular expression says it.

Each stage cuts every piece of the stage before it as a text of its own, so that a look-ahead sees
the end of the piece. This is what a `Sequence` of pre-tokenizers does in a `tokenizer.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from bytestride.errors import shown
from bytestride.published import PATTERNS

Behavior = Literal["isolated", "contiguous", "merged_with_previous", "merged_with_next"]
"""What becomes of the matches of a split; what lies between two of them is one piece.

isolated: a piece each. contiguous: a piece for each run of them. merged_with_previous: the first of
a run ends the piece before it, the others are a piece each. merged_with_next: the last of a run
begins the piece after it, the others are a piece each.
"""


@dataclass(frozen=True)
class Split:
    """The matches of a regular expression, and what lies between them."""

    pattern: str
    behavior: Behavior = "isolated"


@dataclass(frozen=True)
class Digits:
    """Numbers apart from all else: each character of them, or each run.

    They are category N of Unicode 17, as in tokenizers 0.23, not of Unicode 16, as in patterns.
    """

    individual: bool = False


@dataclass(frozen=True)
class Punctuation:
    """Punctuation as a split: ASCII's, and category P of Unicode 8, as in tokenizers 0.23."""

    behavior: Behavior = "isolated"


@dataclass(frozen=True)
class SpaceBefore:
    """A space put before each piece that does not start with one; it cuts nothing.

    It is part of what is encoded, so decoding gives it, too.
    """


Stage = Split | Digits | Punctuation | SpaceBefore
Pattern = str | tuple[Stage, ...]
"""A regular expression or stages; without a stage, all that lies between added tokens is one piece.
"""

MAX_STAGES: Final = 32  # the core's kMaxStages
MAX_PATTERN_CHARS: Final = 16_384
"""Of a regular expression; the longest that a published tokenizer has is below 500."""

SEQUENCES: Final[Mapping[str, tuple[Stage, ...]]] = MappingProxyType(
    {
        # As the model's own file writes them, with line ends as characters.
        PATTERNS["deepseek_v3"]: (
            Split(r"\p{N}{1,3}"),
            Split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
            Split(
                r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"""
                "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
            ),
        ),
        PATTERNS["starcoder"]: (Digits(individual=True), Split(PATTERNS["gpt2"])),
    }
)
"""Stages by the one expression that is the same as all of them: a grammar, scanned in one pass."""

_GRAMMARS: Final = {stages: text for text, stages in SEQUENCES.items()}


def check_pattern(pattern: object) -> Pattern:
    """Check a pattern and give it its one form: a str wherever one expression says it.

    Raises
    ------
    ValueError
        It is neither a text nor stages, or stages that cannot be followed.
    """
    if not isinstance(pattern, tuple):
        if not isinstance(pattern, str) or not pattern:
            raise ValueError(
                "pattern must be a regular expression text, or a tuple of stages, not "
                f"{shown(pattern)}"
            )
        _check_length(pattern)
        return pattern
    for stage in pattern:
        if not isinstance(stage, Stage):
            raise ValueError(f"pattern must be stages, such as Split or Digits, not {shown(stage)}")
        if isinstance(stage, Split) and (not isinstance(stage.pattern, str) or not stage.pattern):
            text = shown(stage.pattern)
            raise ValueError(f"pattern must be a regular expression text, not {text}")
        if isinstance(stage, Split):
            _check_length(stage.pattern)
        if isinstance(stage, Split | Punctuation) and stage.behavior not in get_args(Behavior):
            names = ", ".join(get_args(Behavior))
            raise ValueError(f"the behavior of a split must be one of {names}, not {shown(stage)}")
    if len(pattern) > MAX_STAGES:
        raise ValueError(f"pattern has {len(pattern)} stages; at most {MAX_STAGES} are followed")
    if pattern.count(SpaceBefore()) > 1:
        raise ValueError("pattern puts a space before each piece twice; leave one of them out")
    if len(pattern) == 1 and isinstance(pattern[0], Split) and pattern[0].behavior == "isolated":
        return pattern[0].pattern
    return _GRAMMARS.get(pattern, pattern)


def _check_length(text: str) -> None:
    if len(text) > MAX_PATTERN_CHARS:
        raise ValueError(
            f"pattern {shown(text)} has {len(text)} characters; at most {MAX_PATTERN_CHARS} are "
            "read"
        )


def as_json(pattern: Pattern) -> str | list[list[str]]:
    """Give a form that JSON can hold, the same for equal patterns only."""
    if isinstance(pattern, str):
        return pattern
    rows = []
    for stage in pattern:
        match stage:
            case Split(text, behavior):
                rows.append(["split", text, behavior])
            case Digits(individual):
                rows.append(["digits", "isolated" if individual else "contiguous"])
            case Punctuation(behavior):
                rows.append(["punctuation", behavior])
            case SpaceBefore():
                rows.append(["space_before", ""])
    return rows
