"""`bytestride verify`: the same ids as the original library, on your own files."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride.cli.arguments import add_threads, text_bytes

if TYPE_CHECKING:
    from bytestride.parity import Difference, Document, Report

_DESCRIPTION = """
Encode files by bytestride and by the original library, and compare every document id for id.

--against tokenizers reads the same tokenizer.json by the library itself, with
add_special_tokens=False; --against tiktoken makes a tiktoken.Encoding of it, where that can express
it, or takes one of tiktoken's by --encoding. Texts of special tokens in a document are text like
any other to both sides, or with --allow-special those tokens to both. Truncation, padding and
post-processors in the file are applied by neither, and named.

The status is 0 where all ids are the same, and 1 where they are not.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verify",
        help="prove that a tokenizer gives the ids of the original library, on your files",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tokenizer",
        metavar="TOKENIZER",
        help="a file or folder that holds one, or a published name such as cl100k_base",
    )
    parser.add_argument("--pattern", metavar="P", help="the split pattern, where the file has none")
    parser.add_argument(
        "--against", required=True, choices=("tiktoken", "tokenizers"), help="the original library"
    )
    parser.add_argument(
        "--reference",
        metavar="FILE",
        help="let the library read this file instead, such as the one TOKENIZER was converted from",
    )
    parser.add_argument(
        "--encoding", metavar="NAME", help="compare with this encoding of tiktoken's own"
    )
    parser.add_argument(
        "--on",
        required=True,
        nargs="+",
        type=Path,
        metavar="FILE",
        dest="files",
        help="text, .jsonl or .parquet; plain or .gz or .zst",
    )
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--separator",
        metavar="TEXT",
        help="text that ends each document of a text file (default: pieces of about 64 KiB)",
    )
    cut.add_argument("--lines", action="store_true", help="each line of a text file is a document")
    parser.add_argument(
        "--column",
        metavar="NAME",
        help="the column of a table, or member of each JSON object, with the text (default: text)",
    )
    parser.add_argument(
        "--allow-special",
        action="store_true",
        help="let both sides match special tokens in the documents",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare and report; 0 where all ids are the same."""
    from bytestride import formats
    from bytestride._core import usable_cores
    from bytestride.cli.progress import Stages
    from bytestride.corpus.files import check_readable
    from bytestride.originals import reference_of
    from bytestride.parity import compare
    from bytestride.tokenizer import Tokenizer

    check_readable(arguments.files)
    _check_arguments(arguments)
    with warnings.catch_warnings():
        # The report names what this would warn of.
        warnings.filterwarnings("ignore", "the pattern .* is not one that bytestride scans")
        tokenizer = Tokenizer.load(arguments.tokenizer, pattern=arguments.pattern)
    path, definition = arguments.tokenizer, tokenizer.definition
    if arguments.reference is not None:
        path = arguments.reference
        definition = formats.load(path, pattern=arguments.pattern)
    reference = reference_of(arguments.against, definition, path, encoding=arguments.encoding)
    total = None
    if not any(".parquet" in path.name for path in arguments.files):
        total = text_bytes(arguments.files)
    report: Report | None = None
    with Stages() as stages:
        stages.update("compare", 0, total)
        for report in compare(
            tokenizer,
            reference,
            _documents(arguments),
            name=arguments.tokenizer,
            allow_special=arguments.allow_special,
            num_threads=arguments.threads or usable_cores(),
        ):
            stages.update("compare", report.n_bytes, total)
    if report is None:
        raise ValueError("the files hold no documents, so nothing was compared; name others")
    if arguments.json:
        json.dump(report.as_json(), sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        _print(report)
    return 0 if report.is_equal else 1


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse what would do nothing."""
    from bytestride.corpus.records import kind_of_file

    kinds = {kind_of_file(path) for path in arguments.files}
    if "text" not in kinds and (arguments.lines or arguments.separator is not None):
        raise ValueError("--lines and --separator cut text files, and none is named")
    if kinds == {"text"} and arguments.column is not None:
        raise ValueError("--column is for .jsonl and .parquet files, and none is named")
    if arguments.reference is not None and arguments.encoding is not None:
        raise ValueError("--reference and --encoding both say what to compare with; give one")


def _documents(arguments: argparse.Namespace) -> Iterator[Document]:
    from bytestride.corpus.records import read_records
    from bytestride.parity import Document

    separator = "\n" if arguments.lines else arguments.separator
    cut_at = None if separator is None else separator.encode()
    for path in arguments.files:
        records = read_records(path, column=arguments.column or "text", separator=cut_at)
        for number, text in enumerate(records, 1):
            yield Document(str(path), number, text)


def _print(report: Report) -> None:
    from bytestride.cli.progress import amount

    verdict = "the same ids" if report.is_equal else "DIFFERENT ids"
    print(f"{verdict}: {report.tokenizer} by bytestride and by {report.against}")
    print(
        f"  compared: {report.n_documents:,} documents, {amount(report.n_bytes, 'bytes')}, "
        f"{report.n_tokens:,} tokens; special tokens in them are {report.special_tokens}"
    )
    if report.n_replaced_documents:
        print(
            f"  {report.n_replaced_documents:,} documents were no well-formed text; what was not "
            "is U+FFFD to both sides"
        )
    for name, speed in report.speeds.items():
        if speed.mb_per_second is not None:
            timed = amount(speed.n_bytes, "bytes")
            print(f"  {name}: {speed.mb_per_second:,.1f} MB/s, over {timed}")
    for note in report.notes:
        print(f"  note: {note}")
    if report.first_difference is not None:
        print(f"  {report.n_differing_documents:,} documents differ; the first:")
        _print_difference(report.first_difference)


def _print_difference(difference: Difference) -> None:
    print(f"    {difference.file}, document {difference.document}", end="")
    if difference.error is not None:
        print(f": {difference.error}")
        return
    print(f", character {difference.character}, after {difference.n_equal_ids:,} equal ids")
    print(f"    text: {difference.before!r} | {difference.after!r}")
    for name, ids in (("ours", difference.ours), ("theirs", difference.theirs)):
        shown = ", ".join(f"{token_id} {text!r}" for token_id, text in ids)
        print(f"    {name}: {shown}")
