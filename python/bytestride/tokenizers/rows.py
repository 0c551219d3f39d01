"""Many single texts as rows of ids: what a model takes, without an object for each text.

The rows are those of `encode_batch`: the same ids, masks and types, truncated and padded, but for
what overflows. `encodings` gives the encodings themselves, each made when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from bytestride.tokenizers.byte_level import Settings
from bytestride.tokenizers.encoding import Encoding
from bytestride.tokenizers.inputs import EncodedText
from bytestride.tokenizers.limits import Padding
from bytestride.tokenizers.post_processor import Sequence as SequencePiece
from bytestride.tokenizers.runs import ConstantRun, TextRun


class Rows:
    """Encoded texts, side by side.

    Parameters
    ----------
    settings : Settings
    texts : list of str
    add_special_tokens : bool

    Raises
    ------
    ValueError
        `can_make` does not hold.
    """

    def __init__(self, settings: Settings, texts: list[str], *, add_special_tokens: bool) -> None:
        if not self.can_make(settings):
            raise ValueError("a template or a strategy that takes more than one text for a row")
        self._settings = settings
        self._texts = texts
        self._add_special_tokens = add_special_tokens
        self._before, self._after, self._type_id = _around(settings, add_special_tokens)
        self._tokens, self._offsets = settings.encode_flat(texts)
        begins, ends = self._offsets[:-1], self._offsets[1:]
        truncation = settings.truncation
        if truncation is not None:
            n_added = settings.n_added(False) if add_special_tokens else 0
            most = min((truncation.max_length - n_added) % 2**64, 2**62)
            cut = np.maximum(ends - begins - most, 0)
            begins, ends = (
                (begins, ends - cut)
                if truncation.direction == "right"
                else (
                    begins + cut,
                    ends,
                )
            )
        self._begins, self._ends = begins, ends
        #: int64[n], tokens of each row without padding.
        self.lengths: npt.NDArray[np.int64] = ends - begins + len(self._before) + len(self._after)

    @staticmethod
    def can_make(settings: Settings) -> bool:
        """Whether there is one text in a row, and truncation goes by it alone."""
        truncation, processor = settings.truncation, settings.pipeline.post_processor
        if truncation is not None and truncation.strategy != "longest_first":
            return False
        if truncation is not None and truncation.stride >= max(
            (truncation.max_length - settings.n_added(False)) % 2**64, 1
        ):
            return False
        template = None if processor is None else processor.single
        return template is None or sum(isinstance(p, SequencePiece) for p in template) == 1

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def width(self) -> int | None:
        """How many tokens all rows have, with padding; None where they differ."""
        if not len(self):
            return 0
        longest, padding = int(self.lengths.max()), self._settings.padding
        if padding is not None and padding.width(longest) >= longest:
            return padding.width(longest)
        return longest if int(self.lengths.min()) == longest else None

    # As arrays: int64[n, width]

    def input_ids(self) -> npt.NDArray[np.int64]:
        """Ids; ValueError where rows differ in length."""
        padding = self._padding()
        rows = self._filled(padding.pad_id)
        for row, begin, end, first in self._places():
            n = end - begin
            rows[row, first : first + len(self._before)] = self._before_ids()
            first += len(self._before)
            rows[row, first : first + n] = self._tokens[begin:end]
            rows[row, first + n : first + n + len(self._after)] = self._after_ids()
        return rows

    def attention_mask(self) -> npt.NDArray[np.int64]:
        """1 for tokens, 0 for padding."""
        return self._is_token().astype(np.int64)

    def special_tokens_mask(self) -> npt.NDArray[np.int64]:
        """0 for tokens of the text, 1 for special tokens that were added and for padding."""
        rows = self._filled(1)
        for row, begin, end, first in self._places():
            first += len(self._before)
            rows[row, first : first + end - begin] = 0
        return rows

    def type_ids(self) -> npt.NDArray[np.int64]:
        """Types of tokens."""
        padding = self._padding()
        before, after = self._before_types(), self._after_types()
        if not any((padding.pad_type_id, self._type_id, *before, *after)):
            return self._filled(0)
        rows = self._filled(padding.pad_type_id)
        for row, begin, end, first in self._places():
            n = end - begin
            rows[row, first : first + len(before)] = before
            first += len(before)
            rows[row, first : first + n] = self._type_id
            rows[row, first + n : first + n + len(after)] = after
        return rows

    # As lists, one for each row

    def ids_lists(self) -> list[list[int]]:
        """Ids."""
        before, after = self._before_ids(), self._after_ids()
        pad = self._padding().pad_id
        tokens = self._tokens
        return self._padded(
            ([*before, *tokens[begin:end].tolist(), *after] for begin, end in self._spans()),
            pad,
        )

    def attention_mask_lists(self) -> list[list[int]]:
        """1 for tokens, 0 for padding."""
        return self._padded(([1] * n for n in self.lengths.tolist()), 0)

    def special_tokens_mask_lists(self) -> list[list[int]]:
        """0 for tokens of the text, 1 for special tokens that were added and for padding."""
        before, after = [1] * len(self._before), [1] * len(self._after)
        return self._padded(
            (before + [0] * (end - begin) + after for begin, end in self._spans()), 1
        )

    def type_ids_lists(self) -> list[list[int]]:
        """Types of tokens."""
        before, after = self._before_types(), self._after_types()
        return self._padded(
            (before + [self._type_id] * (end - begin) + after for begin, end in self._spans()),
            self._padding().pad_type_id,
        )

    def encodings(self) -> Encodings:
        """Give the encodings of the rows, made when they are read."""
        return Encodings(self)

    def make_encoding(self, row: int) -> Encoding:
        """Make the encoding of one row, with what overflows."""
        settings = self._settings
        begin, end = int(self._offsets[row]), int(self._offsets[row + 1])
        text = EncodedText(
            settings.pipeline,
            self._texts[row],
            self._tokens[begin:end],
            encode_special_tokens=settings.encode_special_tokens,
        )
        encoding = Encoding.of_run(TextRun(text, 0, len(text), 0))
        alone = settings.with_limits(settings.truncation, None)
        result = alone.post_process(encoding, None, self._add_special_tokens)
        if settings.padding is not None:
            p = settings.padding
            width = p.width(int(self.lengths.max()))
            result.pad_to(width, p.direction, p.pad_id, p.pad_type_id, p.pad_token)
        return result

    # Parts of the above

    def _spans(self) -> Iterator[tuple[int, int]]:
        return zip(self._begins.tolist(), self._ends.tolist(), strict=True)

    def _places(self) -> Iterator[tuple[int, int, int, int]]:
        """Row, begin and end of its tokens, and the column of the first that is no padding."""
        width = self.width or 0
        from_left = self._padding().direction == "left"
        lengths = self.lengths.tolist()
        for row, (begin, end) in enumerate(self._spans()):
            yield row, begin, end, width - lengths[row] if from_left else 0

    def _padding(self) -> Padding:
        return self._settings.padding or Padding()

    def _filled(self, value: int) -> npt.NDArray[np.int64]:
        width = self.width
        if width is None:
            raise ValueError("rows of different lengths make no array; pad them")
        return np.full((len(self), width), value, np.int64)

    def _is_token(self) -> npt.NDArray[np.bool_]:
        width = self.width
        if width is None:
            raise ValueError("rows of different lengths make no array; pad them")
        columns = np.arange(width)
        if self._padding().direction == "left":
            is_token: npt.NDArray[np.bool_] = columns >= width - self.lengths[:, None]
        else:
            is_token = columns < self.lengths[:, None]
        return is_token

    def _padded(self, rows: Iterator[list[int]], value: int) -> list[list[int]]:
        padding = self._settings.padding
        if padding is None or not len(self):
            return list(rows)
        width = padding.width(int(self.lengths.max()))
        if padding.direction == "left":
            return [[value] * (width - len(row)) + row for row in rows]
        return [row + [value] * (width - len(row)) for row in rows]

    def _before_ids(self) -> list[int]:
        return [token_id for token_id, _ in self._before]

    def _after_ids(self) -> list[int]:
        return [token_id for token_id, _ in self._after]

    def _before_types(self) -> list[int]:
        return [type_id for _, type_id in self._before]

    def _after_types(self) -> list[int]:
        return [type_id for _, type_id in self._after]


Added = list[tuple[int, int]]
"""Ids and types of special tokens."""


def _around(settings: Settings, add_special_tokens: bool) -> tuple[Added, Added, int]:
    """Give what a template puts before and after a text, and the type of the text."""
    processor = settings.pipeline.post_processor
    if processor is None or processor.single is None:
        return [], [], 0
    sides: tuple[Added, Added] = ([], [])
    type_id, side = 0, 0
    for piece in processor.single:
        if isinstance(piece, ConstantRun):
            if add_special_tokens:
                sides[side].extend((i, piece.type_id) for i in piece.token_ids)
        else:
            type_id, side = piece.type_id, 1
    return *sides, type_id


class Encodings(Sequence[Encoding]):
    """The encodings of rows. One that was read is kept, so that it can be changed.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._made: dict[int, Encoding] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, row: int) -> Encoding: ...
    @overload
    def __getitem__(self, row: slice) -> list[Encoding]: ...
    def __getitem__(self, row: Any) -> Any:
        n = len(self)
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(n))]
        if not -n <= row < n:
            raise IndexError(f"encoding {row} of {n}")
        row %= n
        encoding = self._made.get(row)
        if encoding is None:
            encoding = self._made.setdefault(row, self._rows.make_encoding(row))
        return encoding

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)
