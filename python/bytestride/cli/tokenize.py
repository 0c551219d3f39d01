"""`bytestride tokenize`: files, folders or buckets of documents to a token store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytestride.cli.arguments import add_tokenizer, load_tokenizer, positive, thread_count
from bytestride.cli.count_options import n_bytes
from bytestride.cli.input_options import INPUTS_HELP, add_reading_options

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.jobs.job import CorpusResult
    from bytestride.jobs.progress import OnProgress
    from bytestride.tokenizer import Tokenizer


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "tokenize",
        help="encode files into a token store",
        description="Encode files into a token store. The command may be stopped at any moment and "
        "given again: it goes on where it was. The result does not depend on the number of "
        "workers or machines.",
    )
    _add_inputs(parser)
    _add_result(parser)
    _add_work(parser)
    parser.set_defaults(run=run)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="*", metavar="IN", help=INPUTS_HELP)
    group = add_reading_options(parser)
    group.add_argument(
        "--max-document",
        type=n_bytes,
        metavar="SIZE",
        help="leave out documents that must be held whole (a line of JSON, a row) and are longer "
        "(default: 256M); texts may be of any size",
    )
    group.add_argument(
        "--keep-invalid-utf8",
        action="store_true",
        help="texts that are not UTF-8 are no bad documents: their bytes are encoded as they are",
    )
    group.add_argument(
        "--on-bad",
        choices=("skip", "stop"),
        default="skip",
        help="leave bad documents out, counted and with samples in rejects.jsonl, or stop at the "
        "first (default: skip)",
    )


def _add_result(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DIR", help="the store's folder"
    )
    add_tokenizer(group)
    group.add_argument(
        "--append-eos",
        nargs="?",
        const="<|endoftext|>",
        metavar="TOKEN",
        help="end every document with this special token (default: <|endoftext|>)",
    )
    group.add_argument(
        "--shard-tokens",
        type=positive,
        default=2**30,
        metavar="N",
        help="begin a new shard after this many tokens at most (default: 2^30)",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="shuffle the documents (default: in order)"
    )
    group.add_argument(
        "--emit",
        action="append",
        default=[],
        metavar="FORMAT",
        help="write another trainer's layout beside the shards: datatrove, olmo, nanogpt, llmc, "
        "arrow, parquet; may be given several times",
    )
    group.add_argument("--force", action="store_true", help="replace a finished store")


def _add_work(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is done")
    group.add_argument(
        "--workers",
        type=thread_count,
        metavar="N",
        help="threads that parse and encode (default: all cores)",
    )
    group.add_argument(
        "--memory",
        type=n_bytes,
        metavar="SIZE",
        help="what texts, ids and the caches of words in work may take, as 500M, beside about 100M "
        "for Python, Arrow and the vocabulary (default: about 30M a worker, and 64M)",
    )
    group.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with an unfinished job in the folder (default), or throw it away",
    )
    group.add_argument(
        "--verify",
        action="store_true",
        help="read everything again at the end, compare, and record SHA-256 hashes",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="say what it would come to, from samples of the files, and write nothing",
    )
    group.add_argument(
        "--progress",
        choices=("rich", "json", "none"),
        help="a bar, lines of JSON on stderr, or nothing (default: a bar on a terminal)",
    )
    group.add_argument(
        "--shard-id",
        type=int,
        metavar="I",
        help="with --num-shards N: this is machine I of N (from 0) on the same files and output",
    )
    group.add_argument("--num-shards", type=positive, metavar="N", help="see --shard-id")
    group.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster: its address, auto for the one that this machine is in, or "
        "local for a new one here; --workers and --memory are then for each part",
    )


def run(arguments: argparse.Namespace) -> None:
    """Encode and store."""
    from bytestride.cli.job_progress import show_progress
    from bytestride.corpus.finding import find_inputs

    inputs = find_inputs(arguments.inputs, files_from=arguments.files_from)
    if arguments.output.exists() and not arguments.output.is_dir():
        raise NotADirectoryError(
            f"{arguments.output} is a file; a token store is a folder: name another"
        )
    tokenizer = load_tokenizer(arguments)
    reading = _reading(arguments, tokenizer)
    if arguments.dry_run:
        from bytestride.cli.job_estimate import say_estimate

        say_estimate(arguments, inputs, reading, tokenizer)
        return
    with show_progress(arguments.progress) as progress:
        result = _tokenize(arguments, inputs, reading, tokenizer, progress)
    _say_result(result)


def _reading(arguments: argparse.Namespace, tokenizer: Tokenizer) -> Reading:
    from bytestride.corpus.chunks import MAX_DOCUMENT_BYTES
    from bytestride.corpus.reading import Reading

    separator = "\n" if arguments.lines else arguments.separator
    most = arguments.max_document
    return Reading(
        format=arguments.format,
        column="text" if arguments.column is None else arguments.column,
        separator=None if separator is None else separator.encode("utf-8", "surrogateescape"),
        may_cut=tokenizer.may_cut,
        max_document_bytes=MAX_DOCUMENT_BYTES if most is None else most,
        keep_invalid_utf8=arguments.keep_invalid_utf8,
    )


def _tokenize(
    arguments: argparse.Namespace,
    inputs: Inputs,
    reading: Reading,
    tokenizer: Tokenizer,
    progress: OnProgress | None,
) -> CorpusResult:
    from bytestride.cli.stopping import stops_on_terminate
    from bytestride.corpus.bad_documents import BadDocumentError
    from bytestride.jobs.errors import ChangedJobError
    from bytestride.jobs.plan import WORK_FOLDER

    options: dict[str, Any] = {
        "tokenizer": tokenizer,
        "reading": reading,
        "append_eos": arguments.append_eos,
        "shard_tokens": arguments.shard_tokens,
        "seed": arguments.seed,
        "emit": arguments.emit,
        "memory_bytes": arguments.memory,
        "on_bad": arguments.on_bad,
        "resume": arguments.resume,
        "overwrite": arguments.force,
        "verify": arguments.verify,
        "progress": progress,
    }
    try:
        with stops_on_terminate():
            if arguments.ray is not None:
                return _on_ray(arguments, inputs, options)
            from bytestride.jobs.corpus import tokenize_corpus

            return tokenize_corpus(
                inputs,
                arguments.output,
                num_workers=arguments.workers,
                shard_id=arguments.shard_id,
                num_shards=arguments.num_shards,
                **options,
            )
    except (BadDocumentError, ChangedJobError, BlockingIOError, FileExistsError):
        raise  # they say what to change: the same command would end in the same way
    except BaseException:
        if (arguments.output / WORK_FOLDER).exists():
            print("what is finished stays: the same command goes on from there", file=sys.stderr)
        raise


def _on_ray(arguments: argparse.Namespace, inputs: Inputs, options: dict[str, Any]) -> CorpusResult:
    if arguments.shard_id is not None or arguments.num_shards is not None:
        raise ValueError("--shard-id and --num-shards are for machines without --ray")
    from bytestride.ray import tokenize_corpus_on_ray

    return tokenize_corpus_on_ray(
        inputs, arguments.output, address=arguments.ray, num_cpus=arguments.workers, **options
    )


def _say_result(result: CorpusResult) -> None:
    if not result.is_finished:
        print(f"{result.path}: this machine's part is done; others are at work")
        return
    rejects = result.rejects or {}
    per_token = ""
    if result.n_tokens:
        per_token = f", {result.n_text_bytes / result.n_tokens:.2f} bytes a token"
    print(
        f"wrote {result.path}: {result.n_documents:,} documents, "
        f"{result.n_tokens:,} tokens{per_token}"
    )
    if rejects:
        n = sum(rejects.values())
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in rejects.items())
        print(
            f"{n:,} documents were left out: {reasons}; see {result.path / 'rejects.jsonl'}",
            file=sys.stderr,
        )
