"""What some windows are, and how much of them counts, in a line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bytestride.report.window_view import Rows, documents_of, unpacked
from bytestride.windows import PackedWindows


class Tally(NamedTuple):
    """What is in some rows: how many rows, targets that are scored, and inputs without a token."""

    n_rows: int
    n_places: int
    n_scored: int
    n_padding: int

    def __str__(self) -> str:
        def share(n: int) -> str:
            return f"{100 * n / max(self.n_places, 1):.1f} %"

        return f"{share(self.n_scored)} of targets scored, {share(self.n_padding)} padding"


def tally(windows: Rows, blocks: Iterable[NDArray[np.int64]]) -> Tally:
    """Count over rows, which are given in blocks of their numbers."""
    n_rows = n_scored = n_padding = 0
    for numbers in blocks:
        n_rows += len(numbers)
        n_scored += int(np.count_nonzero(windows.loss_mask(numbers)))
        n_padding += int(np.count_nonzero(windows.document_ids(numbers) < 0))
    return Tally(n_rows, n_rows * windows.max_length, n_scored, n_padding)


def describe(windows: Rows) -> str:
    """Say in a line how many rows there are, of what kind, over how much text."""
    single = unpacked(windows)
    n_documents, _ = documents_of(single)
    if isinstance(windows, PackedWindows):
        kind = f"{len(windows):,} packed rows of {windows.max_length:,} tokens"
    else:
        kind = f"{len(single):,} windows of {single.max_length:,} tokens every {single.stride:,}"
    per = " (per document)" if single.options["per_document"] else ""
    return f"{kind}{per}, over {single.n_tokens:,} tokens in {_counted(n_documents, 'document')}"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
