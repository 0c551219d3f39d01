"""A token store as one HTML page: no scripts, nothing from outside, light and dark.

All that comes from files is made visible (`corpus_text.plain`) and escaped. The page's size does
not grow with the store: rows are counted where they are gathered.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bytestride.report.corpus_text import counted, decimals, percent, plain
from bytestride.report.page import page
from bytestride.report.svg_charts import CHART_STYLE, bar_chart

if TYPE_CHECKING:
    from bytestride.report.corpus import CorpusReport, Totals
    from bytestride.report.corpus_lengths import LengthBin, Lengths
    from bytestride.report.corpus_rejects import Rejects
    from bytestride.report.corpus_sample import Sample
    from bytestride.report.corpus_sources import SourceRow, Sources

_STYLE = """
body { max-width: 68rem; }
td { white-space: nowrap; }
td:first-child, .words td, .facts td { white-space: normal; overflow-wrap: anywhere;
  unicode-bidi: isolate; }
.wide { overflow-x: auto; margin: 0 0 1rem; } .wide td:first-child { min-width: 8rem; }
.sources td:first-child { min-width: 15rem; } .words td { min-width: 10rem; }
.words th, .words td { text-align: left; vertical-align: top; }
.facts th { text-align: left; width: 12rem; } .facts td { text-align: left; }
.of { width: 14%; min-width: 4rem; } .of i { display: block; height: .7rem; min-width: 1px;
  border-radius: .15rem; background: var(--c0); }
.warning { color: var(--text); border-left: .3rem solid var(--c1); padding: .4rem .8rem;
  margin: 1rem 0; }
code { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { color: var(--quiet); cursor: pointer; margin: .75rem 0; }
"""


def corpus_page(report: CorpusReport) -> str:
    """Return the page."""
    sections = [
        _facts(report.totals),
        *(f'<p class="warning" role="note">{_text(said)}</p>\n' for said in report.warnings),
        "" if report.sources is None else _sources(report.sources),
        "" if report.sample is None else _sample(report.sample),
        _lengths(report.lengths),
        _rejects(report.rejects),
        _unknown(report.unknown),
    ]
    return page(f"The corpus in {plain(report.path)}", CHART_STYLE + _STYLE, "".join(sections))


def _text(text: str) -> str:
    return html.escape(plain(text))


def _number(n: int | None) -> str:
    return "–" if n is None else f"{n:,}"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Put cells, which are HTML, below the names of their columns."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>"
        + "".join(cell if cell[:3] == "<td" else f"<td>{cell}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _bar(share: float) -> str:
    return f'<td class="of"><i style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i></td>'


def _facts(totals: Totals) -> str:
    facts = [
        ("documents", _number(totals.n_documents)),
        ("tokens", _number(totals.n_tokens)),
        ("bytes of text", _number(totals.n_text_bytes)),
        ("bytes per token", decimals(totals.bytes_per_token)),
        (
            "stored as",
            f"{counted(totals.n_shards, 'shard')} of {_text(totals.dtype)}, {totals.n_bytes:,} "
            f"bytes ({_text(totals.layout)})",
        ),
        ("tokenizer", _tokenizer(totals)),
        ("ends of documents", _text(totals.end_of_document or "no token of their own")),
    ]
    if totals.n_source_files is not None:
        size = "" if totals.n_source_bytes is None else f", {totals.n_source_bytes:,} bytes"
        facts.append(("read from", counted(totals.n_source_files, "file") + size))
    if totals.source_fingerprint is not None:
        facts.append(("fingerprint of these", f"<code>{_text(totals.source_fingerprint)}</code>"))
    facts += [
        (f"read with {name}", f"<code>{_text(v)}</code>") for name, v in totals.reading.items()
    ]
    if totals.bytestride is not None:
        facts.append(("written by", f"bytestride {_text(totals.bytestride)}"))
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{value}</td></tr>" for name, value in facts)
    return f'<table class="facts"><tbody>{rows}</tbody></table>\n'


def _tokenizer(totals: Totals) -> str:
    parts = [_text(totals.tokenizer or "not named")]
    if totals.vocab_size is not None:
        parts.append(f"{totals.vocab_size:,} tokens")
    if totals.fingerprint is not None:
        parts.append(f"<code>{_text(totals.fingerprint)}</code>")
    return ", ".join(parts)


# Sources


def _sources(sources: Sources) -> str:
    n = sources.total.n_files
    if sources.grouped_by == "folder":
        said = f"{counted(n, 'file')}, summed up by folder."
    elif sources.others is not None:
        said = f"The {len(sources.rows)} of {counted(n, 'file')} that gave the most tokens."
    else:
        said = f"{counted(n, 'file')}."
    rows = list(sources.rows)
    if sources.others is not None:
        rows.append(sources.others)
    parts = ["<h2>Where is it from?</h2>\n", f"<p>{said}</p>\n", _source_table(sources, rows)]
    if sources.largest_files:
        parts.append("<details><summary>The files that gave the most tokens</summary>\n")
        parts.append(_source_table(sources, sources.largest_files))
        parts.append("</details>\n")
    return "".join(parts)


def _source_table(sources: Sources, rows: Sequence[SourceRow]) -> str:
    most_bytes = max((row.bytes_per_token or 0.0 for row in rows), default=0.0) or 1.0
    names = [sources.grouped_by, "files", "documents", "tokens", "share of the tokens", ""]
    names += ["bytes of text", "bytes per token", "", "rejects"]
    cells = []
    for row in rows:
        share = row.n_tokens / sources.total.n_tokens if sources.total.n_tokens else 0.0
        is_rest = row is sources.others
        name = f"{sources.n_others:,} others" if is_rest else _text(row.name)
        cells.append(
            [
                f"<td><em>{name}</em></td>" if is_rest else name,
                _number(row.n_files),
                _number(row.n_documents),
                _number(row.n_tokens),
                html.escape(percent(share)),
                _bar(share),
                _number(row.n_text_bytes),
                decimals(row.bytes_per_token),
                _bar((row.bytes_per_token or 0.0) / most_bytes),
                _number(row.n_rejects),
            ]
        )
    return _table(names, cells, "sources")


# Text


def _sample(sample: Sample) -> str:
    if not sample.n_pieces:
        return "<h2>What is the text like?</h2>\n<p>There is none.</p>\n"
    by = "" if sample.tokenizer is None else f" by {_text(sample.tokenizer)}"
    labels = [row.script for row in sample.scripts]
    heights = [row.bytes_per_token or 0.0 for row in sample.scripts]
    rows = [
        [
            _text(row.script),
            html.escape(percent(row.share)),
            _bar(row.share),
            decimals(row.bytes_per_token),
            _number(row.n_pieces),
            _number(row.n_tokens),
            _number(row.n_text_bytes),
        ]
        for row in sample.scripts
    ]
    names = ["script", "share of the store's tokens", "", "bytes per token"]
    names += ["pieces", "tokens", "bytes of text"]
    tokens = "".join(
        f'<span title="id {token.id}, {token.n:,} times">{html.escape(token.text)}'
        f"<small>{html.escape(percent(token.share))}</small></span>"
        for token in sample.frequent
    )
    return (
        "<h2>What is the text like?</h2>\n"
        f"<p>From {counted(sample.n_pieces, 'piece')} of documents, evenly spread and of at most "
        f"4,096 tokens each, decoded{by}: {counted(sample.n_tokens, 'token')}, "
        f"{decimals(sample.bytes_per_token)} bytes each, {sample.n_distinct:,} different ones. A "
        "piece is in the script that most of its letters belong to; Han with kana is Japanese, and "
        "counts as kana. Shares are estimates, and tokens that end documents are left out.</p>\n"
        + bar_chart(labels, [("bytes per token", heights)], "script", "bytes per token")
        + _table(names, rows)
        + f'<p>The most frequent tokens of these:</p><div class="tokens">{tokens}</div>\n'
    )


# Lengths


def _lengths(lengths: Lengths) -> str:
    head = "<h2>How long are documents?</h2>\n"
    n_documents = sum(row.n_documents for row in lengths.bins)
    if lengths.mean is None or not n_documents:
        return f"{head}<p>There are none.</p>\n"
    n_tokens = sum(row.n_tokens for row in lengths.bins)
    shown = _without_empty_ends(lengths.bins)
    of_documents = [100 * row.n_documents / n_documents for row in shown]
    of_tokens = [100 * row.n_tokens / max(n_tokens, 1) for row in shown]
    groups = [("of the documents", of_documents), ("of the tokens", of_tokens)]
    names = ["least", *(f"{name} %" for name in lengths.quantiles), "most", "mean"]
    values = [lengths.least, *lengths.quantiles.values(), lengths.most]
    unknown = "" if lengths.documents_known else " A file without known documents counts as one."
    cells = [[_span(row), _number(row.n_documents), _number(row.n_tokens)] for row in shown]
    return (
        f"{head}<p>In tokens, of all {counted(n_documents, 'document')}: so many per cent are no "
        f"longer than this.{unknown}</p>\n"
        + _table(names, [[*map(_number, values), decimals(lengths.mean, 1)]])
        + "<p>Documents of each length up to the double of it, where K is 1,024.</p>\n"
        + bar_chart([_short(row.least) for row in shown], groups, "tokens of a document", "%")
        + "<details><summary>The same in numbers</summary>\n"
        + _table(("tokens of a document", "documents", "tokens"), cells)
        + "</details>\n"
    )


def _without_empty_ends(bins: Sequence[LengthBin]) -> Sequence[LengthBin]:
    first = next(i for i, row in enumerate(bins) if row.n_documents)
    return bins[first:]


def _span(row: LengthBin) -> str:
    return f"{row.least:,}" if row.least == row.most else f"{row.least:,}–{row.most:,}"


def _short(n: int) -> str:
    for unit in ("", "K", "M", "G"):
        if n < 1024:
            return f"{n}{unit}"
        n >>= 10
    return f"{n}T"


# Rejects


def _rejects(rejects: Rejects) -> str:
    if rejects.n_rejects is None and not rejects.samples:
        return ""
    parts = ["<h2>What was left out?</h2>\n"]
    if rejects.n_rejects == 0:
        parts.append("<p>Nothing.</p>\n")
    elif rejects.n_rejects is not None:
        share = "" if rejects.share is None else f", {_text(percent(rejects.share))} of all"
        parts.append(f"<p>{counted(rejects.n_rejects, 'document')}{share}.</p>\n")
    if rejects.by_reason:
        n = max(rejects.n_rejects or 0, 1)
        rows = [[_text(why), _number(k), _bar(k / n)] for why, k in rejects.by_reason.items()]
        parts.append(_table(("reason", "documents", ""), rows))
    if rejects.samples:
        kept = counted(rejects.n_kept or 0, "document")
        parts.append(f"<p>Some of the {kept} that are kept in rejects.jsonl:</p>\n")
        samples = [  # visible already
            [
                f"{html.escape(sample.file)}<br>at {sample.offset:,}",
                f"{html.escape(sample.reason)}<br>{html.escape(sample.detail)}",
                f"<code>{html.escape(sample.sample)}</code>",
            ]
            for sample in rejects.samples
        ]
        parts.append(_table(("where", "why", "how it begins"), samples, "words"))
    return "".join(parts)


def _unknown(unknown: Sequence[str]) -> str:
    if not unknown:
        return ""
    entries = "".join(f"<li>{html.escape(plain(said, 1000))}</li>" for said in unknown)
    return f"<h2>What is not known</h2>\n<ul>{entries}</ul>\n"
