"""Patterns outside the known grammars: the `regex` library cuts, exactly or not at all.

The library's own classes follow the newest Unicode and change with its releases, so a pattern
reaches it with every class spelled out at Unicode 16 (`pattern_syntax`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from bytestride.errors import shown
from bytestride.splitting.code_point_sets import Ranges
from bytestride.splitting.pattern_syntax import Dialect, rewrite_pattern
from bytestride.stages import Behavior

if TYPE_CHECKING:
    import regex

__all__ = ["compile_matches", "compile_pattern"]

# No text may hang for ever on a pattern that backtracks without end. Usual patterns need well
# below a microsecond a character.
SECONDS_AT_LEAST = 10.0
SECONDS_PER_CHARACTER = 1e-4
# Of each behavior: whether a piece is a match, and the next one, where the two are made one.
JOINED: dict[Behavior, tuple[bool, bool] | None] = {
    "isolated": None,
    "contiguous": (True, True),
    "merged_with_previous": (False, True),
    "merged_with_next": (True, False),
}


def compile_pattern(
    pattern: str,
    *,
    dialect: Dialect | None = None,
    behavior: Behavior = "isolated",
    category_ranges: Callable[[str], Ranges] | None = None,
) -> Callable[[str], list[int]]:
    r"""Return a function that cuts a text into pieces as a regular expression says.

    The pieces are the matches and, between them, what is not matched; an empty match only cuts.
    This is what Hugging Face's `Split(Regex(pattern), "isolated")` does; for the other behaviors,
    pieces are then made one. (tiktoken drops what its
    pattern does not match.) No piece is empty, and all of them together are the text.

    The time is linear in the text for sane patterns. One that backtracks without end, such as
    `(?:a|aa)+[bc]`, is stopped after 10 s and 0.1 ms a character.

    Parameters
    ----------
    pattern
        A regular expression as tokenizers write them. Classes are those of Unicode 16: general
        categories (`\p{Lu}`, `\P{N}`, `\p{^Letter}`), `\s` (White_Space), `\d` (Nd), brackets of
        them, in which a nested bracket adds its members. `(?i:...)` may hold ASCII characters only.
    dialect
        Where the pattern comes from, which settles what `^`, `$`, `{1,3}+` and `(?i:ss)` mean:
        "rust" for tiktoken's, "oniguruma" for a `tokenizer.json`. None refuses those.
    behavior
        Anything but "isolated" needs a pattern that cannot match an empty text.
    category_ranges
        From the name of a general category, or "White_Space", to inclusive ranges of code points;
        the core's own where it is None.

    Returns
    -------
    Callable[[str], list[int]]
        From a text to the ascending ends of its pieces, in characters; the last is `len(text)`, and
        an empty text has none. It raises ValueError where the time ran out.

    Raises
    ------
    ValueError
        The pattern is malformed, or holds what cannot be kept exactly; the message names the
        construct, its offset and what would work.
    """
    compiled, can_be_empty = _compile(pattern, dialect, category_ranges)
    joined = JOINED[behavior]
    if joined and can_be_empty:
        raise ValueError(
            f"pattern {shown(pattern)} may match an empty text, which is followed only where "
            f"matches are isolated, not {behavior}; let it need a character"
        )

    def piece_ends(text: str) -> list[int]:
        ends: list[int] = []
        are_matches: list[bool] = []
        last = 0
        for start, end in _matches(compiled, pattern, text):
            if start > last:
                ends.append(start)
                are_matches.append(False)
            if end > start:
                ends.append(end)
                are_matches.append(True)
            last = end
        if last < len(text):
            ends.append(len(text))
            are_matches.append(False)
        if joined is None or not ends:
            return ends
        sides = pairwise(are_matches)
        kept = [end for end, side in zip(ends, sides, strict=False) if side != joined]
        return [*kept, len(text)]

    return piece_ends


def compile_matches(
    pattern: str, *, dialect: Dialect | None = None
) -> Callable[[str], list[tuple[int, int]]]:
    """Return a function that finds the matches of a regular expression and leaves out the rest.

    This is how tiktoken cuts. An empty match is one, except where the match before it ends.
    Otherwise, errors too, as `compile_pattern`.

    Returns
    -------
    Callable[[str], list[tuple[int, int]]]
        From a text to the begin and end of each match, in characters.
    """
    compiled, _ = _compile(pattern, dialect, None)

    def match_spans(text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        last = -1
        for start, end in _matches(compiled, pattern, text):
            if end > start or start != last:
                spans.append((start, end))
            last = end
        return spans

    return match_spans


def _compile(
    pattern: str, dialect: Dialect | None, category_ranges: Callable[[str], Ranges] | None
) -> tuple[regex.Pattern[str], bool]:
    """Compile a pattern, and tell whether it may match an empty text."""
    if category_ranges is None:
        return _compile_once(pattern, dialect)
    import regex

    rewritten, can_be_empty = rewrite_pattern(pattern, dialect, category_ranges)
    try:
        return regex.compile(rewritten, flags=regex.V1), can_be_empty
    except (regex.error, MemoryError, OverflowError, RecursionError) as error:
        # MemoryError, also with memory enough: a minimal length of more than 2^31 characters.
        why = str(error) or "it is too large for the regex package"
        raise ValueError(f"pattern {shown(pattern)} does not compile: {why}") from error


@lru_cache(maxsize=64)
def _compile_once(pattern: str, dialect: Dialect | None) -> tuple[regex.Pattern[str], bool]:
    return _compile(pattern, dialect, _category_ranges)


@cache
def _category_ranges(name: str) -> Ranges:
    from bytestride import _core

    return _core.category_ranges(name)


def _matches(compiled: regex.Pattern[str], pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each match; ValueError where the time ran out."""
    n, last, begin = len(text), 0, 0
    limit = SECONDS_AT_LEAST + SECONDS_PER_CHARACTER * n
    deadline = time.monotonic() + limit
    try:
        while begin <= n:
            left = max(deadline - time.monotonic(), 1e-3)
            for match in compiled.finditer(text, begin, timeout=left):
                start, end = match.span()
                last = end
                yield start, end
                if start == end:
                    # The engines of the originals look on one character further; this library
                    # would try once more at the same place.
                    begin = end + 1
                    break
            else:
                break
    except TimeoutError as error:
        raise ValueError(
            f"pattern {shown(pattern)} did not finish a text of {n} characters in {limit:.0f} s "
            f"and was stopped after character {last}; it backtracks: let each character be matched "
            "in one way only, or make repetitions possessive"
        ) from error
