"""What a model is given of a window: inputs, targets, and what says which of them belong together.

A row is a list of places, one for each of its tokens. A window makes one; `packing` joins several.
Laid out it has ``max_length + 1`` places, behind its tokens padding. Inputs are all places but the
last, targets all but the first: so the last token of a short row is an input too, from which
nothing is predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bytestride.reference.sliding import Tail, window_spans


class Place(NamedTuple):
    """A token of a row.

    `position` counts from the beginning of the row or, if that is later, of the document or of the
    piece that was packed. `scored` says whether the token counts as a target; that of the first
    place of a window is never true, since no input comes before it.
    """

    token: int
    document: int
    position: int
    scored: bool


Row = list[Place]


def window_rows(
    tokens: Sequence[int],
    offsets: Sequence[int],
    max_length: int,
    stride: int | None = None,
    *,
    per_document: bool = False,
    tail: Tail = "drop",
    mask_overlap: bool = False,
    mask_boundaries: bool = False,
    bos_id: int | None = None,
    eos_id: int | None = None,
) -> list[Row]:
    """Cut the rows of all windows; `offsets` and the rules are those of `window_spans`.

    `mask_boundaries`: tokens that begin a document do not count as targets. Nothing crosses from
    one document into the next with `per_document`, so that it changes nothing there.
    """
    spans = window_spans(
        offsets,
        max_length,
        stride,
        per_document=per_document,
        tail=tail,
        mask_overlap=mask_overlap,
        has_bos=bos_id is not None,
        has_eos=eos_id is not None,
    )
    # Of the documents that begin at the same token, all but the last are empty.
    document_of = [0] * len(tokens)
    for document in range(len(offsets) - 1):
        for position in range(offsets[document], offsets[document + 1]):
            document_of[position] = document
    rows = []
    for span, document in spans:
        row: Row = []
        for k in range(span.n_tokens):
            position = span.start + k
            scored = k >= 1 and k - 1 >= span.first_target
            if per_document:
                if position < offsets[document]:
                    assert bos_id is not None
                    token = bos_id
                elif position == offsets[document + 1]:
                    assert eos_id is not None
                    token = eos_id
                else:
                    token = tokens[position]
                row.append(Place(token, document, k, scored))
                continue
            begin = offsets[document_of[position]]
            if mask_boundaries and position == begin:
                scored = False
            since = position - max(span.start, begin)
            row.append(Place(tokens[position], document_of[position], since, scored))
        rows.append(row)
    return rows


def inputs(row: Row, max_length: int, pad_id: int = 0) -> list[int]:
    """List the inputs of a row, [max_length]: its tokens but one in the last place; padding."""
    ids = [place.token for place in row[:max_length]]
    return ids + [pad_id] * (max_length - len(ids))


def targets(row: Row, max_length: int, ignore_index: int = -100) -> list[int]:
    """Targets of a row, [max_length]: what follows each input where it counts."""
    ids = [place.token if place.scored else ignore_index for place in row[1:]]
    return ids + [ignore_index] * (max_length - len(ids))


def loss_mask(row: Row, max_length: int) -> list[bool]:
    """Which targets count, [max_length]."""
    scored = [place.scored for place in row[1:]]
    return scored + [False] * (max_length - len(scored))


def tokens_and_padding(row: Row, max_length: int, pad_id: int = 0) -> list[int]:
    """All tokens of a row in one piece, [max_length + 1]."""
    ids = [place.token for place in row]
    return ids + [pad_id] * (max_length + 1 - len(ids))


def position_ids(row: Row, max_length: int) -> list[int]:
    """Positions of the inputs, [max_length]; padding counts from 0 too."""
    positions = [place.position for place in row[:max_length]]
    return positions + list(range(max_length - len(positions)))


def document_ids(row: Row, max_length: int) -> list[int]:
    """Documents of the inputs, [max_length]; -1 for padding."""
    documents = [place.document for place in row[:max_length]]
    return documents + [-1] * (max_length - len(documents))


def cu_seqlens(rows: Sequence[Row], max_length: int) -> tuple[list[int], int]:
    """Cut the inputs of rows, laid end to end, where attention must not cross.

    Gives the first index of each sequence and, last, the number of all inputs; and the length of
    the longest sequence. A sequence begins with each row, each document or packed piece in it, and
    its padding. These are the arguments of flash attention's variable-length kernels
    (``cu_seqlens_q``, ``max_seqlen_q``).
    """
    cuts = []
    for number, row in enumerate(rows):
        for i, position in enumerate(position_ids(row, max_length)):
            if position == 0:
                cuts.append(number * max_length + i)
    cuts.append(len(rows) * max_length)
    longest = max((end - begin for begin, end in pairwise(cuts)), default=0)
    return cuts, longest
