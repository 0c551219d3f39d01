"""`bytestride store`: what is in a token store, whether it is whole, and its documents."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytestride.cli import store_copies
from bytestride.cli.arguments import add_tokenizer, load_tokenizer, warn_of_another_tokenizer

if TYPE_CHECKING:
    from bytestride.store import TokenStore
    from bytestride.store.shards import ShardFiles, StoreLayout

_STEP_TOKENS = 1 << 20
_SHOWN_SHARDS = 10


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its own commands."""
    parser = commands.add_parser(
        "store",
        help="look into, check, convert, merge and split token stores",
        description="A store is named as open_tokens takes it: a folder, a file, the beginning of "
        "a Megatron pair's names, or a pattern in quotes, such as 'fineweb_train_*.bin'.",
    )
    actions = parser.add_subparsers(required=True, metavar="action")
    info = actions.add_parser("info", help="say what a store is and holds")
    _add_store(info)
    info.add_argument("--json", action="store_true", help="one JSON object, for programs")
    info.set_defaults(run=run_info)
    verify = actions.add_parser("verify", help="read every byte of a store and check it")
    _add_store(verify)
    verify.add_argument(
        "--sha256",
        action="store_true",
        help="record the SHA-256 of every file in the manifest, in the same pass",
    )
    verify.set_defaults(run=run_verify)
    cat = actions.add_parser("cat", help="print documents, as ids or as text")
    _add_store(cat)
    cat.add_argument(
        "--documents",
        action="append",
        metavar="A:B",
        help="document A, or A:B (from A up to, not including, B; either may be left out, negative "
        "ones count from the end: --documents=-3:); may be given again (default: all)",
    )
    cat.add_argument(
        "--separator",
        metavar="TEXT",
        help="text that is printed after each document (default: a new line); with --tokenizer",
    )
    add_tokenizer(cat, required=False)
    cat.set_defaults(run=run_cat)
    store_copies.add_parsers(actions)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", help="the store")
    store_copies.add_dtype(parser)


def _open(arguments: argparse.Namespace) -> TokenStore:
    from bytestride.store import open_tokens

    return open_tokens(arguments.store, arguments.dtype)


# What a store is


def run_info(arguments: argparse.Namespace) -> None:
    """Print what the files say; nothing but headers is read."""
    from bytestride.store.layout import absolute, find_layout

    said = describe(find_layout(absolute(arguments.store), arguments.dtype))
    if arguments.json:
        print(json.dumps(said, indent=1))
        return
    print(f"{said['path']}: {said['layout']}, {said['dtype']} ids in {said['n_bytes']:,} bytes")
    print(f"{said['n_tokens']:,} tokens in {said['n_documents']:,} documents")
    if said["vocab_size"] is not None:
        print(f"vocabulary: {said['vocab_size']:,} tokens")
    for name, value in said["metadata"].items():
        print(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")
    shards = said["shards"]
    for shard in shards[:_SHOWN_SHARDS]:
        at = f" from byte {shard['byte_offset']:,}" if shard["byte_offset"] else ""
        counts = f"{shard['n_tokens']:,} tokens in {shard['n_documents']:,} documents"
        print(f"  {shard['file']}{at}: {counts}, ends {shard['documents']}")
    if len(shards) > _SHOWN_SHARDS:
        print(f"  and {len(shards) - _SHOWN_SHARDS:,} shards more")
    if said["sidecars"]:
        print("beside them: " + ", ".join(sidecar["name"] for sidecar in said["sidecars"]))


def describe(layout: StoreLayout) -> dict[str, Any]:
    """Put what a layout says into what JSON holds."""
    from bytestride.store.layout import shown_path

    manifest = layout.manifest
    return {
        "path": shown_path(layout.path),
        "layout": layout.kind,
        "dtype": str(layout.dtype),
        "n_tokens": layout.n_tokens,
        "n_documents": layout.n_documents,
        "n_bytes": layout.n_tokens * layout.dtype.itemsize,
        "vocab_size": manifest.vocab_size if manifest else None,
        "bytestride": manifest.bytestride if manifest else None,
        "metadata": manifest.metadata if manifest else {},
        "shards": [
            {
                "file": shard.bin_path.name,
                "byte_offset": shard.byte_offset,
                "n_tokens": shard.n_tokens,
                "n_documents": shard.n_documents,
                "documents": _whence(shard),
                "decoded": shard.ids is not None,
            }
            for shard in layout.shards
        ],
        "sidecars": [
            {"name": sidecar.name, "n_bytes": sidecar.n_bytes}
            for sidecar in (manifest.sidecars if manifest else ())
        ],
    }


def _whence(shard: ShardFiles) -> str:
    """Say where the ends of a shard's documents are."""
    from bytestride.store.megatron import Idx
    from bytestride.store.shards import EndsFile

    if shard.documents is None:
        return "not known: one document"
    if isinstance(shard.documents, (Idx, EndsFile)):
        return f"in {shard.documents.path.name}"
    return "read into memory"


def run_verify(arguments: argparse.Namespace) -> None:
    """Check all that can be checked, or fail with the first thing that is wrong."""
    from bytestride.store import record_sha256

    with _open(arguments) as store:
        if arguments.sha256:
            if not isinstance(store.path, Path) or store.manifest is None:
                raise ValueError(
                    f"{arguments.store}: has no manifest to record a SHA-256 in; leave --sha256 out"
                )
            record_sha256(store.path)
        else:
            store.verify()
        hashed = "hashes, " if store.manifest else "no hashes to compare; "
        print(
            f"{arguments.store}: whole ({hashed}documents and ids): {store.n_tokens:,} tokens in "
            f"{store.n_documents:,} documents"
        )


# Documents


def run_cat(arguments: argparse.Namespace) -> None:
    """Print documents: a line of ids each, or their text."""
    of_text = (arguments.pattern, arguments.separator)
    if arguments.tokenizer is None and of_text != (None, None):
        raise ValueError("--pattern and --separator go with --tokenizer")
    tokenizer = None if arguments.tokenizer is None else load_tokenizer(arguments)
    separator = "\n" if arguments.separator is None else arguments.separator
    with _open(arguments) as store:
        if tokenizer is not None:
            warn_of_another_tokenizer(store, tokenizer)
        offsets = store.document_offsets
        out = sys.stdout.buffer
        for numbers in [_range(text, store.n_documents) for text in arguments.documents or [":"]]:
            for i in numbers:
                begin, end = int(offsets[i]), int(offsets[i + 1])
                for start in range(begin, end, _STEP_TOKENS):
                    ids = store.tokens(start, min(start + _STEP_TOKENS, end))
                    if tokenizer is None:
                        gap = b"" if start == begin else b" "
                        out.write(gap + " ".join(map(str, ids.tolist())).encode())
                    else:
                        out.write(tokenizer.decode_bytes(ids))
                out.write(separator.encode("utf-8", "surrogateescape"))


def _range(text: str, n: int) -> range:
    first, colon, last = text.partition(":")
    try:
        begin = int(first) if first or not colon else 0
        end = int(last) if last else None
    except ValueError:
        raise ValueError(f"--documents {text!r} is not a number, or two with a colon") from None
    if colon:
        return range(*slice(begin, end).indices(n))
    if not -n <= begin < n:
        raise IndexError(f"document {begin} is not among the {n} there are")
    return range(begin % n, begin % n + 1)
