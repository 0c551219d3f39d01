"""Arguments and checks that several commands share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride.store import TokenStore
    from bytestride.tokenizer import Tokenizer

_MAX_INT = 2**31 - 1  # what the core takes as a number of threads


def positive(text: str) -> int:
    """Read a whole number of at least 1, as an argparse type."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def add_tokenizer(parser: argparse._ActionsContainer, *, required: bool = True) -> None:
    """Add --tokenizer and what goes with it."""
    parser.add_argument(
        "--tokenizer",
        required=required,
        metavar="T",
        help="a file (tokenizer.json, .tiktoken, vocab.json, tekken.json, .gguf), a folder with "
        "one, or a published name such as cl100k_base",
    )
    parser.add_argument(
        "--pattern",
        metavar="P",
        help="the split pattern, for a file that has none, such as a .tiktoken file that is no "
        "published vocabulary",
    )


def load_tokenizer(arguments: argparse.Namespace) -> Tokenizer:
    """Load what --tokenizer and --pattern name."""
    from bytestride.tokenizer import Tokenizer

    return Tokenizer.load(arguments.tokenizer, pattern=arguments.pattern)


def warn_of_another_tokenizer(store: TokenStore, tokenizer: Tokenizer) -> None:
    """Say on stderr if the store's manifest names another tokenizer: nothing else would tell.

    Not an error: the same vocabulary from another kind of file has another fingerprint.
    """
    metadata = {} if store.manifest is None else store.manifest.metadata
    written_with = metadata.get("tokenizer")
    if not isinstance(written_with, dict) or "fingerprint" not in written_with:
        return
    if written_with["fingerprint"] != tokenizer.definition.fingerprint():
        name = written_with.get("name") or "one without a name"
        print(
            f"warning: the store was written with another tokenizer ({name}); with this one its "
            "ids may mean other text",
            file=sys.stderr,
        )


def thread_count(text: str) -> int:
    """Read a number of threads, as an argparse type."""
    number = positive(text)
    if number > _MAX_INT:
        raise argparse.ArgumentTypeError(f"{text} is more than {_MAX_INT:,} threads")
    return number


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add --threads."""
    parser.add_argument(
        "--threads",
        type=thread_count,
        metavar="N",
        help="threads to use (default: all cores); the result does not depend on it",
    )


def check_output(path: Path, *, force: bool) -> None:
    """Find out now whether an output file may be written.

    Raises
    ------
    FileExistsError
        It is there, and `force` is not given.
    FileNotFoundError
        Its folder is not there.
    IsADirectoryError
        It is a folder.
    PermissionError
        Nothing may be written into its folder.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the name of a file in it")
    if path.exists() and not force:
        raise FileExistsError(f"{path} is there already; use --force to replace it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise PermissionError(f"there is no right to write into {path.parent}; name another folder")
