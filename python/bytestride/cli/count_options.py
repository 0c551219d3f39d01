"""What the commands that count words have in common: arguments, progress, checkpoints."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bytestride.cli.progress import Stages
    from bytestride.corpus.inputs import Inputs
    from bytestride.training import Progress, WordCounts

_WORTH_AN_ESTIMATE = 256 * 2**20
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def n_bytes(text: str) -> int:
    """Read a size such as 500M or 2G (binary), as an argparse type."""
    found = re.fullmatch(r"(\d+)([KMGT]?)i?B?", text, re.IGNORECASE)
    if found is None or int(found[1]) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 500M or 2G")
    return int(found[1]) * _UNITS[found[2].upper()]


def add_count_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how words are counted."""
    parser.add_argument(
        "--pattern",
        metavar="P",
        help="name of a split pattern, or a regular expression (default: cl100k)",
    )
    parser.add_argument(
        "--unit",
        choices=("document", "line"),
        help="what no word crosses: a document (default), or each line with its newline, as in "
        "Hugging Face's train(files)",
    )
    parser.add_argument(
        "--special",
        action="append",
        default=[],
        metavar="TOKEN",
        help="a special token, such as '<|endoftext|>'; may be given several times",
    )
    parser.add_argument(
        "--specials-in-text",
        choices=("drop", "hf", "text"),
        help="special tokens in the text: left out (default), counted as words, or ordinary text",
    )
    parser.add_argument(
        "--memory",
        type=n_bytes,
        metavar="SIZE",
        help="what the tables of words may take while counting, as 500M (default: no limit); the "
        "rest goes to a scratch file",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="keep the counts here if the counting is stopped; the same command again goes on",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="count on a Ray cluster: its address, auto for the one that this machine is in, or "
        "local for a new one here; --threads and --memory are then for each part, and parts that "
        "are counted stay beside the output until all are",
    )


def say_estimate(inputs: Inputs, what: dict[str, Any], *, always: bool = False) -> None:
    """Say, before files are counted, what that will take; of small ones only if asked to."""
    from bytestride.cli.progress import amount
    from bytestride.training import estimate_counting

    is_known = bool((inputs.sizes >= 0).all())
    if not always and not (is_known and inputs.sizes.sum() >= _WORTH_AN_ESTIMATE):
        return
    estimate = estimate_counting(inputs, **what)
    print(
        f"about {amount(estimate.n_text_bytes, 'bytes')} of text, {estimate.n_words:,} different "
        f"words, {amount(estimate.memory_bytes, 'bytes')} for their table, and "
        f"{estimate.seconds:,.1f} s to count them",
        file=sys.stderr,
    )


def progress_of(stages: Stages) -> Progress:
    """Give what shows the progress of counting and merging."""

    def progress(stage: str, done: int, total: int | None) -> None:
        stages.update(stage, done, total, unit="bytes" if stage == "count" else "tokens")

    return progress


def count_on_ray(
    arguments: argparse.Namespace, inputs: Inputs, stages: Stages, what: dict[str, Any]
) -> WordCounts:
    """Count on the cluster that --ray names; `what` are options of `count_words`.

    Raises
    ------
    ValueError
        An option is given that is for one machine.
    """
    if arguments.checkpoint is not None:
        raise ValueError(
            "--checkpoint is for one machine: with --ray, parts that are counted are kept anyway"
        )
    if what["first_offsets"]:
        raise ValueError("where words stand first is counted by one thread; leave --ray out")
    from bytestride.ray import count_words_on_ray

    def progress(stage: str, done: int, total: int | None) -> None:
        stages.update(stage, done, total, unit="parts")

    shared = {name: what[name] for name in what if name not in ("first_offsets", "num_threads")}
    return count_words_on_ray(
        inputs,
        arguments.output.absolute().parent,
        address=arguments.ray,
        num_cpus=what["num_threads"],
        progress=progress,
        **shared,
    )


def say_how_to_go_on(checkpoint: Path | None) -> None:
    """Say, after counting was stopped, where its counts are."""
    if checkpoint is not None and checkpoint.exists():
        print(
            f"the counts so far are in {checkpoint}: the same command goes on from there, and "
            f"`bytestride train --counts {checkpoint}` learns from them as they are",
            file=sys.stderr,
        )
