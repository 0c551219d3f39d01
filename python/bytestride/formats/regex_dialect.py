r"""Patterns between us, Hugging Face's files (Oniguruma, Ruby's syntax) and tiktoken's (Rust's).

The known patterns mean the same in both, but for one: in tiktoken's text of "cl100k",
``\p{N}{1,3}+`` is possessive to tiktoken and a repeated group to Oniguruma, which makes one piece
of a whole run of digits. Any other pattern is written only where both read it alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bytestride import _core
from bytestride.definition import Source
from bytestride.errors import shown
from bytestride.published import PATTERNS
from bytestride.splitting import DIALECTS

if TYPE_CHECKING:
    from bytestride.splitting.pattern_syntax import Dialect

_CL100K: Final = PATTERNS["cl100k"]
# At the end of an alternative a possessive interval changes no match: nothing there gives back.
_CL100K_PORTABLE: Final = _CL100K.replace("{1,3}+", "{1,3}")


def from_hugging_face(pattern: str) -> str:
    """Turn the pattern of a Hugging Face file into ours; ValueError where that cannot be."""
    if pattern == _CL100K:
        raise ValueError(
            "the pattern is tiktoken's text of cl100k, in which tokenizers reads {1,3}+ as a "
            "repeated group, so that it splits numbers in another way than cl100k; write {1,3}"
        )
    return _CL100K if pattern == _CL100K_PORTABLE else pattern


def to_hugging_face(pattern: str, dialect: Dialect | None) -> str:
    """Turn our pattern into one that means the same in a Hugging Face file.

    `dialect` is how it was read so far. ValueError where it would mean something else there.
    """
    return _CL100K_PORTABLE if pattern == _CL100K else _read_alike(pattern, dialect, "oniguruma")


def to_rust(pattern: str, dialect: Dialect | None) -> str:
    """Give back a pattern that means the same to tiktoken; ValueError where it would not."""
    return _read_alike(pattern, dialect, "rust")


def dialect_of(source: Source | None) -> Dialect | None:
    """How the pattern of what was read from there is read."""
    return None if source is None else DIALECTS[source.kind]


def _read_alike(pattern: str, dialect: Dialect | None, wanted: Dialect) -> str:
    # One that was read nowhere so far means what it will mean there.
    if dialect in (None, wanted) or any(pattern == known for _, known in _core.known_patterns()):
        return pattern
    from bytestride.splitting.pattern_syntax import rewrite_pattern

    read = rewrite_pattern(pattern, dialect, _core.category_ranges)
    if rewrite_pattern(pattern, wanted, _core.category_ranges) != read:
        engines = {"rust": "tiktoken", "oniguruma": "the tokenizers library"}
        raise ValueError(
            f"the pattern {shown(pattern)} means something else to {engines[wanted]}, whose "
            "format this is; write what differs ($, ^ or {n,m}+) in a way that all engines share"
        )
    return pattern
