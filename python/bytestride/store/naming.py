"""The folder of a store that is being made: whose its files are, and in which order they are named.

Whoever makes a store has all of its files on the disk first, under other names. Then an old store's
manifest goes, and its files; the new ones get their names, each ``.idx`` before its ``.bin``; and
the manifest is named last, when the names before it are on the disk. So a store is whole or absent.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bytestride.errors import FormatError
from bytestride.store.durable import TEMPORARY_SUFFIX, FolderLock, PendingFile, WholeFile
from bytestride.store.manifest import (
    MANIFEST_NAME,
    PACKING_NAME,
    FileEntry,
    Manifest,
    ShardEntry,
    Sidecar,
    encode_manifest,
    read_manifest,
)
from bytestride.store.sidecars import NANOGPT_NAME, SHARD_FILE


class StoreFolder:
    """A folder that one maker of a store has for itself.

    Parameters
    ----------
    path
        The folder; it exists.
    others
        Names that files of the new store have though files of others may have them too.
    lock
        The folder's lock, if the caller holds it; it then stays held.

    Raises
    ------
    BlockingIOError
        If another writer is at work in the folder.
    """

    def __init__(
        self, path: Path, others: Collection[str] = (), lock: FolderLock | None = None
    ) -> None:
        self.path = path
        self._is_mine = lock is None
        self._lock = FolderLock(path) if lock is None else lock
        self._others = set(others)
        self.old: Manifest | None = None
        """The manifest that is there, if it can be read."""
        with suppress(FormatError, FileNotFoundError):
            self.old = read_manifest(path / MANIFEST_NAME)
        if self.old is not None:
            self._others |= {file.name for file in self.old.sidecars if file.name == NANOGPT_NAME}
            self._others |= {file.name for file in self.old.files}

    @property
    def lock(self) -> FolderLock:
        """What keeps other writers out."""
        return self._lock

    def own_files(self, suffix: str = "") -> list[Path]:
        """List files whose names only a maker of stores gives, with this ending."""
        own = []
        for path in self.path.iterdir():
            name = path.name.removesuffix(suffix)
            is_own = SHARD_FILE.fullmatch(name) or name == MANIFEST_NAME or name in self._others
            if path.name.endswith(suffix) and is_own:
                own.append(path)
        return sorted(own)

    def check_free(self, allowed: Collection[str] = ()) -> None:
        """Refuse a folder with a store, finished or not; these names may be there.

        Raises
        ------
        FileExistsError
            If there is one.
        """
        own = [path for path in self.own_files() if path.name not in allowed]
        if not own:
            return
        if self.path / MANIFEST_NAME in own:
            raise FileExistsError(f"{self.path}: there is a token store here; use overwrite=True")
        raise FileExistsError(
            f"{self.path}: there is part of a token store here ({own[0].name}, but no "
            f"{MANIFEST_NAME}); remove it, or use overwrite=True"
        )

    def clear_leftovers(self) -> None:
        """Remove what a maker that was killed left under temporary names."""
        for leftover in self.own_files(TEMPORARY_SUFFIX):
            leftover.unlink()

    def name_all(
        self, files: Iterable[WholeFile], manifest: PendingFile, keep: Collection[str] = ()
    ) -> None:
        """Give files on the disk their names, in this order, and remove those of an old store.

        The old manifest goes first: no moment may show it beside new shards. Files of the new store
        that have their names already are to be kept.
        """
        (self.path / MANIFEST_NAME).unlink(missing_ok=True)
        self._lock.sync()
        for old in self.own_files():
            if old.name not in keep:
                old.unlink()
        for packing in self.path.iterdir():
            if PACKING_NAME.fullmatch(packing.name):  # of an old store's documents
                packing.unlink(missing_ok=True)
        for file in files:
            file.commit()
        self._lock.sync()
        manifest.commit()
        self._lock.sync()

    def release(self) -> None:
        """Let the next writer in."""
        if self._is_mine:
            self._lock.release()


def kept_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give metadata as JSON gives it back, so that what cannot be kept is known at once.

    Raises
    ------
    TypeError, ValueError
        If JSON cannot hold it.
    """
    kept: dict[str, Any] = json.loads(json.dumps(dict(metadata or {}), allow_nan=False))
    return kept


def tokenizer_name(metadata: Mapping[str, Any]) -> str | None:
    """Find the tokenizer's name in a store's metadata."""
    tokenizer = metadata.get("tokenizer")
    name = tokenizer.get("name") if isinstance(tokenizer, dict) else tokenizer
    return name if isinstance(name, str) else None


def make_manifest(
    dtype: np.dtype[Any],
    shards: Sequence[ShardEntry],
    *,
    vocab_size: int | None,
    metadata: dict[str, Any],
    sidecars: Iterable[WholeFile] = (),
    files: Sequence[FileEntry] = (),
) -> Manifest:
    """Say what a store holds whose files are on the disk."""
    from bytestride import __version__  # the package imports this module first

    return Manifest(
        dtype=str(dtype),
        n_tokens=sum(entry.n_tokens for entry in shards),
        n_documents=sum(entry.n_documents for entry in shards),
        shards=tuple(shards),
        vocab_size=vocab_size,
        metadata=metadata,
        bytestride=__version__,
        sidecars=tuple(Sidecar(file.final.name, file.n_bytes, file.xxh3) for file in sidecars),
        files=tuple(files),
    )


def seal_manifest(folder: Path, manifest: Manifest) -> PendingFile:
    """Bring a manifest to the disk, under a temporary name."""
    file = PendingFile(folder / MANIFEST_NAME)
    try:
        file.write(encode_manifest(manifest))
        file.seal()
    except BaseException:
        file.discard()
        raise
    return file
