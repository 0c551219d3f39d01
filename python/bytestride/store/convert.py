"""A store in another layout: ours, Megatron's, datatrove's, OLMo's, nanoGPT's, llm.c's, a table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy.typing as npt

from bytestride.store.combine import OnTokens, copy_parts
from bytestride.store.documents import Part, ends_at, with_ids
from bytestride.store.durable import TEMPORARY_SUFFIX, interrupts_held, sync_folder
from bytestride.store.manifest import MANIFEST_NAME, read_manifest
from bytestride.store.sidecars import FORMATS, NANOGPT_NAME, SHARD_FILE, SUFFIXES
from bytestride.store.source import Named, open_source
from bytestride.store.writer import TokenStoreWriter

CONVERT_FORMATS = ("bytestride", "megatron", *FORMATS)
_ONE_SHARD = 2**62
# Endings of the files beside a target that is one file, the payload's last.
_ENDINGS: dict[str, tuple[str, ...]] = {
    **SUFFIXES,
    "llmc": (".bin",),
    "nanogpt": (".bin",),
    "megatron": (".idx", ".bin"),
}


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
    parts = opened.parts()
    if begins_with is not None or ends_with is not None:
        parts = ends_at(parts, begins_with=begins_with, ends_with=ends_with)
    if prepend is not None or append is not None:
        parts = with_ids(parts, before=prepend, after=append)
    target = Path(target).absolute()
    options: dict[str, Any] = {
        "vocab_size": opened.vocab_size,
        "dtype": opened.stored_dtype if dtype is None else dtype,
        "metadata": opened.metadata,
    }
    if format == "bytestride":
        with TokenStoreWriter(
            target, emit=emit, shard_tokens=shard_tokens, overwrite=overwrite, **options
        ) as writer:
            copy_parts(parts, writer, on_tokens)
        return target
    return _export(parts, target, format, shard_tokens, overwrite, on_tokens, options)


def _export(
    parts: Iterator[Part],
    target: Path,
    format: str,
    shard_tokens: int,
    overwrite: bool,
    on_tokens: OnTokens | None,
    options: dict[str, Any],
) -> Path:
    """Write a store with the format's sidecars under a temporary name, then keep only those."""
    ending = _ENDINGS[format][-1]
    one_file = format == "megatron" or target.name.endswith(ending)
    if not one_file and target.suffix in {endings[-1] for endings in _ENDINGS.values()}:
        raise ValueError(
            f"{target}: a file of {format} ends with {ending}; name it so, or a folder"
        )
    finals = _finals(target, format) if one_file else []
    if one_file:
        _check_files(finals, overwrite)
    else:
        _check_folder(target, overwrite)
    work = target.with_name(target.name + TEMPORARY_SUFFIX)
    # Another conversion may be at work there: what is removed below is ours from here on.
    writer = TokenStoreWriter(
        work,
        emit=() if format == "megatron" else (format,),
        shard_tokens=_ONE_SHARD if one_file or format == "nanogpt" else shard_tokens,
        overwrite=True,
        **options,
    )
    try:
        with writer:
            copy_parts(parts, writer, on_tokens)
        manifest = read_manifest(work / MANIFEST_NAME)
        made = [work / sidecar.name for sidecar in manifest.sidecars]
        if format == "megatron":
            made = [work / f"{manifest.shards[0].name}{ending}" for ending in _ENDINGS[format]]
        if one_file and len(made) != len(finals):
            raise ValueError(
                f"{target}: {manifest.n_tokens} tokens are too many for one file of {format}; "
                "name a folder"
            )
        with interrupts_held():
            if one_file:
                _place_files(made, finals)
            else:
                _place_folder(work, made, target)
    finally:
        _remove(work)
    return finals[-1] if one_file else target


def _finals(target: Path, format: str) -> list[Path]:
    *_, ending = endings = _ENDINGS[format]
    base = target.name.removesuffix(ending)
    if format == "megatron":
        base = base.removesuffix(".idx")
    return [target.with_name(base + suffix) for suffix in endings]


def _check_files(finals: list[Path], overwrite: bool) -> None:
    for final in finals:
        if final.is_dir():
            raise IsADirectoryError(f"{final} is a folder; name a file")
        if final.exists() and not overwrite:
            raise FileExistsError(f"{final} is there already; use overwrite=True")


def _check_folder(target: Path, overwrite: bool) -> None:
    """Refuse a folder that holds anything but what a conversion writes: it is replaced whole."""
    if not target.exists():
        return
    if not target.is_dir():
        raise NotADirectoryError(f"{target} is a file; name a folder")
    names = sorted(entry.name for entry in target.iterdir())
    if foreign := [name for name in names if not _is_ours(name)]:
        raise FileExistsError(f"{target}: holds other files ({foreign[0]}); name another folder")
    if names and not overwrite:
        raise FileExistsError(f"{target}: there are shards here; use overwrite=True")


def _is_ours(name: str) -> bool:
    return name == NANOGPT_NAME or SHARD_FILE.fullmatch(name) is not None


def _place_files(made: list[Path], finals: list[Path]) -> None:
    """Give files their names, the payload last; an old payload goes first."""
    folder = finals[-1].parent
    finals[-1].unlink(missing_ok=True)
    sync_folder(folder)
    for file, final in zip(made, finals, strict=True):
        file.replace(final)
    sync_folder(folder)


def _place_folder(work: Path, made: list[Path], target: Path) -> None:
    """Give a folder its name, with these files alone; an old one goes when the new one is there."""
    for file in work.iterdir():
        if file not in made:
            file.unlink()
    sync_folder(work)
    old = target.with_name(target.name + ".old" + TEMPORARY_SUFFIX)
    _remove(old)
    with suppress(FileNotFoundError):
        target.rename(old)
    work.rename(target)
    sync_folder(target.parent)
    _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours that has a temporary name; what others put into it stays."""
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if _is_ours(file.name.removesuffix(TEMPORARY_SUFFIX)) or file.name == MANIFEST_NAME:
            file.unlink()
    with suppress(OSError):
        folder.rmdir()
