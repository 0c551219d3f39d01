"""What a path is: the one place that decides which layout a store has, and opens its files.

Opening reads headers and checks them against the files' sizes; it reads no payload, except where a
format has to be decoded (``layouts/arrow.py``).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bytestride.errors import FormatError
from bytestride.store.durable import TEMPORARY_SUFFIX
from bytestride.store.layouts.arrow import (
    ARROW_SUFFIXES,
    PARQUET_SUFFIXES,
    read_arrow,
    read_parquet,
)
from bytestride.store.layouts.bare import read_bare
from bytestride.store.layouts.datatrove import read_datatrove
from bytestride.store.layouts.llmc import is_llmc, read_llmc
from bytestride.store.layouts.megatron_pair import read_pair
from bytestride.store.layouts.npy import read_npy
from bytestride.store.layouts.own import read_own_folder
from bytestride.store.manifest import MANIFEST_NAME, SHARD_NAME
from bytestride.store.shards import ShardFiles, StoreLayout, StorePath

__all__ = [
    "Named",
    "ShardFiles",
    "StoreLayout",
    "StorePath",
    "absolute",
    "find_files",
    "find_layout",
    "shown_path",
]

Named: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""What names a store: see :func:`~bytestride.store.open_tokens`."""

_KIND_OF_SUFFIX = {
    ".bin": "bin",
    ".ds": "datatrove",
    ".npy": "npy",
    **dict.fromkeys(ARROW_SUFFIXES, "arrow"),
    **dict.fromkeys(PARQUET_SUFFIXES, "parquet"),
}
_SIDE_SUFFIXES = (".idx", ".ds.index", ".ds.metadata", ".ds.loss", ".csv.gz")
_SUFFIXES = ", ".join(_KIND_OF_SUFFIX)


def absolute(path: Named) -> StorePath:
    """Make what names a store independent of the current folder: a path, or a list's paths."""
    if isinstance(path, Path):
        return path.absolute()
    if isinstance(path, (str, os.PathLike)):
        return Path(path).absolute()
    return tuple(Path(part).absolute() for part in path)


def find_layout(path: StorePath, dtype: npt.DTypeLike | None) -> StoreLayout:
    """Find the files that a path stands for and check headers against sizes.

    Parameters
    ----------
    path
        A store's folder; a folder whose files are one series of shards (their names differ in
        digits alone); a file: ``.bin`` or ``.idx``, ``.ds``, ``.npy``, Arrow or Parquet; what the
        names of a Megatron pair begin with; a pattern such as ``train_*.bin``; or several files, in
        order. Shards of a folder or a pattern are taken in the order of their names.
    dtype
        Type of the ids. Needed for a bare ``.bin`` and a ``.npy`` without a header; elsewhere it
        must be what the files say.

    Raises
    ------
    FileNotFoundError
        If there is nothing there.
    FormatError
        If what is there is not a store, is unfinished, or does not fit together.
    ValueError
        If a file does not say its type and none is named, or the named one is another than the
        files'.
    ImportError
        If pyarrow is needed and not there.
    """
    files = find_files(path)
    if files is None:
        assert isinstance(path, Path)
        layout = read_own_folder(path)
    else:
        layout = _files(path, files, dtype)
    if dtype is not None and np.dtype(dtype) != layout.dtype:
        raise ValueError(
            f"{shown_path(path)}: its ids are {layout.dtype}, and dtype={np.dtype(dtype)} was "
            "asked for; leave dtype out"
        )
    return layout


def find_files(path: StorePath) -> list[Path] | None:
    """Find the files of ids that a path stands for, in order; None for a store of our own.

    Raises
    ------
    FileNotFoundError, FormatError, ValueError
        As for :func:`find_layout`.
    """
    if isinstance(path, tuple):
        if not path:
            raise ValueError("an empty list names no store; name at least one file")
        return [_whole_file(part) for part in path]
    if path.is_file():
        return [_payload_of(path)]
    if path.is_dir():
        return None if (path / MANIFEST_NAME).is_file() else _folder(path)
    if _is_prefix(path):
        return [path.with_name(path.name + ".bin")]
    if glob.has_magic(str(path)):
        return _matches(path)
    raise FileNotFoundError(f"{path}: no such file or folder, and no {path.name}.bin")


def shown_path(path: StorePath) -> str:
    """Write what names a store, for a message."""
    if isinstance(path, Path):
        return str(path)
    return f"{path[0]} and {len(path) - 1} more" if len(path) > 1 else str(path[0])


