"""Truncation and padding: their parameters, in the words of calls and of files.

Both are immutable, so that a call keeps those that it started with, whatever other threads set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from bytestride.errors import FormatError
from bytestride.formats.json_fields import as_object, field
from bytestride.tokenizers.checks import MAX_U32, checked_id, checked_size, checked_text
from bytestride.tokenizers.encoding import Encoding

Direction = Literal["left", "right"]
Strategy = Literal["longest_first", "only_first", "only_second"]

_DIRECTIONS: Final[dict[str, Direction]] = {"Left": "left", "Right": "right"}
_STRATEGIES: Final[dict[str, Strategy]] = {
    "LongestFirst": "longest_first",
    "OnlyFirst": "only_first",
    "OnlySecond": "only_second",
}


@dataclass(frozen=True)
class Truncation:
    """How much of an input is kept.

    Attributes
    ----------
    max_length : int
        Tokens, with the special tokens that are added.
    stride : int
        Tokens that an overflowing encoding shares with the one before it.
    strategy : str
        Of a pair: which is cut.
    direction : str
        The end that is cut off.
    """

    max_length: int
    stride: int = 0
    strategy: Strategy = "longest_first"
    direction: Direction = "right"

    @classmethod
    def of(
        cls,
        max_length: int,
        stride: int = 0,
        strategy: str = "longest_first",
        direction: str = "right",
    ) -> Truncation:
        """Check arguments as `enable_truncation` takes them."""
        if strategy not in _STRATEGIES.values():
            raise ValueError(
                f"Unknown `strategy`: `{strategy}`. Use one of `longest_first`, `only_first`, or "
                "`only_second`"
            )
        if direction not in _DIRECTIONS.values():
            raise ValueError(f"Unknown `direction`: `{direction}`. Use one of `left` or `right`.")
        return cls(
            checked_size(max_length),
            checked_size(stride),
            cast("Strategy", strategy),
            cast("Direction", direction),
        )

    @classmethod
    def from_json(cls, value: object) -> Truncation | None:
        """Read what a `tokenizer.json` says."""
        if value is None:
            return None
        node, path = as_object(value, "truncation"), "truncation"
        return cls(
            _json_size(field(node, "max_length", int, path), f"{path}.max_length"),
            _json_size(field(node, "stride", int, path), f"{path}.stride"),
            _named(_STRATEGIES, field(node, "strategy", str, path), f"{path}.strategy"),
            _named(
                _DIRECTIONS,
                field(node, "direction", str, path, default="Right"),
                f"{path}.direction",
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as `Tokenizer.truncation` gives it."""
        return {
            "max_length": self.max_length,
            "stride": self.stride,
            "strategy": self.strategy,
            "direction": self.direction,
        }

    def to_json(self) -> dict[str, Any]:
        """Write it as a file has it."""
        return {
            "direction": self.direction.capitalize(),
            "max_length": self.max_length,
            "strategy": "".join(word.capitalize() for word in self.strategy.split("_")),
            "stride": self.stride,
        }

    def check(self, n_added: int) -> None:
        """Refuse a stride that is longer than what special tokens leave of `max_length`."""
        effective = (self.max_length - n_added) % 2**64
        if effective < self.stride:
            raise ValueError(
                f"tokenizer stride set to {self.stride}, which is greater than or equal to its "
                f"effective max length of {effective} (= {self.max_length} original max length - "
                f"{n_added} added special tokens), "
            )

    def apply(self, encoding: Encoding, pair: Encoding | None, n_added: int) -> None:
        """Cut an input, or both of a pair, so that there is room for `n_added` tokens.

        Raises
        ------
        Exception
            The strategy names a second input and there is none, or one that is too short.
        """
        # The original's subtraction wraps around: with no room for the special tokens alone
        # nothing is cut.
        most = (self.max_length - n_added) % 2**64
        if most == 0:
            encoding.truncate_to(0, self.stride, self.direction)
            if pair is not None:
                pair.truncate_to(0, self.stride, self.direction)
            return
        n_over = len(encoding) + (0 if pair is None else len(pair)) - most
        if n_over <= 0:
            return
        if self.strategy == "longest_first":
            if pair is None:
                encoding.truncate_to(len(encoding) - n_over, self.stride, self.direction)
                return
            n_first, n_second = _shared(len(encoding), len(pair), most)
            encoding.truncate_to(n_first, self.stride, self.direction)
            pair.truncate_to(n_second, self.stride, self.direction)
            return
        target = encoding if self.strategy == "only_first" else pair
        if target is None:
            raise TruncationError("Truncation error: Second sequence not provided")
        if len(target) <= n_over:
            raise TruncationError(
                "Truncation error: Sequence to truncate too short to respect the provided "
                "max_length"
            )
        target.truncate_to(len(target) - n_over, self.stride, self.direction)


