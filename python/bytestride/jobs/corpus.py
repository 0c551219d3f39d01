"""A corpus to a store of tokens: the whole job, as one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride import _core
from bytestride.jobs.job import CorpusResult, InputNames, opened_job
from bytestride.jobs.plan import WORK_FOLDER
from bytestride.jobs.run import (
    cache_bytes_within,
    chunk_bytes_within,
    recycled_bytes_within,
    run_parts,
)
from bytestride.jobs.settings import DEFAULT_SHARD_TOKENS
from bytestride.jobs.workers import MOST_WORKERS

if TYPE_CHECKING:
    from bytestride.corpus.bad_documents import OnBad
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.jobs.progress import OnProgress
    from bytestride.tokenizer import Tokenizer


def tokenize_corpus(
    inputs: InputNames | Inputs,
    output: str | os.PathLike[str],
    *,
    tokenizer: Tokenizer,
    reading: Reading | None = None,
    append_eos: str | None = None,
    dtype: str | None = None,
    shard_tokens: int = DEFAULT_SHARD_TOKENS,
    seed: int | None = None,
    emit: Sequence[str] = (),
    num_workers: int | None = None,
    memory_bytes: int | None = None,
    on_bad: OnBad = "skip",
    resume: bool = True,
    overwrite: bool = False,
    verify: bool = False,
    shard_id: int | None = None,
    num_shards: int | None = None,
    progress: OnProgress | None = None,
) -> CorpusResult:
    """Encode files, folders or buckets of documents into a token store.

    The job may be killed at any moment and called again: it goes on where it was, a shard at a
    time. What the store holds depends on the inputs and on `reading`, `append_eos`, `dtype`,
    `shard_tokens` and `seed`, and on nothing else. Memory does not grow with the inputs.

    Parameters
    ----------
    inputs
        What `find_inputs` takes: files, folders, globs, URLs; or what it gave.
    output
        The store's folder.
    tokenizer
        What encodes.
    reading
        How documents are found in the files; by default by what the files' names end in, a text
        file being one document.
    append_eos
        A special token to end every document with, such as ``<|endoftext|>``.
    dtype
        Type to store ids in; by default the narrower that holds the vocabulary.
    shard_tokens
        A shard ends with the first document that brings it to this many tokens.
    seed
        Shuffle the documents: shards take pieces of the inputs in an order of chance, and each
        shard's documents are shuffled when it is whole.
    emit
        Other trainers' layouts to write beside the shards, as for `TokenStoreWriter`.
    num_workers
        Threads that parse and encode, 1,024 at most; all cores by default. One thread reads for
        about every eight.
    memory_bytes
        What chunks of text, ids and the caches of words may take together, beside the vocabulary;
        about 30 MB for each worker by default, and the caches' budget. It holds for texts of any
        size; a line of JSON or a row is held whole, up to `Reading.max_document_bytes`. While the
        job runs, a quarter of it is the process's cache budget, unless that is less.
    on_bad
        Whether a bad document is left out, counted and kept as a sample in ``rejects.jsonl``
        ("skip"), or ends the job ("stop").
    resume
        Whether to go on with an unfinished job in the folder; if not, it is thrown away.
    overwrite
        Whether to replace a finished store of other inputs or settings.
    verify
        Read everything again at the end, compare, and record SHA-256 hashes.
    shard_id, num_shards
        Do only every `num_shards`-th part of the plan, from `shard_id` on: for several machines
        that see the same files and the same output. Whoever ends last finishes the store.
    progress
        Called a few times a second with a `Progress`.

    Returns
    -------
    CorpusResult
        What is there now.

    Raises
    ------
    FileNotFoundError
        There are no such inputs.
    FileExistsError
        A finished store of other inputs or settings is there, and `overwrite` is false.
    ChangedJobError
        An unfinished job of other inputs or settings is there.
    BlockingIOError
        Another process is at work in the folder.
    BadDocumentError
        With `on_bad` "stop".
    ValueError, OSError
        An argument is out of range; a file cannot be read, or the disk refuses.
    """
    part_of = _part_of(shard_id, num_shards)
    if part_of is not None and not resume:
        raise ValueError(
            "resume=False (--no-resume) would throw away what the other machines do; begin again "
            f"by removing {Path(output) / WORK_FOLDER}"
        )
    n_workers = _core.usable_cores() if num_workers is None else num_workers
    if n_workers < 1:
        raise ValueError(f"num_workers must be at least 1, found {n_workers}")
    n_workers = min(n_workers, MOST_WORKERS)
    chunk_bytes = chunk_bytes_within(memory_bytes, n_workers)
    with opened_job(
        inputs,
        output,
        tokenizer,
        reading=reading,
        append_eos=append_eos,
        dtype=dtype,
        shard_tokens=shard_tokens,
        seed=seed,
        emit=emit,
        resume=resume,
        overwrite=overwrite,
        verify=verify,
        alone=part_of is None,
    ) as job:
        parts = job.parts_to_do()
        if part_of is not None:
            parts = [part for part in parts if part % part_of[1] == part_of[0]]
        with _kept_within(memory_bytes):
            if job.plan.parts:
                run_parts(
                    job.plan,
                    parts,
                    tokenizer,
                    n_workers=n_workers,
                    chunk_bytes=chunk_bytes,
                    on_bad=on_bad,
                    on_progress=progress,
                )
        return job.finish()


@contextmanager
def _kept_within(memory_bytes: int | None) -> Iterator[None]:
    """Let what is kept between chunks have its share of the memory, for a while."""
    caches, recycled = _core.cache_budget(), _core.recycled_budget()
    if memory_bytes is not None:
        _core.set_cache_budget(min(cache_bytes_within(memory_bytes), caches))
        _core.set_recycled_budget(min(recycled_bytes_within(memory_bytes), recycled))
    try:
        yield
    finally:
        _core.set_cache_budget(caches)
        _core.set_recycled_budget(recycled)


def _part_of(shard_id: int | None, num_shards: int | None) -> tuple[int, int] | None:
    if (shard_id is None) != (num_shards is None):
        raise ValueError("shard_id and num_shards go together; give both or neither")
    if shard_id is None or num_shards is None:
        return None
    if not 0 <= shard_id < num_shards:
        raise ValueError(
            f"shard_id must be from 0 to num_shards - 1, found {shard_id} of {num_shards}"
        )
    return shard_id, num_shards
