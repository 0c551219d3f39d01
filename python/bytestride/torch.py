"""Sliding windows as a PyTorch data set: one call of the core a batch, in workers too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import SupportsIndex, TypeAlias

import torch
from torch.utils.data import Dataset

from bytestride.store import open_tokens
from bytestride.windows import OnEmpty, TokenSource, Windows

Pair: TypeAlias = tuple[torch.Tensor, torch.Tensor]


class WindowDataset(Dataset[Pair]):
    """A map-style data set of next-token windows.

    Give a ``DataLoader`` the data set's ``collate`` too::

        dataset = WindowDataset("store", max_length=1024, stride=1024)
        loader = DataLoader(dataset, batch_size=32, shuffle=True, collate_fn=dataset.collate)
        for x, y in loader:  # int64 [32, 1024] each
            ...

    A loader asks for a whole batch at once (``__getitems__``) and the core gathers it in one call;
    ``collate`` hands that through unchanged. Pickling, which loaders do for workers that are
    spawned, takes a store's path and not its tokens; ids in memory are pickled as they are.

    Parameters
    ----------
    store
        A token store, opened or as its path; or ids in memory, as for
        :class:`~bytestride.windows.Windows`.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one window's start to the next, at least 1.
    on_empty
        What fewer than ``max_length + 1`` tokens are: "allow", no windows; "error", a ValueError.
    """

    def __init__(
        self,
        store: TokenSource | str | os.PathLike[str],
        max_length: SupportsIndex,
        stride: SupportsIndex,
        *,
        on_empty: OnEmpty = "allow",
    ) -> None:
        tokens = open_tokens(store) if isinstance(store, (str, os.PathLike)) else store
        self._windows = Windows(tokens, max_length, stride, on_empty=on_empty)

    @property
    def windows(self) -> Windows:
        """The windows themselves, in numpy."""
        return self._windows

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self._windows)

    def __getitem__(self, index: SupportsIndex) -> Pair:
        """One window: ``(x, y)``, int64 [max_length] each."""
        x, y = self._windows[index]
        return torch.from_numpy(x), torch.from_numpy(y)

    def __getitems__(self, indices: Sequence[int]) -> Pair:
        """One batch: ``(x, y)``, int64 [B, max_length] each."""
        x, y = self._windows.batch(indices)
        return torch.from_numpy(x), torch.from_numpy(y)

    @staticmethod
    def collate(batch: Pair | list[Pair]) -> Pair:
        """Pass a batch through unchanged, stack a list of samples: a loader's ``collate_fn``."""
        if isinstance(batch, tuple):
            return batch
        xs, ys = zip(*batch, strict=True)
        return torch.stack(xs), torch.stack(ys)
