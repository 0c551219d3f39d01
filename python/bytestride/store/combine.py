"""Stores from stores: several made one, one made several. Ids are copied, never encoded again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from bytestride.store.documents import Part
from bytestride.store.layout import Named
from bytestride.store.partition import Partition, validation_count
from bytestride.store.source import TokenSource, open_source
from bytestride.store.writer import TokenStoreWriter

OnTokens = Callable[[int], object]


def merge_stores(
    sources: Sequence[Named],
    target: str | os.PathLike[str],
    *,
    dtype: Any = None,  # noqa: ANN401 (a dtype)
    any_tokenizer: bool = False,
    shard_tokens: int = 2**30,
    emit: Sequence[str] = (),
    overwrite: bool = False,
    on_tokens: OnTokens | None = None,
) -> Path:
    """Write the documents of several stores, one after the other, as one store.

    Parameters
    ----------
    sources
        The stores, as :func:`open_tokens` takes them.
    target
        The new store's folder.
    dtype
        Type of the ids of sources that do not say it.
    any_tokenizer
        Whether to merge stores though their manifests name different tokenizers.
    shard_tokens, emit, overwrite
        As for :class:`TokenStoreWriter`.
    on_tokens
        Called with the number of tokens of each part that was copied.

    Returns
    -------
    Path
        The new store's folder.

    Raises
    ------
    ValueError
        If there is no source, or their tokenizers differ.
    FormatError, OSError
        If a source is damaged or the disk refuses; nothing is written then.
    """
    if not sources:
        raise ValueError("there is nothing to merge; name at least one store")
    opened = [open_source(source, dtype) for source in sources]
    prints = {source.fingerprint for source in opened} - {None}
    if len(prints) > 1 and not any_tokenizer:
        with_prints = "; ".join(f"{source.shown}: {source.tokenizer_name}" for source in opened)
        raise ValueError(
            f"the stores were written with different tokenizers ({with_prints}), so their ids mean "
            "different text; give any_tokenizer=True (--any-tokenizer) to merge them all the same"
        )
    sizes = [source.vocab_size for source in opened]
    vocab_size = None if None in sizes else max(size or 1 for size in sizes)
    metadata: dict[str, Any] = {}
    if len(prints) == 1 or len({source.tokenizer_name for source in opened}) == 1:
        metadata = next((s.metadata for s in opened if s.fingerprint), opened[0].metadata)
    merged = [source.name for source in opened]
    with TokenStoreWriter(
        target,
        vocab_size=vocab_size,
        dtype=np.result_type(*(source.stored_dtype for source in opened)),
        shard_tokens=shard_tokens,
        emit=emit,
        metadata={**metadata, "merged_from": merged},
        overwrite=overwrite,
    ) as writer:
        for source in opened:
            copy_parts(source.parts(), writer, on_tokens)
    return writer.path


def copy_parts(
    parts: Iterator[Part], writer: TokenStoreWriter, on_tokens: OnTokens | None = None
) -> None:
    """Append a stream to a writer."""
    for ids, ends in parts:
        writer.append(ids, ends)
        if on_tokens is not None:
            on_tokens(ids.size)


def split_store(
    source: Named,
    target: str | os.PathLike[str],
    *,
    validation: float | None = None,
    parts: int | None = None,
    seed: SupportsIndex | None = None,
    dtype: Any = None,  # noqa: ANN401 (a dtype)
    shard_tokens: int = 2**30,
    emit: Sequence[str] = (),
    overwrite: bool = False,
    on_tokens: OnTokens | None = None,
) -> list[Path]:
    """Write each document of a store into one of several stores.

    Parameters
    ----------
    source
        The store, as :func:`open_tokens` takes it.
    target
        A folder for the new stores' folders: ``train`` and ``validation``, or ``part-00000`` and so
        on.
    validation
        Share of the documents that go to ``validation``: to the nearest document, at least one.
    parts
        Or: how many parts of equal numbers of documents, the first ones larger by one where they
        do not divide.
    seed
        Choose documents by chance, as the seed fixes it. None takes them in order: ``validation``
        is the end of the store. Within a part, documents keep their order.
    dtype, shard_tokens, emit, overwrite, on_tokens
        As for :func:`merge_stores`.

    Returns
    -------
    list of Path
        The new stores' folders.

    Raises
    ------
    ValueError
        Unless one of ``validation`` and ``parts`` is given and there are documents enough.
    FormatError, OSError
        If the source is damaged or the disk refuses; nothing is written then.
    """
    if (validation is None) == (parts is None):
        raise ValueError("give either validation or parts")
    opened = open_source(source, dtype)
    n = opened.count_documents()
    if validation is not None:
        n_validation = validation_count(n, validation)
        counts, names = [n - n_validation, n_validation], ["train", "validation"]
    else:
        assert parts is not None  # one of the two is there
        if not 1 <= parts <= max(n, 1):
            raise ValueError(f"parts must be from 1 to {n}, the number of documents, found {parts}")
        counts = [n // parts + (i < n % parts) for i in range(parts)]
        names = [f"part-{i:05d}" for i in range(parts)]
    partition = Partition(counts, seed)
    how = {"of": opened.name, "seed": None if seed is None else int(seed)}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                TokenStoreWriter(
                    Path(target) / name,
                    vocab_size=opened.vocab_size,
                    dtype=opened.stored_dtype,
                    shard_tokens=shard_tokens,
                    emit=emit,
                    metadata={**opened.metadata, "split": {**how, "part": name}},
                    overwrite=overwrite,
                )
            )
            for name in names
        ]
        _deal(opened, partition, writers, on_tokens)
    return [writer.path for writer in writers]


def _deal(
    source: TokenSource,
    partition: Partition,
    writers: list[TokenStoreWriter],
    on_tokens: OnTokens | None,
) -> None:
    """Give each document to its part's writer, a block of tokens at a time."""
    first = 0  # the document that the next token belongs to
    for ids, ends in source.parts():
        # The last piece is of a document that goes on, and may be of no token.
        lengths = np.diff(ends, prepend=0, append=ids.size)
        labels = partition.labels(first, lengths.size)
        of_token = np.repeat(labels, lengths)
        for label in np.unique(labels).tolist():
            mine = labels == label
            mine_ends = np.cumsum(lengths[mine])
            if mine[-1]:  # that document has not ended
                mine_ends = mine_ends[:-1]
            writers[label].append(ids[of_token == label], mine_ends)
        first += ends.size
        if on_tokens is not None:
            on_tokens(ids.size)
