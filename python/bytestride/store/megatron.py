r"""The bytes of a Megatron-LM ``.idx`` file, read and written.

A payload file (``.bin``) holds nothing but token ids, little-endian. Beside it the ``.idx`` says
where sequences and documents lie. All numbers are little-endian and the arrays are unaligned:

====================  ======================  ==================================================
offset                field                   meaning
====================  ======================  ==================================================
0                     9 bytes                 ``MMIDIDX\\0\\0``
9                     uint64                  version, 1
17                    uint8                   type of the ids: 1 uint8, 4 int32, 8 uint16
18                    uint64                  S, the number of sequences
26                    uint64                  D + 1, one more than the number of documents
34                    int32[S]                tokens of each sequence
34 + 4 S              int64[S]                where each sequence starts in the payload, in bytes
34 + 12 S             int64[D + 1]            first sequence of each document; then S
====================  ======================  ==================================================

Source: ``megatron/core/datasets/indexed_dataset.py`` of Megatron-LM. A sequence's length is an
int32, so a document longer than 2**31 - 1 tokens is several sequences.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.store.damage import damaged

Ids: TypeAlias = NDArray[Any]
"""A one-dimensional array of token ids of any integer type."""

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
HEADER = struct.Struct("<9sQBQQ")
MAX_SEQUENCE_TOKENS = 2**31 - 1

# Megatron's other codes are signed, wide or floating types that no token store of ours serves.
DTYPE_OF_CODE: dict[int, np.dtype[Any]] = {
    1: np.dtype("u1"),
    4: np.dtype("<i4"),
    8: np.dtype("<u2"),
}
CODE_OF_DTYPE = {dtype: code for code, dtype in DTYPE_OF_CODE.items()}


@dataclass(frozen=True)
class Idx:
    """An index file: where it is, and what its first 34 bytes say."""

    path: Path
    dtype: np.dtype[Any]
    n_sequences: int
    n_documents: int

    @property
    def pointers_at(self) -> int:
        """Byte offset of the sequences' places in the payload."""
        return HEADER.size + 4 * self.n_sequences

    @property
    def documents_at(self) -> int:
        """Byte offset of the documents' first sequences."""
        return self.pointers_at + 8 * self.n_sequences

    @property
    def n_bytes(self) -> int:
        """Size of the whole file."""
        return self.documents_at + 8 * (self.n_documents + 1)


def read_header(path: Path, n_bin_bytes: int) -> Idx:
    """Read the header and check it against the sizes of both files, in a few small reads.

    Parameters
    ----------
    path
        The ``.idx`` file.
    n_bin_bytes
        The size of its payload.

    Raises
    ------
    FormatError
        If the file is not an index, or does not fit its own size or the payload's.
    """
    descriptor = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        n_idx_bytes = os.fstat(descriptor).st_size
        raw = os.pread(descriptor, HEADER.size, 0)
        if len(raw) < HEADER.size:
            raise damaged(path, 0, f"a header of {HEADER.size} bytes", f"{len(raw)} bytes")
        magic, version, code, n_sequences, n_ends = HEADER.unpack(raw)
        if magic != MAGIC:
            raise damaged(path, 0, f"the mark {MAGIC!r}", repr(magic))
        if version != VERSION:
            raise damaged(path, 9, f"version {VERSION}", version)
        if code not in DTYPE_OF_CODE:
            raise damaged(path, 17, "a type code of 1 (uint8), 4 (int32) or 8 (uint16)", code)
        if n_ends == 0:
            raise damaged(path, 26, "at least 1, the number of documents and one more", 0)
        idx = Idx(path, DTYPE_OF_CODE[code], n_sequences, n_ends - 1)
        if idx.n_bytes != n_idx_bytes:
            counts = f"{n_sequences} sequences and {n_ends - 1} documents"
            raise damaged(path, 18, f"a file of {idx.n_bytes} bytes for {counts}", n_idx_bytes)
        _check_last(descriptor, idx, n_bin_bytes)
    finally:
        os.close(descriptor)
    return idx


def _check_last(descriptor: int, idx: Idx, n_bin_bytes: int) -> None:
    def number(offset: int, kind: str) -> int:
        raw = os.pread(descriptor, struct.calcsize(kind), offset)
        return int(struct.unpack(kind, raw)[0])

    path = idx.path
    end = 0
    if idx.n_sequences:
        length = number(idx.pointers_at - 4, "<i")
        end = number(idx.documents_at - 8, "<q") + length * idx.dtype.itemsize
    if end != n_bin_bytes:
        where = f"the last sequence, before byte {idx.documents_at}"
        raise damaged(path, where, f"an end at byte {n_bin_bytes}, the payload's size", end)
    if (first := number(idx.documents_at, "<q")) != 0:
        raise damaged(path, idx.documents_at, "the first document at sequence 0", first)
    if (last := number(idx.n_bytes - 8, "<q")) != idx.n_sequences:
        expected = f"the last document to end at sequence {idx.n_sequences}"
        raise damaged(path, idx.n_bytes - 8, expected, last)


