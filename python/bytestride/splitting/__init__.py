"""A pattern and added tokens as the core's splitter; patterns it does not know go to `regex`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bytestride import _core
from bytestride.definition import AddedToken, Definition, SourceKind
from bytestride.stages import Digits, Pattern, Punctuation, SpaceBefore, Split

if TYPE_CHECKING:
    from bytestride.splitting.pattern_syntax import Dialect

DIALECTS: Final[Mapping[SourceKind, Dialect]] = MappingProxyType(
    {
        "tokenizer.json": "oniguruma",
        "vocab.json": "oniguruma",
        "tiktoken": "rust",
        "tekken.json": "rust",
    }
)
"""How the patterns of each format are read, by the engines of those who made it."""

KNOWN_PATTERNS = frozenset(pattern for _, pattern in _core.known_patterns())


def splitter_of(definition: Definition, *, stacklevel: int) -> _core.Splitter:
    """Make the splitter of a tokenizer, its pattern read as where it came from reads it."""
    return make_splitter(
        definition.pattern,
        definition.added_tokens,
        normalizer=definition.normalizer,
        dialect=DIALECTS[definition.source.kind] if definition.source else None,
        stacklevel=stacklevel + 1,
    )


def make_splitter(
    pattern: Pattern,
    added_tokens: Iterable[AddedToken],
    *,
    normalizer: str | None = None,
    dialect: Dialect | None = None,
    stacklevel: int | None,
) -> _core.Splitter:
    """Make a splitter from the text of a regular expression, or from stages.

    Parameters
    ----------
    pattern, added_tokens, normalizer
        As in a `Definition`.
    dialect
        How to read what regular expression engines read differently; without one such a pattern is
        refused.
    stacklevel
        Whose call a warning shows, as in `warnings.warn`; None for no warning.

    Warns
    -----
    UserWarning
        The pattern is none of the grammars that the core scans itself: it is followed exactly, but
        slowly and on one thread.

    Raises
    ------
    ValueError
        The pattern does not compile, or holds what cannot be followed exactly.
    """
    rows = [
        (t.content, t.id, t.special, t.lstrip, t.rstrip, t.single_word, t.normalized)
        for t in added_tokens
    ]
    foreign: list[str] = []
    stages: list[str | Callable[[str], Iterable[int]] | tuple[str, str]] = []
    for stage in (Split(pattern),) if isinstance(pattern, str) else pattern:
        match stage:
            case Split(text, "isolated") if text in KNOWN_PATTERNS:
                stages.append(text)
            case Split(text, behavior):
                from bytestride.splitting.external_pattern import compile_pattern

                stages.append(compile_pattern(text, dialect=dialect, behavior=behavior))
                foreign.append(text)
            case Digits(individual):
                stages.append(("digits", "isolated" if individual else "contiguous"))
            case Punctuation(behavior):
                stages.append(("punctuation", behavior))
            case SpaceBefore():
                stages.append(("space_before", ""))
    splitter = _core.Splitter(stages, rows, normalizer)
    if foreign and stacklevel is not None:
        warnings.warn(
            f"the pattern {' and '.join(map(repr, foreign))} is not one that bytestride scans "
            "itself; it goes through the regex package, exactly but slowly and on one thread",
            stacklevel=stacklevel + 1,
        )
    return splitter
