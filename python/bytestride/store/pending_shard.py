"""One shard while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import LengthSpool, PendingFile
from bytestride.store.manifest import ShardEntry
from bytestride.store.megatron import Ids, write_idx
from bytestride.store.sidecars import write_sidecars
from bytestride.store.sidecars.sealed import SealedShard

_BLOCK_TOKENS = 1 << 20


class PendingShard:
    """One shard under temporary names; its documents' lengths wait in a spool for the index."""

    def __init__(
        self, folder: Path, name: str, dtype: np.dtype[Any], first_document: int = 0
    ) -> None:
        self.name = name
        self.first_document = first_document
        """Number of its first document in the store."""
        self.n_tokens = 0
        self.n_open = 0
        """Tokens of the document that has not ended yet."""
        self.bin = PendingFile(folder / f"{name}.bin")
        self.idx: PendingFile | None = None
        self.sidecars: list[PendingFile] = []
        self._dtype = dtype
        self._lengths: LengthSpool | None = None

    def append(self, ids: Ids, lengths: NDArray[np.int64]) -> None:
        """Add tokens, and the lengths of the documents that end in them."""
        for first in range(0, ids.size, _BLOCK_TOKENS):
            block = np.ascontiguousarray(ids[first : first + _BLOCK_TOKENS], self._dtype)
            self.bin.write(block.data)
        if lengths.size:
            self._spool().append(lengths)
        self.n_tokens += ids.size
        self.n_open += ids.size - int(lengths.sum())

    def _spool(self) -> LengthSpool:
        if self._lengths is None:
            self._lengths = LengthSpool(self.bin.final.parent)
        return self._lengths

    def seal(self, emit: Sequence[str] = (), tokenizer: str | None = None) -> ShardEntry:
        """Write the index and the sidecars and make all durable; nothing can be added after."""
        lengths = self._spool()
        self.idx = PendingFile(self.bin.final.with_suffix(".idx"))
        write_idx(self.idx.write, self._dtype, lengths)
        self.idx.seal()
        self.bin.seal()
        sealed = SealedShard(
            self.name,
            self.bin,
            self._dtype,
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
            bin_sha256=self.bin.sha256,
            idx_bytes=self.idx.n_bytes,
            idx_sha256=self.idx.sha256,
        )

    def commit(self) -> None:
        """Name the files, the payload last."""
        assert self.idx is not None
        for sidecar in self.sidecars:
            sidecar.commit()
        self.idx.commit()
        self.bin.commit()

    def discard(self) -> None:
        """Remove the files, whatever they are named."""
        if self._lengths is not None:
            self._lengths.close()
        for sidecar in self.sidecars:
            sidecar.discard()
        if self.idx is not None:
            self.idx.discard()
        self.bin.discard()
