"""Files that hold a tokenizer: `tokenizer.json` and `.tiktoken`.

A file is recognised by its content, not by its name. What was read is kept with the definition, so
that saving it in the same format loses nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bytestride.definition import Definition
from bytestride.formats import tiktoken_file, tokenizer_json
from bytestride.formats.files import read_file
from bytestride.formats.tiktoken_file import read_published
from bytestride.published import PUBLISHED

__all__ = ["load", "read", "read_published", "write"]

_UTF8_BOM = b"\xef\xbb\xbf"


def load(
    path_or_name: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read a tokenizer from a file, or by its published name where no file is called so.

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
    """Read a tokenizer from a `tokenizer.json` or `.tiktoken` file.

    Parameters
    ----------
    path : path of the file
    pattern : str, optional
        For a `.tiktoken` file that is not a published vocabulary: the name or text of its pattern.
    special_tokens : mapping of str to int, optional
        For a `.tiktoken` file: content to id.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        There is no file to read at this path.
    FormatError
        The file is damaged, or of a kind that bytestride does not read.
    ValueError
        An argument is missing, or does not go with this kind of file.
    """
    data = read_file(path)
    # No line of base64 starts with a brace, and a JSON document of ours starts with nothing else.
    if data.removeprefix(_UTF8_BOM).lstrip()[:1] != b"{":
        return tiktoken_file.parse(data, str(path), pattern=pattern, special_tokens=special_tokens)
    if pattern is not None or special_tokens is not None:
        raise ValueError(
            f"{path} is a tokenizer.json, which has its own pattern and added tokens; leave out "
            "pattern= and special_tokens="
        )
    return tokenizer_json.parse(data, str(path))


def write(definition: Definition, path: str | os.PathLike[str]) -> None:
    """Write a tokenizer: as `.tiktoken` where the name ends so, else as `tokenizer.json`.

    Raises
    ------
    ValueError
        The format cannot hold this tokenizer exactly; the message says why.
    OSError
        As `files.write_file`: no such folder, no right to write, no space.
    """
    if Path(path).suffix == ".tiktoken":
        tiktoken_file.write(definition, path)
    else:
        tokenizer_json.write(definition, path)
