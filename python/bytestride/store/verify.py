"""The full check of a store: every byte is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bytestride.errors import FormatError
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.hashing import Hasher, Hashes, hash_file
from bytestride.store.layout import ShardFiles, StoreLayout
from bytestride.store.manifest import MANIFEST_NAME, FileEntry
from bytestride.store.megatron import Idx
from bytestride.store.payload import read_blocks


def verify_layout(layout: StoreLayout, sha256: bool = False) -> dict[str, Hashes]:
    """Read all files; check hashes, every number of each index, and the range of every id.

    A pair without a manifest has no hashes: a changed id that is still in range is not seen there.

    Parameters
    ----------
    layout
        The store.
    sha256
        Whether to take the SHA-256 of every file that the manifest names, recorded or not.

    Returns
    -------
    dict
        By name, what was taken of each of these files; empty without a manifest.

    Raises
    ------
    FormatError
        At the first thing that is wrong.
    """
    vocab_size = layout.manifest.vocab_size if layout.manifest else None
    taken: dict[str, Hashes] = {}
    for shard in layout.shards:
        entry = shard.entry
        if isinstance(shard.documents, Idx) and entry:
            idx_path = shard.documents.path
            taken[idx_path.name] = _check_file(idx_path, entry.idx_hashes, sha256)
        shard.read_document_offsets()
        hasher = _hasher(entry.bin_hashes if entry else Hashes(), sha256 and entry is not None)
        _scan_payload(shard, vocab_size, hasher)
        if entry:
            taken[shard.bin_path.name] = hasher.result()
            _check_hashes(shard.bin_path, entry.bin_hashes, hasher.result())
    if layout.manifest and isinstance(layout.path, Path):
        beside = (*layout.manifest.sidecars, *layout.manifest.files)
        taken |= _check_beside(layout.path, beside, layout.shards, taken, sha256)
    return taken


def _check_beside(
    folder: Path,
    entries: Sequence[FileEntry],
    shards: Sequence[ShardFiles],
    taken: dict[str, Hashes],
    sha256: bool,
) -> dict[str, Hashes]:
    """Check what lies beside the shards; other names of a payload are not read again."""
    payloads = {_identity(shard.bin_path): taken[shard.bin_path.name] for shard in shards}
    found: dict[str, Hashes] = {}
    for entry in entries:
        path = folder / entry.name
        if not path.is_file():
            raise FormatError(f"{path}: missing, though {MANIFEST_NAME} names it; {REWRITE}")
        if (n_bytes := path.stat().st_size) != entry.n_bytes:
            raise damaged(
                path, "the size", f"{entry.n_bytes} bytes, as in {MANIFEST_NAME}", n_bytes
            )
        if (same := payloads.get(_identity(path))) is not None and _covers(same, entry.hashes):
            _check_hashes(path, entry.hashes, same)
            found[entry.name] = same
        else:
            found[entry.name] = _check_file(path, entry.hashes, sha256)
    return found


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _covers(found: Hashes, recorded: Hashes) -> bool:
    """Return whether all that was recorded was taken."""
    pairs = ((recorded.xxh3, found.xxh3), (recorded.sha256, found.sha256))
    return all(known is None or new is not None for known, new in pairs)


def _hasher(recorded: Hashes, sha256: bool) -> Hasher:
    """Make what takes the hashes that were recorded, so that they can be compared."""
    return Hasher(xxh3=recorded.xxh3 is not None, sha256=sha256 or recorded.sha256 is not None)


def _check_file(path: Path, recorded: Hashes, sha256: bool) -> Hashes:
    found = hash_file(path, _hasher(recorded, sha256))
    _check_hashes(path, recorded, found)
    return found


def _check_hashes(path: Path, recorded: Hashes, found: Hashes) -> None:
    """Compare what was recorded, the stronger hash first."""
    for name, expected, actual in (
        ("SHA-256", recorded.sha256, found.sha256),
        ("XXH3", recorded.xxh3, found.xxh3),
    ):
        if expected is not None and expected != actual:
            raise damaged(path, f"its {name}", f"{expected}, as in {MANIFEST_NAME}", actual)


def _scan_payload(shard: ShardFiles, vocab_size: int | None, hasher: Hasher) -> None:
    """Check a payload's ids and take the hashes of its bytes."""
    dtype = shard.dtype
    limit = np.iinfo(dtype).max + 1 if vocab_size is None else vocab_size
    at = shard.byte_offset
    for ids in read_blocks(shard):
        hasher.update(ids.data)
        if ids.min() < 0 or ids.max() >= limit:
            first = int(np.argmax((ids < 0) | (ids >= limit)))
            where = at + first * dtype.itemsize
            raise damaged(shard.bin_path, where, f"an id from 0 to {limit - 1}", int(ids[first]))
        at += ids.nbytes
