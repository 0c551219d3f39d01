"""`bytestride store convert`, `merge` and `split`: stores from stores."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bytestride.cli.arguments import positive

_DTYPES = ("uint8", "uint16", "uint32", "int32")


def add_dtype(parser: argparse.ArgumentParser) -> None:
    """Add --dtype, the type of a source that does not say it."""
    parser.add_argument(
        "--dtype",
        choices=_DTYPES,
        help="type of the ids, for files that do not say it: a bare .bin, OLMo's .npy",
    )


def add_parsers(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the three."""
    convert = actions.add_parser(
        "convert",
        help="write a store in another layout",
        description="The layout's shards go into a folder, or into one file if OUT's name ends as "
        "the layout's files do (.ds, .npy, .bin, .arrow, .parquet). For megatron, OUT is what the "
        "pair's names begin with.",
    )
    convert.add_argument("store", help="the store")
    _add_output(convert, "OUT")
    convert.add_argument(
        "--to",
        default="bytestride",
        metavar="LAYOUT",
        help="bytestride (default), megatron, datatrove, olmo, nanogpt, llmc, arrow or parquet",
    )
    add_dtype(convert)
    convert.add_argument(
        "--store-as",
        choices=("uint16", "int32"),
        help="type to store ids in (default: the narrower that the source's type fits)",
    )
    for name, help_text in (
        ("begins-with", "find documents by the id that each begins with"),
        ("ends-with", "find documents by the id that each ends with"),
        ("prepend", "put this id before every document"),
        ("append", "put this id after every document"),
    ):
        convert.add_argument(f"--{name}", type=_id, metavar="ID", help=help_text)
    convert.add_argument(
        "--link",
        action="store_true",
        help="give the payloads another name instead of copying them (megatron, datatrove, olmo, "
        "nanogpt): ids are not looked at",
    )
    convert.set_defaults(run=run_convert)

    merge = actions.add_parser("merge", help="make one store of several, in order")
    merge.add_argument("stores", nargs="+", help="the stores")
    _add_output(merge, "DIR")
    add_dtype(merge)
    merge.add_argument(
        "--any-tokenizer",
        action="store_true",
        help="merge stores though they were written with different tokenizers",
    )
    merge.set_defaults(run=run_merge)

    split = actions.add_parser(
        "split",
        help="make several stores of one, by whole documents",
        description="Writes DIR/train and DIR/validation, or DIR/part-00000 and so on.",
    )
    split.add_argument("store", help="the store")
    _add_output(split, "DIR")
    how = split.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--validation", type=float, metavar="SHARE", help="share of the documents, as 0.1"
    )
    how.add_argument("--parts", type=positive, metavar="N", help="parts of as many documents each")
    split.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help="choose documents by chance, as the seed fixes it (default: in order, the validation "
        "part last)",
    )
    add_dtype(split)
    split.set_defaults(run=run_split)


def _add_output(parser: argparse.ArgumentParser, metavar: str) -> None:
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar=metavar, help="where to write"
    )
    parser.add_argument(
        "--shard-tokens",
        type=positive,
        default=2**30,
        metavar="N",
        help="begin a new shard after this many tokens (default: 2^30)",
    )
    parser.add_argument(
        "--emit",
        type=lambda text: tuple(filter(None, text.split(","))),
        default=(),
        metavar="LAYOUTS",
        help="layouts beside the shards, over the same payload where they agree: datatrove, olmo, "
        "nanogpt, llmc, arrow, parquet; with commas between",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")


def _id(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not an id from 0 to 2^31 - 1")
    return int(text)


@contextmanager
def _copying(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Give the options that all three have, and show how far the copy is."""
    from bytestride.cli.progress import Stages

    n_done = 0
    with Stages() as stages:
        stages.update("copy", 0, unit="tokens")

        def on_tokens(n: int) -> None:
            nonlocal n_done
            n_done += n
            stages.update("copy", n_done, unit="tokens")

        yield {
            "shard_tokens": arguments.shard_tokens,
            "emit": arguments.emit,
            "overwrite": arguments.force,
            "on_tokens": on_tokens,
        }


def _translated(write: Callable[[], Any]) -> Any:  # noqa: ANN401 (what it gives)
    """Name the option of this command where an error names the argument of the function."""
    try:
        return write()
    except FileExistsError as error:
        raise FileExistsError(str(error).replace("overwrite=True", "--force")) from error


def _say(path: Path) -> None:
    from bytestride.store import open_tokens

    with open_tokens(path) as store:
        print(f"wrote {path}: {store.n_tokens:,} tokens in {store.n_documents:,} documents")


def run_convert(arguments: argparse.Namespace) -> None:
    """Write the store in the other layout."""
    from bytestride.store import convert_store

    with _copying(arguments) as options:
        path = _translated(
            lambda: convert_store(
                arguments.store,
                arguments.output,
                format=arguments.to,
                source_dtype=arguments.dtype,
                dtype=arguments.store_as,
                begins_with=arguments.begins_with,
                ends_with=arguments.ends_with,
                prepend=arguments.prepend,
                append=arguments.append,
                link=arguments.link,
                **options,
            )
        )
    print(f"wrote {path}: {arguments.to}")


def run_merge(arguments: argparse.Namespace) -> None:
    """Write one store."""
    from bytestride.store import merge_stores

    with _copying(arguments) as options:
        path = _translated(
            lambda: merge_stores(
                arguments.stores,
                arguments.output,
                dtype=arguments.dtype,
                any_tokenizer=arguments.any_tokenizer,
                **options,
            )
        )
    _say(path)


def run_split(arguments: argparse.Namespace) -> None:
    """Write the parts."""
    from bytestride.store import split_store

    with _copying(arguments) as options:
        paths = _translated(
            lambda: split_store(
                arguments.store,
                arguments.output,
                validation=arguments.validation,
                parts=arguments.parts,
                seed=arguments.seed,
                dtype=arguments.dtype,
                **options,
            )
        )
    for path in paths:
        _say(path)
