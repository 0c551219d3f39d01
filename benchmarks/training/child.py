"""One training in its own process: `python -m training.child JOB`, JOB being JSON.

The answer goes to the job's file `out`, and what was learned to `learned`, a token a line in
hexadecimal. The process keeps to as many cores as the job has threads.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import sys
import time
from pathlib import Path

from side_by_side.child import Job, pin, resident, timed


def train(job: Job) -> dict[str, float | int | str]:
    """Train; times, memory, and a digest of what was learned."""
    from training.contenders import TRAINERS, Task

    trainer = TRAINERS[job["contender"]]()
    task = Task(
        file=Path(job["file"]),
        unit=job["unit"],
        pattern=job["pattern"],
        regex=job["regex"],
        vocab_size=job["vocab_size"],
        n_threads=job["threads"],
        preset=job["preset"],
    )
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before, anonymous = resident("VmRSS"), resident("RssAnon")
    # The clock of the whole system: the parent looks at the process between these.
    begin = time.monotonic()
    seconds, cpu, result = timed(trainer.train, task)
    end = time.monotonic()
    peak = resident("VmHWM")
    learned = trainer.learned(result)
    lines = "\n".join(token.hex() for token in learned)
    Path(job["learned"]).write_text(lines)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "before_bytes": before,
        "peak_bytes": peak,
        "before_anonymous_bytes": anonymous,
        "begin": begin,
        "end": end,
        "digest": hashlib.blake2b(lines.encode(), digest_size=16).hexdigest(),
    }


def main() -> None:
    """Do the job."""
    job: Job = json.loads(sys.argv[1])
    pin(job["threads"])
    Path(job["out"]).write_text(json.dumps(train(job)))


if __name__ == "__main__":
    main()
