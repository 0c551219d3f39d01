"""The plan of a job: what is read, how, and in which parts. It is kept beside what is written.

A job that is started again, or on another machine, makes its plan anew from its own arguments and
holds it against the one that is there; a difference ends it, with both shown. The parts are those
of the plan that was first.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.inputs import Inputs
from bytestride.errors import FormatError
from bytestride.jobs.deal import Part, deal
from bytestride.jobs.errors import ChangedJobError
from bytestride.jobs.leftovers import PLAN_NAME
from bytestride.jobs.sample import NO_SAMPLE, Sample, take_sample
from bytestride.jobs.settings import Settings
from bytestride.store.durable import naming_file
from bytestride.store.system import sync_folder

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

WORK_FOLDER = ".tokenize"
"""Folder in the output where a job keeps what is not finished."""

_VERSION = 1

# A part is dealt a little less than a shard holds, so that one shard is nearly always enough.
_SHARE = 0.95

# Of text that packing makes 32 times smaller. Of what it makes smaller still, a part may have more
# than one shard.
_MOST_TOKENS_PER_FILE_BYTE = 8


@dataclass(frozen=True)
class Plan:
    """What a job does, whole.

    Attributes
    ----------
    output
        Folder of the store.
    inputs
        The files.
    settings
        How they become tokens.
    parts
        What is done at a time: ``tokenize_shard(plan, i)`` does ``parts[i]``.
    """

    output: Path
    inputs: Inputs
    settings: Settings
    parts: tuple[Part, ...]

    @property
    def work(self) -> Path:
        """Folder of what is not finished."""
        return self.output / WORK_FOLDER

    @property
    def fingerprint(self) -> str:
        """Equal for equal inputs and settings, whatever the times of the files are."""
        digest = hashlib.sha256(json.dumps(self.settings.to_json(), sort_keys=True).encode())
        digest.update(sources_fingerprint(self.inputs).encode())
        return digest.hexdigest()


def sources_fingerprint(inputs: Inputs) -> str:
    """Give a hash of the names and sizes of the inputs, in their order."""
    digest = hashlib.sha256()
    for name, size in zip(inputs.names, inputs.sizes.tolist(), strict=True):
        digest.update(f"{size} {name}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def make_plan(output: Path, inputs: Inputs, settings: Settings, sample: Sample) -> Plan:
    """Deal the inputs into parts of about a shard each, by what a sample of them came to."""
    wanted = _SHARE * settings.shard_tokens / sample.tokens_per_file_byte
    parts = deal(inputs, settings.reading, _rounded(wanted), settings.seed)
    return Plan(output, inputs, settings, tuple(parts))


def _rounded(n_bytes: float) -> int:
    """Give two digits of a number: a hair more or less in the sample changes nothing."""
    unit = 10 ** max(math.floor(math.log10(max(n_bytes, 1))) - 1, 0)
    return max(int(n_bytes) // int(unit) * int(unit), 1)


def _is_little(inputs: Inputs, settings: Settings) -> bool:
    """Whether all is one part whatever a sample says."""
    sizes = inputs.sizes
    most_tokens = int(sizes.sum()) * _MOST_TOKENS_PER_FILE_BYTE
    return bool((sizes >= 0).all()) and most_tokens < _SHARE * settings.shard_tokens


def open_plan(output: Path, inputs: Inputs, settings: Settings, tokenizer: Tokenizer) -> Plan:
    """Go on with the job in the output's folder, or begin one there.

    Raises
    ------
    ChangedJobError
        There is one with other inputs or settings.
    FormatError
        Its plan is damaged.
    """
    path = output / WORK_FOLDER / PLAN_NAME
    if not path.exists():
        sample = NO_SAMPLE
        if not _is_little(inputs, settings):
            sample = take_sample(inputs, settings, tokenizer)
        _write(make_plan(output, inputs, settings, sample), path)
    # Of several machines that begin at the same moment, one's plan is the plan.
    content = _read(path)
    _compare_settings(output, content["settings"], settings)
    _compare_inputs(output, content["inputs"], inputs)
    parts = tuple(
        tuple(Range(Place(*begin), Place(*end)) for begin, end in part) for part in content["parts"]
    )
    return Plan(output, inputs, settings, parts)


def _write(plan: Plan, path: Path) -> None:
    inputs = plan.inputs
    content = {
        "version": _VERSION,
        "settings": plan.settings.to_json(),
        "inputs": list(
            zip(inputs.names, inputs.sizes.tolist(), inputs.mtimes.tolist(), strict=True)
        ),
        "parts": plan.parts,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{PLAN_NAME}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with naming_file(temporary), temporary.open("wb") as file:
            file.write(json.dumps(content).encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another machine was first
        except OSError:  # a file system without hard links
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["version"] != _VERSION:
            raise FormatError(
                f"{path}: of version {content['version']}, this bytestride reads {_VERSION}; go on "
                "with the bytestride that began the job, or begin again with --no-resume"
            )
        _ = content["settings"], content["inputs"], content["parts"]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: not a plan, {error}; begin again with --no-resume") from error
    return content


def _compare_settings(output: Path, were: dict[str, Any], settings: Settings) -> None:
    are = settings.to_json()
    changed = [name for name in {**were, **are} if were.get(name) != are.get(name)]
    _refuse(output, (f"{name} was {were.get(name)!r} and is {are.get(name)!r}" for name in changed))


def _compare_inputs(output: Path, were: list[list[Any]], inputs: Inputs) -> None:
    are = zip(inputs.names, inputs.sizes.tolist(), inputs.mtimes.tolist(), strict=True)
    if len(were) == len(inputs.names) and all(
        tuple(old) == new for old, new in zip(were, are, strict=True)
    ):
        return
    old_files = {name: (size, mtime) for name, size, mtime in were}
    sizes, mtimes = inputs.sizes, inputs.mtimes
    differences = []
    for i, name in enumerate(inputs.names):
        old = old_files.pop(name, None)
        if old is None:
            differences.append(f"{name} was not among the inputs")
        elif old[0] != sizes[i]:
            differences.append(f"{name} had {old[0]:,} bytes and has {int(sizes[i]):,}")
        elif old[1] != mtimes[i]:
            then, now = (np.datetime64(int(t), "ns") for t in (old[1], mtimes[i]))
            differences.append(f"{name} was of {then} and is of {now}")
    differences += [f"{name} is not among the inputs any more" for name in old_files]
    _refuse(output, differences or ["the inputs had another order"])


def _refuse(output: Path, differences: Iterable[str]) -> None:
    found = list(differences)
    if not found:
        return
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    raise ChangedJobError(
        f"{output} holds an unfinished job that was begun otherwise: {'; '.join(found[:5])}{more}. "
        "Give the same inputs and options again to go on, or begin again with --no-resume"
    )
