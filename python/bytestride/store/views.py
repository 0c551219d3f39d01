"""What the core needs to know of a shard: where its ids and its documents lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride import _core
from bytestride.store.damage import damaged
from bytestride.store.megatron import Ids, Idx
from bytestride.store.shards import EndsFile, ShardFiles
from bytestride.store.system import READ_FLAGS

Access: TypeAlias = Literal["map", "read"]


class DocumentView(NamedTuple):
    """Where the documents of one shard lie.

    Attributes
    ----------
    n_documents
        How many there are.
    positions
        int64 or uint64, perhaps unaligned: where documents begin, or end if ``are_ends``, in units
        of ``1 / unit`` token. None: the shard is one document.
    sequences
        int64 [n_documents + 1], perhaps unaligned: which position is each document's, where there
        are more positions than documents.
    descriptor, n_bytes
        The open file that is mapped, and how long it must stay; -1 where it is memory.
    """

    n_documents: int
    positions: NDArray[Any] | None = None
    unit: int = 1
    are_ends: bool = False
    sequences: NDArray[np.int64] | None = None
    descriptor: int = -1
    n_bytes: int = 0


_ONE_DOCUMENT = DocumentView(1)


class ShardView(NamedTuple):
    """One shard as the core takes it.

    Attributes
    ----------
    ids
        [n_tokens], or None: the ids are read from ``descriptor``, from ``byte_offset`` on.
    dtype
        Type of the ids.
    descriptor
        The open file that holds them; -1 where it is memory.
    files
        The open files, which stay open with this.
    """

    ids: Ids | None
    dtype: np.dtype[Any]
    n_tokens: int
    documents: DocumentView
    descriptor: int = -1
    byte_offset: int = 0
    files: tuple[object, ...] = ()


class OpenFile:
    """A file that is open for reading until nobody needs it, and what is mapped of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mapped: NDArray[np.uint8] | None = None
        self.descriptor = -1  # if there is none to close
        self.descriptor = os.open(path, READ_FLAGS)

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def check_size(self, n_bytes: int) -> int:
        """Check that the file still has as many bytes as when the store was opened; give its size.

        Raises
        ------
        FormatError
            If it has not.
        """
        found = os.fstat(self.descriptor).st_size
        if found < n_bytes:
            raise damaged(self.path, "the size", f"{n_bytes} bytes, as when opened", found)
        return found

    def map(self, n_bytes: int) -> NDArray[np.uint8]:
        """Map the first bytes, read-only; the array keeps them after the file is closed."""
        n_bytes_now = self.check_size(n_bytes)
        if self._mapped is None or self._mapped.size < n_bytes:
            self._mapped = _core.map_file(self.descriptor, n_bytes_now)
        return self._mapped[:n_bytes]

    def expect_scattered(self, scattered: bool) -> None:
        """Tell the system whether reads of what is mapped will lie far apart."""
        if self._mapped is not None:
            _core.expect_scattered(self._mapped, scattered)


