"""Sliding windows over a stream of tokens: next-token inputs and targets, in numpy.

A window of ``max_length`` inputs starts every ``stride`` tokens. Its targets are the inputs shifted
by one token, whatever the stride, so a window reads ``max_length + 1`` tokens and ``n`` tokens hold

    0 if n < max_length + 1, else (n - 1 - max_length) // stride + 1

windows: as many as ``range(0, n - max_length, stride)`` has members, the loop of the second chapter
of S. Raschka's *Build a Large Language Model (From Scratch)*, whose data set these windows equal.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, Literal, SupportsIndex, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bytestride import _core
from bytestride.store import TokenStore

OnEmpty: TypeAlias = Literal["allow", "error"]
TokenSource: TypeAlias = TokenStore | NDArray[Any] | Sequence[int] | Sequence[NDArray[Any]]
Batch: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]

_CORE_DTYPES = tuple(np.dtype(name) for name in ("uint8", "uint16", "uint32", "int32"))


def window_starts(
    n_tokens: SupportsIndex, max_length: SupportsIndex, stride: SupportsIndex
) -> NDArray[np.int64]:
    """Where the windows over a stream start: ``arange(n_windows) * stride``.

    Parameters
    ----------
    n_tokens
        How many tokens the stream holds.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one start to the next, at least 1.

    Returns
    -------
    ndarray
        int64 [n_windows], with ``n_windows`` as at the top of this module.

    Raises
    ------
    ValueError
        If a number is too small, or does not fit in 63 bits.
    """
    return _core.window_starts(
        _int64("n_tokens", n_tokens), _int64("max_length", max_length), _int64("stride", stride)
    )


def _int64(name: str, value: SupportsIndex) -> int:
    number = operator.index(value)
    if abs(number) >= 2**63:
        raise ValueError(f"{name} must fit in 63 bits, found {number}")
    return number


class Windows:
    """All full windows over a stream of tokens, in order; none is made before it is asked for.

    ``windows[i]`` is the pair ``(x, y)`` of int64 [max_length]; a slice, a list or an array of
    indices gives int64 [B, max_length] each, as :meth:`batch` does.

    Parameters
    ----------
    tokens
        A token store; or ids in memory, as one 1-D array, as a list of such arrays that follow each
        other, or as a list of ints. Arrays of uint8, uint16, uint32 and int32 are read in place;
        other integers are converted once, and must fit one of these.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one window's start to the next, at least 1.
    on_empty
        What fewer than ``max_length + 1`` tokens are: "allow", no windows; "error", a ValueError.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.
    """

    def __init__(
        self,
        tokens: TokenSource,
        max_length: SupportsIndex,
        stride: SupportsIndex,
        *,
        on_empty: OnEmpty = "allow",
    ) -> None:
        if on_empty not in ("allow", "error"):
            raise ValueError(f"on_empty must be 'allow' or 'error', found {on_empty!r}")
        self._source: TokenStore | list[NDArray[Any]]
        if isinstance(tokens, TokenStore):
            self._source = tokens
            self._n_tokens = tokens.n_tokens
        else:
            self._source = _as_shards(tokens)
            self._n_tokens = sum(shard.size for shard in self._source)
        self._max_length = _int64("max_length", max_length)
        self._stride = _int64("stride", stride)
        self._n_windows = _core.window_count(self._n_tokens, self._max_length, self._stride)
        if self._n_windows == 0 and on_empty == "error":
            raise ValueError(
                f"{self._n_tokens} tokens hold no window: one of max_length {self._max_length} "
                f"takes {self._max_length + 1}; use a shorter max_length or more text"
            )

    @property
    def n_tokens(self) -> int:
        """How many tokens the windows slide over."""
        return self._n_tokens

    @property
    def max_length(self) -> int:
        """Tokens of a window's input."""
        return self._max_length

    @property
    def stride(self) -> int:
        """Tokens from one window's start to the next."""
        return self._stride

    def __len__(self) -> int:
        """How many windows there are."""
        return self._n_windows

    def to_numpy(self) -> NDArray[np.int64]:
        """Write out the windows' starts, int64 [n_windows]."""
        return window_starts(self._n_tokens, self._max_length, self._stride)

    def batch(self, indices: npt.ArrayLike) -> Batch:
        """Gather windows in one call of the core.

        Parameters
        ----------
        indices
            1-D integers, in any order and number; negative ones count from the end.

        Returns
        -------
        x, y
            int64 [B, max_length]: inputs, and the same shifted by one token. Fresh arrays.

        Raises
        ------
        IndexError
            If there is no such window.
        FormatError
            If a file of the store has shrunk since it was opened.
        """
        rows = np.asarray(indices)
        if rows.ndim != 1:
            raise IndexError(f"indices must have one dimension, found {rows.ndim}")
        if rows.size and rows.dtype.kind not in "iu":
            raise TypeError(f"indices must be integers, found {rows.dtype}")
        n = self._n_windows
        outside = (rows < -n) | (rows >= n)
        if outside.any():
            found = rows[int(np.argmax(outside))]
            raise IndexError(f"window {found} is not among the {n} there are")
        rows = rows.astype(np.int64)
        starts = np.where(rows < 0, rows + n, rows) * self._stride
        if isinstance(self._source, TokenStore):
            self._source.check_sizes()
            return _core.gather_windows(self._source.shards, starts, self._max_length)
        return _core.gather_windows(self._source, starts, self._max_length)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Batch: ...
    @overload
    def __getitem__(self, index: slice | list[int] | NDArray[Any]) -> Batch: ...
    def __getitem__(self, index: SupportsIndex | slice | list[int] | NDArray[Any]) -> Batch:
        """One window as int64 [max_length] each, or several as :meth:`batch` gives them."""
        if isinstance(index, slice):
            return self.batch(np.arange(*index.indices(self._n_windows), dtype=np.int64))
        if isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim):
            return self.batch(index)
        x, y = self.batch([operator.index(index)])
        return x[0], y[0]

    def __iter__(self) -> Iterator[Batch]:
        """Go through the windows one by one."""
        for i in range(self._n_windows):
            yield self[i]

    def __repr__(self) -> str:
        return (
            f"Windows({self._n_windows} windows of {self._max_length} tokens, "
            f"stride {self._stride}, over {self._n_tokens} tokens)"
        )


def _as_shards(tokens: NDArray[Any] | Sequence[int] | Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    if isinstance(tokens, (str, bytes)):
        raise TypeError(f"tokens must be token ids, found {type(tokens).__name__}; encode it first")
    if isinstance(tokens, (list, tuple)) and any(isinstance(part, np.ndarray) for part in tokens):
        return [_as_shard(np.asarray(part)) for part in tokens]
    return [_as_shard(np.asarray(tokens))]


def _as_shard(ids: NDArray[Any]) -> NDArray[Any]:
    if ids.ndim != 1:
        raise ValueError(f"tokens must have one dimension, found {ids.ndim}")
    if ids.size == 0:
        return np.empty(0, np.int32)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers, found {ids.dtype}")
    if ids.dtype.newbyteorder("=") in _CORE_DTYPES:
        return np.ascontiguousarray(ids, ids.dtype.newbyteorder("="))
    for dtype in (np.dtype(np.int32), np.dtype(np.uint32)):
        info = np.iinfo(dtype)
        if ids.min() >= info.min and ids.max() <= info.max:
            return ids.astype(dtype)
    raise ValueError(
        f"tokens must fit int32 or uint32, found ids from {ids.min()} to {ids.max()} in {ids.dtype}"
    )
