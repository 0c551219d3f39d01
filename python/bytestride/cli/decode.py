"""`bytestride decode`: ids back to text."""

from __future__ import annotations

import argparse
import sys

from bytestride.cli.arguments import add_tokenizer, load_tokenizer, warn_of_another_tokenizer

_STEP_TOKENS = 1 << 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("decode", help="turn a store's ids, or ids on stdin, into text")
    parser.add_argument("store", help="a token store, or - for ids on stdin")
    add_tokenizer(parser)
    parser.add_argument("--document", type=int, metavar="I", help="only this document, from 0")
    parser.add_argument("--start", type=int, metavar="N", help="only from this token on")
    parser.add_argument("--stop", type=int, metavar="M", help="only up to this token")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the bytes of the ids to stdout, as they are."""
    tokenizer = load_tokenizer(arguments)
    out = sys.stdout.buffer
    ranged = arguments.start is not None or arguments.stop is not None
    if arguments.store == "-":
        if ranged or arguments.document is not None:
            raise ValueError("--document, --start and --stop choose from a store, not from stdin")
        out.write(tokenizer.decode_bytes([_id(word) for word in sys.stdin.read().split()]))
        return
    from bytestride.store import open_tokens

    with open_tokens(arguments.store) as store:
        warn_of_another_tokenizer(store, tokenizer)
        if arguments.document is not None:
            if ranged:
                raise ValueError("give either --document, or --start and --stop")
            out.write(tokenizer.decode_bytes(store.document(arguments.document)))
            return
        start = 0 if arguments.start is None else arguments.start
        stop = store.n_tokens if arguments.stop is None else arguments.stop
        if not 0 <= start <= stop <= store.n_tokens:
            raise ValueError(
                f"tokens {start} to {stop} are not among the {store.n_tokens} that the store has"
            )
        for begin in range(start, stop, _STEP_TOKENS):
            out.write(tokenizer.decode_bytes(store.tokens(begin, min(begin + _STEP_TOKENS, stop))))


def _id(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"stdin holds {word!r}, which is no id; ids are whole numbers") from None
