"""Windows in a terminal: each input above its target, columns folded to the width.

With colours a document is the colour behind its tokens, and a target that is not scored has none.
Without, the line above says where documents begin, and such targets are in brackets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from bytestride.report.page import N_COLOURS
from bytestride.report.window_summary import Tally
from bytestride.report.window_view import BEGIN, END, PADDING, RowView, TextOf, shown_parts

# Light boxes with dark letters: they look alike on dark and on light terminals.
_SOFT = tuple(f"color(16) on color({number})" for number in (153, 223, 151, 218, 183, 229))
_EIGHT = tuple(
    f"black on {name}"
    for name in ("cyan", "yellow", "green", "magenta", "bright_blue", "bright_red")
)
assert len(_SOFT) == len(_EIGHT) == N_COLOURS

_MOST_COLUMNS = 64
_LABEL_WIDTH = 4
_QUIET = "dim"


@dataclass(frozen=True)
class Look:
    """How windows are shown.

    Attributes
    ----------
    width
        Cells of a line.
    styles
        Of documents, `N_COLOURS` of them; None: without colours.
    full
        Whether all of a long window is shown, and not only its ends.
    """

    width: int
    styles: tuple[str, ...] | None
    full: bool

    @classmethod
    def of_terminal(cls, width: int, color_system: str | None, *, full: bool) -> Look:
        """Choose for a terminal with the colours that rich calls so; None: it has none."""
        if color_system is None:
            return cls(width, None, full)
        return cls(width, _SOFT if color_system in ("256", "truecolor") else _EIGHT, full)


class _Column(NamedTuple):
    document: str
    x: str
    y: str
    x_style: str
    y_style: str

    @property
    def width(self) -> int:
        return max(cell_len(self.document), cell_len(self.x), cell_len(self.y))


def row_lines(row: RowView, text_of: TextOf, look: Look) -> Iterator[Text]:
    """Draw a row: for each line of columns the documents, the inputs and the targets.

    Parameters
    ----------
    row
        What to draw.
    text_of
        Writes an id.
    look
        How.
    """
    line: list[_Column] = []
    used = _LABEL_WIDTH
    previous: int | None = None  # the document of the column before, on this line
    for column, document in _columns(row, text_of, look):
        begins = document != previous
        shown = column if begins else column._replace(document="")
        if line and used + shown.width > look.width:
            yield from _draw(line, look)
            line, used, shown = [], _LABEL_WIDTH, column  # each line says whose it begins with
        line.append(shown)
        used += shown.width + 1
        previous = document
    yield from _draw(line, look)


def _columns(row: RowView, text_of: TextOf, look: Look) -> Iterator[tuple[_Column, int]]:
    """Give the columns, one an input, and their documents; the cut is a column of document -2."""
    n_inputs = len(row.ids) - 1
    parts = shown_parts(n_inputs, n_inputs if look.full else _MOST_COLUMNS)
    for i, part in enumerate(parts):
        if i:
            n_cut = part.start - parts[i - 1].stop
            yield _Column("", f"… {n_cut:,} more …", "…", _QUIET, _QUIET), -2
        for place in part:
            document = row.stretch_at(place).document
            y = row.text_at(place + 1, text_of)
            if look.styles is None and not row.scored[place + 1] and y != PADDING:
                y = f"({y})"
            column = _Column(
                f"#{document}" if document >= 0 else "",
                row.text_at(place, text_of),
                y,
                _style(row, place, look, is_scored=True),
                _style(row, place + 1, look, is_scored=bool(row.scored[place + 1])),
            )
            yield column, document


def _style(row: RowView, place: int, look: Look, *, is_scored: bool) -> str:
    stretch = row.stretch_at(place)
    if look.styles is None:
        return ""
    return look.styles[stretch.colour] if is_scored and stretch.document >= 0 else _QUIET


def _draw(columns: list[_Column], look: Look) -> Iterator[Text]:
    if not columns:
        return
    documents = Text("".ljust(_LABEL_WIDTH), style=_QUIET)
    for column in columns:
        documents.append(_padded(column.document, column.width + 1))
    documents.rstrip()
    yield documents
    between = "│" if look.styles is None else " "  # without colours, the ends of tokens need a sign
    for name in ("x", "y"):
        line = Text(f"  {name} ".ljust(_LABEL_WIDTH), style="")
        for i, column in enumerate(columns):
            text, style = (column.x, column.x_style) if name == "x" else (column.y, column.y_style)
            line.append(between if i else "")
            line.append(_padded(text, column.width), style or None)
        if look.styles is None:
            line.rstrip()
        yield line


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def legend(shown: Tally, look: Look, *, has_virtual: bool) -> Text:
    """Say what the signs mean, those that may be there."""
    masked = "dim" if look.styles else "(in brackets)"
    document = "document, each of a colour" if look.styles else "document"
    entries = ["x: inputs", "y: targets, the token after each", f"#: {document}"]
    if shown.n_scored < shown.n_places:
        entries.append(f"{masked}: not scored")
    if shown.n_padding:
        entries.append(f"{PADDING}: padding")
    if has_virtual:
        entries.append(f"{BEGIN} {END}: put before and after a document, not in the store")
    return Text(" · ".join(entries), style=_QUIET)
