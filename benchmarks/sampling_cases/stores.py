"""The stores that are measured on: a large sparse one, and ones that are filled.

Payload and index as Megatron-LM has them (a `.bin` of uint16 ids, a `.idx` beside it), which is
what bytestride opens too. They are made once, in the folder of caches, and opened afterwards.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from side_by_side.environment import CACHE

FOLDER = CACHE / "sampling"
DOCUMENT_TOKENS = 1_000
VOCAB_SIZE = 50_000
HEADER = struct.Struct("<9sQBQQ")
UINT16_CODE = 8


@dataclass(frozen=True)
class Store:
    """A payload and its index, by what both names begin with."""

    prefix: Path

    @property
    def bin_path(self) -> Path:
        return self.prefix.with_suffix(".bin")

    @property
    def n_tokens(self) -> int:
        return self.bin_path.stat().st_size // 2

    def ids(self) -> NDArray[np.uint16]:
        """The tokens, mapped."""
        return np.memmap(self.bin_path, np.uint16, "r")


def sparse(n_tokens: int) -> Store:
    """Zeros that take no room on the disk, in documents of 1,000 tokens."""
    store = Store(FOLDER / f"sparse-{n_tokens}")
    if not store.prefix.with_suffix(".idx").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with store.bin_path.open("wb") as file:
            file.truncate(2 * n_tokens)
        write_idx(store, document_lengths(n_tokens))
    return store


def filled(n_tokens: int, one_document: bool = False) -> Store:
    """Random ids, the same every time, in documents of 1,000 tokens or all in one."""
    kind = "one-document" if one_document else "documents"
    store = Store(FOLDER / f"{kind}-{n_tokens}")
    if store.prefix.with_suffix(".idx").exists():
        return store
    FOLDER.mkdir(parents=True, exist_ok=True)
    if one_document:
        # The same payload under another name.
        store.bin_path.unlink(missing_ok=True)
        store.bin_path.hardlink_to(filled(n_tokens).bin_path)
        write_idx(store, np.array([n_tokens]))
        return store
    random = np.random.default_rng(n_tokens)
    part = store.bin_path.with_suffix(".part")
    with part.open("wb") as file:
        for begin in range(0, n_tokens, 2**24):
            n = min(2**24, n_tokens - begin)
            # 0 stands for padding with others; an id of text is none.
            file.write(random.integers(1, VOCAB_SIZE, n, dtype=np.uint16).data)
    part.replace(store.bin_path)
    write_idx(store, document_lengths(n_tokens))
    return store


def document_lengths(n_tokens: int) -> NDArray[np.int64]:
    """1,000 tokens each; the last takes what is left."""
    lengths = np.full(-(-n_tokens // DOCUMENT_TOKENS), DOCUMENT_TOKENS)
    lengths[-1] = n_tokens - DOCUMENT_TOKENS * (lengths.size - 1)
    return lengths


def write_idx(store: Store, lengths: NDArray[np.int64]) -> None:
    """Write an index in which each document is one sequence; it gets its name when it is whole."""
    path = store.prefix.with_suffix(".idx")
    part = path.with_suffix(".part")
    n = lengths.size
    ends = 2 * np.cumsum(lengths)
    with part.open("wb") as file:
        file.write(HEADER.pack(b"MMIDIDX\x00\x00", 1, UINT16_CODE, n, n + 1))
        file.write(lengths.astype("<i4").data)
        file.write((ends - 2 * lengths).astype("<i8").data)
        file.write(np.arange(n + 1, dtype="<i8").data)
    part.replace(path)


def last_level_cache_bytes() -> int:
    """Size of the largest cache, as the system gives it; 32 MiB where it says nothing."""
    sizes = [0]
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text().strip()
        factor = {"K": 2**10, "M": 2**20, "G": 2**30}.get(text[-1:], 1)
        sizes.append(int(text.rstrip("KMG")) * factor)
    return max(sizes) or 2**25
