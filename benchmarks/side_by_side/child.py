"""One measurement in its own process: `python -m side_by_side.child JOB`, JOB being JSON.

The result goes to the job's file `out`, one JSON object a line, so that whatever an encoder prints
is in nobody's way. The process keeps to as many cores as the job has threads.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Job = dict[str, Any]
Answers = Iterator[dict[str, Any]]


def pin(n_threads: int) -> None:
    """Keep to the last cores: the first one serves most interrupts. To be called before imports."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-n_threads:])


def timed(call: Callable[[Any], Any], data: Any) -> tuple[float, float, Any]:
    """Seconds on the clock, seconds of all cores together, and the result."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    result = call(data)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, result


def digest_of(ids: Any, offsets: Any) -> str:
    """Digest of ids and document borders; documents without ids leave no trace in it."""
    import numpy as np

    digest = hashlib.blake2b(digest_size=16)
    digest.update(np.ascontiguousarray(ids, dtype="<u4").data)
    digest.update(np.unique(np.asarray(offsets).astype("<i8")).data)
    return digest.hexdigest()


def corpus(job: Job) -> Answers:
    """A corpus: the first call of the process, then the same call again."""
    contender, way, data = ready(job)
    call = getattr(contender, way.method)
    gc.collect()
    seconds, cpu, result = timed(call, data)
    ids, offsets = contender.arrays(way.output, result)
    digest = digest_of(ids, offsets)
    answer = {
        "cold_seconds": seconds,
        "cold_cpu_seconds": cpu,
        "tokens": len(ids),
        "returns": f"{ids.dtype}" if way.output == "array" else "lists",
    }
    warm = []
    for _ in range(job["warm_runs"]):
        del ids, offsets, result
        gc.collect()
        seconds, _, result = timed(call, data)
        warm.append(seconds)
        ids, offsets = contender.arrays(way.output, result)
    if warm:
        answer["warm_seconds"] = statistics.median(warm)
        if digest_of(ids, offsets) != digest:
            digest = "another in a second call"
    yield answer | {"digest": digest}


def memory(job: Job) -> Answers:
    """Peak of resident memory in the first call, above what stood before it and its output.

    Before it stand the loaded vocabulary and the input. The peak is the system's own (VmHWM),
    reset before the call; pages that the allocator held free are given back first.
    """
    contender, way, data = ready(job)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    result = getattr(contender, way.method)(data)
    peak = resident("VmHWM")
    ids, offsets = contender.arrays(way.output, result)
    output = ids.nbytes + offsets.nbytes
    yield {
        "above_bytes": peak - before - output,
        "before_bytes": before,
        "output_bytes": output,
        "digest": digest_of(ids, offsets),
    }


def load(job: Job) -> Answers:
    """File to ready: load, and encode one short string, for some leave work to the first call."""
    from side_by_side.contenders import CONTENDERS

    contender = CONTENDERS[job["contender"]](job["vocab"], job["threads"])
    start = time.perf_counter()
    contender.load()
    loaded = time.perf_counter()
    ids = contender.calls[job["way"]]("Hello, world!")
    end = time.perf_counter()
    yield {
        "load_seconds": loaded - start,
        "first_call_seconds": end - loaded,
        "ready_seconds": end - start,
        "digest": digest_of(ids, [0]),
    }


def calls(job: Job) -> Answers:
    """Single calls on different strings: each for the first time, then all of them again.

    A twentieth of the strings goes first, untimed. The rest goes in batches; what counts is the
    middle batch.
    """
    from side_by_side.texts import short_strings

    contender = loaded(job)
    call = contender.calls[job["way"]]
    for n_bytes, count in job["sizes"]:
        strings = short_strings(Path(job["file"]), n_bytes, count)
        first, rest = strings[::20], [s for i, s in enumerate(strings) if i % 20]
        for text in first:
            call(text)
        microseconds = []
        for _ in ("unseen", "repeated"):
            batches = []
            for start in range(0, len(rest), len(rest) // 19):
                batch = rest[start : start + len(rest) // 19]
                began = time.perf_counter()
                for text in batch:
                    call(text)
                batches.append((time.perf_counter() - began) / len(batch) * 1e6)
            microseconds.append(statistics.median(batches))
        ids = [call(text) for text in strings]
        yield {
            "text": f"{n_bytes} B",
            "unseen_us": microseconds[0],
            "repeated_us": microseconds[1],
            "digest": digest_of([i for one in ids for i in one], [0]),
        }


def worst(job: Job) -> Answers:
    """One call on each of the worst cases, after a call on ordinary text."""
    from side_by_side.texts import documents, worst_cases

    contender = loaded(job)
    call = contender.calls[job["way"]]
    call(documents(Path(job["file"]))[0][:100_000].decode("utf-8", "ignore"))
    texts = worst_cases()
    for name in job["texts"]:
        gc.collect()
        seconds, _, ids = timed(call, texts[name])
        yield {"text": name, "seconds": seconds, "digest": digest_of(ids, [0])}


def dump(job: Job) -> Answers:
    """Write the ids and offsets to a file, for the search for the first difference."""
    import numpy as np

    contender, way, data = ready(job)
    ids, offsets = contender.arrays(way.output, getattr(contender, way.method)(data))
    np.savez(job["arrays"], ids=ids, offsets=np.asarray(offsets).astype(np.int64))
    yield {}


def resident(field: str) -> int:
    """A field of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/self/status")


def loaded(job: Job) -> Any:
    """The contender of the job, with its vocabulary."""
    from side_by_side.contenders import CONTENDERS

    contender = CONTENDERS[job["contender"]](job["vocab"], job["threads"])
    contender.load()
    return contender


def ready(job: Job) -> tuple[Any, Any, Any]:
    """The contender of the job, its way, and the input for it."""
    from side_by_side.texts import as_input

    contender = loaded(job)
    way = contender.ways[job["way"]]
    return contender, way, contender.prepare(way.form, as_input(way.form, Path(job["file"])))


KINDS = {
    "corpus": corpus,
    "memory": memory,
    "load": load,
    "calls": calls,
    "worst": worst,
    "dump": dump,
}


def main() -> None:
    """Do the job."""
    job: Job = json.loads(sys.argv[1])
    pin(job["threads"])
    with Path(job["out"]).open("w") as out:
        for answer in KINDS[job["kind"]](job):
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
