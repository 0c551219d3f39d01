"""Word counts in parts: what one machine counts at a time, and their sum."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride import _core
from bytestride.corpus.bad_documents import BadDocuments, OnBad
from bytestride.corpus.read_ahead import read_ahead
from bytestride.corpus.reading import read_chunks
from bytestride.jobs.deal import Part, deal
from bytestride.training.count_settings import CountSettings
from bytestride.training.counting import opened_counter
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading

PART_BYTES = 256 * 2**20
"""About how much of the files a part is: minutes of work at most, to be lost with a machine."""


@dataclass(frozen=True)
class CountPlan:
    """What is counted, how, and in which parts.

    Attributes
    ----------
    work
        Folder of the parts' counts, of this plan alone.
    inputs, reading
        The files, and how documents are found in them.
    settings
        How the documents are cut into words.
    parts
        What is counted at a time: ``count_shard(plan, i)`` counts ``parts[i]``.
    on_bad
        Whether a bad document ends the count of its part, or is left out.
    """

    work: Path
    inputs: Inputs
    reading: Reading
    settings: CountSettings
    parts: tuple[Part, ...]
    on_bad: OnBad = "stop"


def make_count_plan(
    folder: Path,
    inputs: Inputs,
    reading: Reading,
    settings: CountSettings,
    *,
    part_bytes: int = PART_BYTES,
    on_bad: OnBad = "stop",
) -> CountPlan:
    """Deal the inputs into parts; the same arguments give the same plan, and the same folder in it.

    Parameters
    ----------
    folder
        Where the folder of the parts' counts is to be.
    part_bytes
        About how many bytes of the files a part has. A text that is one document is never divided.
    on_bad
        "stop", or "skip": bad documents are left out and told of by `left_out`.

    Raises
    ------
    ValueError
        `part_bytes` is below 1; `on_bad` is neither.
    """
    BadDocuments(on_bad)
    if part_bytes < 1:
        raise ValueError(f"part_bytes must be at least 1, found {part_bytes}")
    parts = deal(inputs, reading, part_bytes)
    digest = hashlib.sha256(settings.fingerprint().encode())
    digest.update(json.dumps([part_bytes, asdict(reading), on_bad], default=repr).encode())
    for name, size, mtime in zip(
        inputs.names, inputs.sizes.tolist(), inputs.mtimes.tolist(), strict=True
    ):
        digest.update(f"{size} {mtime} {name}\0".encode("utf-8", "surrogateescape"))
    work = folder / f".count-{digest.hexdigest()[:16]}"
    return CountPlan(work, inputs, reading, settings, tuple(parts), on_bad)


def path_of(plan: CountPlan, part: int) -> Path:
    """Give the file of a part's counts."""
    return plan.work / f"part-{part:05d}.parquet"


def left_out(plan: CountPlan) -> BadDocuments:
    """Tell which documents were left out of the parts that are counted."""
    bad = BadDocuments("skip")
    for part in range(len(plan.parts)):
        with suppress(FileNotFoundError):  # of most parts none was
            bad.add_json(json.loads(_bad_path_of(plan, part).read_bytes()))
    return bad


def _bad_path_of(plan: CountPlan, part: int) -> Path:
    return path_of(plan, part).with_suffix(".bad.json")


def count_shard(
    plan: CountPlan, part: int, *, num_threads: int | None = 1, memory_bytes: int | None = None
) -> Path:
    """Count the words of one part into a Parquet file, if that is not done already.

    It may be done on any machine, several times, or by two at once.

    Parameters
    ----------
    plan
        The plan.
    part
        Number of the part, from 0.
    num_threads, memory_bytes
        As for `count_words`.

    Returns
    -------
    Path
        The file, for `WordCounts.read_parquet`. It is whole.

    Raises
    ------
    BadDocumentError
        A document cannot be read, and the plan does not leave such out.
    InputChangedError
        A file is not what it was when the plan was made.
    OSError
        A file cannot be read, or the disk refuses.
    """
    final = path_of(plan, part)
    if final.exists():
        return final
    plan.work.mkdir(parents=True, exist_ok=True)
    chunks = read_ahead(read_chunks(plan.inputs, plan.parts[part], plan.reading))
    bad = BadDocuments(plan.on_bad)
    try:
        with opened_counter(plan.settings, False, memory_bytes, None) as (counter, _):
            for chunk in chunks:
                texts = chunk.texts()
                for reject in texts.rejects:
                    bad.add(plan.inputs, reject)
                counter.add(texts.documents, texts.offsets, num_threads)
            counts = WordCounts.from_core(counter.finish(), plan.settings)
    finally:
        chunks.close()
    attempt = final.with_name(f"{final.name}.{os.urandom(8).hex()}")
    try:
        if bad.summary is not None:  # before the counts, which say that the part is done
            attempt.write_text(json.dumps(bad.to_json()))
            attempt.replace(_bad_path_of(plan, part))
        counts.write_parquet(attempt)
        attempt.replace(final)
    finally:
        attempt.unlink(missing_ok=True)
    return final


def sum_of_counts(paths: Iterable[Path], settings: CountSettings) -> WordCounts:
    """Add up the counts of parts; one of them is in memory at a time, beside the sum."""
    table = _core.WordCounts(firsts=False)
    for path in paths:
        counts = WordCounts.read_parquet(path)
        counts.check_settings(settings)
        table.add_all(counts.table)
    return WordCounts.from_core(table, settings)
