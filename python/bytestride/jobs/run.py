"""A job on one machine: its parts, a few at a time, over one pool of workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from bytestride.corpus.bad_documents import OnBad
from bytestride.corpus.chunks import CHUNK_BYTES
from bytestride.jobs.progress import OnProgress, Tally
from bytestride.jobs.tokenize import tokenize_shard
from bytestride.jobs.workers import Stopped, Workers

if TYPE_CHECKING:
    from bytestride.jobs.plan import Plan
    from bytestride.jobs.rows import Row
    from bytestride.tokenizer import Tokenizer

_SECONDS_BETWEEN_PROGRESS = 0.2

# One reader feeds about this many workers; one part more is read while another is sealed.
_WORKERS_PER_READER = 8

# What a chunk takes in all its forms: the text, its parsed copy, ids and their copy on the way out.
_BYTES_PER_CHUNK_BYTE = 5
_LEAST_CHUNK_BYTES = 64 * 1024

_SHARE_OF_CACHES = 0.25
_SHARE_OF_RECYCLED = 0.0625  # what waits for the next chunk, in other sizes than it takes
_SHARE_OF_CHUNKS = 1 - _SHARE_OF_CACHES - _SHARE_OF_RECYCLED


def n_parts_at_once(n_workers: int) -> int:
    """Say how many parts are done at the same time, so that no worker waits for a reader."""
    return 1 + math.ceil(n_workers / _WORKERS_PER_READER)


def cache_bytes_within(memory_bytes: int) -> int:
    """Say how much of the memory the caches of words may take."""
    return int(memory_bytes * _SHARE_OF_CACHES)


def recycled_bytes_within(memory_bytes: int) -> int:
    """Say how much of the memory may be kept for chunks to come."""
    return int(memory_bytes * _SHARE_OF_RECYCLED)


def chunk_bytes_within(memory_bytes: int | None, n_workers: int) -> int:
    """Give the largest chunk, `CHUNK_BYTES` at most, with which all that are held at once fit.

    Raises
    ------
    ValueError
        So many workers need more.
    """
    if memory_bytes is None:
        return CHUNK_BYTES
    n_held = n_parts_at_once(n_workers) * 4 + 3 * n_workers
    fitting = int(memory_bytes * _SHARE_OF_CHUNKS) // (n_held * _BYTES_PER_CHUNK_BYTE)
    if fitting < _LEAST_CHUNK_BYTES:
        least = math.ceil(n_held * _BYTES_PER_CHUNK_BYTE * _LEAST_CHUNK_BYTES / _SHARE_OF_CHUNKS)
        raise ValueError(
            f"{memory_bytes:,} bytes are too few for {n_workers} workers: they need {least:,}; "
            "give more, or fewer workers"
        )
    return min(fitting, CHUNK_BYTES)


def tally_for(plan: Plan, n_to_do: int) -> Tally:
    """Make what counts the work on so many parts of a plan."""
    sizes = plan.inputs.sizes
    total = int(sizes.sum()) if (sizes >= 0).all() else None
    return Tally(total, len(plan.parts), n_to_do)


def run_parts(
    plan: Plan,
    parts: Sequence[int],
    tokenizer: Tokenizer,
    *,
    n_workers: int,
    chunk_bytes: int = CHUNK_BYTES,
    on_bad: OnBad = "skip",
    on_progress: OnProgress | None = None,
) -> None:
    """Do these parts of a plan; what fails, or a signal, ends all of them.

    Parameters
    ----------
    plan, tokenizer, chunk_bytes, on_bad
        As for `tokenize_shard`.
    parts
        Numbers of the parts.
    n_workers
        Threads that parse and encode.
    on_progress
        Called a few times a second, in the caller's thread.
    """
    tally = tally_for(plan, len(parts))

    def do(part: int) -> list[Row]:
        return tokenize_shard(
            plan,
            part,
            tokenizer,
            workers=workers,
            chunk_bytes=chunk_bytes,
            on_bad=on_bad,
            on_chunk=tally.add_chunk,
        )

    with Workers(n_workers) as workers, ThreadPoolExecutor(n_parts_at_once(n_workers)) as threads:
        waiting: set[Future[list[Row]]] = set()
        try:
            waiting.update(threads.submit(do, part) for part in parts)
            while waiting:
                done, waiting = wait(waiting, _SECONDS_BETWEEN_PROGRESS, FIRST_COMPLETED)
                for future in done:
                    future.result()
                    tally.add_part()
                if on_progress is not None:
                    on_progress(tally.now())
        except BaseException as error:
            workers.stop()
            threads.shutdown(wait=True, cancel_futures=True)
            raise _cause(error, waiting) from None


def _cause(error: BaseException, others: set[Future[list[Row]]]) -> BaseException:
    """Give what went wrong first, not what was stopped by it."""
    if isinstance(error, Stopped):
        for future in others:
            if future.done() and not future.cancelled():
                other = future.exception()
                if other is not None and not isinstance(other, Stopped):
                    return other
    return error
