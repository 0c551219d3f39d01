"""Batches as tensors, on their device, without worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch

from bytestride.torch.dataset import WindowDataset
from bytestride.torch.pinned import Pinned, Ring, Slot
from bytestride.torch.ranks import find_rank
from bytestride.windows import BatchLoader, RowSet
from bytestride.windows.loader import Layout, Outputs
from bytestride.windows.order import Shuffle


class WindowLoader(BatchLoader):
    """The batches of a training run, as tensors.

    The torch side of :class:`~bytestride.windows.BatchLoader`, which says how it goes on and what
    its state is::

        loader = WindowLoader(windows, 32, seed=1, device="cuda")
        for x, y in loader:  # int64 [32, max_length] each, on the device
            ...

    On the CPU every batch is in memory of its own. For a CUDA device batches are gathered into a
    ring of ``prefetch + 1`` pinned buffers and copied from there on the current stream, while the
    interpreter goes on; a buffer is written again when its copy is done. The copies on the device
    are the user's own.

    Parameters
    ----------
    windows
        Windows, packed windows or a mixture; or the data set of them.
    batch_size, shuffle, seed, block_windows, drop_last, layout, prefetch, num_threads, epochs
        As for :class:`~bytestride.windows.BatchLoader`.
    rank, world_size
        Which of how many processes this is; by default as torch.distributed has it, and 0 of 1
        where that is not in use.
    dtype
        Of numpy or of torch.
    device
        Where batches are to be; None: in the CPU's memory.
    pin_memory
        Whether batches in the CPU's memory are pinned, each in memory of its own, so that they can
        be copied without waiting. For batches on a device None or True, as they pass through pinned
        memory in any case if it is a CUDA device.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or there are no windows.
    """

    def __init__(
        self,
        windows: RowSet | WindowDataset,
        batch_size: SupportsIndex,
        *,
        shuffle: Shuffle = "global",
        seed: SupportsIndex = 0,
        block_windows: SupportsIndex = 4096,
        rank: SupportsIndex | None = None,
        world_size: SupportsIndex | None = None,
        drop_last: bool = True,
        dtype: npt.DTypeLike | torch.dtype = torch.int64,
        layout: Layout = "xy",
        device: torch.device | str | int | None = None,
        pin_memory: bool | None = None,
        prefetch: SupportsIndex = 2,
        num_threads: SupportsIndex | None = None,
        epochs: SupportsIndex | None = 1,
    ) -> None:
        rank, world_size = find_rank(rank, world_size)
        super().__init__(
            windows.windows if isinstance(windows, WindowDataset) else windows,
            batch_size,
            shuffle=shuffle,
            seed=seed,
            block_windows=block_windows,
            rank=rank,
            world_size=world_size,
            drop_last=drop_last,
            dtype=_numpy_dtype(dtype),
            layout=layout,
            prefetch=prefetch,
            num_threads=num_threads,
            epochs=epochs,
        )
        self._torch_dtype = torch.from_numpy(np.empty(0, self._dtype)).dtype
        self._device = torch.device("cpu" if device is None else device)
        self._moves = self._device.type != "cpu"
        self._pins = bool(pin_memory)
        self._ring: Ring | None = None
        if self._device.type == "cuda":
            if pin_memory is False:
                raise ValueError(
                    "batches for a CUDA device pass through pinned memory; leave pin_memory out"
                )
        elif self._pins and self._device.type != "cpu":
            raise ValueError(
                "pin_memory is for batches in the CPU's memory or on a CUDA device; leave it out "
                f"for {self._device}"
            )

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self._device

    def __iter__(self) -> Iterator[Any]:
        """Go on from where the loader is."""
        if self._device.type == "cuda":
            # Of its own: the iteration before may be there still, with batches that it began.
            self._ring = Ring(self._prefetch + 1)
        return super().__iter__()

    def _outputs(self, n_rows: int) -> Outputs | None:
        if self._ring is None and not self._pins:
            return None
        length = self._windows.max_length
        shapes = ((n_rows, length),) * 2 if self._layout == "xy" else ((n_rows, length + 1),)
        if self._ring is not None:
            return self._ring.next_slot(shapes, self._torch_dtype)
        return Pinned(shapes, self._torch_dtype)

    def _hand_over(self, arrays: Any, out: Outputs | None) -> Any:  # noqa: ANN401
        if out is None:
            made = arrays if self._layout == "xy" else (arrays,)
            tensors = tuple(map(torch.from_numpy, made))
            if self._moves:
                tensors = tuple(tensor.to(self._device) for tensor in tensors)
        elif isinstance(out, Slot):
            tensors = out.copy_to(self._device)
        else:
            assert isinstance(out, Pinned)  # there are no other outputs
            tensors = out.tensors
        return tensors if self._layout == "xy" else tensors[0]


def _numpy_dtype(dtype: npt.DTypeLike | torch.dtype) -> np.dtype[Any]:
    if isinstance(dtype, torch.dtype):
        return torch.empty(0, dtype=dtype).numpy().dtype
    return np.dtype(dtype)
