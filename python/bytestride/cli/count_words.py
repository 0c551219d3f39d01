"""`bytestride count-words`: files to a table of word counts, which `train --counts` takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from bytestride.cli.arguments import add_threads, check_output
from bytestride.cli.count_options import (
    add_count_options,
    count_on_ray,
    progress_of,
    say_estimate,
    say_how_to_go_on,
)
from bytestride.cli.input_options import (
    INPUTS_HELP,
    add_on_bad,
    add_reading_options,
    find,
    reading_of,
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("count-words", help="count the words of files, to train from")
    parser.add_argument("files", nargs="*", metavar="IN", help=INPUTS_HELP)
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE", help="a Parquet file"
    )
    add_reading_options(parser)
    add_on_bad(parser)
    add_count_options(parser)
    parser.add_argument(
        "--first-offsets",
        action="store_true",
        help="keep where each word stands first, for `train --preset minbpe`; takes one thread",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what it would take, about, from samples of the files, and count nothing",
    )
    parser.add_argument("--force", action="store_true", help="replace the output file")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Count and write."""
    from bytestride.cli.progress import Stages, amount
    from bytestride.training import count_words, count_words_to_parquet

    inputs = find(arguments)
    check_output(arguments.output, force=arguments.force)
    what = {
        "pattern": arguments.pattern or "cl100k",
        "unit": arguments.unit or "document",
        "special_tokens": arguments.special,
        "specials_in_text": arguments.specials_in_text or "drop",
        "num_threads": arguments.threads,
        "reading": reading_of(arguments, inputs),
    }
    say_estimate(inputs, what, always=arguments.dry_run)
    if arguments.dry_run:
        return
    options = {
        **what,
        "first_offsets": arguments.first_offsets,
        "memory_bytes": arguments.memory,
        "on_bad": arguments.on_bad,
    }
    with Stages() as stages:
        stages.update("count", 0)
        progress = progress_of(stages)
        if arguments.ray is None and arguments.checkpoint is None:
            n_words = count_words_to_parquet(inputs, arguments.output, progress=progress, **options)
        else:
            try:
                if arguments.ray is not None:
                    counts = count_on_ray(arguments, inputs, stages, options)
                else:
                    counts = count_words(
                        inputs, progress=progress, checkpoint=arguments.checkpoint, **options
                    )
            except BaseException:
                say_how_to_go_on(arguments.checkpoint)
                raise
            n_words = len(counts)
            counts.write_parquet(arguments.output)
    size = amount(arguments.output.stat().st_size, "bytes")
    print(f"wrote {arguments.output}: {n_words:,} different words, {size}")
