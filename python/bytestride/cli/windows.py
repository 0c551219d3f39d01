"""`bytestride windows`: batches of a store, as people read them."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytestride.cli.arguments import (
    add_tokenizer,
    check_output,
    load_tokenizer,
    positive,
    warn_of_another_tokenizer,
)
from bytestride.cli.store_copies import add_dtype

if TYPE_CHECKING:
    from bytestride.report.window_pick import Pick
    from bytestride.report.window_view import RowView, TextOf
    from bytestride.store import TokenStore
    from bytestride.tokenizer import Tokenizer

_COUNT = 5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "windows",
        help="show the windows of a token store",
        description="Inputs x above their targets y, coloured by document; targets that are not "
        "scored are dim. A store is named as open_tokens takes it.",
    )
    parser.add_argument("store", help="the store")
    add_dtype(parser)
    add_tokenizer(parser, required=False)
    _add_rules(parser)
    _add_choice(parser)
    shown = parser.add_argument_group("how they are shown")
    shown.add_argument("--full", action="store_true", help="all of long windows, not only the ends")
    output = shown.add_mutually_exclusive_group()
    output.add_argument("--html", type=Path, metavar="PAGE", help="write one HTML page instead")
    output.add_argument("--json", action="store_true", help="a JSON object a window, for programs")
    shown.add_argument("--force", action="store_true", help="replace a PAGE that is there")
    parser.set_defaults(run=run)


def _add_rules(parser: argparse.ArgumentParser) -> None:
    rules = parser.add_argument_group("which windows there are")
    rules.add_argument("--max-length", type=positive, required=True, metavar="L")
    rules.add_argument("--stride", type=positive, metavar="S", help="default: the max length")
    rules.add_argument(
        "--per-document", action="store_true", help="windows that stay inside documents"
    )
    rules.add_argument(
        "--packed",
        action="store_true",
        help="several short documents to a row, best-fit; implies --per-document",
    )
    rules.add_argument(
        "--tail",
        choices=("drop", "pad", "anchor"),
        help="what becomes of the last tokens: left out (default), padded, or in a full window "
        "that ends with them",
    )
    rules.add_argument(
        "--mask-overlap", action="store_true", help="score each target in one window only"
    )
    rules.add_argument(
        "--mask-boundaries", action="store_true", help="do not score what begins a document"
    )
    for name, what in (
        ("bos", "put before every document"),
        ("eos", "put after every document"),
        ("pad", "where there is no token (default: 0)"),
    ):
        rules.add_argument(
            f"--{name}-id",
            metavar="ID",
            help=f"{what}; a number or, with --tokenizer, a token's text",
        )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_argument_group("which of them are shown")
    choice.add_argument("--first", type=_natural, metavar="N", help="from this one on (default: 0)")
    choice.add_argument("--count", type=positive, metavar="N", help=f"how many (default: {_COUNT})")
    choice.add_argument("--batch-size", type=positive, metavar="B", help="show a batch of B")
    choice.add_argument("--batch", type=_natural, metavar="N", help="which (default: 0)")
    choice.add_argument(
        "--shuffle", choices=("global", "block", "none"), help="in the order of a training run"
    )
    choice.add_argument("--seed", type=_natural, help="of the order (default: 0)")
    choice.add_argument("--epoch", type=_natural, metavar="N", help="which epoch (default: 0)")
    choice.add_argument(
        "--block-windows", type=positive, metavar="N", help="windows of a block (default: 4096)"
    )


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def run(arguments: argparse.Namespace) -> None:
    """Show windows, or write a page of them."""
    from bytestride.store import open_tokens

    _check(arguments)
    tokenizer = None if arguments.tokenizer is None else load_tokenizer(arguments)
    with open_tokens(arguments.store, arguments.dtype) as store:
        if tokenizer is not None:
            warn_of_another_tokenizer(store, tokenizer)
        pick = _pick(store, tokenizer, arguments)
        if arguments.html is not None:
            _write_page(pick, tokenizer, arguments)
        elif arguments.json:
            _print_json(pick, tokenizer)
        else:
            _print(pick, tokenizer, full=arguments.full)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse arguments that would change nothing."""
    if arguments.tokenizer is None and arguments.pattern is not None:
        raise ValueError("--pattern goes with --tokenizer; name both or neither")
    if arguments.packed:
        for name in ("stride", "tail", "mask_overlap"):
            if getattr(arguments, name):
                raise ValueError(
                    f"--{name.replace('_', '-')} does not go with --packed, whose rows hold whole "
                    "pieces of documents side by side"
                )
    elif not arguments.per_document and (arguments.bos_id or arguments.eos_id):
        raise ValueError("--bos-id and --eos-id go with --per-document or --packed")
    if arguments.batch is not None and arguments.batch_size is None:
        raise ValueError("--batch goes with --batch-size; for single windows use --first")
    if arguments.batch_size is not None and (arguments.first, arguments.count) != (None, None):
        raise ValueError("--batch-size goes with --batch, not with --first and --count")
    if arguments.shuffle in (None, "none"):
        for name in ("seed", "epoch", "block_windows"):
            if getattr(arguments, name) is not None:
                raise ValueError(f"--{name.replace('_', '-')} goes with --shuffle global or block")
    if arguments.block_windows is not None and arguments.shuffle != "block":
        raise ValueError("--block-windows goes with --shuffle block")
    if arguments.full and arguments.json:
        raise ValueError("--json shows all of every window; leave out --full")
    if arguments.html is not None:
        check_output(arguments.html, force=arguments.force)
    elif arguments.force:
        raise ValueError("--force goes with --html")


