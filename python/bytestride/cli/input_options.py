"""What the commands that read texts have in common: which files, and how they are read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bytestride.corpus.kinds import FORMATS, kind_of

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

INPUTS_HELP = (
    "files (any text, .jsonl, .parquet, .arrow; .gz and .zst), folders, patterns, URLs such as "
    "s3://bucket/folder, or - for stdin"
)


def add_reading_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add what says which files are read, beside those that are named, and how; give its group."""
    group = parser.add_argument_group("what is read")
    group.add_argument(
        "--files-from", metavar="LIST", help="a file that names more files, one a line; - for stdin"
    )
    group.add_argument(
        "--format", choices=FORMATS, help="what the files are, whatever their names end in"
    )
    group.add_argument(
        "--column",
        metavar="NAME",
        help="the member of each JSON object, or the column of a table, with the text (default: "
        "text)",
    )
    cut = group.add_mutually_exclusive_group()
    cut.add_argument(
        "--separator",
        metavar="TEXT",
        help="what ends each document of a text file, such as '<|endoftext|>' (default: a file is "
        "a document)",
    )
    cut.add_argument("--lines", action="store_true", help="each line of a text file is a document")
    return group


def add_on_bad(parser: argparse.ArgumentParser) -> None:
    """Add --on-bad."""
    parser.add_argument(
        "--on-bad",
        choices=("stop", "skip"),
        default="stop",
        help="stop at the first bad document, such as a broken line of JSON, or leave them out and "
        "say how many there were (default: stop)",
    )


def find(arguments: argparse.Namespace) -> Inputs:
    """Find the files.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        As `find_inputs`.
    """
    from bytestride.corpus.finding import find_inputs

    return find_inputs(arguments.files, files_from=arguments.files_from)


def reading_of(arguments: argparse.Namespace, inputs: Inputs) -> Reading:
    """Say how the files are read; text files may hold what is not UTF-8.

    Raises
    ------
    ValueError
        An option is given that says nothing of any of the files; the separator is empty.
    """
    from bytestride.corpus.reading import Reading

    formats = {kind_of(name, arguments.format).format for name in inputs.names}
    if "text" not in formats and (arguments.lines or arguments.separator is not None):
        raise ValueError("--lines and --separator cut text files, and none is named")
    if formats == {"text"} and arguments.column is not None:
        raise ValueError("--column is for lines of JSON and tables, and none is named")
    separator = "\n" if arguments.lines else arguments.separator
    return Reading(
        format=arguments.format,
        column="text" if arguments.column is None else arguments.column,
        separator=None if separator is None else separator.encode(),
        keep_invalid_utf8=True,
    )
