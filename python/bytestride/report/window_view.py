"""Windows as people look at them: whose each place of a row is, and which targets are scored.

What is shown of a row is all its ``max_length + 1`` places: inputs are all but the last, targets
all but the first. Nothing is drawn here; `window_text` and `window_html` do that.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.ragged import Ragged
from bytestride.report.page import N_COLOURS
from bytestride.report.token_text import short, visible
from bytestride.store import StorePart, TokenStore
from bytestride.windows import PackedWindows, TokenSource, Windows

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

Rows: TypeAlias = Windows | PackedWindows
TextOf: TypeAlias = Callable[[int], str]

MAX_LENGTH = 1 << 24
"""Inputs of the longest window that is shown: a row takes about 30 bytes a place here."""

PADDING, BEGIN, END = "░", "▷", "◁"
"""How padding looks, and what marks the ids that stand before and after a document."""


class Stretch(NamedTuple):
    """Neighbouring places that belong together: of one document, or piece of one, or padding.

    Attributes
    ----------
    first, last
        Which places: from the first up to, not including, the last.
    document
        Its number; -1 for padding.
    position
        Where the first place lies in the store; one before the document where that is ``bos_id``.
    colour
        From 0 to `N_COLOURS` - 1, never that of the stretch before of another document.
    has_bos, has_eos
        Whether the first place is ``bos_id``, and the last ``eos_id``: the store holds neither.
    """

    first: int
    last: int
    document: int
    position: int
    colour: int
    has_bos: bool = False
    has_eos: bool = False


class Piece(NamedTuple):
    """What a row reads from the store: where it starts, and how many tokens."""

    start: int
    n_tokens: int


@dataclass(frozen=True, eq=False)
class RowView:
    """A row, ready to be shown.

    Attributes
    ----------
    number
        Which row.
    ids
        int64 [max_length + 1], ``pad_id`` where there is no token.
    scored
        bool [max_length + 1]: whether the place is a target that counts. The first is no target.
    pieces
        One, or those of a packed row.
    stretches
        All places, in order.
    """

    number: int
    ids: NDArray[np.int64]
    scored: NDArray[np.bool_]
    pieces: tuple[Piece, ...]
    stretches: tuple[Stretch, ...]

    @property
    def documents(self) -> NDArray[np.int64]:
        """Give the document of each place, int64 [max_length + 1]; -1 for padding."""
        return np.repeat(
            np.array([stretch.document for stretch in self.stretches], np.int64),
            [stretch.last - stretch.first for stretch in self.stretches],
        )

    def stretch_at(self, place: int) -> Stretch:
        """Give the stretch that a place is in."""
        return self.stretches[bisect.bisect(self.stretches, place, key=lambda s: s.first) - 1]

    def text_at(self, place: int, text_of: TextOf) -> str:
        """Write what is at a place, with the marks of padding, begin and end."""
        stretch = self.stretch_at(place)
        if stretch.document < 0:
            return PADDING
        text = text_of(int(self.ids[place]))
        if stretch.has_bos and place == stretch.first:
            return BEGIN + text
        return text + END if stretch.has_eos and place == stretch.last - 1 else text

    def title(self, kind: str) -> str:
        """Say which row it is, and what it is read from; `kind` is what to call it."""
        first = self.stretches[0]
        start = f"from token {first.position + first.has_bos:,}"
        if len(self.pieces) > 1:
            start = f"{len(self.pieces)} pieces"
        numbers = sorted({s.document for s in self.stretches if s.document >= 0})
        named = f"document {numbers[0]:,}" if len(numbers) == 1 else f"{len(numbers):,} documents"
        return f"{kind} {self.number:,}: {start}, {named}"


def text_of_ids(tokenizer: Tokenizer | None, *, whole: bool = False) -> TextOf:
    """Give the function that writes an id: as its token's text, or as the number without one.

    Long tokens are cut short unless all of it is asked for. An id that is no token of the tokenizer
    is written as ``⟨id⟩``.
    """
    if tokenizer is None:
        return str
    write = visible if whole else short

    @lru_cache(maxsize=1 << 16)
    def text_of(token_id: int) -> str:
        try:
            return write(tokenizer.token_bytes(token_id))
        except KeyError:
            return f"⟨{token_id}⟩"

    return text_of


def shown_parts(n: int, most: int) -> list[range]:
    """Choose which of n places are shown: all, or the first and last of them, `most` together."""
    if n <= most:
        return [range(n)]
    return [range(most - most // 2), range(n - most // 2, n)]


def check_length(windows: Rows) -> None:
    """Refuse rows that are too long to be looked at.

    Raises
    ------
    ValueError
        For a ``max_length`` above `MAX_LENGTH`.
    """
    if windows.max_length > MAX_LENGTH:
        raise ValueError(
            f"windows of {windows.max_length:,} tokens are too long to be shown: {MAX_LENGTH:,} is "
            "the most"
        )


def unpacked(windows: Rows) -> Windows:
    """Give the windows themselves, or those that are packed."""
    return windows.windows if isinstance(windows, PackedWindows) else windows


def view_rows(windows: Rows, numbers: NDArray[np.int64]) -> list[RowView]:
    """Read rows and find out whose their places are.

    Parameters
    ----------
    windows
        Windows, packed or not.
    numbers
        int64 [B], from 0 on.

    Raises
    ------
    ValueError
        For a ``max_length`` above `MAX_LENGTH`.
    IndexError, FormatError
        As ``windows.batch``.
    """
    check_length(windows)
    length = windows.max_length
    ids = windows.rows(numbers, dtype=np.int64)
    documents = windows.document_ids(numbers)
    scored = np.zeros(ids.shape, np.bool_)
    scored[:, 1:] = windows.loss_mask(numbers)
    finder = _Finder(unpacked(windows))
    views = []
    for i, pieces in enumerate(_pieces(windows, numbers)):
        stretches = tuple(finder.stretches(pieces, documents[i], length + 1))
        views.append(RowView(int(numbers[i]), ids[i], scored[i], pieces, stretches))
    return views


def _pieces(windows: Rows, numbers: NDArray[np.int64]) -> list[tuple[Piece, ...]]:
    def spans(single: Windows, indices: NDArray[np.int64]) -> list[Piece]:
        return [Piece(start, n) for start, n, _ in single.spans(indices).tolist()]

    if not isinstance(windows, PackedWindows):
        return [(piece,) for piece in spans(windows, numbers)]
    order, offsets = windows.packing
    return [
        tuple(spans(windows.windows, order[offsets[i] : offsets[i + 1]])) for i in numbers.tolist()
    ]


class _Finder:
    """Finds the stretches of rows."""

    def __init__(self, windows: Windows) -> None:
        self._n_documents, self._begin = documents_of(windows)
        self._per_document = bool(windows.options["per_document"])

    def stretches(
        self, pieces: Sequence[Piece], documents: NDArray[np.int64], n_places: int
    ) -> list[Stretch]:
        """Cut a row of `n_places`, of whose inputs the documents are known."""
        found: list[Stretch] = []
        place = 0
        for start, n in pieces:
            last = place + n
            cuts = [place, last]
            if not self._per_document:
                cuts[1:1] = (np.flatnonzero(np.diff(documents[place:last])) + place + 1).tolist()
                # The last place of a full row is no input: its document is still to be found.
                before = int(documents[min(last, len(documents)) - 1])
                if last == n_places and self._document_at(start + n - 1, before) != before:
                    cuts.insert(-1, last - 1)
            for first, end in pairwise(cuts):
                at = start + first - place
                document = (
                    int(documents[first])
                    if first < len(documents)
                    else self._document_at(at, int(documents[-1]))
                )
                found.append(self._stretch(first, end, document, at, found[-1:]))
            place = last
        if place < n_places:
            found.append(Stretch(place, n_places, -1, -1, 0))
        return found

    def _stretch(
        self, first: int, last: int, document: int, position: int, before: list[Stretch]
    ) -> Stretch:
        colour = document % N_COLOURS
        if before and before[0].colour == colour and before[0].document != document:
            colour = (colour + 1) % N_COLOURS
        has_bos = self._per_document and position < self._begin(document)
        end = position + last - first
        has_eos = self._per_document and end > self._begin(document + 1)
        return Stretch(first, last, document, position, colour, has_bos, has_eos)

    def _document_at(self, position: int, at_least: int) -> int:
        """Find the document of a token that is in `at_least` or a later one."""
        numbers = range(at_least, self._n_documents)
        return at_least + bisect.bisect_right(numbers, position, key=self._begin) - 1


def documents_of(windows: Windows) -> tuple[int, Callable[[int], int]]:
    """Tell how many documents there are in what windows are over, and where each begins.

    Of a part of a store these are the store's: so are the numbers that windows give.
    """
    tokens: TokenSource = windows.tokens
    if isinstance(tokens, StorePart):
        tokens = tokens.store
    if isinstance(tokens, TokenStore):
        return tokens.n_documents, tokens.document_begin
    offsets: NDArray[Any]
    if isinstance(tokens, Ragged):
        offsets = np.asarray(tokens.offsets)
    else:
        is_several = isinstance(tokens, (list, tuple)) and any(
            isinstance(part, np.ndarray) for part in tokens
        )
        sizes = [np.size(part) for part in tokens] if is_several else [windows.n_tokens]
        offsets = np.cumsum([0, *sizes])
    return len(offsets) - 1, lambda i: int(offsets[i])
