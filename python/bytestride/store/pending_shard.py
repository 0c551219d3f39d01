"""One shard while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import FileMark, LengthSpool, PendingFile
from bytestride.store.manifest import ShardEntry
from bytestride.store.megatron import Ids, write_idx
from bytestride.store.sidecars import write_sidecars
from bytestride.store.sidecars.sealed import SealedShard

_BLOCK_TOKENS = 1 << 20


class PendingShard:
    """One shard under temporary names; its documents' lengths wait in a spool for the index.

    Parameters
    ----------
    folder, name
        Its files are ``name.bin`` and ``name.idx`` in this folder. Any name will do: shards that
        are to become a store elsewhere are handed to :func:`~bytestride.store.assemble_store`.
    dtype
        Type of the ids as stored, uint16 or int32.
    first_document
        Number of its first document in the store; only sidecars need it.
    """

    def __init__(
        self, folder: Path, name: str, dtype: np.dtype[Any], first_document: int = 0
    ) -> None:
        self.name = name
        self.first_document = first_document
        """Number of its first document in the store."""
        self.n_tokens = 0
        self.n_open = 0
        """Tokens of the document that has not ended yet."""
        self._whole: FileMark | None = None  # the payload's end without that document
        self.bin = PendingFile(folder / f"{name}.bin")
        self.idx: PendingFile | None = None
        self.sidecars: list[PendingFile] = []
        self.dtype = dtype
        self._lengths: LengthSpool | None = None

    def append(self, ids: Ids, lengths: NDArray[np.int64]) -> None:
        """Add tokens, and the lengths of the documents that end in them.

        Tokens after the last end begin a document, or go on with it.
        """
        n_whole = int(lengths.sum()) - self.n_open if lengths.size else 0
        self._write(ids[:n_whole])
        if lengths.size:
            self._spool().append(lengths)
            self.n_open, self._whole = 0, None
        if n_whole < ids.size:
            if self._whole is None:
                self._whole = self.bin.mark()
            self._write(ids[n_whole:])
            self.n_open += ids.size - n_whole

    def _write(self, ids: Ids) -> None:
        for first in range(0, ids.size, _BLOCK_TOKENS):
            block = np.ascontiguousarray(ids[first : first + _BLOCK_TOKENS], self.dtype)
            self.bin.write(block.data)
        self.n_tokens += ids.size

    @property
    def n_documents(self) -> int:
        """How many documents have ended."""
        return 0 if self._lengths is None else self._lengths.n

    def drop_open(self) -> int:
        """Take back the document that has not ended, as if it had never been.

        Returns
        -------
        int
            How many tokens it had; 0 if none was open.
        """
        if self._whole is None:
            return 0
        self.bin.rewind(self._whole)
        n_dropped = self.n_open
        self.n_tokens -= n_dropped
        self.n_open, self._whole = 0, None
        return n_dropped

    def _spool(self) -> LengthSpool:
        if self._lengths is None:
            self._lengths = LengthSpool(self.bin.final.parent)
        return self._lengths

    def content(self) -> tuple[Path, LengthSpool]:
        """Give the payload's file, with all that was appended, and the lengths of documents."""
        self.bin.flush()
        return self.bin.path, self._spool()

    def seal(self, emit: Sequence[str] = (), tokenizer: str | None = None) -> ShardEntry:
        """Write the index and the sidecars and make all durable; nothing can be added after.

        Raises
        ------
        ValueError
            If a document is open: it must be ended or dropped before.
        """
        if self.n_open:
            raise ValueError(f"{self.bin.final}: a document of {self.n_open} tokens is still open")
        lengths = self._spool()
        self.bin.send()
        self.idx = PendingFile(self.bin.final.with_suffix(".idx"))
        write_idx(self.idx.write, self.dtype, lengths)
        self.idx.seal()
        self.bin.seal()
        sealed = SealedShard(
            self.name,
            self.bin,
            self.dtype,
            self.n_tokens,
            lengths,
            self.first_document,
            tokenizer,
        )
        write_sidecars(emit, sealed, self.sidecars)
        lengths.close()
        return ShardEntry(
            name=self.name,
            n_tokens=self.n_tokens,
            n_documents=lengths.n,
            bin_bytes=self.bin.n_bytes,
            idx_bytes=self.idx.n_bytes,
            bin_xxh3=self.bin.xxh3,
            idx_xxh3=self.idx.xxh3,
        )

    @property
    def files(self) -> list[PendingFile]:
        """The files of a sealed shard in the order in which they get their names."""
        assert self.idx is not None
        return [*self.sidecars, self.idx, self.bin]

    def commit(self) -> None:
        """Name the files, the payload last."""
        for file in self.files:
            file.commit()

    def discard(self) -> None:
        """Remove the files, whatever they are named."""
        if self._lengths is not None:
            self._lengths.close()
        for sidecar in self.sidecars:
            sidecar.discard()
        if self.idx is not None:
            self.idx.discard()
        self.bin.discard()
