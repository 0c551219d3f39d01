"""What an `Encoding` is made of: stretches of a text's tokens, special tokens and padding.

A run knows how many tokens it has. All else about them is worked out when it is asked for, so that
an encoding of which only the ids are read costs no more than its ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

Offsets = tuple[int, int]
T = TypeVar("T")


class EncodedInput(Protocol):
    """The tokens of one input sequence, before anything is added to them."""

    def __len__(self) -> int: ...
    @property
    def ids(self) -> list[int]: ...
    @property
    def tokens(self) -> list[str]: ...
    @property
    def offsets(self) -> list[Offsets]: ...
    @property
    def words(self) -> list[int | None]: ...


class Run(Protocol):
    """Some neighbouring tokens of an encoding."""

    @property
    def n(self) -> int: ...
    def ids(self) -> Sequence[int]: ...
    def type_ids(self) -> Sequence[int]: ...
    def tokens(self) -> Sequence[str]: ...
    def words(self) -> Sequence[int | None]: ...
    def offsets(self) -> Sequence[Offsets]: ...
    def special_tokens_mask(self) -> Sequence[int]: ...
    def attention_mask(self) -> Sequence[int]: ...
    def part(self, begin: int, end: int) -> Run: ...
    def of_type(self, type_id: int) -> Run: ...
    def trimmed(self, add_prefix_space: bool) -> Run: ...


class TextRun:
    """Tokens [begin, begin + n) of an input sequence.

    Parameters
    ----------
    source : EncodedInput
    begin, n : int
    type_id : int
    trim : bool or None
        Whether white space at the ends of tokens is taken out of the offsets: None for no; else
        whether the pre-tokenizer puts a space before the text (`add_prefix_space`).
    """

    __slots__ = ("begin", "n", "source", "trim", "type_id")

    def __init__(
        self, source: EncodedInput, begin: int, n: int, type_id: int, trim: bool | None = None
    ) -> None:
        self.source = source
        self.begin = begin
        self.n = n
        self.type_id = type_id
        self.trim = trim

    def _own(self, column: list[T]) -> list[T]:
        """Give the tokens' part of a column of the source; all of it is the column itself."""
        if self.n == len(column):
            return column
        return column[self.begin : self.begin + self.n]

    def ids(self) -> list[int]:
        return self._own(self.source.ids)

    def type_ids(self) -> list[int]:
        return [self.type_id] * self.n

    def tokens(self) -> list[str]:
        return self._own(self.source.tokens)

    def words(self) -> list[int | None]:
        return self._own(self.source.words)

    def offsets(self) -> list[Offsets]:
        offsets = self._own(self.source.offsets)
        if self.trim is None:
            return offsets
        return _all_trimmed(self.tokens(), offsets, self.trim)

    def special_tokens_mask(self) -> list[int]:
        return [0] * self.n

    def attention_mask(self) -> list[int]:
        return [1] * self.n

    def part(self, begin: int, end: int) -> TextRun:
        return TextRun(self.source, self.begin + begin, end - begin, self.type_id, self.trim)

    def of_type(self, type_id: int) -> TextRun:
        return TextRun(self.source, self.begin, self.n, type_id, self.trim)

    def trimmed(self, add_prefix_space: bool) -> TextRun:
        return TextRun(self.source, self.begin, self.n, self.type_id, add_prefix_space)


def _all_trimmed(
    tokens: Sequence[str], offsets: Sequence[Offsets], add_prefix_space: bool
) -> list[Offsets]:
    return [
        _trimmed(token, place, is_first=i == 0, add_prefix_space=add_prefix_space)
        for i, (token, place) in enumerate(zip(tokens, offsets, strict=True))
    ]


def _trimmed(token: str, place: Offsets, *, is_first: bool, add_prefix_space: bool) -> Offsets:
    """Take white space at the ends of a token out of its place.

    The rule is `process_offsets` of byte_level.rs in tokenizers 0.23: a single space at the very
    start is one that the pre-tokenizer put there, where it puts any.
    """
    begin, end = place
    n_leading = _n_spaces(token)
    n_trailing = _n_spaces(reversed(token))
    if n_leading:
        if n_leading == 1 and add_prefix_space and (is_first or begin == 0):
            n_leading = 0
        begin = min(begin + n_leading, end)
    if n_trailing and end >= n_trailing:
        end = max(end - n_trailing, begin)
    return begin, end


def _n_spaces(characters: Iterable[str]) -> int:
    n = 0
    for character in characters:
        # U+0120 is a space in the ByteLevel alphabet. Python also takes the four separators from
        # U+001C on for spaces, which White_Space does not hold.
        if character != "\u0120" and (not character.isspace() or "\x1c" <= character <= "\x1f"):
            break
        n += 1
    return n


@dataclass(frozen=True)
class ConstantRun:
    """Tokens that are in no text: special tokens of a template (attended to), or padding (not)."""

    token_ids: tuple[int, ...]
    names: tuple[str, ...]
    type_id: int
    attention: int

    @property
    def n(self) -> int:
        return len(self.token_ids)

    def ids(self) -> Sequence[int]:
        return self.token_ids

    def type_ids(self) -> list[int]:
        return [self.type_id] * self.n

    def tokens(self) -> Sequence[str]:
        return self.names

    def words(self) -> list[int | None]:
        return [None] * self.n

    def offsets(self) -> list[Offsets]:
        return [(0, 0)] * self.n

    def special_tokens_mask(self) -> list[int]:
        return [1] * self.n

    def attention_mask(self) -> list[int]:
        return [self.attention] * self.n

    def part(self, begin: int, end: int) -> ConstantRun:
        return ConstantRun(
            self.token_ids[begin:end], self.names[begin:end], self.type_id, self.attention
        )

    def of_type(self, type_id: int) -> ConstantRun:
        return replace(self, type_id=type_id)

    def trimmed(self, add_prefix_space: bool) -> ColumnRun:
        return ColumnRun.of(self).trimmed(add_prefix_space)


class ColumnRun:
    """Tokens of which everything is written out: read from a pickle, or with moved offsets."""

    COLUMNS = (
        "ids",
        "type_ids",
        "tokens",
        "words",
        "offsets",
        "special_tokens_mask",
        "attention_mask",
    )

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.n = len(columns["ids"])

    @classmethod
    def of(cls, run: Run) -> ColumnRun:
        """Write out another run."""
        return cls({name: list(getattr(run, name)()) for name in cls.COLUMNS})

    def ids(self) -> list[int]:
        return self._columns["ids"]

    def type_ids(self) -> list[int]:
        return self._columns["type_ids"]

    def tokens(self) -> list[str]:
        return self._columns["tokens"]

    def words(self) -> list[int | None]:
        return self._columns["words"]

    def offsets(self) -> list[Offsets]:
        return self._columns["offsets"]

    def special_tokens_mask(self) -> list[int]:
        return self._columns["special_tokens_mask"]

    def attention_mask(self) -> list[int]:
        return self._columns["attention_mask"]

    def part(self, begin: int, end: int) -> ColumnRun:
        return ColumnRun({name: column[begin:end] for name, column in self._columns.items()})

    def of_type(self, type_id: int) -> ColumnRun:
        return ColumnRun(self._columns | {"type_ids": [type_id] * self.n})

    def trimmed(self, add_prefix_space: bool) -> ColumnRun:
        offsets = _all_trimmed(self.tokens(), self.offsets(), add_prefix_space)
        return ColumnRun(self._columns | {"offsets": offsets})
