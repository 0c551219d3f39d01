"""A token store behind a URL, read by ranges of bytes through fsspec."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride.errors import FormatError
from bytestride.store.damage import damaged
from bytestride.store.manifest import MANIFEST_NAME, decode_manifest
from bytestride.store.shards import BARE_DTYPES


@dataclass(frozen=True)
class RemoteShard:
    """A payload: its path in the file system, its number of tokens, and a hash of it, if known."""

    path: str
    n_tokens: int
    hash: str


@dataclass(frozen=True)
class RemoteStore:
    """Where the payloads of a store lie and what their ids are.

    Holds no connection: each process makes its own, with the options, when it first reads.
    """

    url: str
    options: Mapping[str, Any]
    dtype: np.dtype[Any]
    shards: tuple[RemoteShard, ...]

    @property
    def n_tokens(self) -> int:
        """How many tokens there are over all shards."""
        return sum(shard.n_tokens for shard in self.shards)

    @property
    def fingerprint(self) -> str:
        """Equal for equal payloads, as far as can be told without reading them."""
        facts = [(str(self.dtype), shard.n_tokens, shard.hash) for shard in self.shards]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def tokens(self, start: int, stop: int) -> NDArray[Any]:
        """Read the tokens from ``start`` up to, not including, ``stop``: one range a shard.

        Raises
        ------
        FormatError
            If a payload is shorter than it was.
        """
        files, _ = connect(self.url, self.options)
        parts = []
        base = 0
        width = self.dtype.itemsize
        for shard in self.shards:
            first, last = max(start - base, 0), min(stop - base, shard.n_tokens)
            base += shard.n_tokens
            if first >= last:
                continue
            raw = files.cat_file(shard.path, first * width, last * width)
            if len(raw) != (last - first) * width:
                expected = f"{(last - first) * width} bytes"
                raise damaged(shard.path, first * width, expected, len(raw))
            parts.append(np.frombuffer(raw, self.dtype))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def connect(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Give the file system of a URL and the path in it.

    Raises
    ------
    ImportError
        If fsspec, or what it needs for this kind of URL, is not installed.
    """
    from fsspec.core import url_to_fs

    files, path = url_to_fs(url, **options)
    return files, path


def open_remote(
    url: str, dtype: npt.DTypeLike | None = None, options: Mapping[str, Any] | None = None
) -> RemoteStore:
    """Find out what lies behind a URL.

    Parameters
    ----------
    url
        A folder of our own, with ``manifest.json``; or a bare ``.bin``.
    dtype
        Type of the ids of a bare ``.bin``, little-endian; a folder says it.
    options
        For fsspec: credentials and the like.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    FormatError
        If the manifest is damaged, or the file no whole number of ids.
    ValueError
        If the dtype is missing, or is not that of the manifest.
    """
    options = dict(options or {})
    files, path = connect(url, options)
    if path.endswith(".bin"):
        return _open_bare(url, options, dtype)
    try:
        raw = files.cat_file(f"{path.rstrip('/')}/{MANIFEST_NAME}")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{url}: no token store, it has no {MANIFEST_NAME}; name its folder, or a .bin"
        ) from error
    manifest = decode_manifest(raw, f"{url.rstrip('/')}/{MANIFEST_NAME}")
    stored = np.dtype(manifest.dtype).newbyteorder("<")
    if dtype is not None and np.dtype(dtype) != stored:
        raise ValueError(
            f"{url}: its ids are {manifest.dtype}, and dtype={np.dtype(dtype)} was asked for; "
            "leave dtype out"
        )
    shards = tuple(
        RemoteShard(
            f"{path.rstrip('/')}/{entry.name}.bin", entry.n_tokens, entry.bin_hashes.first or ""
        )
        for entry in manifest.shards
    )
    return RemoteStore(url, options, stored, shards)


def _open_bare(url: str, options: Mapping[str, Any], dtype: npt.DTypeLike | None) -> RemoteStore:
    if dtype is None:
        raise ValueError(
            f"{url}: a bare .bin does not say its type; name it, such as dtype='uint16'"
        )
    stored = np.dtype(dtype)
    if stored not in BARE_DTYPES:
        raise ValueError(f"{url}: dtype must be uint8, uint16, uint32 or int32, found {stored}")
    files, path = connect(url, options)
    n_bytes = files.size(path)
    if n_bytes is None or n_bytes % stored.itemsize:
        raise FormatError(f"{url}: {n_bytes} bytes are no whole number of {stored} ids")
    return RemoteStore(url, options, stored, (RemoteShard(path, n_bytes // stored.itemsize, ""),))
