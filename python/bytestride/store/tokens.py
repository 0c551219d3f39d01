"""A token store opened for reading: its payloads mapped, its documents found when asked for."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride.store.damage import damaged
from bytestride.store.layout import (
    ShardFiles,
    StoreLayout,
    StorePath,
    absolute,
    find_layout,
    shown_path,
)
from bytestride.store.manifest import Manifest
from bytestride.store.megatron import Ids
from bytestride.store.verify import verify_layout


@dataclass(frozen=True)
class _Mapped:
    layout: StoreLayout
    maps: list[mmap.mmap | None]
    shards: list[Ids]


Source: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class _State(TypedDict):
    path: StorePath
    dtype: np.dtype[Any] | None
    n_tokens: int


def _map(files: ShardFiles) -> tuple[mmap.mmap | None, Ids]:
    if files.ids is not None:
        return None, files.ids
    if files.n_tokens == 0:  # an empty file cannot be mapped
        empty = np.empty(0, files.dtype)
        empty.flags.writeable = False
        return None, empty
    with files.bin_path.open("rb") as file:
        try:
            mapping = mmap.mmap(file.fileno(), files.n_bytes, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise damaged(files.bin_path, "the size", f"{files.n_bytes} bytes", error) from error
    return mapping, np.frombuffer(mapping, files.dtype, files.n_tokens, files.byte_offset)


class TokenStore:
    """The tokens of one or more payload files as one stream, and where its documents lie in it.

    Open one with :func:`open_tokens`. Pickling keeps the path and the number of tokens; the copy
    opens the files again, where it is, when it is first used.

    Parameters
    ----------
    path, dtype
        As for :func:`open_tokens`.
    """

    def __init__(self, path: Source, dtype: npt.DTypeLike | None = None) -> None:
        self._path = absolute(path)
        self._dtype = None if dtype is None else np.dtype(dtype)
        self._n_tokens_pickled: int | None = None
        self._closed = False
        self._mapped: _Mapped | None = None
        self._offsets: NDArray[np.int64] | None = None
        self._open()

    def _open(self) -> _Mapped:
        if self._mapped is None:
            if self._closed:
                raise ValueError(f"{shown_path(self._path)}: the store is closed; open it again")
            layout = find_layout(self._path, self._dtype)
            if self._n_tokens_pickled not in (None, layout.n_tokens):
                expected = f"{self._n_tokens_pickled} tokens, as when this store was pickled"
                where = Path(shown_path(self._path))
                raise damaged(where, "the store", expected, layout.n_tokens, "open it again")
            pairs = [_map(shard) for shard in layout.shards]
            self._mapped = _Mapped(layout, [m for m, _ in pairs], [ids for _, ids in pairs])
        return self._mapped

    @property
    def path(self) -> StorePath:
        """Where the store was opened, absolute; several paths where it was by a list of files."""
        return self._path

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ids as stored."""
        return self._open().layout.dtype

    @property
    def manifest(self) -> Manifest | None:
        """What ``manifest.json`` says; None for files without one."""
        return self._open().layout.manifest

    @property
    def n_tokens(self) -> int:
        """How many tokens there are over all shards."""
        return self._open().layout.n_tokens

    @property
    def n_documents(self) -> int:
        """How many documents there are; a payload without an index is one."""
        return self._open().layout.n_documents

    @property
    def shards(self) -> list[Ids]:
        """The mapped payloads: read-only arrays [n] of ``dtype``.

        Valid while the files do not shrink; :meth:`check_sizes` says whether one did.
        """
        return list(self._open().shards)

    @property
    def document_offsets(self) -> NDArray[np.int64]:
        """Where documents begin and end in the stream: int64 [n_documents + 1], read-only.

        Document ``i`` is ``tokens(offsets[i], offsets[i + 1])``. Read from the index files, and all
        of their numbers checked, at first use.
        """
        if self._offsets is None:
            parts = [np.zeros(1, np.int64)]
            base = 0
            for shard in self._open().layout.shards:
                parts.append(shard.read_document_offsets()[1:] + base)
                base += shard.n_tokens
            offsets = np.concatenate(parts)
            offsets.flags.writeable = False
            self._offsets = offsets
        return self._offsets

    def __len__(self) -> int:
        """How many tokens there are."""
        return self.n_tokens

    def tokens(self, start: int, stop: int) -> Ids:
        """Copy the tokens from ``start`` up to, not including, ``stop``, across shards.

        Returns
        -------
        ndarray
            ``stop - start`` ids of ``dtype``.

        Raises
        ------
        IndexError
            Unless ``0 <= start <= stop <= n_tokens``.
        FormatError
            If a file has shrunk since it was opened.
        """
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(
                f"tokens {start} to {stop} are not among the {self.n_tokens} there are"
            )
        self.check_sizes()
        out = np.empty(stop - start, self.dtype)
        base = 0
        for shard in self.shards:
            here = shard[max(start - base, 0) : max(stop - base, 0)]
            first = max(base - start, 0)
            out[first : first + here.size] = here
            base += shard.size
        return out

    def document(self, i: int) -> Ids:
        """Copy one document's tokens; ``i`` counts from the end where negative.

        Raises
        ------
        IndexError
            If there is no such document.
        """
        n = self.n_documents
        if not -n <= i < n:
            raise IndexError(f"document {i} is not among the {n} there are")
        start, stop = self.document_offsets[i % n], self.document_offsets[i % n + 1]
        return self.tokens(int(start), int(stop))

    def check_sizes(self) -> None:
        """Check that no payload has shrunk: to read beyond a mapped file's end kills the process.

        One system call a shard.

        Raises
        ------
        FormatError
            If one has.
        """
        opened = self._open()
        for mapping, files in zip(opened.maps, opened.layout.shards, strict=True):
            if mapping is not None and (found := mapping.size()) < files.n_bytes:
                expected = f"{files.n_bytes} bytes, as when opened"
                raise damaged(files.bin_path, "the size", expected, found)

    def verify(self) -> None:
        """Read every byte and check all that can be checked: hashes, indices, the range of ids.

        Raises
        ------
        FormatError
            At the first thing that is wrong.
        """
        verify_layout(find_layout(self._open().layout.path, self._dtype))

    def close(self) -> None:
        """Let go of the files; arrays taken from ``shards`` keep theirs until they go."""
        self._closed = True
        opened, self._mapped, self._offsets = self._mapped, None, None
        if opened is not None:
            opened.shards.clear()
            for mapping in opened.maps:
                with suppress(BufferError):  # an array of the user's still needs it
                    if mapping is not None:
                        mapping.close()

    def __enter__(self) -> TokenStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> _State:
        return {"path": self._path, "dtype": self._dtype, "n_tokens": self.n_tokens}

    def __setstate__(self, state: _State) -> None:
        self._path = state["path"]
        self._dtype = state["dtype"]
        self._n_tokens_pickled = state["n_tokens"]
        self._closed = False
        self._mapped = None
        self._offsets = None

    def __repr__(self) -> str:
        if self._closed:
            return f"TokenStore({shown_path(self._path)!r}, closed)"
        return f"TokenStore({shown_path(self._path)!r}, {self.n_tokens} tokens of {self.dtype})"


