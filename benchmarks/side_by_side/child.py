"""One measurement in its own process: `python -m side_by_side.child JOB`, JOB being JSON.

The result goes to the job's file `out`, one JSON object a line, so that whatever an encoder prints
is in nobody's way. The process keeps to as many cores as the job has threads.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Job = dict[str, Any]


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


def corpus(job: Job) -> dict[str, Any]:
    """A corpus: the first call of the process, then the same call again."""
    from side_by_side.texts import as_input

    contender, way = loaded(job)
    data = contender.prepare(way.form, as_input(way.form, Path(job["file"])))
    call = getattr(contender, way.method)
    gc.collect()
    seconds, cpu, result = timed(call, data)
    ids, offsets = contender.arrays(way.output, result)
    answer = {
        "cold_seconds": seconds,
        "cold_cpu_seconds": cpu,
        "digest": digest_of(ids, offsets),
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
        answer["warm_seconds"] = min(warm)
        if digest_of(ids, offsets) != answer["digest"]:
            answer["digest"] = "another in the second call"
    return answer


def dump(job: Job) -> dict[str, Any]:
    """Write the ids and offsets to a file, for the search for the first difference."""
    import numpy as np

    from side_by_side.texts import as_input

    contender, way = loaded(job)
    data = contender.prepare(way.form, as_input(way.form, Path(job["file"])))
    ids, offsets = contender.arrays(way.output, getattr(contender, way.method)(data))
    np.savez(job["arrays"], ids=ids, offsets=np.asarray(offsets).astype(np.int64))
    return {}


def loaded(job: Job) -> tuple[Any, Any]:
    """The contender of the job, ready, and its way."""
    from side_by_side.contenders import CONTENDERS

    contender = CONTENDERS[job["contender"]](job["vocab"], job["threads"])
    contender.load()
    return contender, contender.ways.get(job["way"])


KINDS = {"corpus": corpus, "dump": dump}


def main() -> None:
    """Do the job."""
    job: Job = json.loads(sys.argv[1])
    pin(job["threads"])
    answer = KINDS[job["kind"]](job)
    Path(job["out"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
