"""Parts of documents to a token store, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.corpus.document_stream import Part
from bytestride.corpus.files import PIECE_BYTES
from bytestride.store import TokenStoreWriter
from bytestride.tokenizer import Tokenizer

Ids = npt.NDArray[Any]

# About what a part takes beside its text. Without it, a file of empty lines would be one batch.
_PART_BYTES = 256


def tokenize_parts(
    parts: Iterable[Part],
    tokenizer: Tokenizer,
    writer: TokenStoreWriter,
    *,
    end_id: int | None = None,
    num_threads: int | None = None,
    on_bytes: Callable[[int], None] | None = None,
    batch_bytes: int = PIECE_BYTES,
) -> int:
    """Encode documents that come in parts, and append them to a store.

    Memory holds one batch of about `batch_bytes` and its ids, however short the documents are.

    Parameters
    ----------
    parts
        As `read_documents` gives them.
    tokenizer, writer
        What encodes and where the ids go. The caller closes the writer.
    end_id
        An id to append to every document, such as that of ``<|endoftext|>``.
    num_threads
        As for `Tokenizer.encode_ragged`.
    on_bytes
        Told after each batch how many bytes of text it had.

    Returns
    -------
    int
        Bytes of text altogether.
    """
    n_bytes = 0
    batch: list[Part] = []
    n_held = 0

    def flush() -> None:
        nonlocal batch, n_held, n_bytes
        encoded = tokenizer.encode_ragged([part.text for part in batch], num_threads)
        ends = encoded.offsets[1:][[part.ends for part in batch]]
        writer.append(*_with_end_id(encoded.tokens, ends, end_id))
        n_text = sum(len(part.text) for part in batch)
        if on_bytes is not None:
            on_bytes(n_text)
        n_bytes += n_text
        batch, n_held = [], 0

    for part in parts:
        batch.append(part)
        n_held += len(part.text) + _PART_BYTES
        if n_held >= batch_bytes:
            flush()
    if batch:
        flush()
    return n_bytes


def _with_end_id(
    tokens: Ids, ends: npt.NDArray[np.int64], end_id: int | None
) -> tuple[Ids, npt.NDArray[np.int64]]:
    if end_id is None:
        return tokens, ends
    return np.insert(tokens, ends, end_id), ends + np.arange(1, len(ends) + 1)
