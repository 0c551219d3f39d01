"""Batches of rows, whatever the rows are: windows, packed windows, or those of several stores."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Any, SupportsIndex, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride import _core
from bytestride.errors import FormatError
from bytestride.store import TokenStore

Batch: TypeAlias = tuple[NDArray[Any], NDArray[Any]]

_INT64 = np.dtype(np.int64)


class Reading:
    """A block in which the core reads stores: refuses closed ones, and names a file that changed.

    Not made of a generator, which would take a microsecond more for each batch.
    """

    __slots__ = ("_stores",)

    def __init__(self, stores: tuple[TokenStore, ...]) -> None:
        self._stores = stores

    def __enter__(self) -> None:
        for store in self._stores:
            store.check_open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, _core.ChangedFileError):
            for store in self._stores:
                store.check_sizes()
            raise FormatError(f"{error}; open the store again") from error


class RowSet(ABC):
    """Rows of ``max_length`` inputs and their targets, by number; each is made when asked for.

    ``rows[i]`` is the pair ``(x, y)`` of int64 [max_length]; a slice, a list or an array of indices
    gives int64 [B, max_length] each, as :meth:`batch` does.

    A row holds up to ``max_length + 1`` tokens, then padding. ``x`` is the row without its last
    place, ``y`` the row without its first, with ``ignore_index`` wherever a target is not scored:
    where there is no token, and where the kind of row says so.

    Indices are 1-D integers, in any order and number; negative ones count from the end. All methods
    that take them raise

    ``IndexError``
        if there is no such row,
    ``TypeError``
        if they are no integers, and
    ``FormatError``
        if a file of a store has shrunk since it was opened.
    """

    @property
    @abstractmethod
    def max_length(self) -> int:
        """Tokens of a row's input."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Equal where the rows are; for the state of a run, which goes on with equal rows only."""

    @property
    @abstractmethod
    def stores(self) -> tuple[TokenStore, ...]:
        """The stores that the rows are read from."""

    @property
    @abstractmethod
    def row_dtype(self) -> np.dtype[Any]:
        """The narrowest type that holds the rows' ids."""

    @property
    def parts(self) -> tuple[RowSet, ...]:
        """The sets that this one is made of, in the order of their rows; itself if of none."""
        return (self,)

    @property
    @abstractmethod
    def core(self) -> _core.WindowSet:
        """The rows as the core knows them; it may know no documents if no row depends on them."""

    @property
    def documented_core(self) -> _core.WindowSet:
        """The same rows, with what the core needs to tell documents."""
        return self.core

    def __len__(self) -> int:
        """How many rows there are."""
        return self.core.n_rows

    def batch(
        self,
        indices: npt.ArrayLike,
        *,
        dtype: npt.DTypeLike = np.int64,
        out: Batch | None = None,
    ) -> Batch:
        """Gather rows in one call of the core.

        Parameters
        ----------
        indices
            Which rows: integers [B].
        dtype
            int64 or int32.
        out
            Two contiguous arrays [B, max_length] of ``dtype`` to write to, instead of new ones.

        Returns
        -------
        x, y
            [B, max_length] of ``dtype``: inputs and targets.
        """
        with self.reading():
            wanted = as_indices(indices)
            chosen = _INT64 if dtype is np.int64 else np.dtype(dtype)
            return self.core.batch(wanted, "xy", chosen, out)

    def rows(
        self,
        indices: npt.ArrayLike,
        *,
        dtype: npt.DTypeLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Gather rows as one array, from which ``[:, :-1]`` and ``[:, 1:]`` are inputs and targets.

        Targets that are not scored are in it, too; :meth:`loss_mask` says which.

        Parameters
        ----------
        indices
            Which rows: integers [B].
        dtype
            An integer type that holds all ids; by default :attr:`row_dtype`, the narrowest.
        out
            A contiguous array [B, max_length + 1] of ``dtype`` to write to, instead of a new one.

        Returns
        -------
        ndarray
            [B, max_length + 1].
        """
        with self.reading():
            wanted = as_indices(indices)
            chosen = self.row_dtype if dtype is None else np.dtype(dtype)
            rows: NDArray[Any] = self.core.batch(wanted, "rows", chosen, out)
            return rows

    def spans(self, indices: npt.ArrayLike) -> NDArray[np.int64]:
        """Say where windows lie in the store of their part, without reading their tokens.

        Parameters
        ----------
        indices
            Which windows: integers [B].

        Returns
        -------
        ndarray
            int64 [B, 3]: the position of the window's first token in the store (one before its
            document where that is ``bos_id``), how many tokens it takes (2 to ``max_length + 1``),
            and its first target that is scored.

        Raises
        ------
        ValueError
            Of packed rows, which are several windows each.
        """
        with self.reading():
            return self.core.spans(as_indices(indices))

    def loss_mask(self, indices: npt.ArrayLike) -> NDArray[np.bool_]:
        """Tell which targets are scored: bool [B, max_length]."""
        with self.reading():
            return self.core.loss_mask(as_indices(indices))

    def position_ids(self, indices: npt.ArrayLike) -> NDArray[np.int64]:
        """Count inputs from the begin of their document in the row: int64 [B, max_length].

        Starts at 0 with the row, with every document, with each piece of a packed row and with the
        padding. Positions alone keep no document from seeing another: that takes an attention mask,
        such as :meth:`cu_seqlens` is for.
        """
        with self.reading():
            return self.documented_core.position_ids(as_indices(indices))

    def document_ids(self, indices: npt.ArrayLike) -> NDArray[np.int64]:
        """Give the number of each input's document in its store: int64 [B, max_length].

        -1 for padding.
        """
        with self.reading():
            return self.documented_core.document_ids(as_indices(indices))

    def cu_seqlens(self, indices: npt.ArrayLike) -> tuple[NDArray[np.int32], int]:
        """Give the stretches of one document in the batch, as flash attention takes them.

        The batch's inputs are taken as one sequence of B * max_length tokens, cut where a row, a
        document, a piece of a packed row or padding begins.

        Returns
        -------
        cu_seqlens
            int32 [n_stretches + 1], from 0 to B * max_length.
        max_seqlen
            Tokens of the longest stretch.
        """
        with self.reading():
            return self.documented_core.cu_seqlens(as_indices(indices))

    def reading(self) -> Reading:
        """Make a block in which the core reads: see :class:`Reading`."""
        return Reading(self.stores)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Batch: ...
    @overload
    def __getitem__(self, index: slice | list[int] | NDArray[Any]) -> Batch: ...
    def __getitem__(self, index: SupportsIndex | slice | list[int] | NDArray[Any]) -> Batch:
        """One row as int64 [max_length] each, or several as :meth:`batch` gives them."""
        if isinstance(index, slice):
            return self.batch(np.arange(*index.indices(len(self)), dtype=np.int64))
        if isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim):
            return self.batch(index)
        x, y = self.batch([operator.index(index)])
        return x[0], y[0]

    def __iter__(self) -> Iterator[Batch]:
        """Go through the rows one by one."""
        for i in range(len(self)):
            yield self[i]


def as_indices(indices: npt.ArrayLike) -> NDArray[np.int64]:
    """Make row numbers an int64 array, as the core takes them."""
    rows = np.asarray(indices)
    if rows.dtype == _INT64 and rows.ndim == 1:
        return rows if rows.flags.c_contiguous else np.ascontiguousarray(rows)
    if rows.ndim != 1:
        raise IndexError(f"indices must have one dimension, found {rows.ndim}")
    if rows.size and rows.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, found {rows.dtype}")
    if rows.dtype == np.uint64 and rows.size and rows.max() >= 2**63:
        raise IndexError(f"window {rows.max()} is not among those there are")
    return rows.astype(np.int64)
