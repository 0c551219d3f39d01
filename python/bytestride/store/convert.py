"""A store in another layout: ours, Megatron's, datatrove's, OLMo's, nanoGPT's, llm.c's, a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from bytestride.store.combine import OnTokens, copy_parts
from bytestride.store.documents import ends_at, with_ids
from bytestride.store.layout import Named
from bytestride.store.links import check_links, link_shards
from bytestride.store.manifest import MANIFEST_NAME, read_manifest
from bytestride.store.place import Place
from bytestride.store.sidecars import FORMATS
from bytestride.store.source import open_source
from bytestride.store.writer import TokenStoreWriter

CONVERT_FORMATS = ("bytestride", "megatron", *FORMATS)
_ONE_SHARD = 2**62


def convert_store(
    source: Named,
    target: str | os.PathLike[str],
    *,
    format: str = "bytestride",
    source_dtype: npt.DTypeLike | None = None,
    dtype: npt.DTypeLike | None = None,
    begins_with: int | None = None,
    ends_with: int | None = None,
    prepend: int | None = None,
    append: int | None = None,
    shard_tokens: int = 2**30,
    emit: Sequence[str] = (),
    link: bool = False,
    overwrite: bool = False,
    on_tokens: OnTokens | None = None,
) -> Path:
    """Write a store's documents in another layout; a whole result or none.

    Parameters
    ----------
    source
        The store, as :func:`open_tokens` takes it; Arrow and Parquet files of any size.
    target
        Where to. For "bytestride" the store's folder; for "megatron" what the names of the pair
        begin with; for the others a file, if its name ends as the format's do (``.ds``, ``.npy``,
        ``.bin``, ``.arrow``, ``.parquet``), with all documents in it, else a folder of shards.
    format
        "bytestride", "megatron", "datatrove", "olmo", "nanogpt", "llmc", "arrow" or "parquet".
    source_dtype
        Type of the source's ids where it does not say it, as a bare ``.bin``.
    dtype
        Type to store ids in, uint16 or int32; by default the narrower that the source's fits.
    begins_with, ends_with
        An id that every document begins with, or ends with, by which documents are found: for
        sources that do not say where theirs end.
    prepend, append
        An id to put before, or after, every document.
    shard_tokens
        A shard ends with the first document that brings it to this many tokens.
    emit
        For "bytestride": formats beside the shards, as for :class:`TokenStoreWriter`.
    link
        Give the source's payloads another name (a hard link where the file system has them, else a
        copy) and write only what lies beside them, shard by shard: for "megatron", "datatrove",
        "olmo" and "nanogpt", which hold the same bytes. Ids are not looked at. What writes into the
        one file later writes into the other.
    overwrite
        Whether to replace what is there.
    on_tokens
        Called with the number of tokens of each part that was copied.

    Returns
    -------
    Path
        What was written, absolute: something to name to :func:`open_tokens`.

    Raises
    ------
    FileExistsError
        If the target is there and ``overwrite`` is false, or is a folder with other files.
    ValueError, TypeError
        If an argument is out of range, or ids do not fit the type.
    FormatError, OSError
        If the source is damaged or the disk refuses; nothing is written then.
    """
    if format not in CONVERT_FORMATS:
        raise ValueError(f"no format is named {format!r}; there are {', '.join(CONVERT_FORMATS)}")
    if begins_with is not None and ends_with is not None:
        raise ValueError("give begins_with or ends_with, not both")
    if emit and format != "bytestride":
        raise ValueError("emit goes with format 'bytestride': another layout stands by itself")
    ids = {"begins_with": begins_with, "ends_with": ends_with}
    for name, number in {**ids, "prepend": prepend, "append": append}.items():
        if number is not None and not 0 <= number < 2**31:
            raise ValueError(f"{name} must be an id from 0 to 2**31 - 1, found {number}")
    opened = open_source(source, source_dtype)
    path = Path(target).absolute()
    if link:
        numbers = (*ids.values(), prepend, append, dtype)
        if any(number is not None for number in numbers) or shard_tokens != 2**30:
            raise ValueError("link keeps ids and shards as they are; leave out what changes them")
        check_links(opened, format)
        place = Place(path, format, overwrite)
        return place.fill(lambda work: link_shards(opened, work, format))
    parts = opened.parts()
    if begins_with is not None or ends_with is not None:
        parts = ends_at(parts, begins_with=begins_with, ends_with=ends_with)
    if prepend is not None or append is not None:
        parts = with_ids(parts, before=prepend, after=append)
    options: dict[str, Any] = {
        "vocab_size": opened.vocab_size,
        "dtype": opened.stored_dtype if dtype is None else dtype,
        "metadata": opened.metadata,
    }
    if format == "bytestride":
        with TokenStoreWriter(
            path, emit=emit, shard_tokens=shard_tokens, overwrite=overwrite, **options
        ) as writer:
            copy_parts(parts, writer, on_tokens)
        return path

    def write(work: Path) -> list[Path]:
        with TokenStoreWriter(
            work,
            emit=() if format == "megatron" else (format,),
            shard_tokens=_ONE_SHARD if place.one_file or format == "nanogpt" else shard_tokens,
            **options,
        ) as writer:
            copy_parts(parts, writer, on_tokens)
        manifest = read_manifest(work / MANIFEST_NAME)
        if format == "megatron":
            return [work / f"{manifest.shards[0].name}{suffix}" for suffix in (".idx", ".bin")]
        return [work / sidecar.name for sidecar in manifest.sidecars]

    place = Place(path, format, overwrite)
    return place.fill(write)
