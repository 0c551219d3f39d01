"""`bytestride vocab`: which published vocabularies are at hand, and how to bring others."""

from __future__ import annotations

import argparse
from pathlib import Path

from bytestride import vocab_files, vocab_store


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("vocab", help="list, find, add or export published vocabularies")
    actions = parser.add_subparsers(required=True, metavar="action")

    listing = actions.add_parser("list", help="show which vocabularies are on this machine")
    listing.set_defaults(run=_list)

    where = actions.add_parser("where", help="print the path of a vocabulary's file")
    where.add_argument("name", help="a published name such as cl100k_base")
    where.set_defaults(run=_where)

    add = actions.add_parser("add", help="copy files into the user's folder, known by content")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE")
    add.set_defaults(run=_add)

    export = actions.add_parser("export", help="write files to carry to another machine")
    export.add_argument("names", nargs="+", metavar="NAME", help="a published name")
    export.add_argument("folder", type=Path, metavar="DIR", help="where to write; made if needed")
    export.set_defaults(run=_export)


def _list(arguments: argparse.Namespace) -> None:
    rows = list(vocab_store.listing())
    width = max(len(row.name) for row in rows)
    for row in rows:
        place = f"not here; needs {row.file.name}" if row.path is None else str(row.path)
        print(f"{row.name:<{width}}  {place}")


def _where(arguments: argparse.Namespace) -> None:
    print(vocab_files.find(arguments.name))


def _add(arguments: argparse.Namespace) -> None:
    for path in arguments.files:
        print(f"{path} -> {vocab_store.add(path)}")


def _export(arguments: argparse.Namespace) -> None:
    for path in vocab_store.export(arguments.names, arguments.folder):
        print(f"wrote {path}")
