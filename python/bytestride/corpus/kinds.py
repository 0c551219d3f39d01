"""What a file is, by its name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final, NamedTuple

FORMATS: Final = ("text", "jsonl", "parquet", "arrow")

_FORMAT_OF: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_PACKINGS: Final = ("gz", "zst")


class Kind(NamedTuple):
    """What a file is.

    Attributes
    ----------
    format
        One of `FORMATS`.
    packing
        "gz" or "zst" where the file is compressed as a whole, else "".
    """

    format: str
    packing: str


def kind_of(name: str, format: str | None = None) -> Kind:
    """Tell what a file or URL of this name is; what no suffix says is text.

    Parameters
    ----------
    name
        The name, with or without folders.
    format
        What it is, whatever its name says; the suffix still says how it is compressed.
    """
    path = PurePosixPath(name)
    packing = path.suffix[1:] if path.suffix[1:] in _PACKINGS else ""
    inner = path.with_suffix("") if packing else path
    return Kind(format or _FORMAT_OF.get(inner.suffix, "text"), packing)
