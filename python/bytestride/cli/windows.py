"""`bytestride windows`: the first windows of a store, as rows."""

from __future__ import annotations

import argparse

from bytestride.cli.arguments import (
    add_tokenizer,
    load_tokenizer,
    positive,
    warn_of_another_tokenizer,
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("windows", help="show the windows of a token store")
    parser.add_argument("store", help="a token store, or a Megatron pair")
    parser.add_argument("--max-length", type=positive, required=True, metavar="L")
    parser.add_argument("--stride", type=positive, metavar="S", help="default: the max length")
    parser.add_argument("--count", type=positive, default=5, metavar="N", help="rows (default: 5)")
    add_tokenizer(parser, required=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print how many windows there are, and the first of them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from bytestride.report.token_text import visible
    from bytestride.store import open_tokens
    from bytestride.windows import Windows

    if arguments.tokenizer is None and arguments.pattern is not None:
        raise ValueError("--pattern goes with --tokenizer; name both or neither")
    tokenizer = None if arguments.tokenizer is None else load_tokenizer(arguments)

    def show(ids: list[int]) -> str:
        if tokenizer is None:
            return " ".join(map(str, ids))
        return "│".join(visible(tokenizer.token_bytes(token_id)) for token_id in ids)

    stride = arguments.stride or arguments.max_length
    with open_tokens(arguments.store) as store:
        if tokenizer is not None:
            warn_of_another_tokenizer(store, tokenizer)
        windows = Windows(store, arguments.max_length, stride)
        n_shown = min(arguments.count, len(windows))
        x, y = windows.batch(range(n_shown))
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
        table.add_column("window", justify="right")
        table.add_column("start", justify="right")
        table.add_column("x", overflow="fold")
        table.add_column("y", overflow="fold")
        for i in range(n_shown):
            table.add_row(f"{i:,}", f"{i * stride:,}", show(x[i].tolist()), show(y[i].tolist()))
        console = Console(markup=False, highlight=False)
        console.print(
            f"{len(windows):,} windows of {arguments.max_length:,} tokens every {stride:,}, "
            f"over {store.n_tokens:,} tokens in {store.n_documents:,} documents"
        )
        if n_shown:
            console.print(table)
