"""Arguments and checks that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer


def positive(text: str) -> int:
    """Read a whole number of at least 1, as an argparse type."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def add_tokenizer(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add --tokenizer and what goes with it."""
    parser.add_argument(
        "--tokenizer",
        required=required,
        metavar="T",
        help="a tokenizer.json or .tiktoken file, or a published name such as cl100k_base",
    )
    parser.add_argument(
        "--pattern",
        metavar="P",
        help="the split pattern of a .tiktoken file that is no published vocabulary",
    )


def load_tokenizer(arguments: argparse.Namespace) -> Tokenizer:
    """Load what --tokenizer and --pattern name."""
    from bytestride.tokenizer import Tokenizer

    return Tokenizer.load(arguments.tokenizer, pattern=arguments.pattern)


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add --threads."""
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="threads to use (default: all cores); the result does not depend on it",
    )


def check_inputs(paths: list[Path]) -> None:
    """Find out now, and not after an hour, that an input is no file that can be read.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        The first input that is not.
    """
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a directory; name the files in it: {path}/*.txt")
        with path.open("rb"):
            pass


def check_output(path: Path, *, force: bool) -> None:
    """Find out now whether an output file may be written.

    Raises
    ------
    FileExistsError
        It is there, and `force` is not given.
    FileNotFoundError
        Its folder is not there.
    """
    if path.exists() and not force:
        raise FileExistsError(f"{path} is there already; use --force to replace it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
