"""What a job would come to, from samples: `bytestride tokenize --dry-run`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bytestride import _core
from bytestride.cli.progress import amount

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.tokenizer import Tokenizer

_INDEX_BYTES_PER_DOCUMENT = 20  # of Megatron's .idx


def say_estimate(
    arguments: argparse.Namespace, inputs: Inputs, reading: Reading, tokenizer: Tokenizer
) -> None:
    """Print the plan: files, parts, tokens, time and disk."""
    import numpy as np

    from bytestride.jobs.plan import make_plan
    from bytestride.jobs.sample import take_sample
    from bytestride.jobs.settings import settings_for

    settings = settings_for(
        tokenizer,
        reading,
        end_of_document=arguments.append_eos,
        shard_tokens=arguments.shard_tokens,
        seed=arguments.seed,
    )
    sample = take_sample(inputs, settings, tokenizer)
    plan = make_plan(arguments.output, inputs, settings, sample)
    n_file_bytes = int(inputs.sizes.clip(0).sum())
    scale = n_file_bytes / max(sample.n_file_bytes, 1)
    n_tokens = sample.n_tokens * scale
    n_workers = arguments.workers or _core.usable_cores()
    seconds = sample.seconds * scale / n_workers
    disk = n_tokens * np.dtype(settings.dtype).itemsize
    disk += sample.n_documents * scale * _INDEX_BYTES_PER_DOCUMENT
    free = shutil.disk_usage(_existing(arguments.output)).free
    print(f"{len(inputs.names):,} files, {amount(n_file_bytes, 'bytes')}")
    if (inputs.sizes < 0).any():
        print("some are of unknown size, such as standard input: figures are without them")
    print(f"{len(plan.parts):,} parts of about {arguments.shard_tokens:,} tokens or fewer")
    print(
        f"about {sample.n_documents * scale:,.0f} documents, "
        f"{amount(sample.n_text_bytes * scale, 'bytes')} of text, {n_tokens:,.0f} tokens"
    )
    print(f"about {seconds:,.0f} s with {n_workers} workers")
    print(
        f"about {amount(disk, 'bytes')} on the disk as {settings.dtype}; "
        f"{amount(free, 'bytes')} free"
    )


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
