"""SHA-256 of a store's files, recorded in its manifest after it was finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bytestride.store.durable import FolderLock
from bytestride.store.hashing import Hashes
from bytestride.store.layouts.own import read_own_folder
from bytestride.store.manifest import Manifest
from bytestride.store.naming import seal_manifest
from bytestride.store.verify import verify_layout


def record_sha256(folder: str | os.PathLike[str]) -> None:
    """Check a finished store whole, and record the SHA-256 of every file in its manifest.

    Every file is read once. The store's fingerprint stays what it was. A process that is killed
    meanwhile leaves the manifest as it was before.

    Parameters
    ----------
    folder
        A folder written by :class:`~bytestride.store.TokenStoreWriter`.

    Raises
    ------
    FileNotFoundError
        If there is no manifest.
    FormatError
        If anything is not as the manifest says; nothing is recorded then.
    BlockingIOError
        If a writer is at work in the folder.
    OSError
        If the disk refuses; nothing is recorded then.
    """
    path = Path(folder).absolute()
    lock = FolderLock(path)
    try:
        record_locked(path, lock)
    finally:
        lock.release()


def record_locked(path: Path, lock: FolderLock) -> None:
    """Do it in a folder that is locked already."""
    layout = read_own_folder(path)
    assert layout.manifest is not None  # a folder of ours has one
    taken = verify_layout(layout, sha256=True)
    seal_manifest(path, _with_sha256(layout.manifest, taken)).commit()
    lock.sync()


def _with_sha256(manifest: Manifest, taken: Mapping[str, Hashes]) -> Manifest:
    return replace(
        manifest,
        shards=tuple(
            replace(
                entry,
                bin_sha256=taken[f"{entry.name}.bin"].sha256,
                idx_sha256=taken[f"{entry.name}.idx"].sha256,
            )
            for entry in manifest.shards
        ),
        sidecars=tuple(replace(e, sha256=taken[e.name].sha256) for e in manifest.sidecars),
        files=tuple(replace(e, sha256=taken[e.name].sha256) for e in manifest.files),
    )
