"""`bytestride inspect`: a text's tokens in colour, with their ids."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bytestride.cli.arguments import add_tokenizer, load_tokenizer

_STYLES = ("black on cyan", "black on yellow", "black on green", "black on magenta")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("inspect", help="show a text's tokens with their ids")
    parser.add_argument("text", nargs="?", help="the text, or - for stdin")
    parser.add_argument("--file", type=Path, help="take the text from a file instead")
    parser.add_argument("--html", type=Path, metavar="PAGE", help="write one HTML page instead")
    add_tokenizer(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Encode the text, special tokens as their ids, and show it."""
    data = _text(arguments)
    tokenizer = load_tokenizer(arguments)
    try:
        ids = tokenizer.encode(data.decode("utf-8"), allowed_special="all")
    except UnicodeDecodeError:
        ids = tokenizer.encode_bytes(data)
    tokens = [(token_id, tokenizer.token_bytes(token_id)) for token_id in ids]
    if arguments.html is None:
        _print(tokens)
        return
    from bytestride.formats.files import write_file
    from bytestride.report.tokens_page import tokens_page

    write_file(
        arguments.html, tokens_page(tokens, f"Tokens of {Path(arguments.tokenizer).name}").encode()
    )
    print(f"wrote {arguments.html}: {len(tokens):,} tokens")


def _text(arguments: argparse.Namespace) -> bytes:
    if (arguments.text is None) == (arguments.file is None):
        raise ValueError("name the text to inspect: as an argument, - for stdin, or with --file")
    if arguments.file is not None:
        data: bytes = arguments.file.read_bytes()
        return data
    if arguments.text == "-":
        return sys.stdin.buffer.read()
    text: str = arguments.text
    return text.encode("utf-8", "surrogateescape")


def _print(tokens: list[tuple[int, bytes]]) -> None:
    from rich.console import Console
    from rich.text import Text

    from bytestride.report.token_text import visible

    console = Console(highlight=False)
    # Without colours, the ends of tokens need a sign.
    between = "│" if console.color_system is None else ""
    shown, numbers = Text(), Text()
    for i, (token_id, token) in enumerate(tokens):
        style = _STYLES[i % len(_STYLES)]
        shown.append(visible(token), style)
        shown.append(between)
        if b"\n" in token:
            shown.append("\n")
        numbers.append(str(token_id), style).append(" ")
    console.print(shown)
    console.print(numbers)
    n_bytes = sum(len(token) for _, token in tokens)
    ratio = f", {n_bytes / len(tokens):.2f} bytes a token" if tokens else ""
    console.print(f"{len(tokens):,} tokens, {n_bytes:,} bytes{ratio}")
