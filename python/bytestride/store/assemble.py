"""Shards that were sealed elsewhere become a store: they are renamed, not copied."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.store.documents import spool_lengths
from bytestride.store.durable import TEMPORARY_SUFFIX, FolderLock, PendingFile, WholeFile
from bytestride.store.hashing import Hasher, hash_file
from bytestride.store.layouts.own import read_entry
from bytestride.store.manifest import (
    MANIFEST_NAME,
    FileEntry,
    Manifest,
    ShardEntry,
    read_manifest,
    shard_name,
)
from bytestride.store.naming import (
    StoreFolder,
    kept_metadata,
    make_manifest,
    seal_manifest,
    tokenizer_name,
)
from bytestride.store.record import record_locked
from bytestride.store.shards import ShardFiles
from bytestride.store.sidecars import (
    NANOGPT_NAME,
    SHARD_FILE,
    SUFFIXES,
    check_formats,
    formats_of,
    write_nanogpt,
    write_sidecars,
)
from bytestride.store.sidecars.sealed import SealedShard
from bytestride.store.writer import choose_dtype


@dataclass(frozen=True)
class SealedPlace:
    """A shard that is whole and on the disk, under any name.

    Attributes
    ----------
    bin, idx
        The payload and its Megatron index, on the file system of the store's folder. They may lie
        there no longer if they were named before.
    entry
        Their counts, sizes and XXH3, as :meth:`PendingShard.seal` gives them; its name is not used.
    """

    bin: Path
    idx: Path
    entry: ShardEntry


def assemble_store(
    folder: str | os.PathLike[str],
    shards: Sequence[SealedPlace],
    *,
    dtype: npt.DTypeLike,
    vocab_size: int | None,
    metadata: Mapping[str, Any],
    emit: Sequence[str],
    sha256: bool = False,
    extra_files: Sequence[str | os.PathLike[str]] = (),
    overwrite: bool = False,
    lock: FolderLock | None = None,
) -> Manifest:
    """Make a store of shards in a work folder: write what lies beside them, then name everything.

    Whenever it ends early, killed or with an error, there is no store; called again with the same
    arguments it goes on from there, and the store is the same to the byte. After it has ended well,
    another call does nothing.

    Parameters
    ----------
    folder
        The store's folder.
    shards
        The shards in the order of their tokens; they become ``shard-00000`` and so on.
    dtype, vocab_size, metadata, emit
        As for :class:`TokenStoreWriter`; ``dtype`` is that of every shard.
    sha256
        Whether to record the SHA-256 of every file too: each is then read once more.
    extra_files
        Files of any kind that belong to the store, such as ``rejects.jsonl``, whole and on the
        disk, in a work folder or in the store's. They keep their names; the manifest lists them
        with their sizes and XXH3.
    overwrite
        Whether to replace another store, finished or not, that is there.
    lock
        The folder's lock, where the caller holds it.

    Returns
    -------
    Manifest
        What the store holds.

    Raises
    ------
    FileNotFoundError
        If a file lies neither where it was sealed nor under its name.
    FileExistsError
        If another store, or a part of one, is there and ``overwrite`` is false.
    FormatError
        If a shard is not what its entry says, by sizes and headers.
    BlockingIOError
        If another writer is at work in the folder.
    ValueError, TypeError, ImportError
        If an argument is out of range or of a wrong type; as for :class:`TokenStoreWriter`.
    OSError
        If the disk refuses.
    """
    stored = choose_dtype(vocab_size, dtype)
    formats = check_formats(emit, stored)
    kept = kept_metadata(metadata)
    if not shards:
        raise ValueError(f"{folder}: a store has a shard, even if it is empty; name at least one")
    path = Path(folder).absolute()
    path.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    extras = [Path(file) for file in extra_files]
    others = [file.name for file in extras]
    _check_names(others)
    if "nanogpt" in formats:
        others.append(NANOGPT_NAME)
    store = StoreFolder(path, others, lock)
    try:
        assembly = _Assembly(store, stored, formats, shards, extras, vocab_size, kept)
        if not assembly.is_done():
            assembly.run(overwrite)
        if sha256 and not _has_sha256(read_manifest(path / MANIFEST_NAME)):
            record_locked(path, store.lock)
        return read_manifest(path / MANIFEST_NAME)
    finally:
        store.release()


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        is_taken = SHARD_FILE.fullmatch(name) or name in (MANIFEST_NAME, NANOGPT_NAME)
        if is_taken or name.endswith(TEMPORARY_SUFFIX) or names.count(name) > 1:
            raise ValueError(
                f"extra_files: {name} is a name that a store gives or has; name the file otherwise"
            )


def _has_sha256(manifest: Manifest) -> bool:
    hashes = [h for shard in manifest.shards for h in (shard.bin_hashes, shard.idx_hashes)]
    hashes += [file.hashes for file in (*manifest.sidecars, *manifest.files)]
    return all(each.sha256 is not None for each in hashes)


class _Assembly:
    """One try; what an earlier one did is found by where the files lie."""

    def __init__(
        self,
        store: StoreFolder,
        dtype: np.dtype[Any],
        formats: Sequence[str],
        shards: Sequence[SealedPlace],
        extras: Sequence[Path],
        vocab_size: int | None,
        metadata: dict[str, Any],
    ) -> None:
        self._store = store
        self._dtype = dtype
        self._formats = formats
        self._vocab_size = vocab_size
        self._metadata = metadata
        self._bins: list[WholeFile] = []
        self._idxs: list[WholeFile] = []
        self._entries: list[ShardEntry] = []
        for number, place in enumerate(shards):
            entry = replace(place.entry, name=shard_name(number))
            if entry.bin_xxh3 is None or entry.idx_xxh3 is None:
                raise ValueError(f"{place.bin}: its entry has no XXH3; seal the shard anew")
            bin_name, idx_name = f"{entry.name}.bin", f"{entry.name}.idx"
            self._bins.append(self._find(place.bin, bin_name, entry.bin_bytes, entry.bin_xxh3))
            self._idxs.append(self._find(place.idx, idx_name, entry.idx_bytes, entry.idx_xxh3))
            self._entries.append(entry)
        self._extras = [self._find_extra(path) for path in extras]
        self._sidecars: list[PendingFile] = []
        self._check_places()

    @property
    def _given(self) -> list[WholeFile]:
        return [*self._bins, *self._idxs, *self._extras]

    def _find(self, path: Path, name: str, n_bytes: int, xxh3: str | None) -> WholeFile:
        """Find out whether a file lies where it was sealed or has its name."""
        final = self._store.path / name
        path = path.parent.resolve() / path.name
        if path.is_file():
            return WholeFile(path, final, n_bytes, xxh3)
        if final.is_file():
            return WholeFile(final, final, n_bytes, xxh3)
        raise FileNotFoundError(
            f"{path}: no such file, and no {final} that it could have become; make it again"
        )

    def _find_extra(self, path: Path) -> WholeFile:
        found = self._find(path, path.name, 0, None)
        xxh3 = hash_file(found.path, Hasher()).xxh3
        return WholeFile(found.path, found.final, found.path.stat().st_size, xxh3)

    def _check_places(self) -> None:
        """Refuse what could not be renamed, or would be taken for a file of an old store."""
        device = self._store.path.stat().st_dev
        own = set(self._store.own_files())
        seen: set[Path] = set()
        for file in self._given:
            if file.path in seen:
                raise ValueError(f"{file.path}: is named twice; a file has one place in a store")
            seen.add(file.path)
            if file.path != file.final and file.path in own:
                raise ValueError(
                    f"{file.path}: has a name of the store's own, but is to become "
                    f"{file.final.name}; seal shards in a work folder"
                )
            if file.path.stat().st_dev != device:
                raise ValueError(
                    f"{file.path}: lies on another file system than {self._store.path}, and files "
                    "are renamed, not copied; use a work folder in the store's"
                )

    def is_done(self) -> bool:
        """Return whether all have their names and the manifest is there: make that durable."""
        old = self._store.old
        if old is None or any(file.path != file.final for file in self._given):
            return False
        wanted = self._manifest()
        # What is recorded later, and what is made here and so not known before, does not count.
        found = replace(
            old,
            shards=tuple(replace(e, bin_sha256=None, idx_sha256=None) for e in old.shards),
            files=tuple(replace(e, sha256=None) for e in old.files),
            sidecars=(),
            bytestride=wanted.bytestride,
        )
        formats = formats_of(file.name for file in old.sidecars)
        if found != wanted or formats != set(self._formats):
            return False
        self._store.lock.sync()
        return True

    def _manifest(self) -> Manifest:
        return make_manifest(
            self._dtype,
            [replace(entry, bin_sha256=None, idx_sha256=None) for entry in self._entries],
            vocab_size=self._vocab_size,
            metadata=self._metadata,
            sidecars=self._sidecars,
            files=[FileEntry(f.final.name, f.n_bytes, f.xxh3) for f in self._extras],
        )

    def run(self, overwrite: bool) -> None:
        """Check everything, write what lies beside the shards, and name all."""
        named = {file.final.name for file in self._given if file.path == file.final}
        self._check_free(named, overwrite)
        self._store.clear_leftovers()
        pairs = zip(self._bins, self._idxs, self._entries, strict=True)
        shards = [
            read_entry(bin.path, idx.path, entry, str(self._dtype), "its entry")
            for bin, idx, entry in pairs
        ]
        try:
            files = self._write_sidecars(shards)
            manifest = seal_manifest(self._store.path, self._manifest())
            self._sidecars.append(manifest)
            self._store.name_all(files, manifest, named)
        except BaseException:
            for file in self._sidecars:
                file.discard()
            raise

    def _check_free(self, named: set[str], overwrite: bool) -> None:
        manifest = self._store.path / MANIFEST_NAME
        if manifest.exists():
            # A manifest goes before the first shard gets its name: those here are its own.
            shards = [*self._bins, *self._idxs]
            if overwrite and (gone := [f for f in shards if f.path == f.final]):
                raise FileNotFoundError(
                    f"{gone[0].final}: is of the store that is to be replaced, and what was to "
                    "replace it is gone; make it again"
                )
        if not overwrite:
            # An earlier try has named shards from the first on, each after its sidecars; and then
            # the rest, which may have been made again since.
            first = next((i for i, f in enumerate(self._bins) if f.path != f.final), None)
            n = len(self._bins) if first is None else first + 1
            endings = tuple(s for name in self._formats for s in SUFFIXES.get(name, ()))
            begun = {shard_name(number) for number in range(n)}
            allowed = named | {
                file.name
                for file in self._store.own_files()
                if endings and file.name.endswith(endings) and file.name.split(".")[0] in begun
            }
            if first is None:
                allowed |= {NANOGPT_NAME, *(file.final.name for file in self._extras)}
            self._store.check_free(allowed)

    def _write_sidecars(self, shards: Sequence[ShardFiles]) -> list[WholeFile]:
        """Write them under temporary names; give all files in the order of their naming."""
        files: list[WholeFile] = []
        n_documents = 0
        of_shards = [name for name in self._formats if name != "nanogpt"]
        for bin, idx, entry, shard in zip(
            self._bins, self._idxs, self._entries, shards, strict=True
        ):
            before = len(self._sidecars)
            if of_shards:
                lengths = spool_lengths(shard, self._store.path)
                try:
                    sealed = SealedShard(
                        entry.name,
                        bin,
                        self._dtype,
                        entry.n_tokens,
                        lengths,
                        n_documents,
                        tokenizer_name(self._metadata),
                    )
                    write_sidecars(of_shards, sealed, self._sidecars)
                finally:
                    lengths.close()
            files += [*self._sidecars[before:], idx, bin]
            n_documents += entry.n_documents
        before = len(self._sidecars)
        if "nanogpt" in self._formats:
            write_nanogpt(self._bins, self._sidecars)
        return [*files, *self._extras, *self._sidecars[before:]]
