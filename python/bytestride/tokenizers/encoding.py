"""What a text became: the surface of `tokenizers.Encoding`, worked out when it is read.

An encoding is a row of runs (`runs`). Truncation, padding, templates and merging make other rows;
no token is looked at for them. The rules are those of encoding.rs in tokenizers 0.23.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

from bytestride.formats.json_text import compact
from bytestride.tokenizers.checks import checked_size
from bytestride.tokenizers.overflow import Overflow, parts
from bytestride.tokenizers.runs import ColumnRun, ConstantRun, Offsets, Run

T = TypeVar("T")


class Encoding:
    """The tokens of an input, with where they come from. Indices of tokens count from 0.

    Lists are made anew for each reading, as in the original.
    """

    __slots__ = ("__dict__", "__weakref__", "_n", "_overflow", "_ranges", "_runs")

    def __init__(self) -> None:
        self._set([], 0)

    def _set(
        self,
        runs: list[Run],
        n: int,
        ranges: dict[int, tuple[int, int]] | None = None,
        overflow: Overflow | None = None,
    ) -> None:
        self._runs = runs
        self._n = n
        # Begin and end of each input sequence. With none there is one sequence, and it is all.
        self._ranges = {} if ranges is None else ranges
        self._overflow = overflow

    @classmethod
    def of_run(cls, run: Run) -> Encoding:
        """Make an encoding of one run."""
        self = cls.__new__(cls)
        self._set([run], run.n)
        return self

    def copy(self) -> Encoding:
        """Make one that can be changed without this one."""
        other = Encoding.__new__(Encoding)
        other._set(list(self._runs), self._n, dict(self._ranges), self._overflow)
        return other

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        return (
            f"Encoding(num_tokens={self._n}, attributes=[ids, type_ids, tokens, offsets, "
            "attention_mask, special_tokens_mask, overflowing])"
        )

    # Columns

    @property
    def ids(self) -> list[int]:
        """Token ids."""
        return _joined(run.ids() for run in self._runs)

    @property
    def type_ids(self) -> list[int]:
        """Type of each token: the input sequence it is of, or what the template says."""
        return _joined(run.type_ids() for run in self._runs)

    @property
    def tokens(self) -> list[str]:
        """Tokens as texts, in the ByteLevel alphabet."""
        return _joined(run.tokens() for run in self._runs)

    @property
    def word_ids(self) -> list[int | None]:
        """The pretoken that each token is of; None for special tokens and padding."""
        return _joined(run.words() for run in self._runs)

    @property
    def words(self) -> list[int | None]:
        """Deprecated name of `word_ids`."""
        warnings.warn(
            "Encoding.words is deprecated, please use Encoding.word_ids instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.word_ids

    @property
    def offsets(self) -> list[Offsets]:
        """Where each token lies in its input: begin and end in characters."""
        return _joined(run.offsets() for run in self._runs)

    @property
    def special_tokens_mask(self) -> list[int]:
        """1 for special tokens that were added and for padding."""
        return _joined(run.special_tokens_mask() for run in self._runs)

    @property
    def attention_mask(self) -> list[int]:
        """0 for padding."""
        return _joined(run.attention_mask() for run in self._runs)

    @property
    def overflowing(self) -> list[Encoding]:
        """What truncation cut off, in encodings of the same length."""
        return [encoding.copy() for encoding in self._cut_off()]

    def _cut_off(self) -> list[Encoding]:
        return [] if self._overflow is None else self._overflow.get()

    def _change_cut_off(self, change: Callable[[Encoding], None]) -> None:
        if self._overflow is not None:
            self._overflow = self._overflow.each(change)

    @property
    def n_sequences(self) -> int:
        """How many input sequences there are in it."""
        return len(self._ranges) or 1

    @property
    def sequence_ids(self) -> list[int | None]:
        """The input sequence of each token; None for special tokens and padding."""
        result: list[int | None] = [None] * self._n
        for sequence in range(self.n_sequences):
            begin, end = self._range(sequence)
            result[begin:end] = [sequence] * (end - begin)
        return result

    # From one kind of place to another

    def _range(self, sequence: int) -> tuple[int, int]:
        return self._ranges.get(sequence, (0, self._n))

    def token_to_sequence(self, token_index: int) -> int | None:
        """Sequence that a token is of."""
        token = checked_size(token_index)
        if token > self._n:
            return None
        if not self._ranges:
            return 0
        for sequence, (begin, end) in self._ranges.items():
            if begin <= token < end:
                return sequence
        return None

    def token_to_chars(self, token_index: int) -> Offsets | None:
        """Offsets of a token that is of a sequence."""
        token = checked_size(token_index)
        if self.token_to_sequence(token) is None or token >= self._n:
            return None
        return self.offsets[token]

    def token_to_word(self, token_index: int) -> int | None:
        """Word of a token."""
        token = checked_size(token_index)
        if self.token_to_sequence(token) is None or token >= self._n:
            return None
        return self.word_ids[token]

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> Offsets | None:
        """Begin and end, in tokens, of a word."""
        word, (begin, end) = checked_size(word_index), self._range(checked_size(sequence_index))
        found = []
        for token, other in enumerate(self.word_ids[begin:end], begin):
            if other is not None and other > word:
                break
            if other == word:
                found.append(token)
        return (found[0], found[-1] + 1) if found else None

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> Offsets | None:
        """Begin and end, in characters, of a word."""
        tokens = self.word_to_tokens(word_index, sequence_index)
        if tokens is None:
            return None
        offsets = self.offsets
        return offsets[tokens[0]][0], offsets[tokens[1] - 1][1]

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """Token that a character of a sequence is in: the first, where it is in several."""
        position, (begin, end) = checked_size(char_pos), self._range(checked_size(sequence_index))
        for token, (first, last) in enumerate(self.offsets[begin:end], begin):
            if first <= position < last:
                return token
        return None

    def char_to_word(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """Word that a character of a sequence is in."""
        token = self.char_to_token(char_pos, sequence_index)
        return None if token is None else self.token_to_word(token)

    # Changes

    def set_sequence_id(self, sequence_id: int) -> None:
        """Say that all of it is of one input sequence."""
        self._ranges[checked_size(sequence_id)] = (0, self._n)

    def become_sequence(self, sequence: int) -> None:
        """Say that all of it, and of what overflows, is of one input sequence and of its type."""
        self.set_sequence_id(sequence)
        self._change_cut_off(lambda encoding: encoding.set_sequence_id(sequence))
        self.retype(sequence)

    def retype(self, type_id: int, *, with_overflowing: bool = False) -> None:
        """Give all tokens a type."""
        self._runs = [run.of_type(type_id) for run in self._runs]
        if with_overflowing:
            self._change_cut_off(lambda encoding: encoding.retype(type_id))

    def trim(self, add_prefix_space: bool) -> None:
        """Take white space at the ends of tokens out of the offsets; see `runs.TextRun`."""
        if len(self._runs) > 1:  # which token is the first is a matter of all of them
            self._runs = [ColumnRun(_columns(self))]
        self._runs = [run.trimmed(add_prefix_space) for run in self._runs]
        self._change_cut_off(lambda encoding: encoding.trim(add_prefix_space))

    def pad(
        self,
        length: int,
        *,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
    ) -> None:
        """Bring it, and what overflows, to a length of at least `length` tokens."""
        if direction not in ("left", "right"):
            raise ValueError(f"Unknown `direction`: `{direction}`. Use one of `left` or `right`")
        self.pad_to(checked_size(length), direction, pad_id, pad_type_id, pad_token)

    def pad_to(
        self, length: int, direction: str, pad_id: int, pad_type_id: int, pad_token: str
    ) -> None:
        """As `pad`, of checked arguments."""
        self._change_cut_off(
            lambda encoding: encoding.pad_to(length, direction, pad_id, pad_type_id, pad_token)
        )
        n_missing = length - self._n
        if n_missing <= 0:
            return
        run = ConstantRun((pad_id,) * n_missing, (pad_token,) * n_missing, pad_type_id, 0)
        if direction == "right":
            self._runs.append(run)
        else:
            self._runs.insert(0, run)
            self._ranges = {
                sequence: (begin + n_missing, end + n_missing)
                for sequence, (begin, end) in self._ranges.items()
            }
        self._n = length

    def truncate(self, max_length: int, stride: int = 0, direction: str = "right") -> None:
        """Cut it to at most `max_length` tokens; the rest becomes `overflowing`.

        Parameters
        ----------
        max_length : int
        stride : int
            How many tokens each overflowing encoding shares with the one before.
        direction : "right" or "left"
            The end that is cut off.

        Raises
        ------
        ValueError
            The stride is not less than `max_length`.
        """
        if direction not in ("left", "right"):
            raise ValueError(f"Invalid truncation direction value : {direction}")
        self.truncate_to(checked_size(max_length), checked_size(stride), direction)

    def truncate_to(self, max_length: int, stride: int, direction: str) -> None:
        """As `truncate`, of checked arguments."""
        if max_length >= self._n:
            return
        whole = self.copy()
        if max_length == 0:
            self._set([], 0, overflow=Overflow(lambda: [whole]))
            return
        if stride >= max_length:
            raise ValueError(
                f"stride is {stride} and must be less than the {max_length} tokens that truncation "
                "leaves of the text (special tokens come on top)"
            )
        (begin, end), *others = parts(self._n, max_length, stride, direction)
        first = self._part(begin, end)
        rest = Overflow(lambda: [whole._part(begin, end) for begin, end in others])
        self._set(first._runs, first._n, overflow=rest)

    def _part(self, begin: int, end: int) -> Encoding:
        """Tokens [begin, end); which sequence they are of is forgotten."""
        runs: list[Run] = []
        at = 0
        for run in self._runs:
            low, high = max(begin - at, 0), min(end - at, run.n)
            if low < high:
                runs.append(run if high - low == run.n else run.part(low, high))
            at += run.n
        part = Encoding.__new__(Encoding)
        part._set(runs, end - begin)
        return part

    @staticmethod
    def merge(encodings: Sequence[Encoding], growing_offsets: bool = True) -> Encoding:
        """Put encodings one after the other.

        Parameters
        ----------
        encodings : sequence of Encoding
        growing_offsets : bool
            Whether the offsets of each go on where those of the one before end.
        """
        merged = Encoding()
        for encoding in encodings:
            merged.append(encoding, growing_offsets)
        return merged

    def append(self, other: Encoding, growing_offsets: bool = False) -> None:
        """Put another behind this one, and what overflows of either behind or before the other."""
        if self._overflow is not None or other._overflow is not None:
            before, behind = self.copy(), other.copy()
            self._overflow = Overflow(lambda: _side_by_side(before, behind, growing_offsets))
        for sequence, (begin, end) in other._ranges.items():
            self._ranges[sequence] = (self._n + begin, self._n + end)
        shift = self.offsets[-1][1] if growing_offsets and self._n else 0
        self._runs.extend(_moved(other, shift) if shift else other._runs)
        self._n += other._n

    # Pickles hold what the original's hold.

    def __getstate__(self) -> bytes:
        return compact(self._as_json()).encode()

    def _as_json(self) -> dict[str, Any]:
        columns = _columns(self)
        return columns | {
            "overflowing": [encoding._as_json() for encoding in self._cut_off()],
            "sequence_ranges": {
                str(sequence): {"start": begin, "end": end}
                for sequence, (begin, end) in self._ranges.items()
            },
        }

    def __setstate__(self, state: bytes) -> None:
        self._set_json(json.loads(state))

    def _set_json(self, node: dict[str, Any]) -> None:
        columns = {name: node[name] for name in ColumnRun.COLUMNS}
        columns["offsets"] = [tuple(place) for place in columns["offsets"]]
        overflowing = []
        for part in node["overflowing"]:
            overflowing.append(Encoding())
            overflowing[-1]._set_json(part)
        ranges = {
            int(sequence): (span["start"], span["end"])
            for sequence, span in node["sequence_ranges"].items()
        }
        run = ColumnRun(columns)
        overflow = Overflow(lambda: overflowing) if overflowing else None
        self._set([run], run.n, ranges, overflow)


def _side_by_side(before: Encoding, behind: Encoding, growing_offsets: bool) -> list[Encoding]:
    """Give what overflows of two encodings that are put together."""
    pairs = [
        (mine, theirs) for mine in before._cut_off() for theirs in (behind, *behind._cut_off())
    ]
    pairs += [(before, theirs) for theirs in behind._cut_off()]
    result = []
    for mine, theirs in pairs:
        result.append(mine.copy())
        result[-1].append(theirs, growing_offsets)
    return result


def _columns(encoding: Encoding) -> dict[str, list[Any]]:
    return {
        "ids": encoding.ids,
        "type_ids": encoding.type_ids,
        "tokens": encoding.tokens,
        "words": encoding.word_ids,
        "offsets": encoding.offsets,
        "special_tokens_mask": encoding.special_tokens_mask,
        "attention_mask": encoding.attention_mask,
    }


def _moved(encoding: Encoding, shift: int) -> list[Run]:
    columns = _columns(encoding)
    columns["offsets"] = [(begin + shift, end + shift) for begin, end in columns["offsets"]]
    return [ColumnRun(columns)]


def _joined(lists: Iterable[Iterable[T]]) -> list[T]:
    """Make a new list of what the runs give, which may be their own."""
    first, *others = [*lists] or [()]
    return [*first, *chain.from_iterable(others)]
