"""Windows to test with: the same rows made by the reference and by the engine, as plain lists."""

from typing import NamedTuple

import numpy as np

from bytestride import Ragged, Windows, reference


class Rows(NamedTuple):
    """What is given of some windows, [n_windows] of each."""

    x: list
    y: list
    loss_mask: list
    position_ids: list
    document_ids: list
    rows: list
    cu_seqlens: list
    max_seqlen: int


def of_reference(rows, max_length, *, pad_id=0, ignore_index=-100):
    """Everything that the reference gives of some of its rows."""
    cuts, longest = reference.cu_seqlens(rows, max_length)
    return Rows(
        [reference.inputs(row, max_length, pad_id) for row in rows],
        [reference.targets(row, max_length, ignore_index) for row in rows],
        [reference.loss_mask(row, max_length) for row in rows],
        [reference.position_ids(row, max_length) for row in rows],
        [reference.document_ids(row, max_length) for row in rows],
        [reference.tokens_and_padding(row, max_length, pad_id) for row in rows],
        cuts,
        longest,
    )


def of_engine(windows, indices=None):
    """Everything that windows, packed ones or a mixture give, of all of them or of some."""
    indices = np.arange(len(windows)) if indices is None else indices
    x, y = windows.batch(indices)
    cuts, longest = windows.cu_seqlens(indices)
    return Rows(
        x.tolist(),
        y.tolist(),
        windows.loss_mask(indices).tolist(),
        windows.position_ids(indices).tolist(),
        windows.document_ids(indices).tolist(),
        windows.rows(indices).tolist(),
        cuts.tolist(),
        longest,
    )


def by_reference(documents, max_length, stride=None, *, pad_id=0, ignore_index=-100, **rule):
    """Cut documents, lists of ids, by the reference."""
    offsets = [0]
    for document in documents:
        offsets.append(offsets[-1] + len(document))
    tokens = [token for document in documents for token in document]
    rows = reference.window_rows(tokens, offsets, max_length, stride, **rule)
    return of_reference(rows, max_length, pad_id=pad_id, ignore_index=ignore_index)


def by_engine(documents, max_length, stride=None, **options):
    """Cut documents, lists of ids, by the engine."""
    return of_engine(Windows(ragged(documents), max_length, stride, **options))


def ragged(documents, dtype=np.uint16):
    """Documents in memory, as encoding many texts gives them."""
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    tokens = np.array([token for document in documents for token in document], dtype)
    return Ragged(tokens, offsets)
