"""Hashes of files: XXH3 as they are written, because it is as fast as memory; SHA-256 when asked.

XXH3 (64 bits, seed 0; Yann Collet's xxHash) finds every accident, such as a flipped bit or a lost
block. It does not withstand somebody who wants two files to have one hash: SHA-256 does, and costs
several percent of the making of a store, so it is recorded afterwards, by whoever needs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xxhash import xxh3_64

_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Hashes:
    """Hashes of a file, hexadecimal; None for one that is not known."""

    xxh3: str | None = None
    sha256: str | None = None

    @property
    def first(self) -> str | None:
        """The one that the writer took: it stays the same when another is recorded later.

        XXH3; in manifests of version 1, SHA-256.
        """
        return self.sha256 if self.xxh3 is None else self.xxh3


def new_xxh3() -> xxh3_64:
    """Begin an XXH3 of 64 bits."""
    from xxhash import xxh3_64  # only who writes or verifies a store needs it

    return xxh3_64()


class Hasher:
    """Takes hashes of bytes as they pass.

    Parameters
    ----------
    xxh3, sha256
        Which ones.
    """

    def __init__(self, *, xxh3: bool = True, sha256: bool = False) -> None:
        self._xxh3 = new_xxh3() if xxh3 else None
        self._sha256 = hashlib.sha256() if sha256 else None

    def update(self, data: Any) -> None:  # noqa: ANN401 (whatever is a contiguous buffer)
        """Take the next bytes."""
        for digest in (self._xxh3, self._sha256):
            if digest is not None:
                digest.update(data)

    def result(self) -> Hashes:
        """Give the hashes of what came so far."""
        return Hashes(
            None if self._xxh3 is None else self._xxh3.hexdigest(),
            None if self._sha256 is None else self._sha256.hexdigest(),
        )


def hash_file(path: Path, hasher: Hasher) -> Hashes:
    """Read a file once and take its hashes; memory is that of a block."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            hasher.update(block)
    return hasher.result()
