"""`bytestride tokenize`: files to a token store."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride.cli.arguments import (
    add_threads,
    add_tokenizer,
    load_tokenizer,
    positive,
    text_bytes,
)

if TYPE_CHECKING:
    from bytestride.corpus.document_stream import Part
    from bytestride.tokenizer import Tokenizer


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("tokenize", help="encode files into a token store")
    parser.add_argument("files", nargs="+", type=Path, help="text, plain or .gz or .zst")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DIR", help="the store's folder"
    )
    add_tokenizer(parser)
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--separator",
        metavar="TEXT",
        help="text that ends each document, as '<|endoftext|>' (default: a file is a document)",
    )
    cut.add_argument("--lines", action="store_true", help="each line is a document")
    parser.add_argument(
        "--append-eos",
        nargs="?",
        const="<|endoftext|>",
        metavar="TOKEN",
        help="end every document with this special token (default: <|endoftext|>)",
    )
    parser.add_argument(
        "--shard-tokens",
        type=positive,
        default=2**30,
        metavar="N",
        help="begin a new shard after this many tokens (default: 2^30)",
    )
    parser.add_argument("--force", action="store_true", help="replace the store")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Encode and store."""
    from bytestride.cli.progress import Stages
    from bytestride.corpus.files import check_readable
    from bytestride.jobs import tokenize_parts
    from bytestride.store import TokenStoreWriter

    check_readable(arguments.files)
    _check_store(arguments.output, force=arguments.force)
    tokenizer = load_tokenizer(arguments)
    eos = arguments.append_eos
    end_id = None if eos is None else _special_id(tokenizer, eos)
    separator = "\n" if arguments.lines else arguments.separator
    metadata = {
        "tokenizer": {"name": tokenizer.name, "fingerprint": tokenizer.definition.fingerprint()},
        "separator": separator,
        "end_of_document": eos,
    }
    total = text_bytes(arguments.files)
    n_done = 0
    with (
        TokenStoreWriter(
            arguments.output,
            vocab_size=tokenizer.vocab_size,
            shard_tokens=arguments.shard_tokens,
            metadata=metadata,
            overwrite=arguments.force,
        ) as writer,
        Stages() as stages,
    ):
        stages.update("encode", 0, total)

        def on_bytes(n: int) -> None:
            nonlocal n_done
            n_done += n
            stages.update("encode", n_done, total)

        parts = _parts(arguments.files, separator, tokenizer)
        n_bytes = tokenize_parts(
            parts,
            tokenizer,
            writer,
            end_id=end_id,
            num_threads=arguments.threads,
            on_bytes=on_bytes,
        )
    per_token = f", {n_bytes / writer.n_tokens:.2f} bytes a token" if writer.n_tokens else ""
    print(
        f"wrote {arguments.output}: {writer.n_documents:,} documents, "
        f"{writer.n_tokens:,} tokens{per_token}"
    )


def _check_store(path: Path, *, force: bool) -> None:
    """Find out before any work whether the store may stand there, in the words of this command."""
    from bytestride.store.manifest import MANIFEST_NAME

    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"{path} is a file; a token store is a folder: name another")
    if (path / MANIFEST_NAME).exists() and not force:
        raise FileExistsError(f"{path} holds a token store already; use --force to replace it")


def _special_id(tokenizer: Tokenizer, token: str) -> int:
    special = tokenizer.special_tokens
    if token not in special:
        known = ", ".join(list(special)[:8]) or "none"
        raise ValueError(f"{token!r} is no special token of this tokenizer; it has {known}")
    return special[token]


def _parts(files: list[Path], separator: str | None, tokenizer: Tokenizer) -> Iterator[Part]:
    from bytestride.corpus.document_stream import read_documents

    cut_at = None if separator is None else separator.encode()
    for path in files:
        yield from read_documents(path, cut_at, may_cut=tokenizer.may_cut)
