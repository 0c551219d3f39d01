"""``manifest.json``: what a store holds. Written last, it is the sign of a whole store.

It ends with a SHA-256 of its own contents, and holds an XXH3 of every other file, so that any
changed bit of a store can be found; and a SHA-256 of every file, where that was recorded. Version 1
had SHA-256 alone; it is read as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bytestride.errors import FormatError, shown
from bytestride.store.damage import REWRITE, damaged
from bytestride.store.hashing import Hashes

MANIFEST_NAME = "manifest.json"
FORMAT = "bytestride token store"
VERSION = 2
_READ_VERSIONS = (1, 2)
SHARD_NAME = re.compile(r"shard-[0-9]{5,}")
PACKING_NAME = re.compile(r"packing-[0-9a-f]{16}\.npz")
"""Name of a packing of documents that is kept beside a store; it goes with the store."""


def shard_name(number: int) -> str:
    """Name of a shard's files, without their suffixes."""
    return f"shard-{number:05d}"


def packing_name(key: str) -> str:
    """Name of the file of a packing, by 16 digits of a hash of what it is of."""
    return f"packing-{key}.npz"


@dataclass(frozen=True)
class ShardEntry:
    """One shard: its counts, and the size and hashes of each of its two files.

    Attributes
    ----------
    name
        Of its files, without their suffixes.
    n_tokens, n_documents
        What it holds.
    bin_bytes, idx_bytes
        Sizes of the payload and of its Megatron index.
    bin_xxh3, idx_xxh3
        XXH3 (64 bits) of each, hexadecimal; None in stores that were written before it was taken.
    bin_sha256, idx_sha256
        SHA-256 of each, hexadecimal; None until :func:`~bytestride.store.record_sha256`.
    """

    name: str
    n_tokens: int
    n_documents: int
    bin_bytes: int
    idx_bytes: int
    bin_xxh3: str | None = None
    idx_xxh3: str | None = None
    bin_sha256: str | None = None
    idx_sha256: str | None = None

    @property
    def bin_hashes(self) -> Hashes:
        """Hashes of the payload."""
        return Hashes(self.bin_xxh3, self.bin_sha256)

    @property
    def idx_hashes(self) -> Hashes:
        """Hashes of the index."""
        return Hashes(self.idx_xxh3, self.idx_sha256)


@dataclass(frozen=True)
class FileEntry:
    """A file beside the shards: its name, its size and its hashes, as those of a shard."""

    name: str
    n_bytes: int
    xxh3: str | None = None
    sha256: str | None = None

    @property
    def hashes(self) -> Hashes:
        """Hashes of the file."""
        return Hashes(self.xxh3, self.sha256)


@dataclass(frozen=True)
class Sidecar(FileEntry):
    """A file of another trainer's layout beside the shards."""


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Attributes
    ----------
    dtype
        "uint16" or "int32".
    n_tokens, n_documents
        Totals over the shards.
    shards
        The shards, in the order of their tokens.
    vocab_size
        Every id is below it; None where it was not known.
    metadata
        What the writer was given to keep, such as the tokenizer's fingerprint.
    bytestride
        Version of the package that wrote the store.
    sidecars
        Files of other trainers' layouts that were written with it. Whoever opens the store does
        not need them.
    files
        What else belongs to the store, such as ``rejects.jsonl``: whoever wrote it knows why.
    """

    dtype: str
    n_tokens: int
    n_documents: int
    shards: tuple[ShardEntry, ...]
    vocab_size: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    bytestride: str = ""
    sidecars: tuple[Sidecar, ...] = ()
    files: tuple[FileEntry, ...] = ()


def encode_manifest(manifest: Manifest) -> bytes:
    """Make the file's contents: JSON, the same bytes for the same store."""
    content: dict[str, Any] = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    for key in ("shards", "sidecars", "files"):
        content[key] = [_known(entry) for entry in content[key]]
    for key in ("sidecars", "files"):
        if not content[key]:
            del content[key]
    content["sha256"] = _fingerprint(content)
    return json.dumps(content, indent=1, allow_nan=False).encode() + b"\n"


def _known(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out the hashes that were not taken."""
    unknown = [key for key in entry if key.endswith(("xxh3", "sha256")) and entry[key] is None]
    return {key: value for key, value in entry.items() if key not in unknown}


def _fingerprint(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest by itself; its files are the caller's to compare.

    Raises
    ------
    FormatError
        As for :func:`decode_manifest`.
    """
    return decode_manifest(path.read_bytes(), path)


def decode_manifest(raw: bytes, path: Path | str) -> Manifest:
    """Check a manifest's bytes; the path, or URL, is for messages.

    Raises
    ------
    FormatError
        If it is not JSON, not a manifest, of a later version, changed after it was written, or its
        counts do not add up.
    """
    try:
        content = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise damaged(path, error.start, "UTF-8 text", error.reason) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: not a manifest, {error}; {REWRITE}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(f"{path}: not the manifest of a token store; name the store's own folder")
    if content.get("version") not in _READ_VERSIONS:
        found = content.get("version")
        raise damaged(path, "version", VERSION, found, "open it with the bytestride that wrote it")
    recorded = content.pop("sha256", None)
    if recorded != _fingerprint(content):
        raise damaged(path, "sha256", _fingerprint(content), recorded)
    return _parse(path, content)


def _parse(path: Path | str, content: dict[str, Any]) -> Manifest:
    content = {key: value for key, value in content.items() if key not in ("format", "version")}
    try:
        shards = tuple(ShardEntry(**entry) for entry in content.pop("shards"))
        sidecars = tuple(Sidecar(**entry) for entry in content.pop("sidecars", []))
        files = tuple(FileEntry(**entry) for entry in content.pop("files", []))
        manifest = Manifest(shards=shards, sidecars=sidecars, files=files, **content)
        totals = sum(s.n_tokens for s in shards), sum(s.n_documents for s in shards)
        names = [s.name for s in shards]
        well_named = bool(names) and all(SHARD_NAME.fullmatch(name) for name in names)
        np.dtype(manifest.dtype)
    except (KeyError, TypeError) as error:
        raise FormatError(f"{path}: not a manifest of this version, {error}; {REWRITE}") from error
    if not well_named:
        raise damaged(path, "shards", "one or more names like shard-00000", names)
    for key, entries in (("sidecars", sidecars), ("files", files)):
        for name in (entry.name for entry in entries):
            if not (isinstance(name, str) and name and Path(name).name == name):
                raise damaged(path, key, "names of files beside it", shown(name))
    hashes = [hashes for shard in shards for hashes in (shard.bin_hashes, shard.idx_hashes)]
    if any(each.first is None for each in (*hashes, *(e.hashes for e in (*sidecars, *files)))):
        raise damaged(path, "the hashes", "an XXH3 or a SHA-256 of every file", "a file without")
    if totals != (manifest.n_tokens, manifest.n_documents):
        found = (manifest.n_tokens, manifest.n_documents)
        raise damaged(path, "n_tokens and n_documents", f"the shards' sums {totals}", found)
    return manifest
