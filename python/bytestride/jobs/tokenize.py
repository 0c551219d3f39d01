"""One part of a job: its documents to shards. A pure function of the plan and the part's number."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bytestride.corpus.bad_documents import BadDocumentError, OnBad
from bytestride.corpus.chunks import CHUNK_BYTES, Chunk
from bytestride.corpus.read_ahead import read_ahead
from bytestride.corpus.reading import read_chunks
from bytestride.jobs.part_writer import EncodedChunk, PartWriter
from bytestride.jobs.rows import Row, is_done, read_rows
from bytestride.jobs.workers import Workers

if TYPE_CHECKING:
    from bytestride.corpus.chunks import Range
    from bytestride.jobs.plan import Plan
    from bytestride.jobs.settings import Settings
    from bytestride.tokenizer import Tokenizer

OnChunk = Callable[[EncodedChunk], None]
"""Told of each chunk when its ids are written, from the thread that writes them."""


def tokenize_shard(
    plan: Plan,
    part: int,
    tokenizer: Tokenizer,
    *,
    workers: Workers | int = 1,
    chunk_bytes: int = CHUNK_BYTES,
    on_bad: OnBad = "skip",
    on_chunk: OnChunk | None = None,
) -> list[Row]:
    """Do one part of a plan, or what is left of it.

    One thread reads and decompresses, `workers` parse and encode, the caller's writes. What the
    shards hold depends on the plan alone: it may be done on any machine, several times, or by two
    at once.

    Parameters
    ----------
    plan
        The plan.
    part
        Number of the part, from 0.
    tokenizer
        The plan's.
    workers
        Threads that encode: a pool, which other parts may use at the same time, or how many.
    chunk_bytes
        About how much text a worker has at a time; less takes less memory.
    on_bad
        Whether a bad document is left out, or ends the work.
    on_chunk
        For progress.

    Returns
    -------
    list of Row
        A row for each shard of the part: those that were there, and the new ones. They and the
        shards are on the disk.

    Raises
    ------
    BadDocumentError
        There is a bad document, and that was to end the work.
    InputChangedError
        A file is not what it was when the plan was made.
    OSError
        A file cannot be read, or the disk refuses. What is whole stays: the next call goes on.
    """
    rows = read_rows(plan.work, part)
    if is_done(rows):
        return rows
    if isinstance(workers, int):
        with Workers(workers) as pool:
            return tokenize_shard(
                plan,
                part,
                tokenizer,
                workers=pool,
                chunk_bytes=chunk_bytes,
                on_bad=on_bad,
                on_chunk=on_chunk,
            )
    attempt = plan.work / f"attempt-{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
    attempt.mkdir()  # where somebody removed the job's folder there is no job to go on with
    writer = PartWriter(plan.work, attempt, plan.settings, part, rows, workers.check)
    chunks = read_ahead(
        read_chunks(
            plan.inputs,
            _what_is_left(plan, part, rows),
            plan.settings.reading,
            chunk_bytes=chunk_bytes,
        ),
        check=workers.check,
    )
    encode = _encoder(tokenizer, plan.settings)
    try:
        for chunk in workers.map_in_order(encode, chunks):
            if on_bad == "stop" and chunk.texts.rejects:
                raise BadDocumentError(plan.inputs, chunk.texts.rejects[0])
            writer.add(chunk)
            if on_chunk is not None:
                on_chunk(chunk)
        writer.finish()
    finally:
        chunks.close()
        writer.discard()
        shutil.rmtree(attempt, ignore_errors=True)
    return writer.rows


def _what_is_left(plan: Plan, part: int, rows: list[Row]) -> list[Range]:
    """Give the part's ranges from where its last shard ended."""
    ranges = list(plan.parts[part])
    at = rows[-1].next if rows else None
    if at is None:
        return ranges
    # The document at that place may begin behind the end of the range it is read in.
    while len(ranges) > 1 and not ranges[0].begin <= at < ranges[0].end:
        ranges.pop(0)
    return [ranges[0]._replace(begin=at), *ranges[1:]]


def _encoder(tokenizer: Tokenizer, settings: Settings) -> Callable[[Chunk], EncodedChunk]:
    dtype = np.dtype(f"u{np.dtype(settings.dtype).itemsize}")  # ids are below 2**31

    def encode(chunk: Chunk) -> EncodedChunk:
        texts = chunk.texts()
        tokens, offsets = tokenizer._encode_flat(
            texts.documents,
            texts.offsets,
            1,
            dtype,
            end_id=settings.end_id,
            last_goes_on=texts.goes_on and not texts.last_is_bad,
            recycled=True,
        )
        return EncodedChunk(texts, tokens, offsets, chunk.end, chunk.n_file_bytes)

    return encode