def _pick(store: TokenStore, tokenizer: Tokenizer | None, arguments: argparse.Namespace) -> Pick:
    from bytestride.report.window_pick import Pick
    from bytestride.windows import Windows

    windows = Windows(
        store,
        arguments.max_length,
        arguments.stride,
        per_document=arguments.per_document or arguments.packed,
        tail=arguments.tail or "drop",
        mask_overlap=arguments.mask_overlap,
        mask_boundaries=arguments.mask_boundaries,
        bos_id=_token_id("--bos-id", arguments.bos_id, tokenizer),
        eos_id=_token_id("--eos-id", arguments.eos_id, tokenizer),
        pad_id=_token_id("--pad-id", arguments.pad_id, tokenizer) or 0,
    )
    first, count = arguments.first or 0, arguments.count or _COUNT
    if arguments.batch_size is not None:
        count = arguments.batch_size
        first = count * (arguments.batch or 0)
    order: dict[str, Any] | None = None
    if arguments.shuffle is not None:
        order = {"shuffle": arguments.shuffle}
        for name in ("seed", "block_windows"):
            if getattr(arguments, name) is not None:
                order[name] = getattr(arguments, name)
    dtype = "" if arguments.dtype is None else f", dtype={arguments.dtype!r}"
    return Pick(
        windows.packed(cache=False) if arguments.packed else windows,  # to look changes nothing
        first,
        count,
        order=order,
        epoch=arguments.epoch or 0,
        source=f"open_tokens({arguments.store!r}{dtype})",
    )


def _token_id(option: str, text: str | None, tokenizer: Tokenizer | None) -> int | None:
    """Read a token id, or find that of a token's text."""
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    if tokenizer is None:
        raise ValueError(f"{option} {text!r} is not a number; to name a token use --tokenizer")
    ids = tokenizer.encode(text, allowed_special="all")
    if len(ids) != 1:
        raise ValueError(f"{option} {text!r} is {len(ids)} tokens of {tokenizer!r}, not one")
    return ids[0]


def _print(pick: Pick, tokenizer: Tokenizer | None, *, full: bool) -> None:
    from rich.console import Console

    from bytestride.report.window_summary import describe, tally
    from bytestride.report.window_text import Look, legend, row_lines
    from bytestride.report.window_view import text_of_ids

    console = Console(markup=False, highlight=False)
    look = Look.of_terminal(
        console.width, None if console.no_color else console.color_system, full=full
    )
    console.print(describe(pick.windows), soft_wrap=True)
    if not pick.count:
        return
    shown = tally(pick.windows, pick.blocks())
    console.print(f"of the {pick.count:,} shown: {shown}", soft_wrap=True)
    console.print(legend(shown, look, has_virtual=pick.has_virtual), soft_wrap=True)
    text_of = text_of_ids(tokenizer)
    for row in pick.rows():
        console.print()
        console.print(row.title(pick.row_name), soft_wrap=True)
        for line in row_lines(row, text_of, look):
            console.print(line, soft_wrap=True)


def _print_json(pick: Pick, tokenizer: Tokenizer | None) -> None:
    from bytestride.report.window_view import text_of_ids

    text_of = None if tokenizer is None else text_of_ids(tokenizer, whole=True)
    for row in pick.rows():
        print(json.dumps(_as_json(row, text_of), separators=(",", ":")))


def _as_json(row: RowView, text_of: TextOf | None) -> dict[str, Any]:
    ids, scored = row.ids.tolist(), row.scored.tolist()
    said: dict[str, Any] = {
        "window": row.number,
        "start": row.pieces[0].start,
        "pieces": [piece._asdict() for piece in row.pieces],
        "document_ids": row.documents[:-1].tolist(),
        "ids": ids[:-1],
        "targets": [i if is_scored else None for i, is_scored in zip(ids, scored, strict=True)][1:],
    }
    if text_of is not None:
        said["texts"] = [row.text_at(place, text_of) for place in range(len(ids) - 1)]
    return said


def _write_page(pick: Pick, tokenizer: Tokenizer | None, arguments: argparse.Namespace) -> None:
    from bytestride.formats.files import write_file
    from bytestride.report.token_text import visible
    from bytestride.report.window_html import windows_page
    from bytestride.report.window_view import text_of_ids

    title = f"Windows of {visible(os.fsencode(Path(arguments.store).name))}"
    page, n_shown = windows_page(pick, text_of_ids(tokenizer), title, full=arguments.full)
    write_file(arguments.html, page.encode())
    left_out = f" (of {pick.count:,} asked for: no more fit)" if n_shown < pick.count else ""
    named = "1 window" if n_shown == 1 else f"{n_shown:,} windows"
    print(f"wrote {arguments.html}: {named}{left_out}, {len(page.encode()):,} bytes")