def _folder(path: Path) -> list[Path]:
    names = sorted(entry.name for entry in path.iterdir())
    if left := [name for name in names if _is_unfinished(name)]:
        raise FormatError(
            f"{path}: this store was never finished: it has no {MANIFEST_NAME}, only "
            f"{_some(left)}; write it again"
        )
    shards = [name for name in names if Path(name).suffix in _KIND_OF_SUFFIX]
    if not shards:
        raise FormatError(
            f"{path}: not a token store: it has no {MANIFEST_NAME}, and no files of {_SUFFIXES}"
        )
    series = sorted({re.sub(r"[0-9]+", "*", name) for name in shards})
    if len(series) > 1:
        raise FormatError(
            f"{path}: more than one series of files ({_some(series)}); name the file, or a series "
            f"as '{path / series[0]}'"
        )
    return [path / name for name in shards]


def _is_unfinished(name: str) -> bool:
    """Return whether a file can only be of a store of ours that has no manifest."""
    file = Path(name.removesuffix(TEMPORARY_SUFFIX))
    is_shard = file.suffix in (".bin", ".idx") and SHARD_NAME.fullmatch(file.stem) is not None
    return is_shard or name.startswith(MANIFEST_NAME)


def _some(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _is_prefix(path: Path) -> bool:
    return any(path.with_name(path.name + suffix).exists() for suffix in (".bin", ".idx"))


def _whole_file(path: Path) -> Path:
    """Return the file of ids that a name stands for: itself, or that of a pair."""
    if path.is_dir():
        raise IsADirectoryError(f"{path}: a list names files; name the files of this folder")
    if path.is_file():
        return _payload_of(path)
    return path.with_name(path.name + ".bin") if _is_prefix(path) else path


def _payload_of(path: Path) -> Path:
    return path.with_suffix(".bin") if path.suffix == ".idx" else path


def _matches(pattern: Path) -> list[Path]:
    found = sorted(
        Path(name)
        for name in glob.glob(str(pattern))  # noqa: PTH207 (an absolute pattern)
        if not name.endswith(_SIDE_SUFFIXES) and Path(name).is_file()
    )
    if not found:
        raise FileNotFoundError(f"{pattern}: no file matches")
    return found


def _files(path: StorePath, files: list[Path], dtype: npt.DTypeLike | None) -> StoreLayout:
    shards: list[ShardFiles] = []
    kinds: list[str] = []
    for file in files:
        kind, here = _file(file, dtype)
        shards += here
        kinds.append(kind)
        if (kind, here[0].dtype) != (kinds[0], shards[0].dtype):
            raise FormatError(
                f"{file}: {kind} of {here[0].dtype} does not go on from {files[0].name}, "
                f"{kinds[0]} of {shards[0].dtype}; the shards of a store are of one kind"
            )
    name = path if len(files) > 1 or isinstance(path, tuple) or path.is_dir() else files[0]
    return StoreLayout(name, tuple(shards), kind=kinds[0])


def _file(path: Path, dtype: npt.DTypeLike | None) -> tuple[str, list[ShardFiles]]:
    kind = _KIND_OF_SUFFIX.get(path.suffix)
    if kind is None:
        raise FormatError(
            f"{path}: not a token store: expected a folder with {MANIFEST_NAME}, or a file of "
            f"{_SUFFIXES} or .idx; make a store with `bytestride tokenize`"
        )
    if kind == "bin":
        return _bin_file(path, dtype)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if kind == "arrow":
        return kind, read_arrow(path)
    readers: dict[str, Callable[[], ShardFiles]] = {
        "datatrove": lambda: read_datatrove(path, dtype),
        "npy": lambda: read_npy(path, dtype),
        "parquet": lambda: read_parquet(path),
    }
    return kind, [readers[kind]()]


def _bin_file(path: Path, dtype: npt.DTypeLike | None) -> tuple[str, list[ShardFiles]]:
    idx_path = path.with_suffix(".idx")
    if not path.is_file():
        if not idx_path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        raise FileNotFoundError(
            f"{path}: missing beside its .idx; a writer gives the .bin its name last, so this "
            "store may never have been finished"
        )
    if idx_path.is_file():
        return "megatron", [read_pair(path, idx_path)]
    if is_llmc(path):
        return "llmc", [read_llmc(path)]
    return "bare", [read_bare(path, dtype)]
