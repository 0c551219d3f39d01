"""What a file is, by what its name ends in: the form of its text, and how that is packed.

``.jsonl`` and ``.ndjson`` are an object a line, ``.parquet`` is a table, ``.arrow``, ``.feather``
and ``.ipc`` are tables too; before ``.gz`` or ``.zst``, they are packed. Anything else is text.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

Format = Literal["text", "jsonl", "parquet", "arrow"]
Packing = Literal["", "gz", "zst"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_PACKINGS: Final[dict[str, Packing]] = {".gz": "gz", ".zst": "zst"}
_FORMATS: Final[dict[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}


class Kind(NamedTuple):
    """The form of a file's text, and how the file is packed."""

    format: Format
    packing: Packing = ""


def check_format(format: str | None) -> Format | None:
    """Refuse what is no form of text that can be read.

    Raises
    ------
    ValueError
        It is none of `FORMATS`.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    return format


def kind_of(name: str, format: str | None = None) -> Kind:
    """Tell the kind of a file by its name.

    Parameters
    ----------
    name
        The file's name, a path, or a URL.
    format
        The form of the text, where the name does not say it or says another. How the file is
        packed is always told by the name.

    Raises
    ------
    ValueError
        The format is none of `FORMATS`, or the file is a packed table: those pack their own
        columns.
    """
    format = check_format(format)
    base = name.rsplit("/", 1)[-1]
    stem, suffix = _cut_suffix(base)
    packing = _PACKINGS.get(suffix, "")
    if packing:
        suffix = _cut_suffix(stem)[1]
    kind = Kind(format or _FORMATS.get(suffix, "text"), packing)
    if packing and kind.format in ("parquet", "arrow"):
        raise ValueError(f"{name}: a table packed as .{packing} is not read; unpack it")
    return kind


def _cut_suffix(base: str) -> tuple[str, str]:
    """Cut a name before its last dot; a name that begins with its only dot has no suffix."""
    stem, dot, suffix = base.rpartition(".")
    return (stem, dot + suffix) if stem else (base, "")
