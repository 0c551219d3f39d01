"""Writing a token store: spool under temporary names, then name everything at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride.store.durable import PendingFile, interrupts_held
from bytestride.store.manifest import ShardEntry, shard_name
from bytestride.store.megatron import Ids
from bytestride.store.naming import (
    StoreFolder,
    kept_metadata,
    make_manifest,
    seal_manifest,
    tokenizer_name,
)
from bytestride.store.pending_shard import PendingShard
from bytestride.store.sidecars import NANOGPT_NAME, check_formats, write_nanogpt


def choose_dtype(vocab_size: int | None, dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """Type of the ids in a payload: the narrower of uint16 and int32 that holds the vocabulary.

    Raises
    ------
    ValueError
        If neither argument is given, or the vocabulary does not fit the type.
    TypeError
        If ``dtype`` is not one that a store can hold.
    """
    if vocab_size is not None and not 1 <= vocab_size <= 2**31:
        raise ValueError(f"vocab_size must be from 1 to 2**31, found {vocab_size}")
    if dtype is None:
        if vocab_size is None:
            raise ValueError("name vocab_size or dtype: one of them decides how ids are stored")
        return np.dtype("<u2" if vocab_size <= 2**16 else "<i4")
    named = np.dtype(dtype)
    if named == np.dtype("u4"):
        named = np.dtype("<i4")  # ids are below 2**31, and Megatron has no code for uint32
    if named not in (np.dtype("<u2"), np.dtype("<i4")):
        raise TypeError(f"dtype must be uint16, int32 or uint32, found {named}")
    if vocab_size is not None and vocab_size > np.iinfo(named).max + 1:
        raise ValueError(f"a vocabulary of {vocab_size} tokens does not fit {named}; use int32")
    return named


class TokenStoreWriter:
    """Writes a folder of shards (``.bin`` and Megatron ``.idx``) and ``manifest.json``.

    The payload is written once. Other trainers' layouts (``emit``) are files beside it, hard links
    to it where their bytes are the same; ``sidecars/`` says which files and what they expect.

    Use it in a ``with`` statement. Until it ends without an error everything has temporary names;
    then the files are brought to the disk and named, each ``.idx`` before its ``.bin`` and the
    manifest last, so that a store is whole or absent whatever happens. After an error, or if the
    process is killed, nothing counts as a store; an old one that was to be overwritten stays.

    The bytes of a store depend on its documents alone, not on how they were handed over. Memory
    does not grow with the corpus.

    Parameters
    ----------
    path
        The folder; made if missing.
    vocab_size
        Every id must be below it. Ids are stored as uint16 up to 65536 tokens, else as int32.
    dtype
        Type of the stored ids, uint16 or int32 (uint32 is stored as int32: ids are below 2**31);
        needed without ``vocab_size``.
    shard_tokens
        A shard ends with the first document that brings it to this many tokens.
    emit
        Formats to write beside the shards: "datatrove", "olmo", "nanogpt" (uint16 alone), "llmc",
        "arrow", "parquet".
    metadata
        Kept in the manifest: anything that JSON holds, such as the tokenizer's fingerprint.
    overwrite
        Whether to replace a store, finished or not, that is there. The old one goes when the new
        one is complete, so there must be room for both.

    Raises
    ------
    FileExistsError
        If a store is there, finished or not, and ``overwrite`` is false; or ``path`` is a file.
    BlockingIOError
        If another writer is at work in the folder.
    ValueError, TypeError
        If an argument is out of range or of a wrong type.
    ImportError
        If a format of ``emit`` needs pyarrow and there is none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        vocab_size: int | None = None,
        dtype: npt.DTypeLike | None = None,
        shard_tokens: int = 2**30,
        emit: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        self._dtype = choose_dtype(vocab_size, dtype)
        self._emit = check_formats(emit, self._dtype)
        if shard_tokens < 1:
            raise ValueError(f"shard_tokens must be at least 1, found {shard_tokens}")
        self._vocab_size = vocab_size
        self._limit = vocab_size if vocab_size is not None else int(np.iinfo(self._dtype).max) + 1
        self._shard_tokens = shard_tokens
        self._metadata = kept_metadata(metadata)
        self._shard: PendingShard | None = None
        self._sealed: list[tuple[PendingShard, ShardEntry]] = []
        self._manifest: PendingFile | None = None
        self._sidecars: list[PendingFile] = []
        self._error: BaseException | None = None
        self._finished = False
        self._n_tokens = 0
        self._n_documents = 0

        self._path = Path(path).absolute()
        self._made_folder = not self._path.exists()
        self._path.mkdir(parents=True, exist_ok=True)
        others = [NANOGPT_NAME] if "nanogpt" in self._emit else []
        self._folder = StoreFolder(self._path, others)
        try:
            if not overwrite:
                self._folder.check_free()
            self._folder.clear_leftovers()
        except BaseException:
            self._folder.release()
            raise

    @property
    def path(self) -> Path:
        """The store's folder, absolute."""
        return self._path

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ids as stored."""
        return self._dtype

    @property
    def n_tokens(self) -> int:
        """How many tokens were appended so far."""
        return self._n_tokens

    @property
    def n_documents(self) -> int:
        """How many documents have ended so far."""
        return self._n_documents

    def append(self, tokens: npt.ArrayLike, document_ends: npt.ArrayLike) -> None:
        """Add tokens to the end of the store.

        Parameters
        ----------
        tokens
            1-D integers, ids of any integer type.
        document_ends
            1-D integers: how many of *these* tokens come before the end of each document that ends
            here, ascending (``offsets[1:]`` of an encoded batch). Equal ends make empty documents,
            which are kept. Tokens after the last end begin a document that the next call goes on
            with.

        Raises
        ------
        ValueError
            If an id is outside the vocabulary or the type, or the ends are not ascending positions.
            Nothing of this call was written then, and the writer can go on.
        TypeError
            If an argument is not of integers.
        OSError
            If the disk refuses. The writer has then removed what it wrote and cannot go on.
        """
        self._check_usable()
        ids = _integers(tokens, "tokens")
        ends = _integers(document_ends, "document_ends").astype(np.int64)
        self._check_ids(ids)
        _check_ends(ends, ids.size)
        try:
            self._append(ids, ends)
        except BaseException as error:
            self._error = error
            self._discard()
            raise

    def drop_open_document(self) -> int:
        """Take back the document that has not ended: the store is as if it had never been begun.

        For a source that turns out to be damaged in the middle of a document. A document lies in
        one shard however long it is, so no shard that is finished changes. The next
        :meth:`append` begins a new document.

        Returns
        -------
        int
            How many tokens it had; 0 if no document was open, and then nothing happens.

        Raises
        ------
        OSError
            If the disk refuses. The writer has then removed what it wrote and cannot go on.
        """
        self._check_usable()
        shard = self._shard
        if shard is None:
            return 0
        try:
            n_dropped = shard.drop_open()
            if not shard.n_documents:  # the dropped document alone had begun it
                self._shard = None
                shard.discard()
        except BaseException as error:
            self._error = error
            self._discard()
            raise
        self._n_tokens -= n_dropped
        return n_dropped

    def _check_usable(self) -> None:
        if self._error is not None:
            raise RuntimeError(
                f"{self._path}: nothing was stored, since writing failed: {self._error}; "
                "start again with a new writer"
            ) from self._error
        if self._finished:
            raise ValueError(f"{self._path}: this writer is closed")

    def _check_ids(self, ids: Ids) -> None:
        if ids.size == 0 or (ids.min() >= 0 and ids.max() < self._limit):
            return
        at = int(np.argmax((ids < 0) | (ids >= self._limit)))
        of = "the vocabulary's" if self._vocab_size is not None else f"{self._dtype}'s"
        raise ValueError(
            f"token {at} of this call (number {self._n_tokens + at} of the store) is {ids[at]}, "
            f"outside {of} ids 0 to {self._limit - 1}"
        )

    def _append(self, ids: Ids, ends: NDArray[np.int64]) -> None:
        n_ends = ends.size
        done = 0
        while done < ids.size or ends.size:
            if self._shard is None:
                name = shard_name(len(self._sealed))
                first = self._n_documents + n_ends - ends.size
                self._shard = PendingShard(self._path, name, self._dtype, first)
            shard = self._shard
            # The first end by which the shard is full, if one is: it goes up to there.
            last = int(np.searchsorted(ends, done + self._shard_tokens - shard.n_tokens))
            full = last < ends.size
            stop = int(ends[last]) if full else ids.size
            here, ends = ends[: last + 1], ends[last + 1 :]
            shard.append(ids[done:stop], np.diff(here, prepend=done - shard.n_open))
            done = stop
            if full:
                self._seal_shard(shard)
        self._n_tokens += ids.size
        self._n_documents += n_ends

    def _seal_shard(self, shard: PendingShard) -> None:
        entry = shard.seal(self._emit, tokenizer_name(self._metadata))
        self._sealed.append((shard, entry))
        self._shard = None

    def close(self) -> None:
        """Finish the store and give it its name; a document that has not ended ends here.

        Closing twice does nothing.

        Raises
        ------
        OSError
            If the disk refuses; nothing is stored then.
        RuntimeError
            If an earlier call failed and so nothing was stored.
        """
        if self._finished and self._error is None:
            return
        self._check_usable()
        try:
            self._seal_all()
            with interrupts_held():
                self._name_all()
                self._finished = True
                self._folder.release()
        except BaseException as error:
            if not self._finished:  # otherwise it is a Ctrl-C that had to wait
                self._error = error
                self._discard()
            raise

    def _seal_all(self) -> None:
        """Bring everything to the disk, under temporary names."""
        if self._shard is not None and self._shard.n_open:
            self._append(np.empty(0, self._dtype), np.zeros(1, np.int64))
        if self._shard is None and not self._sealed:
            self._shard = PendingShard(self._path, shard_name(0), self._dtype)
        if self._shard is not None:
            self._seal_shard(self._shard)
        if "nanogpt" in self._emit:
            write_nanogpt([shard.bin for shard, _ in self._sealed], self._sidecars)
        beside = [file for shard, _ in self._sealed for file in shard.sidecars] + self._sidecars
        manifest = make_manifest(
            self._dtype,
            [entry for _, entry in self._sealed],
            vocab_size=self._vocab_size,
            metadata=self._metadata,
            sidecars=beside,
        )
        self._manifest = seal_manifest(self._path, manifest)

    def _name_all(self) -> None:
        assert self._manifest is not None  # sealed before
        files = [file for shard, _ in self._sealed for file in shard.files]
        self._folder.name_all(files + self._sidecars, self._manifest)

    def abort(self) -> None:
        """Remove what was written; an old store that was to be replaced stays."""
        if not self._finished:
            self._discard()

    def _discard(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._manifest is not None:
            self._manifest.discard()
        for sidecar in self._sidecars:
            sidecar.discard()
        if self._shard is not None:
            self._shard.discard()
        for shard, _ in self._sealed:
            shard.discard()
        self._folder.release()
        if self._made_folder:
            with suppress(OSError):  # somebody put something there: it stays
                self._path.rmdir()

    def __enter__(self) -> TokenStoreWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()


def _integers(values: npt.ArrayLike, name: str) -> Ids:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, found {array.ndim}")
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, found {array.dtype}")
    return array


def _check_ends(ends: NDArray[np.int64], n_tokens: int) -> None:
    wrong = (np.diff(ends, prepend=0) < 0) | (ends > n_tokens)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"document_ends must ascend from 0 to at most {n_tokens}, the tokens of this call; "
            f"number {at} is {ends[at]}"
        )
