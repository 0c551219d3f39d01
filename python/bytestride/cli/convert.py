"""`bytestride convert`: a tokenizer from one format to another, checked by reading it back."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride.cli.arguments import check_output

if TYPE_CHECKING:
    from bytestride.definition import Definition
    from bytestride.formats import Format

_DESCRIPTION = """
Read a tokenizer in any format and write it in another. The same format is copied as it is.

What changes ids is kept or refused: the message says what the format cannot hold, and what to do.
Merges of a file that has only ranks are recovered and proved to give the same ids. What is written
is read back and compared. What the new file does not hold and ids do not need, or whoever reads it
must give again, is listed.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "convert",
        help="write a tokenizer in another format",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tokenizer", metavar="IN", help="a file or folder that holds one, or a published name"
    )
    parser.add_argument(
        "output",
        metavar="OUT",
        help="a file: *.tiktoken, tekken.json, vocab.json (and merges.txt beside it), or any other "
        "name for a tokenizer.json",
    )
    parser.add_argument(
        "--to",
        choices=("tokenizer.json", "tiktoken", "vocab.json", "tekken.json"),
        metavar="FORMAT",
        help="the format, whatever the name of OUT: tokenizer.json, tiktoken, vocab.json (OUT is a "
        "folder) or tekken.json",
    )
    parser.add_argument("--pattern", metavar="P", help="the split pattern, where IN has none")
    parser.add_argument(
        "--special",
        action="append",
        type=_text_and_id,
        metavar="TEXT=ID",
        help="a special token, where IN lists none; may be given more than once",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.set_defaults(run=run)


def _text_and_id(argument: str) -> tuple[str, int]:
    text, _, number = argument.rpartition("=")
    if not text or not number.isdecimal() or len(number) > 10:
        raise argparse.ArgumentTypeError(f"{argument!r} is no text and id, as <|end|>=50256")
    return text, int(number)


def run(arguments: argparse.Namespace) -> None:
    """Convert, check and say what came of it."""
    from bytestride import formats

    definition = formats.load(
        arguments.tokenizer,
        pattern=arguments.pattern,
        special_tokens=arguments.special and dict(arguments.special),
    )
    kind = formats.format_of(arguments.output) if arguments.to is None else arguments.to
    _check_output(Path(arguments.output), kind, force=arguments.force)
    formats.write(definition, arguments.output, kind)
    _check_same(definition, Path(arguments.output), kind)
    n_special = sum(token.special for token in definition.added_tokens)
    print(
        f"wrote {arguments.output} ({kind}): {len(definition.tokens):,} tokens and "
        f"{len(definition.added_tokens):,} added ones, {n_special:,} of them special"
    )
    print("  read back: the same tokens, and the same merges fire in the same order")
    for line in _left_out(definition, kind):
        print(f"  not in the file: {line}")


def _check_output(path: Path, kind: Format, *, force: bool) -> None:
    from bytestride.formats.vocab_merges import MERGES, VOCAB

    if kind != "vocab.json":
        check_output(path, force=force)
        return
    folder = path.parent if path.name in (VOCAB, MERGES) else path
    if not folder.is_dir():
        check_output(folder, force=force)
        return
    for name in (VOCAB, MERGES):
        check_output(folder / name, force=force)


def _check_same(definition: Definition, path: Path, kind: Format) -> None:
    """Read what was written and compare all that ids depend on; a difference is a bug of ours."""
    import numpy as np

    from bytestride import formats

    # Such a file goes with any pattern, and reading it needs one.
    again = formats.read(path, pattern="gpt2" if kind == "tiktoken" else None)
    ours, theirs = definition.vocab(), again.vocab()
    same = (
        again.tokens == definition.tokens
        and np.array_equal(ours.merges(), theirs.merges())
        and np.array_equal(ours.unreachable(), theirs.unreachable())
        and (kind == "tiktoken" or set(again.added_tokens) == set(definition.added_tokens))
        and (kind == "tiktoken" or again.normalizer == definition.normalizer)
    )
    if not same:
        raise ValueError(f"{path} reads back as another tokenizer; please report this")


def _left_out(definition: Definition, kind: Format) -> Iterator[str]:
    """Say what the new file does not hold."""
    source = definition.source
    if source is not None and source.kind == kind:
        return
    if kind == "tiktoken":
        yield f"the pattern, which whoever reads it must give: {definition.pattern!r}"
        if definition.added_tokens:
            special = {token.content: token.id for token in definition.added_tokens[:4]}
            more = ", …" if len(definition.added_tokens) > len(special) else ""
            yield (
                f"{len(definition.added_tokens):,} special tokens, which whoever reads it must "
                f"give: {json.dumps(special, ensure_ascii=False)[:-1]}{more}}}"
            )
    if source is None:
        return
    if source.kind == "tokenizer.json":
        document = json.loads(source.data)
        for key in ("post_processor", "truncation", "padding"):
            if document.get(key) is not None:
                yield f"the {key} of the tokenizer.json (ids of a text alone do not need it)"
    elif source.kind == "tekken.json":
        document = json.loads(source.data)
        for key in document:
            if key not in ("config", "vocab", "special_tokens"):
                yield f"the settings {key!r} of the tekken.json"
    for name, _ in source.beside:
        if name not in ("merges.txt", "added_tokens.json"):
            yield f"what {name} says beside added tokens and the way of splitting, as templates"
