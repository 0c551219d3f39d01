r"""Patterns between us and Hugging Face's files, whose engine is Oniguruma with Ruby's syntax.

The known patterns mean the same there, but for one: in tiktoken's text of "cl100k", ``\p{N}{1,3}+``
is possessive to tiktoken and a repeated group to Oniguruma, which makes one piece of a whole run of
digits. Other patterns are checked where they are compiled, which refuses what the two read
differently.
"""

from __future__ import annotations

from typing import Final

from bytestride.published import PATTERNS

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


def to_hugging_face(pattern: str) -> str:
    """Turn our pattern into one that means the same in a Hugging Face file."""
    return _CL100K_PORTABLE if pattern == _CL100K else pattern
