"""A token store opened for reading: its payloads mapped, its documents found when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride.store.damage import damaged
from bytestride.store.layout import (
    Named,
    StoreLayout,
    StorePath,
    absolute,
    find_layout,
    shown_path,
)
from bytestride.store.manifest import Manifest
from bytestride.store.megatron import Ids
from bytestride.store.parts import StorePart, hold_out
from bytestride.store.verify import verify_layout
from bytestride.store.views import Access, OpenFile, OpenShard, ShardView


@dataclass(frozen=True)
class _Opened:
    layout: StoreLayout
    shards: list[OpenShard]


class _State(TypedDict):
    path: StorePath
    dtype: np.dtype[Any] | None
    n_tokens: int
    access: Access


class TokenStore:
    """The tokens of one or more payload files as one stream, and where its documents lie in it.

    Open one with :func:`open_tokens`. Pickling keeps the path and the number of tokens; the copy
    opens the files again, where it is, when it is first used.

    Parameters
    ----------
    path, dtype, access
        As for :func:`open_tokens`.
    """

    def __init__(
        self, path: Named, dtype: npt.DTypeLike | None = None, access: Access = "map"
    ) -> None:
        if access not in ("map", "read"):
            raise ValueError(f"access must be 'map' or 'read', found {access!r}")
        self._path = absolute(path)
        self._access: Access = access
        self._dtype = None if dtype is None else np.dtype(dtype)
        self._n_tokens_pickled: int | None = None
        self._closed = False
        self._opened: _Opened | None = None
        self._offsets: NDArray[np.int64] | None = None
        self._open()

    def _open(self) -> _Opened:
        if self._opened is None:
            if self._closed:
                raise ValueError(f"{shown_path(self._path)}: the store is closed; open it again")
            layout = find_layout(self._path, self._dtype)
            if self._n_tokens_pickled not in (None, layout.n_tokens):
                expected = f"{self._n_tokens_pickled} tokens, as when this store was pickled"
                where = Path(shown_path(self._path))
                raise damaged(where, "the store", expected, layout.n_tokens, "open it again")
            opened: dict[Path, OpenFile] = {}
            shards = [OpenShard(files, self._access, opened) for files in layout.shards]
            self._opened = _Opened(layout, shards)
        return self._opened

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

        Raises
        ------
        ValueError
            If the store was opened with ``access="read"``.
        """
        shards = [shard.ids for shard in self._open().shards]
        if any(ids is None for ids in shards):
            raise ValueError(
                f"{shown_path(self._path)}: opened for reads, so that no shard is mapped; use "
                "tokens(), or open it with access='map'"
            )
        return [ids for ids in shards if ids is not None]

    def views(self, with_documents: bool) -> list[ShardView]:
        """Give the shards as the core takes them, valid while the store is open.

        Index files are mapped when documents are first asked for. Without documents each shard
        looks like one.
        """
        return [shard.view(with_documents) for shard in self._open().shards]

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

    def document_begin(self, i: int) -> int:
        """Give the position in the stream at which document ``i`` begins.

        Read from the mapped index files alone, in O(1).

        Raises
        ------
        IndexError
            If there is no such document; 0 is the first, and ``n_documents`` where the last ends.
        """
        if not 0 <= i <= self.n_documents:
            raise IndexError(f"document {i} is not among the {self.n_documents} there are")
        base = 0
        for shard in self._open().shards:
            n = shard.files.n_documents
            if i < n:
                return base + shard.document_begin(i)
            i, base = i - n, base + shard.files.n_tokens
        return base

    @property
    def fingerprint(self) -> str:
        """Equal for stores of equal documents, as far as can be told without reading them.

        Of counts and of the hashes that the writer took; without a manifest, of types and sizes.
        The place of the store does not count, nor does a SHA-256 that was recorded later.
        """
        layout = self._open().layout
        facts: list[Any] = [(str(s.dtype), s.n_tokens, s.n_documents) for s in layout.shards]
        if layout.manifest is not None:
            entries = layout.manifest.shards
            facts += [(entry.bin_hashes.first, entry.idx_hashes.first) for entry in entries]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def split(
        self, validation: float | int = 0.1, seed: int | None = None
    ) -> tuple[StorePart, StorePart]:
        """Split the documents into a part to train on and a part to validate on.

        The documents are those that ``bytestride store split`` would write to two stores.

        Parameters
        ----------
        validation
            The share of the documents in the second part, between 0 and 1, to the nearest; or an
            int, their number.
        seed
            None: the last documents. Otherwise documents by chance, as the seed fixes it; 8 bytes
            are then kept for each, and windows over such parts stay inside documents.

        Returns
        -------
        train, validation
            Parts that :class:`~bytestride.Windows` takes in place of the store.

        Raises
        ------
        ValueError
            If an argument is out of range, or there are fewer than two documents.
        """
        return hold_out(self, validation, seed)

    def check_open(self) -> None:
        """Open the files, where that has not been done.

        Raises
        ------
        ValueError
            If the store was closed.
        """
        if self._opened is None:  # asked before each batch
            self._open()

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
        for shard in self._open().shards:
            n = shard.files.n_tokens
            first, last = max(start - base, 0), min(stop - base, n)
            if first < last:
                out[base + first - start : base + last - start] = shard.read(first, last)
            base += n
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
        """Check that no file has shrunk: to read beyond a mapped file's end kills the process.

        One system call a file.

        Raises
        ------
        FormatError
            If one has.
        """
        for shard in self._open().shards:
            shard.check_size()

    def expect_scattered(self, scattered: bool) -> None:
        """Tell the system whether the next reads will lie far apart.

        If they do, it should not read 128 KiB for each; an :class:`~bytestride.Order` says it.
        """
        for shard in self._open().shards:
            shard.expect_scattered(scattered)

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
        opened, self._opened, self._offsets = self._opened, None, None
        if opened is not None:
            for shard in opened.shards:
                shard.close()

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
        return {
            "path": self._path,
            "dtype": self._dtype,
            "n_tokens": self.n_tokens,
            "access": self._access,
        }

    def __setstate__(self, state: _State) -> None:
        self._path = state["path"]
        self._dtype = state["dtype"]
        self._n_tokens_pickled = state["n_tokens"]
        self._access = state["access"]
        self._closed = False
        self._opened = None
        self._offsets = None

    def __repr__(self) -> str:
        if self._closed:
            return f"TokenStore({shown_path(self._path)!r}, closed)"
        return f"TokenStore({shown_path(self._path)!r}, {self.n_tokens} tokens of {self.dtype})"


def open_tokens(
    path: Named,
    dtype: npt.DTypeLike | None = None,
    verify: bool = False,
    access: Access = "map",
) -> TokenStore:
    """Open a token store for reading.

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
    access
        "map": payloads are mapped, and their sizes checked before each batch; a file that shrinks
        while a batch is read ends the process. "read": each window is a read, slower, and a file
        that shrinks is an error.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    FormatError
        If what is there is damaged, unfinished or not a store.
    ValueError
        If a dtype is needed and missing, or is not the files' own.
    """
    store = TokenStore(path, dtype, access)
    if verify:
        try:
            store.verify()
        except BaseException:
            store.close()
            raise
    return store
