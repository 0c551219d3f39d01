"""Which files make a store, and the cheap checks of them that every opening makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.errors import FormatError
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.manifest import MANIFEST_NAME, Manifest, ShardEntry, read_manifest
from bytestride.store.megatron import Idx, read_header

BARE_DTYPES = tuple(np.dtype(name) for name in ("u1", "<u2", "<u4", "<i4"))


@dataclass(frozen=True)
class ShardFiles:
    """One payload, its index where it has one, and its line of the manifest where it has one.

    Without an index nothing says where documents end, so the payload is one document.
    """

    bin_path: Path
    n_bytes: int
    dtype: np.dtype[Any]
    idx: Idx | None = None
    entry: ShardEntry | None = None

    @property
    def n_tokens(self) -> int:
        """How many tokens the shard holds."""
        return self.n_bytes // self.dtype.itemsize

    @property
    def n_documents(self) -> int:
        """How many documents the shard holds."""
        return self.idx.n_documents if self.idx else 1


@dataclass(frozen=True)
class StoreLayout:
    """The files of a store, in the order of their tokens."""

    path: Path
    shards: tuple[ShardFiles, ...]
    manifest: Manifest | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ids, the same in every shard."""
        return self.shards[0].dtype

    @property
    def n_tokens(self) -> int:
        """How many tokens there are over all shards."""
        return sum(shard.n_tokens for shard in self.shards)


def find_layout(path: Path, dtype: npt.DTypeLike | None) -> StoreLayout:
    """Find the files that a path stands for and check headers against sizes; read no payload.

    Parameters
    ----------
    path
        A store's folder, a ``.bin`` or ``.idx`` file, or what both names begin with.
    dtype
        Type of the ids. Needed for a ``.bin`` that has no ``.idx``; elsewhere it must be what the
        files say.

    Raises
    ------
    FileNotFoundError
        If there is nothing there.
    FormatError
        If what is there is not a store, is unfinished, or does not fit together.
    ValueError
        If a ``.bin`` is bare and no dtype is named, or the named one is another than the files'.
    """
    if path.is_dir():
        layout = _folder(path)
    elif path.is_file():
        if path.suffix not in (".bin", ".idx"):
            raise FormatError(
                f"{path}: not a token store: expected a folder with {MANIFEST_NAME}, or a .bin or "
                ".idx file; make a store with `bytestride tokenize`"
            )
        layout = _file(path.with_suffix(".bin"), dtype)
    else:
        bin_path = path.with_name(path.name + ".bin")
        if not (bin_path.exists() or path.with_name(path.name + ".idx").exists()):
            raise FileNotFoundError(f"{path}: no such file or folder, and no {bin_path.name}")
        layout = _file(bin_path, dtype)
    if dtype is not None and np.dtype(dtype) != layout.dtype:
        raise ValueError(
            f"{path}: its ids are {layout.dtype}, and dtype={np.dtype(dtype)} was asked for; "
            "leave dtype out"
        )
    return layout


def _folder(path: Path) -> StoreLayout:
    manifest_path = path / MANIFEST_NAME
    if not manifest_path.is_file():
        names = sorted(entry.name for entry in path.iterdir())
        left = [n for n in names if n.startswith("shard-") or n.startswith(MANIFEST_NAME)]
        if left:
            raise FormatError(
                f"{path}: this store was never finished: it has no {MANIFEST_NAME}, only "
                f"{_some(left)}; write it again"
            )
        hint = "; to open one of its files, name the file" if _has_bin(names) else ""
        raise FormatError(f"{path}: not a token store: it has no {MANIFEST_NAME}{hint}")
    manifest = read_manifest(manifest_path)
    shards = tuple(_manifest_shard(path, manifest, entry) for entry in manifest.shards)
    return StoreLayout(path, shards, manifest)


def _some(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _has_bin(names: list[str]) -> bool:
    return any(name.endswith(".bin") for name in names)


def _manifest_shard(path: Path, manifest: Manifest, entry: ShardEntry) -> ShardFiles:
    bin_path, idx_path = path / f"{entry.name}.bin", path / f"{entry.name}.idx"
    for file, n_bytes in ((bin_path, entry.bin_bytes), (idx_path, entry.idx_bytes)):
        if not file.is_file():
            raise FormatError(f"{file}: missing, though {MANIFEST_NAME} names it; {REWRITE}")
        if (found := file.stat().st_size) != n_bytes:
            raise damaged(file, "the size", f"{n_bytes} bytes, as in {MANIFEST_NAME}", found)
    shard = _pair(bin_path, idx_path, entry)
    recorded = (manifest.dtype, entry.n_tokens, entry.n_documents)
    found_in_idx = (str(shard.dtype), shard.n_tokens, shard.n_documents)
    if recorded != found_in_idx:
        what = f"{recorded} (dtype, tokens, documents), as in {MANIFEST_NAME}"
        raise damaged(idx_path, "the header", what, found_in_idx)
    return shard


def _pair(bin_path: Path, idx_path: Path, entry: ShardEntry | None = None) -> ShardFiles:
    n_bytes = bin_path.stat().st_size
    idx = read_header(idx_path, n_bytes)
    _check_whole(bin_path, n_bytes, idx.dtype)
    return ShardFiles(bin_path, n_bytes, idx.dtype, idx, entry)


def _check_whole(bin_path: Path, n_bytes: int, dtype: np.dtype[Any]) -> None:
    if n_bytes % dtype.itemsize:
        whole = n_bytes - n_bytes % dtype.itemsize
        raise damaged(bin_path, whole, f"a whole {dtype}", f"{n_bytes - whole} bytes, the last")


def _file(bin_path: Path, dtype: npt.DTypeLike | None) -> StoreLayout:
    idx_path = bin_path.with_suffix(".idx")
    if not bin_path.is_file():
        raise FileNotFoundError(
            f"{bin_path}: missing beside its .idx; a writer gives the .bin its name last, so this "
            "store may never have been finished"
        )
    if idx_path.is_file():
        return StoreLayout(bin_path, (_pair(bin_path, idx_path),))
    if dtype is None:
        raise ValueError(
            f"{bin_path}: a bare .bin does not say what its ids are; name dtype='uint16' "
            f"(nanoGPT's) or another of {', '.join(map(str, BARE_DTYPES))}"
        )
    named = np.dtype(dtype)
    if named not in BARE_DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(map(str, BARE_DTYPES))}, found {named}")
    n_bytes = bin_path.stat().st_size
    _check_whole(bin_path, n_bytes, named)
    return StoreLayout(bin_path, (ShardFiles(bin_path, n_bytes, named),))
