"""A pattern and added tokens as the core's splitter; patterns it does not know go to `regex`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from bytestride import _core
from bytestride.definition import AddedToken

_KNOWN_PATTERNS = frozenset(pattern for _, pattern in _core.known_patterns())


def make_splitter(
    pattern: str, added_tokens: Iterable[AddedToken], *, normalizer: str | None
) -> _core.Splitter:
    """Make a splitter from the text of a regular expression.

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
    rows = [(token.content, token.id, token.special) for token in added_tokens]
    if pattern in _KNOWN_PATTERNS:
        return _core.Splitter(pattern, rows, normalizer)
    from bytestride.external_pattern import compile_pattern

    split = compile_pattern(pattern)
    warnings.warn(
        f"the pattern {pattern!r} is not one that bytestride scans itself; it goes through the "
        "regex package, exactly but slowly and on one thread",
        stacklevel=3,
    )
    return _core.Splitter(split, rows, normalizer)
