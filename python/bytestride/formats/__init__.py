"""Files that hold a tokenizer, to definitions and back; living objects of other libraries, too.

=====================================  =====  =====  ==============================================
Format                                 read   write  What the file does not say
=====================================  =====  =====  ==============================================
`tokenizer.json` (Hugging Face)        yes    yes
`.tiktoken`, `tiktoken.model`          yes    yes    pattern, special tokens (but for known models)
`vocab.json` and `merges.txt`          yes    yes    pattern, special tokens (but with files beside)
`tekken.json` (Mistral)                yes    yes
`.gguf` (llama.cpp), its metadata      yes           normaliser, flags of added tokens
=====================================  =====  =====  ==============================================

A file is recognised by its content, not by its name, and what was read is kept with the definition,
so that saving it in the same format loses nothing. Whatever a file holds, reading it ends in a
definition or in a `FormatError` with its place, in bounded time and memory; the limits stand as
constants where they are checked (`files.MAX_FILE_BYTES`, `json_text.MAX_DIGITS`,
`definition.MAX_ADDED_BYTES`, `rank_tokens.MAX_SQUARED_BYTES`, `tekken.MAX_SPECIAL_TOKENS`,
`gguf_metadata.MAX_BYTES`, `stages.MAX_PATTERN_CHARS`, `stages.MAX_STAGES`, `token_map.MAX_ID`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from bytestride.definition import Definition
from bytestride.errors import FormatError
from bytestride.formats import tiktoken_file, tokenizer_json
from bytestride.formats.files import open_file, read_file
from bytestride.formats.tiktoken_file import read_published
from bytestride.published import PUBLISHED

__all__ = ["Format", "format_of", "load", "read", "read_published", "write"]

Format = Literal["tokenizer.json", "tiktoken", "vocab.json", "tekken.json"]
"""What can be written."""

_UTF8_BOM: Final = b"\xef\xbb\xbf"

_PAIR: Final = ("vocab.json", "merges.txt")

# What a folder is read from: the first of these that is there.
_IN_FOLDER: Final = (
    "tokenizer.json",
    "vocab.json",
    "tekken.json",
    "tiktoken.model",
    "qwen.tiktoken",
    "tokenizer.model",
)


def load(
    path_or_name: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read a tokenizer from a file or folder, or by its published name where none is called so.

    Raises
    ------
    FileNotFoundError
        There is neither; the message says where a published vocabulary was looked for.
    FormatError, ValueError
        As `read`.
    """
    if isinstance(path_or_name, str) and not Path(path_or_name).exists():
        if path_or_name in PUBLISHED:
            return read_published(path_or_name, pattern=pattern, special_tokens=special_tokens)
        raise FileNotFoundError(
            f"there is no file {path_or_name!r}, nor a published vocabulary so called; the names "
            f"are {', '.join(PUBLISHED)}"
        )
    return read(path_or_name, pattern=pattern, special_tokens=special_tokens)


