"""`bytestride verify`: the same ids as the original library, on your own files."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bytestride.cli.arguments import add_threads
from bytestride.cli.input_options import (
    INPUTS_HELP,
    add_on_bad,
    add_reading_options,
    find,
    reading_of,
)

if TYPE_CHECKING:
    from bytestride.corpus.bad_documents import BadDocuments
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.parity import Difference, Document, Report

_PIECE_BYTES: Final = 64 * 1024  # a document of many megabytes is too long for some libraries

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
    parser.add_argument("--on", nargs="+", default=[], metavar="IN", dest="files", help=INPUTS_HELP)
    add_reading_options(parser)
    add_on_bad(parser)
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
    from bytestride.corpus.bad_documents import BadDocuments
    from bytestride.corpus.sources import n_text_bytes
    from bytestride.originals import reference_of
    from bytestride.parity import compare
    from bytestride.tokenizer import Tokenizer

    if arguments.reference is not None and arguments.encoding is not None:
        raise ValueError("--reference and --encoding both say what to compare with; give one")
    inputs = find(arguments)
    reading = reading_of(arguments, inputs)
    bad = BadDocuments(arguments.on_bad)
    with warnings.catch_warnings():
        # The report names what this would warn of.
        warnings.filterwarnings("ignore", "the pattern .* is not one that bytestride scans")
        tokenizer = Tokenizer.load(arguments.tokenizer, pattern=arguments.pattern)
    path, definition = arguments.tokenizer, tokenizer.definition
    if arguments.reference is not None:
        path = arguments.reference
        definition = formats.load(path, pattern=arguments.pattern)
    reference = reference_of(arguments.against, definition, path, encoding=arguments.encoding)
    total = n_text_bytes(inputs, reading)
    report: Report | None = None
    with Stages() as stages:
        stages.update("compare", 0, total)
        for report in compare(
            tokenizer,
            reference,
            _documents(inputs, reading, bad),
            name=arguments.tokenizer,
            allow_special=arguments.allow_special,
            num_threads=arguments.threads or usable_cores(),
        ):
            stages.update("compare", report.n_bytes, total)
    if report is None:
        raise ValueError("the files hold no documents, so nothing was compared; name others")
    if bad.summary is not None:
        print(f"warning: {bad.summary}", file=sys.stderr)
    if arguments.json:
        json.dump(report.as_json(), sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        _print(report)
    return 0 if report.is_equal else 1


def _documents(inputs: Inputs, reading: Reading, bad: BadDocuments) -> Iterator[Document]:
    """Yield the documents of the files; a text without separators comes in pieces."""
    from bytestride.corpus.chunks import CHUNK_BYTES, Place, Range
    from bytestride.corpus.reading import read_chunks
    from bytestride.corpus.sources import listed
    from bytestride.parity import Document

    chunk_bytes = CHUNK_BYTES
    if reading.separator is None:
        chunk_bytes = _PIECE_BYTES
    else:
        reading = replace(reading, may_cut=False)
    everything = [Range(Place(0, 0), Place(len(inputs), 0))]
    source = number = 0
    for chunk in read_chunks(inputs, everything, reading, chunk_bytes=chunk_bytes):
        texts = chunk.texts()
        for reject in texts.rejects:
            bad.add(inputs, reject)
        sources = np.broadcast_to(texts.sources, texts.n_documents).tolist()
        for of, text in zip(sources, listed(texts), strict=True):
            source, number = of, number + 1 if of == source else 1
            yield Document(inputs.names[source], number, text)


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
