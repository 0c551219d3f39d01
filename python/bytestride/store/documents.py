"""A store's documents from front to back, in bounded memory: for merging, splitting, converting.

All here goes through parts ``ids, ends`` as :meth:`TokenStoreWriter.append` takes them: some tokens
of the stream, and how many of them come before the end of each document that ends there. The last
token of a stream ends a document.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.store.damage import damaged
from bytestride.store.durable import LengthSpool
from bytestride.store.megatron import Ids, Idx
from bytestride.store.payload import BLOCK_TOKENS, read_blocks
from bytestride.store.shards import EndsFile, ShardFiles

Ends: TypeAlias = NDArray[np.int64]
Part: TypeAlias = tuple[Ids, Ends]

_BLOCK = 1 << 20
_NONE: Ends = np.empty(0, np.int64)


def iter_documents(
    shards: Iterable[ShardFiles], block_tokens: int = BLOCK_TOKENS
) -> Iterator[Part]:
    """Go through shards: every token, and the end of every document.

    Raises
    ------
    FormatError
        If the documents' places do not go together, or a file has shrunk.
    """
    for shard in shards:
        blocks = iter_ends(shard)
        ends = next(blocks, _NONE)
        done = 0
        for ids in read_blocks(shard, block_tokens=block_tokens):
            begin, stop = done, done + ids.size
            while ends.size and int(ends[-1]) <= stop:
                last = int(ends[-1])
                yield ids[done - begin : last - begin], ends - done
                done = last
                ends = next(blocks, _NONE)
            n = int(np.searchsorted(ends, stop, "right"))
            yield ids[done - begin :], ends[:n] - done
            ends = ends[n:]
            done = stop
        while ends.size:  # of a shard without tokens
            yield np.empty(0, shard.dtype), ends
            ends = next(blocks, _NONE)


def iter_ends(shard: ShardFiles) -> Iterator[Ends]:
    """Go through the ends of a shard's documents in tokens, in arrays that are never empty.

    Raises
    ------
    FormatError
        If they do not ascend up to the shard's number of tokens.
    """
    documents = shard.documents
    if documents is None:
        yield np.array([shard.n_tokens], np.int64)
    elif isinstance(documents, Idx):
        yield from _idx_ends(documents, shard.n_tokens)
    elif isinstance(documents, EndsFile):
        with documents.path.open("rb") as file:
            before = 0
            for at, raw in _numbers(file, documents, documents.byte_offset, documents.n_documents):
                ends = raw.astype(np.int64)
                before = _check(documents, at, ends, before, shard.n_tokens)
                yield ends
        documents.check_last()
    else:
        for first in range(0, documents.n_documents, _BLOCK):
            yield documents.ends[first : first + _BLOCK]


def spool_lengths(shard: ShardFiles, folder: Path) -> LengthSpool:
    """Put the lengths of a shard's documents into a spool, which the caller closes.

    Raises
    ------
    FormatError
        As for :func:`iter_ends`.
    """
    lengths = LengthSpool(folder)
    try:
        end = 0
        for ends in iter_ends(shard):
            lengths.append(np.diff(ends, prepend=end))
            end = int(ends[-1])
    except BaseException:
        lengths.close()
        raise
    return lengths


def _numbers(
    file: BinaryIO, source: Idx | EndsFile, byte_offset: int, n: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Read 8-byte numbers in blocks, each with its place in the file."""
    dtype = np.dtype("<i8") if isinstance(source, Idx) else source.dtype
    for first in range(0, n, _BLOCK):
        at = byte_offset + 8 * first
        yield at, _read(file, source, at, min(_BLOCK, n - first), dtype)