def read(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read a tokenizer from a file of any of the formats, or from a folder with one.

    Parameters
    ----------
    path : path of the file, or of a folder
        In a folder, `tokenizer.json` comes first, then `vocab.json`, `tekken.json`,
        `tiktoken.model`, `qwen.tiktoken` and `tokenizer.model`.
    pattern : str, optional
        The name or text of the pattern, for a file that does not say it: `.tiktoken` files,
        `vocab.json`, and a GGUF file with an unknown way of splitting.
    special_tokens : mapping of str to int, optional
        Content to id, for `.tiktoken` files and `vocab.json`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        There is no file to read at this path.
    FormatError
        The file is damaged, or of a kind that bytestride does not read.
    ValueError
        An argument is missing, or does not go with this kind of file.
    """
    path = Path(path)
    if path.is_dir():
        path = _file_in(path)
    with open_file(path) as file:
        if file.read(4) == b"GGUF":
            from bytestride.formats import gguf

            _refuse_arguments(path, "a GGUF file", "added tokens", special_tokens=special_tokens)
            return gguf.read(path, pattern=pattern)
    data = read_file(path)
    kind = kind_of(data)
    if kind == "vocab.json":
        from bytestride.formats import vocab_merges

        return vocab_merges.read(path, pattern=pattern, special_tokens=special_tokens)
    if kind == "tiktoken":
        return tiktoken_file.parse(
            data, str(path), pattern=pattern, special_tokens=special_tokens, path=path
        )
    what = "pattern and added tokens"
    _refuse_arguments(path, f"a {kind}", what, pattern=pattern, special_tokens=special_tokens)
    if kind == "tekken.json":
        from bytestride.formats import tekken

        return tekken.parse(data, str(path))
    return tokenizer_json.parse(data, str(path))


def kind_of(data: bytes) -> Format:
    """Tell what the content of a file is meant for; not whether it is well formed."""
    head = re.match(rb"(?:\xef\xbb\xbf)?\s*(#version|\{)?", data)
    first = head[1] if head else None
    # No line of base64 starts with either of these, and a JSON document of ours with nothing else.
    if first is None:
        return "tiktoken"
    if first == b"#version":
        return "vocab.json"
    # A key of a vocabulary may have any name, but has a number.
    if re.search(rb'"model"\s*:\s*\{', data):
        return "tokenizer.json"
    if re.search(rb'"token_bytes"\s*:\s*"', data):
        return "tekken.json"
    is_vocab = re.search(rb'"\s*:\s*[0-9]+\s*\}\s*$', data[-200:])
    return "vocab.json" if is_vocab else "tokenizer.json"


def _file_in(folder: Path) -> Path:
    for name in _IN_FOLDER:
        if (folder / name).is_file():
            return folder / name
    raise IsADirectoryError(
        f"{folder} is a directory; give the file in it, such as {folder / 'tokenizer.json'}; none "
        f"of {', '.join(_IN_FOLDER)} is there"
    )


def _refuse_arguments(path: Path, kind: str, what: str, **arguments: object) -> None:
    if any(value is not None for value in arguments.values()):
        names = " and ".join(f"{name}=" for name in arguments)
        raise ValueError(f"{path} is {kind}, which has its own {what}; leave out {names}")


def format_of(path: str | os.PathLike[str]) -> Format:
    """Tell by a path which format `write` writes to it.

    A name that ends in ``.tiktoken``, and ``tiktoken.model``, is tiktoken's; ``tekken.json`` is
    Mistral's; ``vocab.json``, ``merges.txt``, a path that ends in a slash, and a folder without a
    dot in its name, are the two files of GPT-2; anything else is a `tokenizer.json`.
    """
    name = Path(path).name
    is_folder = os.fspath(path).endswith(("/", os.sep))
    if is_folder or name in _PAIR or (Path(path).is_dir() and "." not in name):
        return "vocab.json"
    if name.endswith(".tiktoken") or name == "tiktoken.model":
        return "tiktoken"
    return "tekken.json" if name == "tekken.json" else "tokenizer.json"


def write(definition: Definition, path: str | os.PathLike[str], kind: Format | None = None) -> None:
    """Write a tokenizer in the format that the path asks for (`format_of`), or that is named.

    Raises
    ------
    ValueError
        The format cannot hold this tokenizer exactly; the message says why.
    OSError
        As `files.write_file`: no such folder, no right to write, no space.
    """
    kind = format_of(path) if kind is None else kind
    if kind == "tiktoken":
        tiktoken_file.write(definition, path)
    elif kind == "tekken.json":
        from bytestride.formats import tekken

        tekken.write(definition, path)
    elif kind == "tokenizer.json":
        tokenizer_json.write(definition, path)
    elif kind == "vocab.json":
        from bytestride.formats import vocab_merges

        folder = Path(path).parent if Path(path).name in _PAIR else Path(path)
        vocab_merges.write(definition, folder)
    else:
        raise FormatError(f"{kind!r} is no format that is written; choose another")
