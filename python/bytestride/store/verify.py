"""The full check of a store: every byte is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from bytestride.store.damage import damaged
from bytestride.store.layout import ShardFiles, StoreLayout
from bytestride.store.manifest import MANIFEST_NAME
from bytestride.store.megatron import read_document_offsets

_BLOCK_BYTES = 1 << 22


def verify_layout(layout: StoreLayout) -> None:
    """Read all files; check hashes, every number of each index, and the range of every id.

    A pair without a manifest has no hashes: a changed id that is still in range is not seen there.

    Raises
    ------
    FormatError
        At the first thing that is wrong.
    """
    vocab_size = layout.manifest.vocab_size if layout.manifest else None
    for shard in layout.shards:
        if shard.idx and shard.entry:
            _check_hash(shard.idx.path, shard.entry.idx_sha256, _hash_file(shard.idx.path))
        if shard.idx:
            read_document_offsets(shard.idx)
        found = _scan_payload(shard, vocab_size)
        if shard.entry:
            _check_hash(shard.bin_path, shard.entry.bin_sha256, found)


def _check_hash(path: Path, expected: str, found: str) -> None:
    if found != expected:
        raise damaged(path, "its SHA-256", f"{expected}, as in {MANIFEST_NAME}", found)


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _scan_payload(shard: ShardFiles, vocab_size: int | None) -> str:
    # By reads, not through the mapping: a file that shrinks meanwhile is an error, not a signal.
    dtype = shard.dtype
    limit = np.iinfo(dtype).max + 1 if vocab_size is None else vocab_size
    digest = hashlib.sha256()
    n_bytes = 0
    with shard.bin_path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            ids = np.frombuffer(block, dtype, len(block) // dtype.itemsize)
            if ids.size and (ids.min() < 0 or ids.max() >= limit):
                at = int(np.argmax((ids < 0) | (ids >= limit)))
                where = n_bytes + at * dtype.itemsize
                raise damaged(shard.bin_path, where, f"an id from 0 to {limit - 1}", int(ids[at]))
            n_bytes += len(block)
    if n_bytes != shard.n_bytes:
        expected = f"{shard.n_bytes} bytes, as when opened"
        raise damaged(shard.bin_path, "the size", expected, n_bytes)
    return digest.hexdigest()
