"""Several short documents to a row: best-fit packing, worked out once and kept beside the store."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride import _core
from bytestride.store import TokenStore
from bytestride.store.manifest import packing_name
from bytestride.windows.rows import RowSet

if TYPE_CHECKING:
    from bytestride.windows.sliding import Windows

_VERSION = 1
_Packing: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]


class PackedWindows(RowSet):
    """Rows that hold one or more whole documents, or pieces of long ones, and little padding.

    Made by :meth:`~bytestride.windows.Windows.packed`. A row holds up to ``max_length + 1`` tokens.
    The longest piece is placed first, each into the fullest row that has room for it (best-fit
    decreasing). A target that would lead from one piece to the next is ignored; to keep pieces from
    seeing each other give the model :meth:`position_ids` and :meth:`cu_seqlens`.

    Unlike windows in general a packing is a list, of 16 bytes a piece. It depends on the lengths of
    the documents and on ``max_length`` alone.

    Parameters
    ----------
    pieces
        Windows over documents, padded, with a stride of ``max_length``.
    cache
        Whether to keep the packing beside the store, where that is a folder that may be written to,
        and to use the one that is there.
    """

    def __init__(self, pieces: Windows, *, cache: bool = True) -> None:
        self._windows = pieces
        self._cache = cache
        _ = self.core  # a mistake shows here, and ranks that start together find it done

    @property
    def windows(self) -> Windows:
        """The pieces, unpacked."""
        return self._windows

    @cached_property
    def packing(self) -> _Packing:
        """Which pieces each row holds.

        Two arrays of int64: numbers of pieces, row after row, and where each row begins among them
        [n_rows + 1].
        """
        path = self._cache_path() if self._cache else None
        found = None if path is None else _read(path, len(self._windows))
        if found is not None:
            return found
        lengths = self._windows.source.piece_lengths()
        packing = _core.pack_best_fit(lengths, self.max_length + 1)
        if path is not None:
            _write(path, packing)
        return packing

    def _cache_path(self) -> Path | None:
        for store in self.stores:
            if isinstance(store.path, Path) and store.path.is_dir():
                key = hashlib.sha256(f"{_VERSION} {self.fingerprint}".encode()).hexdigest()[:16]
                return store.path / packing_name(key)
        return None

    @cached_property
    def source(self) -> _core.WindowSource:
        """The rows as a part of a set, as the core knows it."""
        return self._windows.source.packed(*self.packing)

    @property
    def documented_source(self) -> _core.WindowSource:
        """The same: packing needs documents."""
        return self.source

    @cached_property
    def core(self) -> _core.WindowSet:
        """The rows as the core knows them."""
        with self.reading():
            return _core.WindowSet([self.source])

    def __getstate__(self) -> dict[str, Any]:
        """Keep the windows; the copy reads the packing again, or works it out."""
        return {"_windows": self._windows, "_cache": self._cache}

    @property
    def max_length(self) -> int:
        """Tokens of a row's input."""
        return self._windows.max_length

    @property
    def fingerprint(self) -> str:
        """Equal for equal documents and arguments."""
        return hashlib.sha256(f"packed {self._windows.fingerprint}".encode()).hexdigest()[:32]

    @property
    def stores(self) -> tuple[TokenStore, ...]:
        """The store that the rows are read from, if it is one."""
        return self._windows.stores

    @property
    def row_dtype(self) -> np.dtype[Any]:
        """The narrowest type that holds the rows' ids."""
        return self._windows.row_dtype

    @property
    def n_padding(self) -> int:
        """Places without a token, over all rows."""
        n_tokens = int(self._windows.source.piece_lengths().sum())
        return len(self) * (self.max_length + 1) - n_tokens

    def __repr__(self) -> str:
        return (
            f"PackedWindows({len(self)} rows of {self.max_length} tokens, "
            f"of {len(self._windows)} pieces)"
        )


def _read(path: Path, n_pieces: int) -> _Packing | None:
    """Read a packing, or nothing where there is none that has every piece once."""
    try:
        with np.load(path, allow_pickle=False) as file:
            pieces = file["pieces"].astype(np.int64)
            offsets = file["offsets"].astype(np.int64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # it is worked out again, and written over
    whole = (
        pieces.shape == (n_pieces,)
        and offsets.ndim == 1
        and offsets.size > 0
        and offsets[0] == 0
        and offsets[-1] == n_pieces
        and bool((np.diff(offsets) > 0).all())
    )
    if not whole or (n_pieces and (pieces.min() < 0 or pieces.max() >= n_pieces)):
        return None
    return (pieces, offsets) if (np.bincount(pieces, minlength=n_pieces) == 1).all() else None


def _write(path: Path, packing: _Packing) -> None:
    """Write a packing whole or not at all; where the folder may not be written to, not at all."""
    with suppress(OSError):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor has no path)
                np.savez(file, pieces=packing[0], offsets=packing[1])
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
