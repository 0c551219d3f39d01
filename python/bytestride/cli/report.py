"""`bytestride report`: what is in a token store, on the terminal, as a page or as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride.cli.arguments import (
    add_tokenizer,
    check_output,
    load_tokenizer,
    positive,
)
from bytestride.cli.store_copies import add_dtype

if TYPE_CHECKING:
    from rich.console import Console

    from bytestride.report import CorpusReport

_N_ROWS = 10


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "report",
        help="say what is in a token store: sources, scripts, lengths, rejects",
        description="Indexes and lists are read whole, of the tokens a sample. A store is named as "
        "open_tokens takes it; most is known of one that `bytestride tokenize` wrote.",
    )
    parser.add_argument("store", help="the store")
    add_dtype(parser)
    add_tokenizer(parser, required=False)
    parser.add_argument(
        "--samples",
        type=positive,
        default=2000,
        metavar="N",
        help="how many pieces of documents are decoded and looked at (default: 2000)",
    )
    parser.add_argument("--html", type=Path, metavar="PAGE", help="also write one HTML page")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument("--force", action="store_true", help="replace a PAGE that is there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Gather the numbers once, and give them in the forms that are asked for."""
    from bytestride.report import corpus_report

    if arguments.tokenizer is None and arguments.pattern is not None:
        raise ValueError("--pattern goes with --tokenizer; name both or neither")
    if arguments.html is not None:
        check_output(arguments.html, force=arguments.force)
    elif arguments.force:
        raise ValueError("--force goes with --html")
    tokenizer = None if arguments.tokenizer is None else load_tokenizer(arguments)
    report = corpus_report(
        arguments.store, arguments.dtype, tokenizer=tokenizer, n_samples=arguments.samples
    )
    if arguments.html is not None:
        from bytestride.formats.files import write_file

        write_file(arguments.html, report.to_html().encode())
    if arguments.json:
        print(report.to_json())
    else:
        _print(report)
    if arguments.html is not None:  # stdout is for the JSON object alone
        print(f"wrote {arguments.html}", file=sys.stderr if arguments.json else None)


def _print(report: CorpusReport) -> None:
    from rich.console import Console

    from bytestride.report.corpus_text import counted, decimals, percent, plain

    console = Console(markup=False, highlight=False)
    totals = report.totals
    named = f", tokenizer {plain(totals.tokenizer, 80)}" if totals.tokenizer else ""
    _say(
        console,
        f"{counted(totals.n_tokens, 'token')} in {counted(totals.n_documents, 'document')}, "
        f"{counted(totals.n_shards, 'shard')} of {totals.dtype}{named}",
    )
    if totals.bytes_per_token is not None:
        _say(
            console,
            f"{totals.n_text_bytes:,} bytes of text, {totals.bytes_per_token:.3f} bytes a token",
        )
    lengths = report.lengths
    if lengths.mean is not None:
        quantiles = ", ".join(f"{percent} % {n:,}" for percent, n in lengths.quantiles.items())
        _say(
            console,
            f"tokens of a document: {lengths.least:,} to {lengths.most:,}, mean "
            f"{lengths.mean:,.1f}; up to: {quantiles}",
        )
    if report.sources is not None:
        _print_sources(console, report)
    if report.sample is not None and report.sample.scripts:
        rows = [
            (row.script, percent(row.share), decimals(row.bytes_per_token), f"{row.n_pieces:,}")
            for row in report.sample.scripts
        ]
        _print_table(console, ("script", "of tokens", "bytes a token", "pieces"), rows)
    rejects = report.rejects
    if rejects.n_rejects is not None:
        share = "" if not rejects.share else f" ({percent(rejects.share)})"
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in rejects.by_reason.items())
        _say(
            console,
            f"left out: {counted(rejects.n_rejects, 'document')}{share}"
            + (f": {reasons}" if reasons else ""),
        )
    for said in report.warnings:
        _say(console, f"warning: {plain(said)}", "bold")
    for said in report.unknown:
        _say(console, f"not known: {plain(said, 1000)}", "dim")


def _print_sources(console: Console, report: CorpusReport) -> None:
    from bytestride.report.corpus_text import decimals, percent, plain

    sources = report.sources
    assert sources is not None
    n_tokens = sources.total.n_tokens
    rows = [
        (
            plain(row.name, 200),
            f"{row.n_files:,}",
            f"{row.n_tokens:,}",
            percent(row.n_tokens / n_tokens if n_tokens else 0.0),
            decimals(row.bytes_per_token),
            f"{row.n_rejects:,}",
        )
        for row in sources.rows[:_N_ROWS]
    ]
    names = (sources.grouped_by, "files", "tokens", "of tokens", "bytes a token", "left out")
    _print_table(console, names, rows)
    if (n_more := len(sources.rows) + sources.n_others - len(rows)) > 0:
        _say(console, f"  and {n_more:,} more")


def _print_table(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE)
    for i, name in enumerate(names):
        table.add_column(name, justify="right" if i else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _say(console: Console, line: str, style: str | None = None) -> None:
    console.print(line, style=style, soft_wrap=True)
