"""`.tiktoken` files: one line a token, its bytes in base64, a space, its rank, which is its id.

Such a file carries no pattern and no special tokens: those of a published vocabulary are known by
the file's content, those of some models by theirs or by what lies beside it (`tiktoken_models`),
and others must be given. Merging follows tiktoken's rule (`Definition.merges`).
"""

from __future__ import annotations

import os
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bytestride import _core, published, vocab_files
from bytestride.definition import AddedToken, Definition, Source
from bytestride.errors import FormatError, shown
from bytestride.formats.files import read_file, write_file
from bytestride.formats.rank_tokens import ranked_definition
from bytestride.formats.tiktoken_models import conventions_of
from bytestride.token_map import MAX_ID, TokenMap

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def read(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read a `.tiktoken` file.

    Parameters
    ----------
    path : path of the file
    pattern : str, optional
        The name or text of the pattern; needed unless the file is a published vocabulary.
    special_tokens : mapping of str to int, optional
        Content to id. Left out, those of the published vocabulary, or none.

    Raises
    ------
    FormatError
        The file is damaged, or is no `.tiktoken` file; the message gives the line and its offset.
    ValueError
        No pattern was given and the file is not known by its content.
    """
    return parse(
        read_file(path), str(path), pattern=pattern, special_tokens=special_tokens, path=path
    )


def read_published(
    name: str, *, pattern: str | None = None, special_tokens: Mapping[str, int] | None = None
) -> Definition:
    """Find a published vocabulary on this machine and read it; errors as `vocab_files.find`."""
    path, content = vocab_files.find_content(name)
    record = published.published(name)
    return _definition(content, str(path), record, pattern, special_tokens)


def parse(
    data: bytes,
    where: str,
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Definition:
    """Read the content of a `.tiktoken` file, as `read` does; `where` names it in messages.

    `path` is where the file lies, if it does: what lies beside it may say whose it is.
    """
    return _definition(data, where, published.identify(data), pattern, special_tokens, path)


def _definition(
    data: bytes,
    where: str,
    record: published.Published | None,
    pattern: str | None,
    special_tokens: Mapping[str, int] | None,
    path: str | os.PathLike[str] | None = None,
) -> Definition:
    """Make the definition; what the arguments leave out is taken from `record`."""
    tokens = _parse_tokens(data, where)
    name, normalizer = None, None
    beside: tuple[tuple[str, bytes], ...] = ()
    added = tuple(AddedToken(*item) for item in (special_tokens or {}).items())
    if record is not None:
        if pattern is None and special_tokens is None:
            name = record.name
        pattern = record.pattern if pattern is None else pattern
        if special_tokens is None:
            added = tuple(AddedToken(*item) for item in record.special_tokens.items())
    elif pattern is None and (model := conventions_of(data, len(tokens), path)) is not None:
        pattern, normalizer, beside = model.pattern, model.normalizer, model.beside
        added = model.added_tokens if special_tokens is None else added
    if pattern is None:
        raise ValueError(
            f"{where}: a .tiktoken file does not say how to split text, and this one is not a "
            f"published vocabulary; give pattern= ({', '.join(published.PATTERNS)}, or a regular "
            "expression) and special_tokens="
        )
    try:
        return ranked_definition(
            tokens,
            published.resolve_pattern(pattern),
            added,
            source=Source("tiktoken", data, beside),
            normalizer=normalizer,
            name=name,
        )
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from None


def _parse_tokens(data: bytes, where: str) -> TokenMap:
    """Id to bytes."""
    if not data or data.isspace():
        raise FormatError(f"{where} is empty; a .tiktoken file has one line for each token")
    tokens = _parse_canonical(data)
    return TokenMap(_parse_lines(data, where)) if tokens is None else tokens


def _parse_canonical(data: bytes) -> TokenMap | None:
    """Parse a file as tiktoken writes it, in the core; None for any other, well formed or not."""
    try:
        table = _core.read_rank_lines(data)
    except ValueError:  # a rank or a token stands twice
        return None
    return None if table is None else TokenMap(table)


def _parse_lines(data: bytes, where: str) -> dict[int, bytes]:
    """Parse line by line: slower, takes the white space that tiktoken takes, says what is wrong."""
    tokens: dict[int, bytes] = {}
    line_of: dict[bytes, int] = {}
    offset = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        place = f"{where}, line {number} (byte {offset})"
        offset += len(line)
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2:
            raise FormatError(
                f"{place}: a line holds base64, a space and a rank, not {_shorten(line)}"
            )
        if not _BASE64.fullmatch(fields[0]):
            raise FormatError(f"{place}: {_shorten(fields[0])} is not base64")
        digits = fields[1].lstrip(b"0") or fields[1][-1:]
        if not re.fullmatch(rb"[0-9]{1,10}", digits) or int(digits) > MAX_ID:
            raise FormatError(
                f"{place}: the rank {_shorten(fields[1])} is not a whole number below 2^31"
            )
        token, rank = a2b_base64(fields[0]), int(digits)
        if rank in tokens:
            first = line_of[tokens[rank]]
            raise FormatError(f"{place}: rank {rank} is already that of the token on line {first}")
        if token in line_of:
            raise FormatError(
                f"{place}: the token {_shorten(token)} stands already on line {line_of[token]}"
            )
        tokens[rank] = token
        line_of[token] = number
    return tokens


def _shorten(data: bytes) -> str:
    return repr(data if len(data) <= 40 else data[:40] + b"...")


def write(definition: Definition, path: str | os.PathLike[str]) -> None:
    """Write a `.tiktoken` file, where one can hold the vocabulary exactly.

    The file does not carry the pattern or the special tokens: whoever reads it gives them again. A
    definition that was read from such a file is written as the same bytes.

    Raises
    ------
    ValueError
        tiktoken's rule would give other ids than this definition; the message says why.
    OSError
        As `write_file`.
    """
    write_file(path, serialize(definition))


def serialize(definition: Definition) -> bytes:
    """Content of the file that `write` writes."""
    check_ranks(definition)
    source = definition.source
    if (
        source is not None
        and source.kind == "tiktoken"
        and _parse_tokens(source.data, "source") == definition.tokens
    ):
        return source.data
    return lines_of(definition.tokens)


def lines_of(tokens: Mapping[int, bytes]) -> bytes:
    """Content of a file of these tokens."""
    return b"".join(
        b"%b %d\n" % (b2a_base64(token, newline=False), token_id)
        for token_id, token in tokens.items()
    )


def check_ranks(definition: Definition, what: str = "a .tiktoken file") -> None:
    """Raise where tiktoken's rule, without flags, gives other ids; `what` holds nothing else."""
    remedy = "save it as tokenizer.json instead"
    if definition.normalizer is not None:
        raise ValueError(f"{what} has no {definition.normalizer} normaliser; {remedy}")
    if not isinstance(definition.pattern, str):
        raise ValueError(
            f"{what} goes with one regular expression, and this tokenizer splits in stages; "
            f"{remedy}"
        )
    for token in definition.added_tokens:
        if not token.special:
            raise ValueError(
                f"added token {shown(token.content)} is not special, so it is always matched, "
                f"which tiktoken cannot do; {remedy}"
            )
        if flags := token.flags():
            raise ValueError(
                f"added token {shown(token.content)} has {flags[0]}, which tiktoken cannot do; "
                f"{remedy}"
            )
    if definition.merges is None and definition.whole_pieces:
        return
    vocab = definition.vocab()
    if definition.merges is not None:
        by_rank = replace(definition, merges=None, source=None).vocab()
        if not np.array_equal(vocab.merges(), by_rank.merges()):
            raise ValueError(
                f"{what} says that neighbours merge when they make a token, the lowest id "
                f"first, and the merges here are others or stand in another order; {remedy}"
            )
    if not definition.whole_pieces and len(unreachable := vocab.unreachable()):
        token_id = int(unreachable[0])
        raise ValueError(
            f"{len(unreachable)} tokens are never made by merging (the first is id {token_id}, "
            f"{shown(definition.tokens[token_id])}), but by tiktoken's rule a pretoken that is "
            f"such a token becomes it; {remedy}"
        )
