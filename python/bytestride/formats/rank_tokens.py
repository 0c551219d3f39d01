"""Tokens by tiktoken's rule, whatever file or object they come from, as a definition."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bytestride.definition import AddedToken, Definition, Source
from bytestride.errors import FormatError, shown
from bytestride.token_map import TokenMap

MAX_SQUARED_BYTES = 2**29
"""Of the lengths of all tokens, each squared, in bytes: one token of 23 kB, or a million of 23 B.

What merges to a token is found by trying, in a time that grows so where ids do not stand in the
order of the merges; this bounds it to seconds. "o200k" has 1/30 of it.
"""


def ranked_definition(
    tokens: TokenMap,
    pattern: str,
    added_tokens: Iterable[AddedToken],
    *,
    source: Source | None,
    normalizer: str | None = None,
    name: str | None = None,
) -> Definition:
    """Make the definition of a tokenizer that merges as tiktoken does.

    Raises
    ------
    FormatError
        The tokens are too long.
    ValueError
        They make no tokenizer.
    """
    _, offsets, ids = tokens.arrays()
    lengths = np.diff(offsets)
    squared = int((lengths * lengths).sum())  # below 2^63 for what a file may have
    if squared > MAX_SQUARED_BYTES:
        longest = int(lengths.argmax())
        raise FormatError(
            f"the tokens are too long to find their merges: the squares of their lengths are "
            f"{squared:,} together and at most {MAX_SQUARED_BYTES:,} is taken; the longest has "
            f"{int(lengths[longest]):,} bytes, id {int(ids[longest])}, "
            f"{shown(tokens[int(ids[longest])])}"
        )
    return Definition(
        tokens=tokens,
        merges=None,
        pattern=pattern,
        added_tokens=tuple(added_tokens),
        whole_pieces=True,
        normalizer=normalizer,
        source=source,
        name=name,
    )
