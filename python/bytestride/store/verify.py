"""The full check of a store: every byte is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bytestride.errors import FormatError
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.layout import ShardFiles, StoreLayout
from bytestride.store.manifest import MANIFEST_NAME, Manifest
from bytestride.store.megatron import Idx
from bytestride.store.payload import read_blocks

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
        if isinstance(shard.documents, Idx) and shard.entry:
            idx_path = shard.documents.path
            _check_hash(idx_path, shard.entry.idx_sha256, _hash_file(idx_path))
        shard.read_document_offsets()
        found = _scan_payload(shard, vocab_size)
        if shard.entry:
            _check_hash(shard.bin_path, shard.entry.bin_sha256, found)
    if layout.manifest and isinstance(layout.path, Path):
        _check_sidecars(layout.path, layout.manifest, layout.shards)


def _check_sidecars(folder: Path, manifest: Manifest, shards: Sequence[ShardFiles]) -> None:
    """Compare the hashes of sidecars; other names of a payload are not read again."""
    payloads = {_identity(shard.bin_path): shard.entry for shard in shards}
    for sidecar in manifest.sidecars:
        path = folder / sidecar.name
        if not path.is_file():
            raise FormatError(f"{path}: missing, though {MANIFEST_NAME} names it; {REWRITE}")
        entry = payloads.get(_identity(path))
        _check_hash(path, sidecar.sha256, entry.bin_sha256 if entry else _hash_file(path))


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


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
    """Check a payload's ids and give the hash of its bytes."""
    dtype = shard.dtype
    limit = np.iinfo(dtype).max + 1 if vocab_size is None else vocab_size
    digest = hashlib.sha256()
    at = shard.byte_offset
    for ids in read_blocks(shard):
        digest.update(ids.data)
        if ids.min() < 0 or ids.max() >= limit:
            first = int(np.argmax((ids < 0) | (ids >= limit)))
            where = at + first * dtype.itemsize
            raise damaged(shard.bin_path, where, f"an id from 0 to {limit - 1}", int(ids[first]))
        at += ids.nbytes
    return digest.hexdigest()