class OpenShard:
    """A shard's payload, mapped or open for reads; its index is mapped when first asked for.

    Parameters
    ----------
    files, access
        The shard, and how its payload is to be read.
    opened
        The files of the store that are open, which shards share: a table may hold thousands.
    """

    def __init__(
        self, files: ShardFiles, access: Access, opened: dict[Path, OpenFile] | None = None
    ) -> None:
        self.files = files
        self._opened = {} if opened is None else opened
        self._payload: OpenFile | None = None
        self._index: OpenFile | None = None
        self._documents: DocumentView | None = None
        self.ids = files.ids
        if files.ids is not None:
            return
        if files.n_tokens == 0:  # an empty file cannot be mapped
            self.ids = np.empty(0, files.dtype)
            self.ids.flags.writeable = False
            return
        self._payload = self._open(files.bin_path)
        if access == "map":
            payload = self._payload.map(files.n_bytes)
            self.ids = payload[files.byte_offset :].view(files.dtype)

    def _open(self, path: Path) -> OpenFile:
        if path not in self._opened:
            self._opened[path] = OpenFile(path)
        return self._opened[path]

    def view(self, with_documents: bool) -> ShardView:
        """Give the shard as the core takes it; without its documents, as if it were one.

        The index is opened in both cases, so that what is asked of it later is of this store,
        though another may have its name by then.
        """
        if self._index is None and isinstance(self.files.documents, (Idx, EndsFile)):
            self._index = self._open(self.files.documents.path)
        return ShardView(
            self.ids,
            self.files.dtype,
            self.files.n_tokens,
            self.documents if with_documents else _ONE_DOCUMENT,
            -1 if self._payload is None else self._payload.descriptor,
            self.files.byte_offset,
            (self._payload, self._index),
        )

    @property
    def documents(self) -> DocumentView:
        """Where the shard's documents lie."""
        if self._documents is None:
            self._documents = self._view_documents()
        return self._documents

    def _view_documents(self) -> DocumentView:
        documents = self.files.documents
        if documents is None:
            return DocumentView(1)
        if isinstance(documents, Idx):
            self._index = self._open(documents.path)
            raw = self._index.map(documents.n_bytes)
            pointers = raw[documents.pointers_at : documents.documents_at]
            return DocumentView(
                documents.n_documents,
                pointers.view("<i8"),
                unit=documents.dtype.itemsize,
                sequences=raw[documents.documents_at :].view("<i8"),
                descriptor=self._index.descriptor,
                n_bytes=documents.n_bytes,
            )
        if isinstance(documents, EndsFile):
            if documents.n_documents == 0:
                return DocumentView(0, np.empty(0, np.int64))
            self._index = self._open(documents.path)
            ends = self._index.map(documents.n_bytes)[documents.byte_offset :]
            return DocumentView(
                documents.n_documents,
                ends.view(documents.dtype),
                are_ends=True,
                descriptor=self._index.descriptor,
                n_bytes=documents.n_bytes,
            )
        return DocumentView(documents.n_documents, documents.ends, are_ends=True)

    def document_begin(self, i: int) -> int:
        """Give the token at which document ``i`` of the shard begins.

        Raises
        ------
        FormatError
            If the index says a place that cannot be.
        """
        view = self.documents
        if view.positions is None or (view.are_ends and i == 0):
            return 0
        if self._index is not None:
            self._index.check_size(view.n_bytes)
        at = i if view.sequences is None else int(view.sequences[i])
        at -= view.are_ends
        if not view.are_ends and at == view.positions.size:
            return self.files.n_tokens
        begin = int(view.positions[at]) // view.unit if 0 <= at < view.positions.size else -1
        if not 0 <= begin <= self.files.n_tokens:
            where = f"document {i} of {self.files.bin_path.name}"
            raise damaged(self.files.bin_path, where, "a place among the tokens", begin)
        return begin

    def read(self, start: int, stop: int) -> Ids:
        """Copy ids of the shard, by reads where nothing is mapped."""
        if self.ids is not None:
            ids: Ids = self.ids[start:stop].copy()
            return ids
        assert self._payload is not None  # there are ids, and they are not in memory
        out = np.empty(stop - start, self.files.dtype)
        left = out.view(np.uint8)
        at = self.files.byte_offset + start * self.files.dtype.itemsize
        while left.size:
            got = _core.read_file(self._payload.descriptor, left, at)
            if got == 0:
                expected = f"{self.files.n_bytes} bytes, as when opened"
                raise damaged(self.files.bin_path, "the size", expected, at)
            left, at = left[got:], at + got
        return out

    def expect_scattered(self, scattered: bool) -> None:
        """Tell the system whether reads of the payload will lie far apart."""
        if self._payload is not None:
            self._payload.expect_scattered(scattered)

    def check_size(self) -> None:
        """Check that the payload, and the index where it is mapped, have not shrunk.

        Raises
        ------
        FormatError
            If one has.
        """
        if self._payload is not None:
            self._payload.check_size(self.files.n_bytes)
        if self._index is not None and self._documents is not None:
            self._index.check_size(self._documents.n_bytes)

    def close(self) -> None:
        """Let go of the files; arrays that map them and views that need them keep them."""
        self.ids = self._payload = self._index = self._documents = None
        self._opened.clear()
