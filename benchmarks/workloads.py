"""What is measured: each workload is the same work done by bytestride and by plain Python.

Both sides must give the same answer, which is checked, and of an expected size, which was worked
out once and stands here. The text is the beginning of the English corpus of the test data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bytestride import Tokenizer, reference
from bytestride.published import PATTERNS
from bytestride.ragged import Ragged
from bytestride.torch import WindowDataset
from bytestride.windows import Windows

DATA = Path(os.environ.get("BYTESTRIDE_TEST_DATA", "../shared"))
PATTERN = PATTERNS["gpt2"]
N_MERGES = 1_000


class DataMissingError(Exception):
    """The text to measure on is not on this machine."""


@dataclass(frozen=True)
class Workload:
    """One piece of work, two ways.

    ``fast`` and ``plain`` give results that ``same`` finds equal; ``size`` of either must be
    ``expected_size``. ``n_items`` items of ``unit`` are worked through each time.
    """

    name: str
    n_items: int
    unit: str
    fast: Callable[[], Any]
    plain: Callable[[], Any]
    same: Callable[[Any, Any], bool]
    size: Callable[[Any], int]
    expected_size: int


@cache
def english(n_bytes: int) -> str:
    """The first bytes of the English corpus, as text."""
    import zstandard

    path = DATA / "corpora" / "en.txt.zst"
    if not path.exists():
        raise DataMissingError(
            f"no {path}; set BYTESTRIDE_TEST_DATA to the folder of the test data"
        )
    with path.open("rb") as file:
        data = zstandard.ZstdDecompressor().stream_reader(file).read(n_bytes)
    return data.decode("utf-8", "ignore")


@cache
def trained() -> Tokenizer:
    """The vocabulary that the encoding and window workloads use: 16,384 tokens, as the demo's."""
    return Tokenizer.train(english(10_000_000), 16_384, pattern="gpt2")


def training() -> Workload:
    """Learn 1,000 merges from 1 MB, on one thread."""
    text = english(1_000_000)

    def fast() -> list[tuple[int, ...]]:
        tokenizer = Tokenizer.train(text, 256 + N_MERGES, pattern="gpt2", num_threads=1)
        return [tuple(pair) for pair in tokenizer.definition.merges.tolist()]

    return Workload(
        name="training: 1 MB to 1,000 merges",
        n_items=len(text.encode()),
        unit="B",
        fast=fast,
        plain=lambda: reference.train([text], 256 + N_MERGES, PATTERN),
        same=lambda a, b: a == b,
        size=len,
        expected_size=N_MERGES,
    )


def encoding() -> Workload:
    """Encode 300 kB to a list of ids with the trained vocabulary, on one thread."""
    text = english(300_000)
    definition = trained().definition
    plain = reference.Tokenizer(definition.tokens, definition.merges.tolist(), PATTERN)
    return Workload(
        name="encoding: 300 kB to a list of ids",
        n_items=len(text.encode()),
        unit="B",
        fast=lambda: trained().encode_ordinary(text),
        plain=lambda: plain.encode(text),
        same=lambda a, b: a == b,
        size=len,
        expected_size=75_315,
    )


def windowing() -> Workload:
    """Build a dataset of windows over 1 M tokens and serve one epoch of batches as tensors.

    Windows of 256 tokens with a stride of 128, in batches of 32, in order.
    """
    max_length, stride, batch_size = 256, 128, 32
    tokens = np.resize(trained().encode_to_numpy(english(1_000_000)), 1_000_000).astype(np.uint16)
    as_list = tokens.tolist()

    def fast() -> tuple[int, torch.Tensor]:
        dataset = WindowDataset(tokens, max_length, stride)
        x = y = torch.empty(0)
        for start in range(0, len(dataset), batch_size):
            indices = range(start, min(start + batch_size, len(dataset)))
            x, y = dataset.__getitems__(list(indices))
        return len(dataset), torch.stack([x, y])

    def plain() -> tuple[int, torch.Tensor]:
        dataset = reference.windows(as_list, max_length, stride)
        x = y = torch.empty(0)
        for start in range(0, len(dataset), batch_size):
            rows = dataset[start : start + batch_size]
            x = torch.tensor([row[0] for row in rows])
            y = torch.tensor([row[1] for row in rows])
        return len(dataset), torch.stack([x, y])

    return Workload(
        name="windows: 1 M tokens, 256 long every 128, one epoch",
        n_items=len(tokens),
        unit="tokens",
        fast=fast,
        plain=plain,
        same=lambda a, b: a[0] == b[0] and torch.equal(a[1], b[1]),
        size=lambda result: result[0],
        expected_size=7_811,
    )


def windowing_documents() -> Workload:
    """Cut 200,000 tokens in documents into windows that score every target once, and serve them.

    Windows of 256 tokens with a stride of 128, padded at a document's end, in batches of 32.
    """
    max_length, stride, batch_size = 256, 128, 32
    tokens = np.resize(trained().encode_to_numpy(english(1_000_000)), 200_000).astype(np.uint16)
    lengths = np.random.default_rng(0).integers(0, 1_000, 2 * len(tokens) // 1_000)
    ends = np.cumsum(lengths)
    offsets = np.concatenate([[0], ends[ends < len(tokens)], [len(tokens)]])
    as_list, borders = tokens.tolist(), offsets.tolist()

    def fast() -> tuple[int, list[Any]]:
        windows = Windows(
            Ragged(tokens, offsets),
            max_length,
            stride,
            per_document=True,
            tail="pad",
            mask_overlap=True,
        )
        order = np.arange(len(windows))
        starts = range(0, len(order), batch_size)
        return len(windows), [windows.batch(order[s : s + batch_size]) for s in starts]

    def plain() -> tuple[int, list[Any]]:
        rows = reference.window_rows(
            as_list, borders, max_length, stride, per_document=True, tail="pad", mask_overlap=True
        )
        batches = []
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            x = np.array([reference.inputs(row, max_length) for row in batch])
            y = np.array([reference.targets(row, max_length) for row in batch])
            batches.append((x, y))
        return len(rows), batches

    return Workload(
        name="windows in documents: 200,000 tokens, 256 long every 128, one epoch",
        n_items=len(tokens),
        unit="tokens",
        fast=fast,
        plain=plain,
        same=lambda a, b: (
            a[0] == b[0]
            and all(np.array_equal(one, other) for one, other in zip(a[1], b[1], strict=True))
        ),
        size=lambda result: result[0],
        expected_size=1_421,
    )


WORKLOADS = {
    "training": training,
    "encoding": encoding,
    "windowing": windowing,
    "windowing_documents": windowing_documents,
}
