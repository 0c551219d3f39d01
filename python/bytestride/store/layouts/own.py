"""A folder of our own: ``manifest.json`` and the Megatron pairs that it names."""

from __future__ import annotations

from pathlib import Path

from bytestride.errors import FormatError
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.layouts.megatron_pair import read_pair
from bytestride.store.manifest import MANIFEST_NAME, Manifest, ShardEntry, read_manifest
from bytestride.store.shards import ShardFiles, StoreLayout


def read_own_folder(path: Path) -> StoreLayout:
    """Read a folder that has a manifest, checking sizes and headers against it.

    Raises
    ------
    FormatError
        If the manifest is damaged, or a file is missing or is not what the manifest says.
    """
    manifest = read_manifest(path / MANIFEST_NAME)
    shards = tuple(_shard(path, manifest, entry) for entry in manifest.shards)
    return StoreLayout(path, shards, manifest)


def _shard(path: Path, manifest: Manifest, entry: ShardEntry) -> ShardFiles:
    bin_path, idx_path = path / f"{entry.name}.bin", path / f"{entry.name}.idx"
    for file in (bin_path, idx_path):
        if not file.is_file():
            raise FormatError(f"{file}: missing, though {MANIFEST_NAME} names it; {REWRITE}")
    return read_entry(bin_path, idx_path, entry, manifest.dtype, MANIFEST_NAME)


def read_entry(
    bin_path: Path, idx_path: Path, entry: ShardEntry, dtype: str, source: str
) -> ShardFiles:
    """Read a pair's header and check sizes, type and counts against its entry.

    Parameters
    ----------
    bin_path, idx_path
        The pair, under any name.
    entry, dtype
        What it should be.
    source
        Where that is said, for messages.

    Raises
    ------
    FormatError
        If it is something else.
    """
    for file, n_bytes in ((bin_path, entry.bin_bytes), (idx_path, entry.idx_bytes)):
        if (found := file.stat().st_size) != n_bytes:
            raise damaged(file, "the size", f"{n_bytes} bytes, as in {source}", found)
    shard = read_pair(bin_path, idx_path, entry)
    recorded = (dtype, entry.n_tokens, entry.n_documents)
    found_in_idx = (str(shard.dtype), shard.n_tokens, shard.n_documents)
    if recorded != found_in_idx:
        what = f"{recorded} (dtype, tokens, documents), as in {source}"
        raise damaged(idx_path, "the header", what, found_in_idx)
    return shard
