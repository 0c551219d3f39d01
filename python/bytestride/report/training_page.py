"""A training as one HTML page: how large should the vocabulary be, and what is in it.

No scripts, nothing from outside, light and dark. All numbers are exact: those of every size are had
from one run, as the vocabulary of that size would encode the text (`training.token_use`).
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bytestride.report.svg_charts import CHART_STYLE, Series, bar_chart, line_chart
from bytestride.report.token_text import visible
from bytestride.training.token_use import TokenUse, token_use

if TYPE_CHECKING:
    import numpy.typing as npt

    from bytestride.training import LearnedVocabulary, WordCounts

_N_POINTS = 240
_N_SHOWN = 40
_LAST_MERGES = 1000
_LENGTHS = 20
_ALL = "the text learned from"


def training_page(
    learned: LearnedVocabulary,
    counts: WordCounts,
    title: str,
    *,
    groups: Mapping[str, WordCounts] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    learned
        What was learned (`learn_vocabulary`, or `Tokenizer.training`).
    counts
        The words that it was learned from.
    title
        What the page is about, such as the name of the text.
    groups
        Words of parts of the text, such as its languages, or of other texts, by their names: each
        has a line of its own in the first chart.

    Raises
    ------
    ValueError
        Words that were split in another way than those that were learned from.
    """
    use = token_use(learned, counts)
    uses = {_ALL: use}
    uses.update((name, token_use(learned, words)) for name, words in (groups or {}).items())
    sizes = learned.start.n_fixed + np.concatenate(([0], np.cumsum(learned.is_new)))
    sections = [
        _summary(learned, use),
        "<h2>How large should it be?</h2>",
        "<p>Bytes of text in one token, at every size. The higher the line, the fewer tokens; "
        "where it is flat, a larger vocabulary buys little.</p>",
        line_chart(_curves(sizes, uses), "vocabulary size", "bytes per token"),
        _table_of_sizes(sizes, uses),
        _last_merges(learned, sizes, use),
        _lengths(learned, use),
        _tokens(learned, use),
    ]
    heading = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{CHART_STYLE}</style></head>\n"
        f"<body><h1>{heading}</h1>\n{''.join(sections)}</body></html>\n"
    )


def _summary(learned: LearnedVocabulary, use: TokenUse) -> str:
    n_tokens = int(use.n_text_tokens[-1])
    return (
        f"<p>{learned.vocab_size:,} tokens, {len(learned.merges):,} of them learned by the preset "
        f"{html.escape(learned.preset)}; the text of {use.n_text_bytes:,} bytes becomes "
        f"{n_tokens:,} tokens, {_ratio(use.n_text_bytes, n_tokens):.3f} bytes each.</p>\n"
    )


def _ratio(n_bytes: float, n_tokens: float) -> float:
    return n_bytes / n_tokens if n_tokens else 0.0


def _curves(sizes: npt.NDArray[np.int64], uses: Mapping[str, TokenUse]) -> list[Series]:
    shown = np.unique(np.geomspace(1, len(sizes), _N_POINTS).astype(np.int64) - 1)
    return [
        Series(
            name,
            sizes[shown].tolist(),
            [_ratio(use.n_text_bytes, n) for n in use.n_text_tokens[shown].tolist()],
        )
        for name, use in uses.items()
        if use.n_text_bytes
    ]


