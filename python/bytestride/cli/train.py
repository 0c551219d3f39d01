"""`bytestride train`: learn a vocabulary from files, or from word counts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytestride.cli.arguments import add_threads, check_output, positive
from bytestride.cli.count_options import (
    add_count_options,
    count_on_ray,
    progress_of,
    say_how_to_go_on,
)
from bytestride.cli.input_options import (
    INPUTS_HELP,
    add_on_bad,
    add_reading_options,
    find,
    reading_of,
)

if TYPE_CHECKING:
    from bytestride.cli.progress import Stages
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.tokenizer import Tokenizer
    from bytestride.training import WordCounts

_N_SHOWN = 5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("train", help="learn a vocabulary from files or word counts")
    parser.add_argument("files", nargs="*", metavar="IN", help=INPUTS_HELP)
    parser.add_argument(
        "--counts",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="word counts to learn from instead of files; several are added up, in order",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, help="tokenizer.json, or NAME.tiktoken"
    )
    parser.add_argument(
        "--vocab-size", type=positive, default=32_768, metavar="N", help="default: 32768"
    )
    parser.add_argument(
        "--preset",
        choices=("bytestride", "hf", "rustbpe", "minbpe", "cs336"),
        default="bytestride",
        help="whose rules to follow, merge by merge and id by id (default: bytestride)",
    )
    parser.add_argument(
        "--min-frequency",
        type=positive,
        default=1,
        metavar="N",
        help="rarer pairs do not merge (default: 1)",
    )
    parser.add_argument(
        "--max-token-length", type=positive, metavar="N", help="in bytes (default: no limit)"
    )
    parser.add_argument(
        "--observed-bytes",
        action="store_true",
        help="start from the bytes that the text holds, as Hugging Face's trainer does; the others "
        "get the ids behind the last",
    )
    add_reading_options(parser)
    add_on_bad(parser)
    add_count_options(parser)
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="also write a page: how large should it be?"
    )
    parser.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a text with a line of its own in the report, such as one language; may be given "
        "several times, and those of one name are one group",
    )
    parser.add_argument("--force", action="store_true", help="replace the output files")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Train and save."""
    from bytestride.cli.progress import Stages
    from bytestride.corpus.finding import inputs_of
    from bytestride.formats.files import write_file

    _check_source(arguments)
    groups = _groups(arguments)
    inputs = None if arguments.counts else find(arguments)
    reading = None if inputs is None else reading_of(arguments, inputs)
    # Find out now, and not after an hour, that one of these cannot be read.
    for path in arguments.counts:
        path.open("rb").close()
    for paths in groups.values():
        inputs_of(paths)
    for path in filter(None, (arguments.output, arguments.report)):
        check_output(path, force=arguments.force)
    if arguments.special and arguments.output.suffix == ".tiktoken":
        raise ValueError(
            "a .tiktoken file holds no special tokens; write a .json file, or leave out --special"
        )
    page = None
    with Stages() as stages:
        # Without a use for the counts beside merging, they go when they are laid out for it.
        is_direct = not arguments.counts and arguments.report is None
        if is_direct and arguments.checkpoint is None and arguments.ray is None:
            assert inputs is not None
            tokenizer = _learn(arguments, inputs, stages, _counting(arguments, reading))
        else:
            counts = _counts(arguments, inputs, reading, stages)
            tokenizer = _learn(arguments, counts, stages, {})
            if arguments.report is not None:
                stages.update("report", 0, unit="pages")
                page = _page(arguments, tokenizer, counts, groups, reading)
    tokenizer.save(arguments.output)
    seconds = sum(stages.seconds.values())
    print(f"wrote {arguments.output}: {tokenizer.vocab_size:,} tokens in {seconds:.1f} s")
    _print_last_merges(tokenizer)
    if tokenizer.vocab_size < arguments.vocab_size:
        print(f"the text gave no more: {arguments.vocab_size:,} were asked for")
    if page is not None:
        write_file(arguments.report, page.encode())
        print(f"wrote {arguments.report}")


