"""How far a job is: counted as its parts write, asked for by whoever shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bytestride.jobs.part_writer import EncodedChunk


@dataclass(frozen=True)
class Progress:
    """What is done.

    Attributes
    ----------
    n_file_bytes, total_file_bytes
        How much of the files was read, as stored, of about how much; what was done before counts on
        neither side. The total is None where it is not known (standard input).
    n_text_bytes, n_tokens, n_documents, n_rejects
        What came of it, in this run.
    n_parts, total_parts
        Parts that this run has done, of how many that it does.
    seconds
        Since this run began.
    """

    n_file_bytes: int
    total_file_bytes: int | None
    n_text_bytes: int
    n_tokens: int
    n_documents: int
    n_rejects: int
    n_parts: int
    total_parts: int
    seconds: float


OnProgress = Callable[[Progress], None]


class Tally:
    """Counts what several threads do.

    Parameters
    ----------
    total_file_bytes
        Bytes of all inputs, None if unknown.
    total_parts, n_to_do
        How many parts there are, and how many of them this run does.
    """

    def __init__(self, total_file_bytes: int | None, total_parts: int, n_to_do: int) -> None:
        share = n_to_do / max(total_parts, 1)  # parts are about equal
        self._total_file_bytes = None if total_file_bytes is None else int(total_file_bytes * share)
        self._total_parts = n_to_do
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._n_file_bytes = self._n_text_bytes = self._n_tokens = 0
        self._n_documents = self._n_rejects = 0
        self._n_parts = 0

    def add_chunk(self, chunk: EncodedChunk) -> None:
        """Count a chunk that was written."""
        texts = chunk.texts
        with self._lock:
            self._n_file_bytes += chunk.n_file_bytes
            self._n_text_bytes += texts.n_text_bytes
            self._n_tokens += len(chunk.tokens)
            self._n_documents += texts.n_documents - (texts.goes_on and not texts.last_is_bad)
            self._n_rejects += len(texts.rejects)

    def add(self, other: Progress) -> None:
        """Count what somebody else counted."""
        with self._lock:
            self._n_file_bytes += other.n_file_bytes
            self._n_text_bytes += other.n_text_bytes
            self._n_tokens += other.n_tokens
            self._n_documents += other.n_documents
            self._n_rejects += other.n_rejects
            self._n_parts += other.n_parts

    def add_part(self) -> None:
        """Count a part that is done."""
        with self._lock:
            self._n_parts += 1

    def now(self) -> Progress:
        """Say how far it is."""
        with self._lock:
            return Progress(
                self._n_file_bytes,
                self._total_file_bytes,
                self._n_text_bytes,
                self._n_tokens,
                self._n_documents,
                self._n_rejects,
                self._n_parts,
                self._total_parts,
                time.monotonic() - self._start,
            )
