"""Which rows are looked at, and the Python that gives the same ones."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bytestride.report.window_view import Rows, RowView, check_length, unpacked, view_rows
from bytestride.windows import Order, PackedWindows, Windows

_BLOCK_PLACES = 1 << 17
_SET_BY_PACKING = ("stride", "tail", "mask_overlap")


class Pick:
    """Rows that follow each other, as they lie or in the order of an epoch.

    Parameters
    ----------
    windows
        Windows, packed or not.
    first, count
        Which of an epoch's positions; fewer are taken where it ends before.
    order
        Arguments of :class:`~bytestride.Order`; None: rows as they lie.
    epoch
        Which epoch of the order, from 0 on.
    source
        What the windows are over, as Python text.

    Raises
    ------
    IndexError
        If the epoch has no position `first`, unless there are no rows at all.
    ValueError
        If an argument of the order is out of range, or the rows are too long to be shown.
    """

    def __init__(
        self,
        windows: Rows,
        first: int,
        count: int,
        *,
        order: Mapping[str, Any] | None = None,
        epoch: int = 0,
        source: str = "tokens",
    ) -> None:
        n_rows = len(windows)
        if n_rows:
            check_length(windows)
        if n_rows and first >= n_rows:
            raise IndexError(f"window {first:,} is not among the {n_rows:,} there are")
        self.windows = windows
        self.first = first
        self.count = max(min(count, n_rows - first), 0)
        self._order_options = order
        self._order = None if order is None or not n_rows else Order(windows, **order)
        self._position = epoch * n_rows + first
        self._source = source

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Give the rows' numbers, in blocks that are read at once."""
        step = max(_BLOCK_PLACES // (self.windows.max_length + 1), 1)
        for at in range(0, self.count, step):
            n = min(step, self.count - at)
            if self._order is None:
                yield np.arange(self.first + at, self.first + at + n)
            else:
                yield self._order.indices(self._position + at, n)

    def rows(self) -> Iterator[RowView]:
        """Give the rows themselves."""
        for numbers in self.blocks():
            yield from view_rows(self.windows, numbers)

    @property
    def row_name(self) -> str:
        """What to call a row."""
        return "row" if isinstance(self.windows, PackedWindows) else "window"

    @property
    def has_virtual(self) -> bool:
        """Whether documents are given ids at their begin or end that the store does not hold."""
        options = unpacked(self.windows).options
        return options["bos_id"] is not None or options["eos_id"] is not None

    def python(self) -> str:
        """Write what gives these rows, as lines of Python."""
        names = (
            "Windows, open_tokens" if self._order_options is None else "Order, Windows, open_tokens"
        )
        if self._order_options is None:
            indices = f"range({self.first}, {self.first + self.count})"
        else:
            options = "".join(f", {name}={value!r}" for name, value in self._order_options.items())
            indices = f"Order(windows{options}).indices({self._position}, {self.count})"
        return (
            f"from bytestride import {names}\n"
            f"windows = {_windows_call(self.windows, self._source)}\n"
            f"x, y = windows.batch({indices})"
        )


def _windows_call(windows: Rows, source: str) -> str:
    """Write the call that makes the windows, without what is so by default."""
    is_packed = isinstance(windows, PackedWindows)
    single = unpacked(windows)
    defaults = inspect.signature(Windows).parameters
    arguments = [source, str(single.max_length)]
    if not is_packed and single.stride != single.max_length:
        arguments.append(str(single.stride))
    for name, value in single.options.items():
        if name in ("max_length", "stride") or (is_packed and name in _SET_BY_PACKING):
            continue
        if value != defaults[name].default:
            arguments.append(f"{name}={value!r}")
    return f"Windows({', '.join(arguments)})" + (".packed()" if is_packed else "")