def open_tokens(
    path: Source, dtype: npt.DTypeLike | None = None, verify: bool = False
) -> TokenStore:
    """Open a token store for reading; its payloads are mapped, not read.

    Parameters
    ----------
    path
        A folder written by :class:`~bytestride.store.TokenStoreWriter`; a Megatron-LM pair, named
        by its ``.bin``, its ``.idx`` or what both names begin with; a shard of llm.c or
        modded-nanogpt; datatrove's ``.ds``; a ``.npy``, numpy's or OLMo's; an Arrow or Parquet file
        with a column ``input_ids`` of lists; or a bare ``.bin``, nanoGPT's. Several such files, in
        order, are one store: a list of them, a pattern (``fineweb_train_*.bin``) or a folder that
        holds nothing else of the kind.
    dtype
        Type of the ids: needed for a bare ``.bin`` and a ``.npy`` without a header (uint8, uint16,
        uint32 or int32, little-endian). Elsewhere the files say it, and a dtype that is named must
        agree.
    verify
        Whether to read every byte and check hashes, indices and ids (:meth:`TokenStore.verify`).
        Headers and counts are checked against the files' sizes in any case.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    FormatError
        If what is there is damaged, unfinished or not a store.
    ValueError
        If a dtype is needed and missing, or is not the files' own.
    """
    store = TokenStore(path, dtype)
    if verify:
        try:
            store.verify()
        except BaseException:
            store.close()
            raise
    return store
