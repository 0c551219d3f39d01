"""`bytestride train`: learn a vocabulary from files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride.cli.arguments import add_threads, check_output, positive, text_bytes

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

_N_SHOWN = 5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("train", help="learn a vocabulary from files")
    parser.add_argument("files", nargs="+", type=Path, help="text, plain or .gz or .zst")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, help="tokenizer.json, or NAME.tiktoken"
    )
    parser.add_argument(
        "--vocab-size", type=positive, default=32_768, metavar="N", help="default: 32768"
    )
    parser.add_argument(
        "--pattern",
        default="cl100k",
        metavar="P",
        help="name of a split pattern, or a regular expression (default: cl100k)",
    )
    parser.add_argument(
        "--special",
        action="append",
        default=[],
        metavar="TOKEN",
        help="a special token, such as '<|endoftext|>'; may be given several times",
    )
    parser.add_argument("--force", action="store_true", help="replace the output file")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Train and save."""
    from bytestride.cli.progress import Stages
    from bytestride.corpus.files import check_readable
    from bytestride.tokenizer import Tokenizer

    check_readable(arguments.files)
    check_output(arguments.output, force=arguments.force)
    if arguments.special and arguments.output.suffix == ".tiktoken":
        raise ValueError(
            "a .tiktoken file holds no special tokens; write a .json file, or leave out --special"
        )
    n_bytes = text_bytes(arguments.files)
    with Stages() as stages:
        stages.update("count", 0, n_bytes)

        def progress(stage: str, done: int, total: int | None) -> None:
            if stage == "count":
                stages.update("count", done, n_bytes)
            else:
                stages.update("merge", done, total, unit="merges")

        tokenizer = Tokenizer.train(
            arguments.files,
            arguments.vocab_size,
            pattern=arguments.pattern,
            special_tokens=arguments.special,
            num_threads=arguments.threads,
            progress=progress,
        )
    tokenizer.save(arguments.output)
    seconds = sum(stages.seconds.values())
    print(f"wrote {arguments.output}: {tokenizer.vocab_size:,} tokens in {seconds:.1f} s")
    _print_last_merges(tokenizer)
    if tokenizer.vocab_size < arguments.vocab_size:
        print(f"the text gave no more: {arguments.vocab_size:,} were asked for")


def _print_last_merges(tokenizer: Tokenizer) -> None:
    """Show the rarest of what was learned: whether the vocabulary is too large for the text."""
    from bytestride.report.token_text import visible

    merges = tokenizer.definition.merges
    if merges is None or not len(merges):
        return
    shown = ", ".join(
        "+".join(visible(tokenizer.token_bytes(part)) for part in pair)
        for pair in merges[-_N_SHOWN:].tolist()
    )
    print(f"the last merges: {shown}")
