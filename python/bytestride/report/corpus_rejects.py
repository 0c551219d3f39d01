"""Documents that were left out of a store: how many, why, and some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bytestride.report.corpus_lines import is_count, read_lines
from bytestride.report.corpus_text import plain

REJECTS_NAME = "rejects.jsonl"

_MOST_REASONS = 32
_OTHER = "other reasons"


@dataclass(frozen=True)
class RejectSample:
    """A document that was left out.

    Attributes
    ----------
    file, offset
        Where it begins: the byte of the file's text, after decompression; of a table, the row.
    reason, detail
        Why, and what is wrong in words.
    sample
        Its first bytes, made visible.
    """

    file: str
    offset: int
    reason: str
    detail: str
    sample: str


@dataclass(frozen=True)
class Rejects:
    """What was left out.

    Attributes
    ----------
    n_rejects
        How many documents; None where the store does not say.
    share
        Of all documents that were read; None where that is not known, or none was read.
    by_reason
        How many for each reason, the most frequent first; empty where the store does not say.
    samples
        Some of each reason, in the order of the file.
    n_kept
        How many the store keeps in ``rejects.jsonl``; None without the file.
    """

    n_rejects: int | None
    share: float | None
    by_reason: dict[str, int]
    samples: tuple[RejectSample, ...]
    n_kept: int | None


def read_rejects(
    path: Path | None,
    recorded: object,
    n_of_sources: int | None,
    n_documents: int,
    n_each: int = 5,
) -> Rejects:
    """Put together what is known of rejects.

    Parameters
    ----------
    path
        ``rejects.jsonl``, if it is there. It is read line by line; memory does not grow with it.
    recorded
        What the manifest has under "rejects": ``{reason: count}``, or anything.
    n_of_sources
        How many rejects the sources have together, if that is known: for a manifest without.
    n_documents
        How many documents are in the store.
    n_each
        How many samples of each reason to give.

    Raises
    ------
    FormatError
        If a line of the file is not ``{"file", "offset", "reason", "detail", "sample"}``.
    """
    by_reason = _recorded(recorded)
    n_rejects = n_of_sources if by_reason is None else sum(by_reason.values())
    samples: list[RejectSample] = []
    n_kept: int | None = None
    taken: Counter[str] = Counter()
    if path is not None:
        n_kept = 0
        for line in read_lines(path):
            n_kept += 1
            sample = RejectSample(
                plain(line.text("file")),
                line.count("offset"),
                plain(line.text("reason"), 80),
                plain(line.text("detail")),
                plain(line.text("sample")),
            )
            is_known = sample.reason in taken or len(taken) < _MOST_REASONS
            if is_known and taken[sample.reason] < n_each:
                taken[sample.reason] += 1
                samples.append(sample)
    n_read = None if n_rejects is None else n_documents + n_rejects
    share = n_rejects / n_read if n_rejects is not None and n_read else None
    return Rejects(n_rejects, share, by_reason or {}, tuple(samples), n_kept)


def _recorded(recorded: object) -> dict[str, int] | None:
    """Take the counts of a manifest, the largest first; None for anything else."""
    if not isinstance(recorded, Mapping):
        return None
    pairs: list[tuple[str, Any]] = list(recorded.items())
    if not all(is_count(n) for _, n in pairs):
        return None
    pairs = [(plain(reason, 80), n) for reason, n in pairs if n]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    by_reason = dict(pairs[:_MOST_REASONS])
    if len(pairs) > _MOST_REASONS:
        by_reason[_OTHER] = sum(n for _, n in pairs[_MOST_REASONS:])
    return by_reason
