"""Windows as one HTML page: nothing from outside, light and dark, readable without its script.

A row is written once, as text; `window_script` puts targets below inputs and tells of the token
under the pointer. Its facts stand in attributes of each stretch, so that a token costs little.
"""

from __future__ import annotations

import html

import numpy as np

from bytestride.report.page import N_COLOURS, PAGE_STYLE, page
from bytestride.report.window_pick import Pick
from bytestride.report.window_script import SCRIPT
from bytestride.report.window_summary import describe, tally
from bytestride.report.window_view import (
    BEGIN,
    END,
    PADDING,
    RowView,
    Stretch,
    TextOf,
    shown_parts,
)

PAGE_BYTES = 4 << 20
"""What the rows of a page may have; one more row is left out, and the page says so."""

_MOST_PLACES = 1025
_LEAST_BYTES = 10  # of a place: a character, its tags, its id
_LONG = 64  # inputs of a window that is read rather as text than pair by pair

_COLOURS = "\n".join(f".c{i} {{ --c: var(--c{i}); }}" for i in range(N_COLOURS))
_STYLE = f"""
{_COLOURS}
body {{ max-width: 72rem; padding-bottom: 4rem; }}
p {{ margin-bottom: .5rem; }}
pre {{ overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; }}
h2 {{ font-size: .9rem; font-weight: 600; margin: 1.75rem 0 .25rem; }}
.row, .key i {{ font: 14px/1.4 ui-monospace, monospace; color: var(--text); }}
.row {{ margin: 0; }}
.key > span {{ white-space: nowrap; margin-right: 1.25rem; }} .key i {{ margin-right: .3rem; }}
.row span::before {{ content: attr(data-d); font-size: 10px; color: var(--quiet);
  margin: 0 .15rem 0 .3rem; }}
i, b, u {{ display: inline-block; font-style: normal; font-weight: 400; text-decoration: none;
  unicode-bidi: isolate; max-width: 100%; overflow-wrap: anywhere; box-sizing: border-box; }}
i, b, u {{ padding: .05rem .15rem; border-radius: .2rem; background: var(--c); }}
i {{ margin: 1px; vertical-align: top; }}
.row .m, .key .m {{ background: none; color: var(--quiet); box-shadow: inset 0 0 0 1px var(--c); }}
.pad {{ --c: transparent; color: var(--quiet); }}
em {{ color: var(--quiet); font-style: normal; padding: 0 .5rem; }}
.xy .row i {{ margin-bottom: .6rem; padding: 0; background: none; color: inherit;
  box-shadow: none; }}
.xy .row b, .xy .row u {{ display: block; }}
.xy .row u {{ margin-top: 2px; }}
.xy .row .last {{ display: none; }}
#controls span {{ margin-left: .75rem; }}
.row i:hover {{ outline: 2px solid var(--text); }}
.row i.next {{ outline: 2px dashed var(--quiet); }}
#about {{ position: fixed; inset: auto 0 0 0; padding: .6rem 1.25rem; min-height: 1.5em;
  background: var(--paper); border-top: 1px solid var(--quiet); font-size: 14px; }}
button {{ font: inherit; font-size: 14px; color: var(--text); background: none; cursor: pointer;
  border: 1px solid var(--quiet); border-radius: .3rem; padding: .15rem .6rem; }}
"""


def windows_page(pick: Pick, text_of: TextOf, title: str, *, full: bool = False) -> tuple[str, int]:
    """Return the page, and how many rows there are on it.

    Rows are taken until the next would lead beyond `PAGE_BYTES`, which are about 100 windows of
    1,024 tokens of English.

    Parameters
    ----------
    pick
        The rows.
    text_of
        Writes an id.
    title
        What the page is about.
    full
        Whether all of windows that are longer than 1,024 tokens is shown, and not only their ends.

    Raises
    ------
    ValueError
        If not one row fits.
    """
    sections: list[str] = []
    n_bytes = 0
    if full and _LEAST_BYTES * pick.windows.max_length > PAGE_BYTES:
        raise _too_long(pick)
    for row in pick.rows():
        section = _section(row, text_of, pick.row_name, full=full)
        n_bytes += len(section.encode())
        if n_bytes > PAGE_BYTES:
            break
        sections.append(section)
    if pick.count and not sections:
        raise _too_long(pick)
    body = f"{_head(pick, len(sections))}{''.join(sections)}"
    if sections:
        body += f'<output id="about"></output>\n<script>{SCRIPT}</script>\n'
    return page(title, PAGE_STYLE + _STYLE, body), len(sections)


