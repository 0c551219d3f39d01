"""Other trainers' layouts beside a store's shards: files over the same payload where layouts agree.

===========  =============================================  ======================================
format       files                                          payload
===========  =============================================  ======================================
datatrove    ``.ds``, ``.ds.index``, ``.ds.metadata``       the same bytes: a hard link
olmo         ``.npy`` (no header), ``.csv.gz``              the same bytes: a hard link
nanogpt      ``train.bin``, of all shards; uint16 alone     a hard link if there is one shard
llmc         ``.llmc.bin``                                  copied behind a header
arrow        ``.arrow``, uncompressed                       copied
parquet      ``.parquet``                                   copied
===========  =============================================  ======================================

Where the file system has no hard links, the bytes are copied. int32 and uint32 are the same bytes,
for ids are below 2**31. No format adds an id: what their trainers expect between documents
(nanoGPT and OLMo an end-of-text id after each, llm.c one before each) must be in the store, or be
put in by :func:`~bytestride.store.convert_store`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from bytestride.store.durable import PendingFile, WholeFile
from bytestride.store.sidecars import datatrove, llmc, olmo, tables
from bytestride.store.sidecars.sealed import SealedShard

NANOGPT_NAME = "train.bin"

_WRITERS: dict[str, Callable[[SealedShard, list[PendingFile]], None]] = {
    "datatrove": datatrove.write_datatrove,
    "olmo": olmo.write_olmo,
    "llmc": llmc.write_llmc,
    "arrow": tables.write_arrow,
    "parquet": tables.write_parquet,
}
SUFFIXES: dict[str, tuple[str, ...]] = {
    "datatrove": datatrove.SUFFIXES,
    "olmo": olmo.SUFFIXES,
    "llmc": llmc.SUFFIXES,
    "arrow": tables.ARROW_SUFFIXES,
    "parquet": tables.PARQUET_SUFFIXES,
}
"""Endings of the files of a format, the payload's last."""

FORMATS = (*_WRITERS, "nanogpt")

_ENDINGS = "|".join(
    re.escape(suffix) for suffixes in (*SUFFIXES.values(), (".bin", ".idx")) for suffix in suffixes
)
SHARD_FILE = re.compile(rf"shard-[0-9]{{5,}}(?:\.[0-9]{{3}})?(?:{_ENDINGS})")
"""Name of any file of a shard."""


def formats_of(names: Iterable[str]) -> set[str]:
    """Tell which formats files are of, by their names."""
    found = {"nanogpt"} if NANOGPT_NAME in (names := list(names)) else set()
    for format, suffixes in SUFFIXES.items():
        if any(name.endswith(suffixes) for name in names if name != NANOGPT_NAME):
            found.add(format)
    return found


def check_formats(formats: Iterable[str], dtype: np.dtype[Any]) -> tuple[str, ...]:
    """Find out before any work whether these formats can be written; give each of them once.

    Raises
    ------
    ValueError
        If there is no such format, or it cannot hold the type of the ids.
    ImportError
        If one needs a package that is not there.
    TypeError
        If the names are one text.
    """
    if isinstance(formats, str):
        raise TypeError(f"emit must be names of formats, found the text {formats!r}; use a tuple")
    chosen = tuple(dict.fromkeys(formats))
    for name in chosen:
        if name not in FORMATS:
            raise ValueError(f"no format is named {name!r}; there are {', '.join(FORMATS)}")
        if name == "nanogpt" and dtype != np.dtype("<u2"):
            raise ValueError(
                f"nanoGPT reads uint16, and the ids are {dtype}; name dtype='uint16' if they fit"
            )
        if name in ("arrow", "parquet"):
            tables.import_pyarrow()
    return chosen


def write_sidecars(formats: Sequence[str], shard: SealedShard, files: list[PendingFile]) -> None:
    """Write a shard's files of these formats under temporary names.

    Parameters
    ----------
    formats
        Their names.
    shard
        The shard.
    files
        Each file is added here as it is begun, so that it can be removed whatever happens.
    """
    for name in formats:
        if name in _WRITERS:
            _WRITERS[name](shard, files)


def write_nanogpt(payloads: Sequence[WholeFile], files: list[PendingFile]) -> None:
    """Write ``train.bin`` of all shards' payloads, under a temporary name."""
    final = payloads[0].final.with_name(NANOGPT_NAME)
    if len(payloads) == 1:
        files.append(PendingFile.same_as(payloads[0], final))
        return
    whole = PendingFile(final)
    files.append(whole)
    for payload in payloads:
        for block in payload.blocks():
            whole.write(block)
    whole.seal()
