"""A text's tokens as one HTML page: no scripts, nothing from outside, light and dark."""

from __future__ import annotations

import html
from collections.abc import Sequence

from bytestride.report.page import N_COLOURS, PAGE_STYLE, page
from bytestride.report.token_text import visible

_STYLE = """
.text { display: flex; flex-wrap: wrap; gap: .3rem .12rem;
  font: 15px/1.35 ui-monospace, monospace; }
.text span { padding: .1rem .15rem; border-radius: .25rem; max-width: 100%;
  overflow-wrap: anywhere; }
.text span::after { content: attr(data-id); display: block; font-size: 10px; color: var(--quiet); }
.text i { flex-basis: 100%; }
.c0 { background: var(--c0); } .c1 { background: var(--c1); } .c2 { background: var(--c2); }
.c3 { background: var(--c3); } .c4 { background: var(--c4); } .c5 { background: var(--c5); }
"""


def tokens_page(tokens: Sequence[tuple[int, bytes]], title: str) -> str:
    """Return the page.

    Parameters
    ----------
    tokens
        Ids and bytes, in the order of the text.
    title
        What the page is about, such as the tokenizer's name.
    """
    n_bytes = sum(len(token) for _, token in tokens)
    ratio = f", {n_bytes / len(tokens):.2f} bytes a token" if tokens else ""
    spans = []
    for i, (token_id, token) in enumerate(tokens):
        text = visible(token)
        written = " ".join(f"{byte:02X}" for byte in token)
        spans.append(
            f'<span class="c{i % N_COLOURS}" data-id="{token_id}" '
            f'title="id {token_id}, bytes {written}">{html.escape(text)}</span>'
        )
        if b"\n" in token:
            spans.append("<i></i>")  # a line of its own: what follows begins the next
    summary = f"<p>{len(tokens):,} tokens, {n_bytes:,} bytes{ratio}</p>\n"
    body = f'{summary}<div class="text">{"".join(spans)}</div>\n'
    return page(title, PAGE_STYLE + _STYLE, body)
