"""Page-locked memory for batches on their way to a CUDA device."""

from __future__ import annotations

from typing import Any

import torch

Shapes = tuple[tuple[int, int], ...]


def allocate(shape: tuple[int, int], dtype: torch.dtype) -> torch.Tensor:
    """Give new pinned memory; torch keeps what was freed and gives it out again."""
    return torch.empty(shape, dtype=dtype, pin_memory=True)


class Pinned:
    """The pinned tensors of one batch: one of rows, or x and y.

    Parameters
    ----------
    shapes
        Of each tensor.
    """

    def __init__(self, shapes: Shapes, dtype: torch.dtype) -> None:
        self.tensors = tuple(allocate(shape, dtype) for shape in shapes)

    @property
    def arrays(self) -> Any:  # noqa: ANN401 - as the core takes them
        """The same memory as numpy arrays: a pair, or one."""
        return _as_arrays(self.tensors)


def _as_arrays(tensors: tuple[torch.Tensor, ...]) -> Any:  # noqa: ANN401
    arrays = tuple(tensor.numpy() for tensor in tensors)
    return arrays if len(arrays) > 1 else arrays[0]


class Slot:
    """Pinned buffers that are copied from, and written again when the copy is done."""

    def __init__(self) -> None:
        self._buffers: Pinned | None = None
        self._copied: torch.cuda.Event | None = None
        self.tensors: tuple[torch.Tensor, ...] = ()

    def free(self, shapes: Shapes, dtype: torch.dtype) -> None:
        """Wait for the copy and make ready for a batch of these shapes."""
        if self._copied is not None:
            self._copied.synchronize()
            self._copied = None
        most = 0 if self._buffers is None else self._buffers.tensors[0].shape[0]
        if self._buffers is None or most < shapes[0][0]:
            self._buffers = Pinned(shapes, dtype)
        self.tensors = tuple(
            tensor[: shape[0]] for tensor, shape in zip(self._buffers.tensors, shapes, strict=True)
        )

    @property
    def arrays(self) -> Any:  # noqa: ANN401
        """The same memory as numpy arrays: a pair, or one."""
        return _as_arrays(self.tensors)

    def copy_to(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """Begin to copy, on the device's current stream."""
        copies = tuple(tensor.to(device, non_blocking=True) for tensor in self.tensors)
        self._copied = torch.cuda.current_stream(device).record_event()
        return copies


class Ring:
    """Slots in turn. A slot comes again after all others, so it must be copied from by then."""

    def __init__(self, n_slots: int) -> None:
        self._slots = [Slot() for _ in range(n_slots)]
        self._next = 0

    def next_slot(self, shapes: Shapes, dtype: torch.dtype) -> Slot:
        """Give the slot whose copy was begun the longest ago; waits for it if it is not done."""
        slot = self._slots[self._next]
        self._next = (self._next + 1) % len(self._slots)
        slot.free(shapes, dtype)
        return slot
