"""Batches that leave a worker in the stored type and become int64 where they arrive.

A worker hands batches to its loader through a pipe. Objects of this module are small there, and
their pickle says how to make the batch of them, so that to receive one is to widen it: in the
loader's process, with any ``DataLoader``. In the worker itself they widen when looked at.

Dead ends, in Mtok/s of 32 x 1,024 through two workers on two busy cores, all in one run in which
constant uint16 numpy rows made 72: ready int64 x and y as tensors 13 (each takes a file descriptor,
a mapping and its page faults; 15 with the file_system strategy), int16 rows as a tensor 17 (24).
A ring of shared memory could save one copy of 66 KB each way, of the 147 us that a batch takes on
idle cores; but a slot is free only when the loader has read it, and of that DataLoader tells its
workers nothing. To widen, numpy's astype takes 26 us, torch's ``to`` 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, SupportsIndex, TypeAlias, overload

import numpy as np
import torch
from numpy.typing import NDArray

Pair: TypeAlias = tuple[torch.Tensor, torch.Tensor]
Value: TypeAlias = torch.Tensor | int
Fields: TypeAlias = dict[str, Value]


class Mask(NamedTuple):
    """Which targets of a batch are scored, as bits, and what those that are not are."""

    bits: bytes
    ignore_index: int


class Rows(NamedTuple):
    """Rows of a batch in the stored type.

    Attributes
    ----------
    ids
        Its bytes; [n_rows, n_columns] of ``dtype``.
    mask
        None where every target is scored.
    """

    ids: bytes
    dtype: str
    n_rows: int
    n_columns: int
    mask: Mask | None


def narrow_rows(rows: NDArray[Any], scored: NDArray[np.bool_] | None, ignore_index: int) -> Rows:
    """Make rows small.

    Parameters
    ----------
    rows
        [B, max_length + 1].
    scored
        Bool [B, max_length], which targets are scored; None for all.
    ignore_index
        What the others are.
    """
    mask = None
    if scored is not None and not scored.all():
        mask = Mask(np.packbits(scored, axis=None).tobytes(), ignore_index)
    n_rows, n_columns = rows.shape
    return Rows(rows.tobytes(), rows.dtype.str, n_rows, n_columns, mask)


def widen_rows(narrow: Rows) -> Pair:
    """Make ``(x, y)`` of rows, int64 [B, max_length] each."""
    rows = np.frombuffer(narrow.ids, narrow.dtype).reshape(narrow.n_rows, narrow.n_columns)
    x, y = rows[:, :-1].astype(np.int64), rows[:, 1:].astype(np.int64)
    if narrow.mask is not None:
        scored = np.unpackbits(np.frombuffer(narrow.mask.bits, np.uint8), count=y.size)
        np.putmask(y, scored.reshape(y.shape) == 0, narrow.mask.ignore_index)
    return torch.from_numpy(x), torch.from_numpy(y)


class NarrowPair(list[torch.Tensor]):
    """``[x, y]``, that is widened when it is first looked at and pickled as rows.

    A list, because torch's own collate functions take nothing else; an empty one until then.
    """

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows

    def _fill(self) -> None:
        if not super().__len__():
            super().extend(widen_rows(self._rows))

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __iter__(self) -> Iterator[torch.Tensor]:
        self._fill()
        return super().__iter__()

    @overload
    def __getitem__(self, index: SupportsIndex) -> torch.Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> list[torch.Tensor]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> torch.Tensor | list[torch.Tensor]:
        self._fill()
        return super().__getitem__(index)

    def __reduce__(self) -> tuple[Callable[[Rows], Pair], tuple[Rows]]:
        """Arrive as the pair ``(x, y)``."""
        return widen_rows, (self._rows,)


class NarrowFields(Mapping[str, Value]):
    """Fields by name, that are widened when they are first looked at and pickled narrow.

    Parameters
    ----------
    names
        The fields, in order.
    rows
        What x and y are made of, where one of them is asked for.
    others
        The other fields; int64 ones are narrowed.
    """

    def __init__(
        self, names: tuple[str, ...], rows: Rows | None, others: dict[str, NDArray[Any] | int]
    ) -> None:
        self._parts = (names, rows, {name: _narrow(value) for name, value in others.items()})
        self._wide: Fields | None = None

    def _fields(self) -> Fields:
        if self._wide is None:
            self._wide = widen_fields(*self._parts)
        return self._wide

    def __len__(self) -> int:
        return len(self._fields())

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields())

    def __getitem__(self, name: str) -> Value:
        return self._fields()[name]

    def __reduce__(self) -> tuple[Callable[..., Fields], tuple[Any, ...]]:
        """Arrive as a dict."""
        return widen_fields, self._parts


def widen_fields(
    names: tuple[str, ...],
    rows: Rows | None,
    others: Mapping[str, tuple[NDArray[Any], str] | int],
) -> Fields:
    """Make the fields of a batch of what was sent."""
    x_y = {} if rows is None else dict(zip(("x", "y"), widen_rows(rows), strict=True))
    fields: Fields = {}
    for name in names:
        if name in x_y:
            fields[name] = x_y[name]
            continue
        value = others[name]
        fields[name] = value if isinstance(value, int) else _widen(*value)
    return fields


def _narrow(value: NDArray[Any] | int) -> tuple[NDArray[Any], str] | int:
    if isinstance(value, int):
        return value
    if value.dtype == np.int64 and value.size:
        for dtype in (np.int16, np.int32):
            info = np.iinfo(dtype)
            if info.min <= value.min() and value.max() <= info.max:
                return value.astype(dtype), value.dtype.str
    return value, value.dtype.str


def _widen(array: NDArray[Any], dtype: str) -> torch.Tensor:
    return torch.from_numpy(array.astype(dtype))