def _learn(
    arguments: argparse.Namespace,
    source: Inputs | WordCounts,
    stages: Stages,
    how: dict[str, Any],
) -> Tokenizer:
    from bytestride.tokenizer import Tokenizer

    return Tokenizer.train(
        source,
        arguments.vocab_size,
        special_tokens=arguments.special or None,
        preset=arguments.preset,
        min_frequency=arguments.min_frequency,
        max_token_length=arguments.max_token_length,
        initial_alphabet=not arguments.observed_bytes,
        progress=progress_of(stages),
        **how,
    )


def _counting(arguments: argparse.Namespace, reading: Reading | None) -> dict[str, Any]:
    """Give what says how files are counted, with the preset's own way where nothing is said."""
    from bytestride.training import PRESETS

    own_way = PRESETS[arguments.preset].specials_in_text
    return {
        "pattern": arguments.pattern or "cl100k",
        "unit": arguments.unit or "document",
        "specials_in_text": arguments.specials_in_text or own_way,
        "num_threads": arguments.threads,
        "memory_bytes": arguments.memory,
        "reading": reading,
        "on_bad": arguments.on_bad,
    }


def _counts(
    arguments: argparse.Namespace, inputs: Inputs | None, reading: Reading | None, stages: Stages
) -> WordCounts:
    """Count the files, or read the counts."""
    from functools import reduce
    from operator import add

    from bytestride.training import PRESETS, WordCounts, count_words

    if arguments.counts:
        stages.update("read", 0)
        return reduce(add, map(WordCounts.read_parquet, arguments.counts))
    stages.update("count", 0)
    options = {
        **_counting(arguments, reading),
        "special_tokens": arguments.special,
        "first_offsets": PRESETS[arguments.preset].needs_firsts,
    }
    try:
        if arguments.ray is not None:
            assert inputs is not None
            return count_on_ray(arguments, inputs, stages, options)
        return count_words(
            inputs, checkpoint=arguments.checkpoint, progress=progress_of(stages), **options
        )
    except BaseException:
        say_how_to_go_on(arguments.checkpoint)
        raise


def _check_source(arguments: argparse.Namespace) -> None:
    """Check what need not wait until all is counted."""
    has_files = bool(arguments.files) or arguments.files_from is not None
    if has_files == bool(arguments.counts):
        raise ValueError("name what to learn from: files, or word counts with --counts")
    if arguments.counts:
        _check_counted_options(arguments)
    least = (0 if arguments.observed_bytes else 256) + len(arguments.special)
    if arguments.vocab_size < least:
        raise ValueError(
            f"--vocab-size is {arguments.vocab_size}; bytes and special tokens need at least "
            f"{least}"
        )


def _check_counted_options(arguments: argparse.Namespace) -> None:
    names = ("pattern", "unit", "specials_in_text", "memory", "checkpoint", "ray")
    for name in (*names, "format", "column", "separator", "lines"):
        if getattr(arguments, name):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is for counting, and --counts are counted already")


def _groups(arguments: argparse.Namespace) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for text in arguments.group:
        name, separator, path = text.partition("=")
        if not (name and separator and path):
            raise ValueError(f"--group {text!r} is not NAME=FILE")
        groups.setdefault(name, []).append(Path(path))
    if groups and arguments.report is None:
        raise ValueError("--group is for the report; name one with --report")
    return groups


def _page(
    arguments: argparse.Namespace,
    tokenizer: Tokenizer,
    counts: WordCounts,
    groups: dict[str, list[Path]],
    reading: Reading | None,
) -> str:
    from bytestride.report.training_page import training_page
    from bytestride.training.counting import count_by_settings

    assert tokenizer.training is not None
    words = {
        name: count_by_settings(
            paths,
            counts.settings,
            num_threads=arguments.threads,
            reading=reading,
            on_bad=arguments.on_bad,
        )
        for name, paths in groups.items()
    }
    return training_page(tokenizer.training, counts, arguments.output.name, groups=words)


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
