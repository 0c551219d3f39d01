"""What people write today, in our words: nanoGPT's batches, a line of numpy, a book's lists.

Sources of what each does: `get_batch` in nanoGPT's train.py; `GPTDatasetV1` in chapter 2 of
S. Raschka's *Build a Large Language Model (From Scratch)*.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

Pair = tuple[torch.Tensor, torch.Tensor]


def nanogpt_batch(path: Path, starts: torch.Tensor, max_length: int) -> Pair:
    """Map the file anew, as it does against growing memory, and stack a tensor for each row.

    The starts are a tensor, as it draws them, and so each of them is one. (Versions of it before
    2024 kept the map.)
    """
    return stacked_rows(np.memmap(path, np.uint16, "r"), starts, max_length)


def stacked_rows(
    tokens: NDArray[np.uint16], starts: torch.Tensor | list[int], max_length: int
) -> Pair:
    """A tensor for each row of inputs and of targets, stacked."""
    inputs, targets = [], []
    for i in starts:
        inputs.append(torch.from_numpy(tokens[i : i + max_length].astype(np.int64)))
        targets.append(torch.from_numpy(tokens[i + 1 : i + 1 + max_length].astype(np.int64)))
    return torch.stack(inputs), torch.stack(targets)


def numpy_rows(
    tokens: NDArray[np.uint16], starts: NDArray[np.int64], max_length: int
) -> NDArray[np.int64]:
    """One line of numpy: rows of max_length + 1 tokens, of which x and y are views."""
    rows: NDArray[np.int64] = tokens[starts[:, None] + np.arange(max_length + 1)].astype(np.int64)
    return rows


class ListedWindows(Dataset[Pair]):
    """All windows, each as two tensors in lists, made from a list of ids beforehand."""

    def __init__(self, ids: list[int], max_length: int, stride: int) -> None:
        self.inputs: list[torch.Tensor] = []
        self.targets: list[torch.Tensor] = []
        for start in range(0, len(ids) - max_length, stride):
            self.inputs.append(torch.tensor(ids[start : start + max_length]))
            self.targets.append(torch.tensor(ids[start + 1 : start + max_length + 1]))

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> Pair:
        return self.inputs[index], self.targets[index]


class Constant(Dataset[object]):
    """A batch that is always the same: what the way from a worker to its loader costs by itself."""

    def __init__(self, batch: object) -> None:
        self.batch = batch

    def __getitems__(self, indices: list[int]) -> object:
        return self.batch

    def __getitem__(self, index: int) -> object:
        raise IndexError("whole batches only")


def as_it_is(batch: object) -> object:
    """A loader's ``collate_fn`` that leaves a batch alone."""
    return batch
