"""A shard whose payload is whole, as the makers of sidecars see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.store.durable import LengthSpool, PendingFile, WholeFile
from bytestride.store.megatron import Ids
from bytestride.store.payload import read_blocks
from bytestride.store.shards import ShardFiles


@dataclass(frozen=True)
class SealedShard:
    """A payload on the disk under any name, and the lengths of its documents.

    Attributes
    ----------
    name
        What the names of the shard's files begin with.
    bin
        The payload, and the name it is to get: files beside it are made beside that.
    dtype
        Type of its ids, uint16 or int32.
    n_tokens
        How many there are.
    lengths
        Lengths of its documents in tokens, in blocks.
    first_document
        Number of its first document in the store.
    tokenizer
        Name of the tokenizer, or None.
    """

    name: str
    bin: WholeFile
    dtype: np.dtype[Any]
    n_tokens: int
    lengths: LengthSpool
    first_document: int = 0
    tokenizer: str | None = None

    @property
    def unsigned(self) -> np.dtype[Any]:
        """Type of the same bytes without a sign: ids are below 2**31."""
        return np.dtype(f"<u{self.dtype.itemsize}")

    def new_file(self, suffix: str) -> PendingFile:
        """Begin a file beside the payload."""
        return PendingFile(self.bin.final.with_name(self.name + suffix))

    def same_payload(self, suffix: str) -> PendingFile:
        """Give the payload another name."""
        return PendingFile.same_as(self.bin, self.bin.final.with_name(self.name + suffix))

    def ids(self, start: int = 0, stop: int | None = None) -> Iterator[Ids]:
        """Go through the ids in blocks."""
        payload = ShardFiles(self.bin.path, self.dtype, self.n_tokens)
        return read_blocks(payload, start, stop)

    def ends(self) -> Iterator[NDArray[np.int64]]:
        """Go through the documents' ends in tokens, in blocks."""
        end = 0
        for lengths in self.lengths:
            ends = end + np.cumsum(lengths)
            end = int(ends[-1])
            yield ends