def _read(
    file: BinaryIO, source: Idx | EndsFile, at: int, n: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    file.seek(at)
    found = np.fromfile(file, dtype, n)
    if found.size < n:
        n_now = os.fstat(file.fileno()).st_size
        raise damaged(source.path, "the size", f"{source.n_bytes} bytes, as when opened", n_now)
    return found


def _check(source: Idx | EndsFile, at: int, ends: Ends, before: int, most: int) -> int:
    """Check that numbers ascend from ``before`` to at most ``most``; give the last one."""
    wrong = ends > most
    wrong |= ends < np.concatenate(([before], ends[:-1]))
    if wrong.any():
        first = int(np.argmax(wrong))
        least = int(ends[first - 1]) if first else before
        expected = f"a number from {least} to {most}"
        raise damaged(source.path, at + 8 * first, expected, int(ends[first]))
    return int(ends[-1])


def _idx_ends(idx: Idx, n_tokens: int) -> Iterator[Ends]:
    """Go through the ends of an index's documents: where the sequence after each begins.

    The sequences' own lengths are not looked at: ``verify`` holds them against the pointers.
    """
    size = idx.dtype.itemsize
    n = idx.n_sequences
    with idx.path.open("rb") as file:
        before = end_before = 0
        numbers = _numbers(file, idx, idx.documents_at + 8, idx.n_documents)
        for at, sequences in numbers:
            before = _check(idx, at, sequences, before, n)
            ends = np.full(sequences.size, n_tokens, np.int64)
            first, n_inside = 0, int(np.searchsorted(sequences, n))
            while first < n_inside:
                low = int(sequences[first])
                stop = int(np.searchsorted(sequences[:n_inside], low + _BLOCK))
                places = idx.pointers_at + 8 * low
                count = int(sequences[stop - 1]) + 1 - low
                pointers = _read(file, idx, places, count, np.dtype("<i8"))
                here = pointers[sequences[first:stop] - low]
                if (odd := here % size != 0).any():
                    which = first + int(np.argmax(odd))
                    place = idx.pointers_at + 8 * int(sequences[which])
                    raise damaged(
                        idx.path, place, f"a multiple of {size} bytes", int(here[which - first])
                    )
                ends[first:stop] = here // size
                first = stop
            end_before = _check(idx, at, ends, end_before, n_tokens)
            yield ends


def ends_at(
    parts: Iterable[Part], *, begins_with: int | None, ends_with: int | None
) -> Iterator[Part]:
    """Find documents by an id in the stream, whatever ends the stream came with.

    Parameters
    ----------
    parts
        The stream.
    begins_with
        A document begins at each of these ids.
    ends_with
        A document ends after each of these ids. What follows the last one is a document too.
    """
    is_open = False
    for ids, _ in parts:
        if ends_with is not None:
            ends = np.flatnonzero(ids == ends_with) + 1
        else:
            ends = np.flatnonzero(ids == begins_with)
            if ends.size and ends[0] == 0 and not is_open:
                ends = ends[1:]
        if ids.size:
            is_open = ends.size == 0 or int(ends[-1]) < ids.size
            yield ids, ends
    if is_open:
        yield np.empty(0, np.int32), np.zeros(1, np.int64)


def with_ids(parts: Iterable[Part], *, before: int | None, after: int | None) -> Iterator[Part]:
    """Put an id before each document, after each, or both.

    Empty documents get them too.
    """
    is_open = False
    for ids, ends in parts:
        # An event is a document that begins or ends: its place, and the id that goes there.
        starts = ends if is_open else np.concatenate((np.zeros(1, np.int64), ends))
        # Nothing may follow the last end here; the next part begins with that document then.
        closed = (int(ends[-1]) if ends.size else 0) == ids.size
        if (ends.size or not is_open) and closed:
            starts = starts[:-1]
        places: list[Ends] = []
        values: list[NDArray[Any]] = []
        order: list[Ends] = []
        if after is not None:
            places.append(ends)
            values.append(np.full(ends.size, after))
            order.append(2 * np.arange(ends.size) + 1)
        if before is not None:
            places.append(starts)
            values.append(np.full(starts.size, before))
            order.append(2 * (np.arange(starts.size) + is_open))
        rank = np.argsort(np.concatenate([*order, _NONE]), kind="stable")
        at = np.concatenate([*places, _NONE])[rank]
        put = np.concatenate([*values, _NONE])[rank]
        wide = np.promote_types(ids.dtype, np.int32) if put.size else ids.dtype
        n_before = 0 if before is None else np.arange(ends.size) + (0 if is_open else 1)
        n_after = 0 if after is None else np.arange(ends.size) + 1
        yield np.insert(ids.astype(wide), at, put), ends + n_before + n_after
        is_open = not closed if (ends.size or not is_open) else True