def _table_of_sizes(sizes: npt.NDArray[np.int64], uses: Mapping[str, TokenUse]) -> str:
    """Bytes per token at powers of two, and how many tokens fewer than at half the size."""
    last = int(sizes[-1])
    wanted = [2**i for i in range(9, 25) if sizes[0] <= 2**i < last] + [last]
    names = "".join(f"<th>{html.escape(name)}</th>" for name in uses)
    rows = []
    for size in wanted:
        cells = []
        for use in uses.values():
            n = int(use.n_text_tokens[_merges_at(sizes, size)])
            half = int(use.n_text_tokens[_merges_at(sizes, max(size // 2, int(sizes[0])))])
            fewer = 100 * (1 - _ratio(n, half)) if half else 0.0
            cells.append(f"<td>{_ratio(use.n_text_bytes, n):.3f} (−{fewer:.1f} %)</td>")
        rows.append(f"<tr><td>{size:,}</td>{''.join(cells)}</tr>")
    return (
        "<p>In brackets, how many tokens fewer than with a vocabulary of half the size.</p>"
        f"<table><tr><th>vocabulary</th>{names}</tr>{''.join(rows)}</table>\n"
    )


def _merges_at(sizes: npt.NDArray[np.int64], size: int) -> int:
    """How many merges a vocabulary of this size has."""
    return int(np.searchsorted(sizes, size, "left"))


def _last_merges(learned: LearnedVocabulary, sizes: npt.NDArray[np.int64], use: TokenUse) -> str:
    n = min(_LAST_MERGES, len(learned.merges))
    if not n:
        return ""
    before, after = int(use.n_text_tokens[-1 - n]), int(use.n_text_tokens[-1])
    counts = learned.pair_counts[-n:]
    token_bytes = learned.tokens
    newest = [token_bytes[i] for i in learned.products[-_N_SHOWN:].tolist()]
    return (
        f"<h2>What the last {n:,} merges bought</h2>"
        f"<p>From {int(sizes[-1 - n]):,} to {int(sizes[-1]):,} tokens the text became "
        f"{100 * (1 - _ratio(after, before)):.2f} % shorter: from "
        f"{_ratio(use.n_text_bytes, before):.3f} to {_ratio(use.n_text_bytes, after):.3f} bytes "
        f"per token. These pairs stood in the text {int(counts[-1]):,} to {int(counts[0]):,} "
        f"times. The last ones:</p>{_listed((token, '') for token in newest)}\n"
    )


def _lengths(learned: LearnedVocabulary, use: TokenUse) -> str:
    of_tokens, of_text = np.zeros(_LENGTHS + 1), np.zeros(_LENGTHS + 1)
    for token_id, token in learned.tokens.items():
        length = min(len(token), _LENGTHS)
        of_tokens[length] += 1
        of_text[length] += int(use.token_counts[token_id])
    last = int(np.flatnonzero(of_tokens)[-1])
    labels = [str(i) for i in range(1, last + 1)]
    if last == _LENGTHS:
        labels[-1] += "+"
    groups = [
        ("of the vocabulary", (100 * of_tokens[1 : last + 1] / of_tokens.sum()).tolist()),
        ("of the text's tokens", (100 * of_text[1 : last + 1] / max(of_text.sum(), 1)).tolist()),
    ]
    return "<h2>How long are tokens?</h2><p>Share of tokens of each length.</p>" + bar_chart(
        labels, groups, "bytes", "%"
    )


def _tokens(learned: LearnedVocabulary, use: TokenUse) -> str:
    tokens = learned.tokens
    learned_ids = learned.products[learned.is_new].tolist()
    by_length = sorted(learned_ids, key=lambda i: (-len(tokens[i]), i))
    by_count = sorted(tokens, key=lambda i: (-int(use.token_counts[i]), i))
    n_text = max(int(use.n_text_tokens[-1]), 1)
    unused = [i for i in learned_ids if not use.token_counts[i]]
    longest = [(tokens[i], f"{len(tokens[i])}") for i in by_length[:_N_SHOWN]]
    frequent = [
        (tokens[i], f"{100 * int(use.token_counts[i]) / n_text:.2f} %")
        for i in by_count[:_N_SHOWN]
        if use.token_counts[i]
    ]
    parts = [
        f"<h2>The longest tokens</h2><p>With their bytes.</p>{_listed(longest)}",
        "<h2>The most frequent tokens</h2><p>With their share of the text's tokens.</p>"
        + _listed(frequent),
        f"<h2>Tokens that the text has no use for</h2><p>{len(unused):,} of the learned tokens "
        "stand nowhere in the text any more: they are only parts of longer ones.</p>"
        + _listed((tokens[i], "") for i in unused[:_N_SHOWN]),
    ]
    return "\n".join(parts) + "\n"


def _listed(rows: Iterable[tuple[bytes, str]]) -> str:
    entries = []
    for token, note in rows:
        small = f"<small>{html.escape(note)}</small>" if note else ""
        entries.append(f"<span>{html.escape(visible(token))}{small}</span>")
    return f'<div class="tokens">{"".join(entries)}</div>'
