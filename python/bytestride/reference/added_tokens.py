"""Texts that become one id: a text is cut at them before it is split."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import regex

from bytestride.definition import AddedToken


def split_at_special_tokens(
    data: bytes, special_tokens: Collection[str]
) -> tuple[list[bytes], list[str]]:
    """Cut bytes at special tokens: the leftmost first and, of those that start there, the longest.

    Gives the segments before, between and behind them, some perhaps empty, and the special tokens
    that were found, one fewer.
    """
    if not special_tokens:
        return [data], []
    if "" in special_tokens:
        raise ValueError("a special token must not be empty")
    longest_first = sorted((token.encode() for token in special_tokens), key=len, reverse=True)
    alternatives = b"|".join(re.escape(token) for token in longest_first)
    pieces = re.split(b"(" + alternatives + b")", data)
    return pieces[0::2], [token.decode() for token in pieces[1::2]]


_WHITE_SPACE = r"\p{White_Space}*"
_WORD_CHARACTER = r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]"


class Segment(NamedTuple):
    """A part of some bytes, and where it begins; of an added token, or None for a text between."""

    data: bytes
    begin: int
    token: AddedToken | None


def find_added_tokens(data: bytes, tokens: Mapping[bytes, AddedToken]) -> list[Segment]:
    """Cut bytes at added tokens, with their flags; `tokens` says what each is matched by.

    Texts are found as special tokens are. One with `single_word` counts only where no word
    character stands beside it. One with `lstrip` or `rstrip` takes the white space on that side,
    but on the left none that was taken before. A text may stand in the white space that the one
    before it took: then both count, unless nothing is left of the second, and what follows the
    second is text again.
    """
    if not tokens:
        return [Segment(data, 0, None)] if data else []
    longest_first = sorted(tokens, key=len, reverse=True)
    segments = []
    done = 0
    for match in re.finditer(b"|".join(map(re.escape, longest_first)), data):
        begin, end = match.span()
        token = tokens[match.group()]
        before = data[:begin].decode(errors="replace")
        after = data[end:].decode(errors="replace")
        if token.single_word and (
            regex.search(_WORD_CHARACTER + r"\Z", before) or regex.match(_WORD_CHARACTER, after)
        ):
            continue
        if token.lstrip:
            white = regex.search(_WHITE_SPACE + r"\Z", before).group()
            begin = max(begin - len(white.encode()), done)
        if token.rstrip:
            end += len(regex.match(_WHITE_SPACE, after).group().encode())
        if begin >= end:
            continue
        if done < begin:
            segments.append(Segment(data[done:begin], done, None))
        segments.append(Segment(data[begin:end], begin, token))
        done = end
    if done < len(data):
        segments.append(Segment(data[done:], done, None))
    return segments


def split_at_added_tokens(
    data: bytes, tokens: Iterable[AddedToken], normalise: Callable[[bytes], bytes]
) -> list[Segment]:
    """Cut bytes at added tokens in two rounds, as Hugging Face does; the text comes normalised.

    First those that are not `normalized`, in the text as it is; then, in each normalised stretch
    between them, the others, by their normalised content. Where a segment begins has a meaning only
    if the normaliser leaves the bytes as they are.
    """
    tokens = list(tokens)
    first = {token.content.encode(): token for token in tokens if not token.normalized}
    second = {normalise(token.content.encode()): token for token in tokens if token.normalized}
    segments = []
    for segment in find_added_tokens(data, first):
        if segment.token is not None:
            segments.append(segment)
            continue
        for inner in find_added_tokens(normalise(segment.data), second):
            segments.append(inner._replace(begin=segment.begin + inner.begin))
    return segments
