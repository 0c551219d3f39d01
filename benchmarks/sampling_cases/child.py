"""One case, or one way to start, in its own process: `python -m sampling_cases.child JOB`.

JOB is JSON; answers go to the job's file `out`, one JSON object a line. The process keeps to as
many cores as the job says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sampling_cases.turns import Answer
from side_by_side.child import pin

Job = dict[str, Any]


def start(job: Job) -> Iterator[Answer]:
    from sampling_cases.startup import start

    return start(job)


def batches(job: Job) -> Iterator[Answer]:
    from sampling_cases.batches import random_windows

    return random_windows(job)


def megatron(job: Job) -> Iterator[Answer]:
    from sampling_cases.batches import shuffled_windows

    return shuffled_windows(job, one_document=False)


def megatron_long(job: Job) -> Iterator[Answer]:
    from sampling_cases.batches import shuffled_windows

    return shuffled_windows(job, one_document=True)


def epoch(job: Job) -> Iterator[Answer]:
    from sampling_cases.epoch import one_epoch

    return one_epoch(job, job["batch_size"])


def loaders(job: Job) -> Iterator[Answer]:
    from sampling_cases.loaders import loaders

    return loaders(job)


def indices(job: Job) -> Iterator[Answer]:
    from sampling_cases.indices import indices

    return indices(job)


def resume(job: Job) -> Iterator[Answer]:
    from sampling_cases.resume import resume

    return resume(job)


KINDS: dict[str, Callable[[Job], Iterator[Answer]]] = {
    "start": start,
    "batches": batches,
    "megatron": megatron,
    "megatron, one document": megatron_long,
    "epoch": epoch,
    "loaders": loaders,
    "indices": indices,
    "resume": resume,
}


def main() -> None:
    """Do the job."""
    job: Job = json.loads(sys.argv[1])
    pin(job["threads"])
    import torch

    torch.set_num_threads(1)
    with Path(job["out"]).open("w") as out:
        for answer in KINDS[job["kind"]](job):
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
