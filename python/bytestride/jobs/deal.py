"""Which documents go to which part of a job: decided once, from sizes alone.

A part is what one machine does at a time, and what is done again if it fails. Its documents become
one shard, or several where it turns out to hold more tokens than a shard may. Inputs go to parts in
their order. A file that can be read from the middle is divided anywhere: the document that a place
lies in belongs to the part before (`Range`).

With a seed the inputs are cut into pieces of a few megabytes, the pieces are shuffled, and parts
take them as they come: so a shard has documents from all over the inputs. Within a shard documents
are shuffled once more, when it is whole (`shuffled.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.kinds import kind_of
from bytestride.store.partition import mixed

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

Part = tuple[Range, ...]

_PIECE_BYTES = 16 * 2**20
_MOST_PIECES = 65_536


def deal(inputs: Inputs, reading: Reading, part_bytes: int, seed: int | None = None) -> list[Part]:
    """Deal the inputs into parts of about `part_bytes` bytes of their files.

    Parameters
    ----------
    inputs, reading
        The files, and how documents are found in them.
    part_bytes
        A part ends where it has this many, or with the file that brings it there, if that cannot
        be divided.
    seed
        Shuffle pieces of the inputs before they are dealt.

    Returns
    -------
    list of tuples of Range
        The parts; together they are all inputs, once.
    """
    if seed is None:
        return [(range_,) for range_, _ in _stretches(inputs, reading, part_bytes)]
    total = int(inputs.sizes.clip(0).sum())
    piece_bytes = min(max(_PIECE_BYTES, total // _MOST_PIECES), max(part_bytes // 8, 1))
    pieces = list(_stretches(inputs, reading, piece_bytes))
    keys = mixed(np.arange(len(pieces), dtype=np.uint64) + mixed(np.array([seed], np.uint64)))
    return list(_gather((pieces[i] for i in np.argsort(keys, kind="stable")), part_bytes))


def _gather(pieces: Iterable[tuple[Range, int]], part_bytes: int) -> Iterator[Part]:
    part: list[Range] = []
    used = 0
    for range_, n_bytes in pieces:
        part.append(range_)
        used += n_bytes
        if used >= part_bytes:
            yield tuple(part)
            part, used = [], 0
    if part:
        yield tuple(part)


def _stretches(inputs: Inputs, reading: Reading, stretch_bytes: int) -> Iterator[tuple[Range, int]]:
    """Cut the row of all inputs into ranges of about this many bytes, given with each."""
    begin, used = Place(0, 0), 0
    for source, size in enumerate(inputs.sizes.clip(0).tolist()):
        done = 0
        if size > stretch_bytes - used:
            for offset, n_bytes in _cuts(inputs, source, reading, stretch_bytes, used):
                yield Range(begin, Place(source, offset)), used + n_bytes - done
                begin, used, done = Place(source, offset), 0, n_bytes
        used += size - done
        if used >= stretch_bytes:
            end = Place(source + 1, 0)
            yield Range(begin, end), used
            begin, used = end, 0
    end = Place(len(inputs.names), 0)
    if begin < end:
        yield Range(begin, end), used


def _cuts(
    inputs: Inputs, source: int, reading: Reading, stretch_bytes: int, used: int
) -> Sequence[tuple[int, int]]:
    """Say where a large file is divided: offsets, and how many of its bytes lie before each."""
    from bytestride.corpus.reading import splittable

    size = int(inputs.sizes[source])
    wanted = range(max(stretch_bytes - used, 1), size, stretch_bytes)
    if kind_of(inputs.names[source], reading.format).format in ("parquet", "arrow"):
        from bytestride.corpus.tables import row_groups

        rows, n_bytes = row_groups(inputs, source, reading)
        # The groups' sizes are those of their text; the file is dealt in proportion.
        ends = np.cumsum(n_bytes) * (size / max(int(n_bytes.sum()), 1))
        at = np.unique(np.searchsorted(ends, np.array(wanted, float), "left"))
        at = at[at < len(rows) - 2]
        return [(int(rows[i + 1]), int(ends[i])) for i in at]
    if not splittable(inputs, source, reading):
        return []
    return [(offset, offset) for offset in wanted]
