"""What every layout comes down to: where a shard's ids lie, and where its documents end.

A layout (a folder of ours, a Megatron pair, an llm.c shard, …) is read into these classes by one
module of ``layouts/`` each; whoever serves tokens knows these classes alone.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.store.damage import damaged
from bytestride.store.manifest import Manifest, ShardEntry
from bytestride.store.megatron import Ids, Idx, read_document_offsets

BARE_DTYPES = tuple(np.dtype(name) for name in ("u1", "<u2", "<u4", "<i4"))
"""Types of ids that payloads are served in without being converted."""

StorePath: TypeAlias = Path | tuple[Path, ...]
"""What names a store: a path, or the files of its shards in order."""


@dataclass(frozen=True)
class EndsFile:
    """Ends of documents as numbers in a file: ascending token positions, the last one ``n_tokens``.

    Attributes
    ----------
    path, byte_offset
        The file, and where the first number lies in it.
    dtype
        uint64 or int64, little-endian.
    n_documents
        How many numbers there are.
    n_tokens
        How many tokens the documents hold together.
    """

    path: Path
    byte_offset: int
    dtype: np.dtype[Any]
    n_documents: int
    n_tokens: int

    @property
    def n_bytes(self) -> int:
        """The numbers end at this byte of the file."""
        return self.byte_offset + 8 * self.n_documents

    def check_last(self) -> None:
        """Check in one small read that the last document ends with the last token.

        Raises
        ------
        FormatError
            If it does not, or tokens are in no document.
        """
        if self.n_documents == 0:
            if self.n_tokens:
                expected = f"the ends of documents of {self.n_tokens} tokens"
                raise damaged(self.path, self.byte_offset, expected, "none")
            return
        at = self.n_bytes - 8
        with self.path.open("rb") as file:
            file.seek(at)
            raw = file.read(8)
        if len(raw) < 8:
            raise damaged(self.path, at, "the end of the last document", f"{len(raw)} bytes")
        (last,) = struct.unpack("<Q" if self.dtype.kind == "u" else "<q", raw)
        if last != self.n_tokens:
            expected = f"the last document to end at token {self.n_tokens}, the payload's end"
            raise damaged(self.path, at, expected, last)

    def read_offsets(self) -> NDArray[np.int64]:
        """Read where documents begin and end, checking every number: int64 [n_documents + 1].

        Raises
        ------
        FormatError
            If the ends do not ascend up to the payload's.
        """
        with self.path.open("rb") as file:
            found = os.fstat(file.fileno()).st_size
            if found < self.n_bytes:
                raise damaged(self.path, "the size", f"{self.n_bytes} bytes, as when opened", found)
            file.seek(self.byte_offset)
            ends = np.fromfile(file, self.dtype, self.n_documents)
        offsets = np.zeros(self.n_documents + 1, np.int64)
        offsets[1:] = ends  # an end of 2**63 and more becomes negative, which is found below
        wrong = (offsets[1:] < offsets[:-1]) | (offsets[1:] > self.n_tokens)
        if wrong.any():
            at = int(np.argmax(wrong))
            expected = f"an end from {offsets[at]} to {self.n_tokens}"
            raise damaged(self.path, self.byte_offset + 8 * at, expected, int(ends[at]))
        if offsets[-1] != self.n_tokens:
            self.check_last()
        return offsets


class EndsInMemory:
    """Ends of documents that no file holds as they are needed: read once, when first asked for.

    Parameters
    ----------
    read
        Gives the ends, checked: int64 [n_documents], ascending, the last one the shard's number of
        tokens.
    """

    def __init__(self, read: Callable[[], NDArray[np.int64]]) -> None:
        self._read = read

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Ends in tokens, int64 [n_documents], read-only."""
        ends = np.ascontiguousarray(self._read(), np.int64)
        ends.flags.writeable = False
        return ends

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return int(self.ends.size)

    def read_offsets(self) -> NDArray[np.int64]:
        """Give where documents begin and end: int64 [n_documents + 1]."""
        offsets = np.zeros(self.n_documents + 1, np.int64)
        offsets[1:] = self.ends
        return offsets


Documents: TypeAlias = Idx | EndsFile | EndsInMemory | None
"""Where a shard's documents lie: a Megatron index, ends in a file, ends in memory, or nowhere."""


@dataclass(frozen=True)
class ShardFiles:
    """One payload, and where its documents lie.

    Attributes
    ----------
    bin_path
        The file that holds the ids.
    dtype
        Their type, one of ``BARE_DTYPES``.
    n_tokens
        How many there are.
    byte_offset
        Where the first one lies in the file; a multiple of the type's size.
    documents
        Where documents end. None: nothing says it, so the payload is one document.
    entry
        The shard's line in ``manifest.json``, where there is one.
    ids
        The ids themselves, read-only, where the file holds them compressed or in a type that is not
        served: decoded into memory, so that nothing is mapped.
    """

    bin_path: Path
    dtype: np.dtype[Any]
    n_tokens: int
    byte_offset: int = 0
    documents: Documents = None
    entry: ShardEntry | None = None
    ids: Ids | None = None

    @property
    def n_bytes(self) -> int:
        """The ids end at this byte of the file; a shorter file has shrunk."""
        return self.byte_offset + self.n_tokens * self.dtype.itemsize

    @property
    def n_documents(self) -> int:
        """How many documents the shard holds."""
        return 1 if self.documents is None else self.documents.n_documents

    def read_document_offsets(self) -> NDArray[np.int64]:
        """Read where documents begin and end in the shard, and check every number.

        Returns
        -------
        ndarray
            int64 [n_documents + 1], ascending from 0 to ``n_tokens``.

        Raises
        ------
        FormatError
            If the numbers do not agree with each other or with the payload.
        """
        if self.documents is None:
            return np.array([0, self.n_tokens], np.int64)
        if isinstance(self.documents, Idx):
            return read_document_offsets(self.documents)
        return self.documents.read_offsets()


@dataclass(frozen=True)
class StoreLayout:
    """The files of a store, in the order of their tokens; ``kind`` is the layout's name."""

    path: StorePath
    shards: tuple[ShardFiles, ...]
    manifest: Manifest | None = None
    kind: str = "bytestride"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ids, the same in every shard."""
        return self.shards[0].dtype

    @property
    def n_tokens(self) -> int:
        """How many tokens there are over all shards."""
        return sum(shard.n_tokens for shard in self.shards)

    @property
    def n_documents(self) -> int:
        """How many documents there are over all shards."""
        return sum(shard.n_documents for shard in self.shards)


def check_whole(path: Path, byte_offset: int, n_bytes: int, dtype: np.dtype[Any]) -> int:
    """Return how many ids lie from ``byte_offset`` to the end of a file of ``n_bytes``.

    Raises
    ------
    FormatError
        If the last one is not whole.
    """
    if over := (n_bytes - byte_offset) % dtype.itemsize:
        raise damaged(path, n_bytes - over, f"a whole {dtype}", f"{over} bytes, the last")
    return (n_bytes - byte_offset) // dtype.itemsize
