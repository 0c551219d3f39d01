"""Megatron-LM's data set, of its package on PyPI, over a store."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sampling_cases.stores import VOCAB_SIZE, Store


def modules() -> None:
    """Import what a build would import; the package says much of what it does not find."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    from megatron.core.datasets import gpt_dataset, helpers, indexed_dataset  # noqa: F401


class Tokenizer:
    """What the data set asks of a tokenizer; no id stands for padding or for an end."""

    vocab_size = VOCAB_SIZE
    pad, eod, eos = -1, -2, -2
    unique_identifiers = {"class": "benchmark"}  # noqa: RUF012


def build(store: Store, max_length: int, cache: Path, seed: int = 0) -> Any:
    """Build its three indices (document, sample, shuffle), or load them where the cache has them.

    Without the attention mask, which its users leave to the kernel too: rather less work.
    """
    from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
    from megatron.core.datasets.indexed_dataset import IndexedDataset
    from megatron.core.datasets.utils import Split

    config = GPTDatasetConfig(
        random_seed=seed,
        sequence_length=max_length,
        blend=([str(store.prefix)], None),
        split="1,0,0",
        path_to_cache=str(cache),
        tokenizer=Tokenizer(),
        reset_position_ids=False,
        reset_attention_mask=False,
        eod_mask_loss=False,
        create_attention_mask=False,
    )
    indexed = IndexedDataset(str(store.prefix), mmap=True)
    documents = np.arange(indexed.sequence_lengths.shape[0], dtype=np.int32)
    return GPTDataset(indexed, str(store.prefix), documents, None, Split.train, config)


def batch(dataset: Any, first: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples one after the other in its order, and of them inputs and targets only."""
    samples = [dataset[i] for i in range(first, first + size)]
    return (
        torch.stack([sample["tokens"] for sample in samples]),
        torch.stack([sample["labels"] for sample in samples]),
    )


def positions(dataset: Any, first: int, size: int, max_length: int) -> NDArray[np.int64]:
    """Where in the payload the tokens of samples lie, int64 [size, max_length + 1].

    From its own indices: a sample begins in the document that the sample index names, at an offset,
    and goes on through the documents of the document index.
    """
    lengths = dataset.dataset.sequence_lengths
    begins = dataset.dataset.index.sequence_pointers // 2
    found = np.empty((size, max_length + 1), np.int64)
    for row, sample in enumerate(dataset.shuffle_index[first : first + size]):
        place, offset = (int(number) for number in dataset.sample_index[sample])
        at = 0
        while at <= max_length:
            document = dataset.document_index[place]
            n = min(int(lengths[document]) - offset, max_length + 1 - at)
            found[row, at : at + n] = int(begins[document]) + offset + np.arange(n)
            at, place, offset = at + n, place + 1, 0
    return found
