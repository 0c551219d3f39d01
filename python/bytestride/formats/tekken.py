"""`tekken.json`, the file of Mistral's tokenizers.

Special tokens come first, and ordinary tokens behind them, in the order of their ranks, as many as
the file says to use; they merge by tiktoken's rule. Special tokens that the file does not name are
those that its version has, and then `<SPECIAL_20>` and so on. Ids are those of mistral-common
(`tokens/tokenizers/tekken.py`, 1.13) without beginning and end.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any, Final

from bytestride.definition import AddedToken, Definition, Source
from bytestride.errors import FormatError, shown
from bytestride.formats.files import read_file, write_file
from bytestride.formats.json_fields import as_object, field
from bytestride.formats.json_text import parse_json
from bytestride.formats.rank_tokens import ranked_definition
from bytestride.formats.regex_dialect import dialect_of, to_rust
from bytestride.formats.tiktoken_file import check_ranks
from bytestride.token_map import MAX_ID, TokenMap

MAX_SPECIAL_TOKENS: Final = 2**20
"""Of a file; those that it does not name are made up, so that a number alone could ask for any."""

# What files up to version 7 that name no special tokens have, by id from 0 on.
_UNNAMED: Final = (
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
)
_VERSIONS_WITHOUT_NAMES: Final = ("v1", "v2", "v3", "v7")
_NEW_VERSION: Final = "v7"


def read(path: str | os.PathLike[str]) -> Definition:
    """Read a `tekken.json`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        There is no file to read at this path.
    FormatError
        The file is damaged; the message gives the key.
    """
    return parse(read_file(path), str(path))


def parse(data: bytes, where: str) -> Definition:
    """Read the content of a `tekken.json`; `where` names it in messages."""
    try:
        return _definition(as_object(parse_json(data), "the document"), data)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from None


def _definition(document: dict[str, Any], data: bytes) -> Definition:
    config = field(document, "config", dict)
    entries = field(document, "vocab", list)
    n_special = _size(config, "default_num_special_tokens", MAX_SPECIAL_TOKENS)
    n_ordinary = _size(config, "default_vocab_size", MAX_ID) - n_special
    if not 0 <= n_ordinary <= len(entries):
        raise FormatError(
            f"config.default_vocab_size is {n_ordinary + n_special}, of which {n_special} are "
            f"special, and vocab has {len(entries)} tokens"
        )
    special = _special_tokens(document, config, n_special)
    tokens = {n_special + rank: _token(entries[rank], rank) for rank in range(n_ordinary)}
    return ranked_definition(
        TokenMap(tokens),
        field(config, "pattern", str, "config"),
        (AddedToken(content, i) for i, content in enumerate(special)),
        source=Source("tekken.json", data),
    )


def _size(config: dict[str, Any], key: str, most: int) -> int:
    size = field(config, key, int, "config")
    if not 0 <= size <= most:
        raise FormatError(f"config.{key} is {size}, outside 0..{most}")
    return size


def _token(entry: object, rank: int) -> bytes:
    path = f"vocab[{rank}]"
    node = as_object(entry, path)
    if field(node, "rank", int, path) != rank:
        raise FormatError(f"{path}.rank is {shown(node['rank'])}; ranks must count from 0")
    text = field(node, "token_bytes", str, path)
    try:
        token = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"{path}.token_bytes is {shown(text)}, which is not base64") from None
    if rank < 256 and token != bytes((rank,)):
        raise FormatError(f"{path} is {shown(token)}; the first 256 tokens must be the bytes")
    return token


def _special_tokens(document: dict[str, Any], config: dict[str, Any], n_special: int) -> list[str]:
    entries = document.get("special_tokens")
    if entries is None:
        version = field(config, "version", str, "config")
        if version not in _VERSIONS_WITHOUT_NAMES:
            raise FormatError(f"special_tokens is missing, and version {shown(version)} needs it")
        contents = list(_UNNAMED)
    else:
        contents = []
        for i, entry in enumerate(field(document, "special_tokens", list)):
            path = f"special_tokens[{i}]"
            node = as_object(entry, path)
            if field(node, "rank", int, path) != i:
                raise FormatError(f"{path}.rank is {shown(node['rank'])}; ranks must count from 0")
            contents.append(field(node, "token_str", str, path))
    if len(contents) > n_special:
        raise FormatError(
            f"there are {len(contents)} special tokens, and config.default_num_special_tokens is "
            f"{n_special}"
        )
    return contents + [f"<SPECIAL_{i}>" for i in range(len(contents), n_special)]


def write(definition: Definition, path: str | os.PathLike[str]) -> None:
    """Write a `tekken.json` that mistral-common reads with the same ids.

    A definition that was read from such a file is written as the same bytes, with its settings for
    images and sound; any other as a new document without them.

    Raises
    ------
    ValueError
        The format cannot hold this tokenizer exactly; the message says why.
    OSError
        As `write_file`.
    """
    write_file(path, serialize(definition))


def serialize(definition: Definition) -> bytes:
    """Content of the file that `write` writes."""
    source = definition.source
    if source is not None and source.kind == "tekken.json":
        if parse(source.data, "source") == definition:
            return source.data
        raise ValueError(
            "the definition is not what its source says any more; set its source to None to write "
            "a new document, which will have no settings for images or sound"
        )
    check_ranks(definition, "a tekken.json")
    remedy = "save it as tokenizer.json instead"
    assert isinstance(definition.pattern, str)
    special = sorted(definition.added_tokens, key=lambda token: token.id)
    n_special = len(special)
    if [token.id for token in special] != list(range(n_special)):
        raise ValueError(
            f"a tekken.json has special tokens at the ids from 0 on, one each, and ordinary ones "
            f"behind them; these have {shown([token.id for token in special])}; {remedy}"
        )
    tokens = list(definition.tokens.items())
    for rank, (token_id, token) in enumerate(tokens):
        if token_id != n_special + rank or (rank < 256 and token != bytes((rank,))):
            raise ValueError(
                f"a tekken.json has the 256 bytes in order and all other tokens behind the special "
                f"ones, without a gap; id {token_id}, {shown(token)}, is not where it would be; "
                f"{remedy}"
            )
    document = {
        "config": {
            "pattern": to_rust(definition.pattern, dialect_of(definition.source)),
            "num_vocab_tokens": len(tokens),
            "default_vocab_size": len(tokens) + n_special,
            "default_num_special_tokens": n_special,
            "version": _NEW_VERSION,
        },
        "vocab": [
            {
                "rank": rank,
                "token_bytes": base64.b64encode(token).decode("ascii"),
                "token_str": _text(token),
            }
            for rank, (_, token) in enumerate(tokens)
        ],
        "special_tokens": [
            {"rank": token.id, "token_str": token.content, "is_control": True} for token in special
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _text(token: bytes) -> str | None:
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return None
