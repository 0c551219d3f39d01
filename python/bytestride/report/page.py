"""What HTML pages share: their frame, and soft colours that text is read on, light and dark."""

from __future__ import annotations

import html

N_COLOURS = 6

PAGE_STYLE = """
:root { color-scheme: light dark; --text: #1d2330; --paper: #ffffff; --quiet: #5d6675;
  --c0: #d7e8fb; --c1: #fde3cf; --c2: #d9f0d8; --c3: #f7d9e6; --c4: #e6dcf7; --c5: #f3ecc6; }
@media (prefers-color-scheme: dark) { :root { --text: #e7eaf0; --paper: #15181e; --quiet: #9aa3b2;
  --c0: #1f3f63; --c1: #63401f; --c2: #23502a; --c3: #5f2844; --c4: #42306b; --c5: #554c17; } }
body { margin: 2.5rem auto; padding: 0 1.25rem; max-width: 60rem; color: var(--text);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
p { color: var(--quiet); margin: 0 0 1.5rem; }
"""


def page(title: str, style: str, body: str) -> str:
    """Put a page together.

    Parameters
    ----------
    title
        Plain text.
    style
        CSS.
    body
        HTML, what is below the title.
    """
    heading = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{heading}</h1>\n{body}</body>\n</html>\n"
    )
