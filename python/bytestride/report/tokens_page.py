"""A text's tokens as one HTML page: no scripts, nothing from outside, light and dark."""

from __future__ import annotations

import html
from collections.abc import Sequence

from bytestride.report.token_text import visible

N_COLOURS = 6

_STYLE = """
:root { color-scheme: light dark; --text: #1d2330; --paper: #ffffff; --quiet: #5d6675;
  --c0: #d7e8fb; --c1: #fde3cf; --c2: #d9f0d8; --c3: #f7d9e6; --c4: #e6dcf7; --c5: #f3ecc6; }
@media (prefers-color-scheme: dark) { :root { --text: #e7eaf0; --paper: #15181e; --quiet: #9aa3b2;
  --c0: #1f3f63; --c1: #63401f; --c2: #23502a; --c3: #5f2844; --c4: #42306b; --c5: #554c17; } }
body { margin: 2.5rem auto; padding: 0 1.25rem; max-width: 60rem; color: var(--text);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
p { color: var(--quiet); margin: 0 0 1.5rem; }
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
    heading = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{heading}</h1>\n<p>{len(tokens):,} tokens, {n_bytes:,} bytes{ratio}</p>\n"
        f'<div class="text">{"".join(spans)}</div>\n</body>\n</html>\n'
    )
