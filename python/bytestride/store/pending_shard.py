"""One shard while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import LengthSpool, PendingFile
from bytestride.store.manifest import ShardEntry
from bytestride.store.megatron import Ids, write_idx

_BLOCK_TOKENS = 1 << 20


class PendingShard:
    """One shard under temporary names; its documents' lengths wait in a spool for the index."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any]) -> None:
        self.name = name
        self.n_tokens = 0
        self.n_open = 0
        """Tokens of the document that has not ended yet."""
        self.bin = PendingFile(folder / f"{name}.bin")
        self.idx: PendingFile | None = None
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

    def seal(self) -> ShardEntry:
        """Write the index and make both files durable; nothing can be added after."""
        lengths = self._spool()
        self.idx = PendingFile(self.bin.final.with_suffix(".idx"))
        write_idx(self.idx.write, self._dtype, lengths)
        lengths.close()
        self.idx.seal()
        self.bin.seal()
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
        self.idx.commit()
        self.bin.commit()

    def discard(self) -> None:
        """Remove the files, whatever they are named."""
        if self._lengths is not None:
            self._lengths.close()
        if self.idx is not None:
            self.idx.discard()
        self.bin.discard()