def _too_long(pick: Pick) -> ValueError:
    return ValueError(
        f"a whole window of {pick.windows.max_length:,} tokens is more than a page of "
        f"{PAGE_BYTES:,} bytes holds; show its ends only"
    )


def _head(pick: Pick, n_shown: int) -> str:
    lines = [describe(pick.windows)]
    legend = ""
    if n_shown:
        shown = tally(pick.windows, _first_blocks(pick, n_shown))
        lines.append(f"of the {n_shown:,} shown: {shown}")
        legend = _legend(pick, has_padding=shown.n_padding > 0)
    if n_shown < pick.count:
        lines.append(
            f"{pick.count - n_shown:,} more were asked for: a page holds {PAGE_BYTES >> 20} MiB"
        )
    paragraphs = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    call = f"<pre>{html.escape(pick.python())}</pre>\n"
    is_long = int(pick.windows.max_length > _LONG)
    controls = f'<p id="controls" data-long="{is_long}"></p>\n' if n_shown else ""
    return f"{paragraphs}{call}{legend}{controls}"


def _first_blocks(pick: Pick, n: int) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    blocks = []
    for numbers in pick.blocks():
        blocks.append(numbers[:n])
        n -= len(numbers)
        if n <= 0:
            break
    return blocks


def _legend(pick: Pick, *, has_padding: bool) -> str:
    entries = [
        ("c0", "<i>token</i>one colour a document, whose number stands before it"),
        ("c0", '<i class="m">token</i>not scored as a target'),
    ]
    if has_padding:
        entries.append(("pad", f"<i>{PADDING}</i>padding"))
    if pick.has_virtual:
        text = f"<i>{BEGIN} {END}</i>put before and after a document, not in the store"
        entries.append(("pad", text))
    spans = "".join(f'<span class="{name}">{text}</span>' for name, text in entries)
    return f'<p class="key">{spans}</p>\n'


def _section(row: RowView, text_of: TextOf, kind: str, *, full: bool) -> str:
    n = len(row.ids)
    parts = shown_parts(n, n if full else _MOST_PLACES)
    content = []
    for i, part in enumerate(parts):
        if i:
            content.append(f"<em>… {part.start - parts[i - 1].stop:,} more …</em>")
        for stretch in row.stretches:
            places = range(max(stretch.first, part.start), min(stretch.last, part.stop))
            if places:
                content.append(_stretch(row, stretch, places, text_of))
    return (
        f"<h2>{html.escape(row.title(kind))}</h2>\n"
        f'<p class="row" data-n="{n}">{"".join(content)}</p>\n'
    )


def _stretch(row: RowView, stretch: Stretch, places: range, text_of: TextOf) -> str:
    ids = " ".join(map(str, row.ids[places.start : places.stop].tolist()))
    if stretch.document < 0:
        cells = f"<i>{PADDING}</i>" * len(places)
        return f'<span class="pad" data-k="{places.start}" data-i="{ids}">{cells}</span>'
    scored = row.scored[places.start : places.stop].tolist()
    tags = [
        "<i>" if is_scored or place == 0 else '<i class="m">'
        for place, is_scored in zip(places, scored, strict=True)
    ]
    texts = [html.escape(row.text_at(place, text_of)) for place in places]
    cells = "".join(f"{tag}{text}</i>" for tag, text in zip(tags, texts, strict=True))
    position = stretch.position + places.start - stretch.first
    ends = ("b" if stretch.has_bos and places.start == stretch.first else "") + (
        "e" if stretch.has_eos and places.stop == stretch.last else ""
    )
    return (
        f'<span class="c{stretch.colour}" data-d="{stretch.document}" data-k="{places.start}" '
        f'data-p="{position}" data-v="{ends}" data-i="{ids}">{cells}</span>'
    )