class TruncationError(Exception):
    """An input cannot be cut as it should; the original raises a bare `Exception`."""


def _shared(n_first: int, n_second: int, most: int) -> tuple[int, int]:
    """How many tokens of each of a pair are kept, the longer cut first."""
    short, long = sorted((n_first, n_second))
    long = short if short > most else max(short, most - short)
    if short + long > most:
        short = most // 2
        long = short + most % 2
    return (long, short) if n_first > n_second else (short, long)


@dataclass(frozen=True)
class Padding:
    """How encodings are brought to one length.

    Attributes
    ----------
    length : int or None
        Tokens; None for those of the longest of a batch.
    pad_to_multiple_of : int or None
        The length is rounded up to a multiple of this.
    pad_id, pad_type_id, pad_token
        What is put there.
    direction : str
        The end at which it is put.
    """

    length: int | None = None
    pad_to_multiple_of: int | None = None
    pad_id: int = 0
    pad_token: str = "[PAD]"
    pad_type_id: int = 0
    direction: Direction = "right"

    @classmethod
    def of(
        cls,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> Padding:
        """Check arguments as `enable_padding` takes them."""
        if direction not in _DIRECTIONS.values():
            raise ValueError(f"Unknown `direction`: `{direction}`. Use one of `left` or `right`")
        return cls(
            None if length is None else checked_size(length),
            None if pad_to_multiple_of is None else checked_size(pad_to_multiple_of),
            checked_id(pad_id),
            checked_text(pad_token),
            checked_id(pad_type_id),
            cast("Direction", direction),
        )

    @classmethod
    def from_json(cls, value: object) -> Padding | None:
        """Read what a `tokenizer.json` says."""
        if value is None:
            return None
        node, path = as_object(value, "padding"), "padding"
        strategy = node.get("strategy")
        if strategy == "BatchLongest":
            length = None
        elif isinstance(strategy, dict) and set(strategy) == {"Fixed"}:
            fixed = field(strategy, "Fixed", int, f"{path}.strategy")
            length = _json_size(fixed, f"{path}.strategy.Fixed")
        else:
            raise FormatError(
                f'{path}.strategy must be "BatchLongest" or {{"Fixed": n}}, not {strategy!r:.80}'
            )
        multiple = node.get("pad_to_multiple_of")
        if multiple is not None:
            multiple = _json_size(
                field(node, "pad_to_multiple_of", int, path), f"{path}.pad_to_multiple_of"
            )
        return cls(
            length,
            multiple,
            _json_id(field(node, "pad_id", int, path), f"{path}.pad_id"),
            field(node, "pad_token", str, path),
            _json_id(field(node, "pad_type_id", int, path), f"{path}.pad_type_id"),
            _named(_DIRECTIONS, field(node, "direction", str, path), f"{path}.direction"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as `Tokenizer.padding` gives it."""
        return {
            "length": self.length,
            "pad_to_multiple_of": self.pad_to_multiple_of,
            "pad_id": self.pad_id,
            "pad_token": self.pad_token,
            "pad_type_id": self.pad_type_id,
            "direction": self.direction,
        }

    def to_json(self) -> dict[str, Any]:
        """Write it as a file has it."""
        return {
            "strategy": "BatchLongest" if self.length is None else {"Fixed": self.length},
            "direction": self.direction.capitalize(),
            "pad_to_multiple_of": self.pad_to_multiple_of,
            "pad_id": self.pad_id,
            "pad_type_id": self.pad_type_id,
            "pad_token": self.pad_token,
        }

    def width(self, longest: int) -> int:
        """Give the length for a batch whose longest encoding has so many tokens."""
        width = longest if self.length is None else self.length
        if self.pad_to_multiple_of:
            width += -width % self.pad_to_multiple_of
        return width

    def apply(self, encodings: list[Encoding]) -> None:
        """Pad the encodings of a batch."""
        if not encodings:
            return
        width = self.width(max(map(len, encodings)))
        for encoding in encodings:
            encoding.pad_to(width, self.direction, self.pad_id, self.pad_type_id, self.pad_token)


def _json_size(value: int, path: str) -> int:
    if not 0 <= value < 2**63:
        raise FormatError(f"{path} is {value}, outside 0..2^63 - 1")
    return value


def _json_id(value: int, path: str) -> int:
    if not 0 <= value <= MAX_U32:
        raise FormatError(f"{path} is {value}, outside 0..{MAX_U32}")
    return value


def _named(names: Mapping[str, Any], name: str, path: str) -> Any:
    if name not in names:
        raise FormatError(f"{path} must be one of {', '.join(names)}, not {name!r:.80}")
    return names[name]