def read_document_offsets(idx: Idx) -> NDArray[np.int64]:
    """Read where documents begin and end in the payload, checking every number of the file.

    Parameters
    ----------
    idx
        The file and its header, from :func:`read_header`.

    Returns
    -------
    ndarray
        int64, ``n_documents + 1`` ascending token positions; document ``i`` is
        ``tokens[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    FormatError
        If lengths, places and documents do not agree with each other.
    """
    path = idx.path
    n = idx.n_sequences
    with path.open("rb") as file:
        n_now = os.fstat(file.fileno()).st_size
        if n_now != idx.n_bytes:
            raise damaged(path, "the size", f"{idx.n_bytes} bytes, as when opened", n_now)
        file.seek(HEADER.size)
        lengths = np.fromfile(file, "<i4", n)
        pointers = np.fromfile(file, "<i8", n)
        documents = np.fromfile(file, "<i8", idx.n_documents + 1)

    if (at := _first(lengths < 0)) is not None:
        raise damaged(path, HEADER.size + 4 * at, "a length of at least 0", int(lengths[at]))
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    places = offsets[:-1] * idx.dtype.itemsize
    if (at := _first(pointers != places)) is not None:
        expected = f"sequence {at} at payload byte {places[at]}, after the one before it"
        raise damaged(path, idx.pointers_at + 8 * at, expected, int(pointers[at]))
    bad = (documents[1:] < documents[:-1]) | (documents[1:] > n)
    if (at := _first(bad)) is not None:
        expected = f"a sequence from {documents[at]} to {n}"
        raise damaged(path, idx.documents_at + 8 * (at + 1), expected, int(documents[at + 1]))
    if documents[0] != 0 or documents[-1] != n:
        found = f"{documents[0]} to {documents[-1]}"
        raise damaged(path, idx.documents_at, f"documents over sequences 0 to {n}", found)
    document_offsets: NDArray[np.int64] = offsets[documents]
    return document_offsets


def _first(wrong: NDArray[np.bool_]) -> int | None:
    at = int(np.argmax(wrong)) if wrong.size else 0
    return at if wrong.size and wrong[at] else None


def write_idx(
    write: Callable[[memoryview | bytes], object],
    dtype: np.dtype[Any],
    document_lengths: Iterable[NDArray[np.int64]],
    max_sequence_tokens: int = MAX_SEQUENCE_TOKENS,
) -> None:
    """Write an index for documents that follow each other in the payload without gaps.

    Parameters
    ----------
    write
        Takes bytes or a contiguous view; a file's ``write``.
    dtype
        Type of the ids in the payload.
    document_lengths
        Lengths of the documents in tokens, as a sequence of arrays that can be gone through several
        times; memory is that of one array.
    max_sequence_tokens
        The longest sequence; a longer document is cut into several. A document of no tokens is one
        sequence of length 0.
    """
    n_sequences = n_documents = 0
    for lengths in document_lengths:
        n_documents += lengths.size
        n_sequences += int(_n_sequences(lengths, max_sequence_tokens).sum())
    write(HEADER.pack(MAGIC, VERSION, CODE_OF_DTYPE[dtype], n_sequences, n_documents + 1))
    for sequences in _sequence_lengths(document_lengths, max_sequence_tokens):
        write(sequences.astype("<i4").data)
    place = 0
    for sequences in _sequence_lengths(document_lengths, max_sequence_tokens):
        ends = place + np.cumsum(sequences) * dtype.itemsize
        write((ends - sequences * dtype.itemsize).astype("<i8").data)
        place = int(ends[-1])
    write(struct.pack("<q", 0))
    sequence = 0
    for lengths in document_lengths:
        firsts = sequence + np.cumsum(_n_sequences(lengths, max_sequence_tokens))
        write(firsts.astype("<i8").data)
        sequence = int(firsts[-1])


def _n_sequences(lengths: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.maximum(-(-lengths // longest), 1)
    return counts


def _sequence_lengths(
    document_lengths: Iterable[NDArray[np.int64]], longest: int
) -> Iterator[NDArray[np.int64]]:
    for lengths in document_lengths:
        counts = _n_sequences(lengths, longest)
        sequences = np.full(int(counts.sum()), longest, np.int64)
        sequences[np.cumsum(counts) - 1] = lengths - (counts - 1) * longest
        yield sequences
