"""How a job begins and ends in its folder, whoever does the parts in between."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bytestride.corpus.finding import find_inputs
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.reading import Reading
from bytestride.jobs.finish import finish_job, finished_store, parts_to_do
from bytestride.jobs.leftovers import remove_attempts, remove_work
from bytestride.jobs.plan import WORK_FOLDER, Plan, open_plan
from bytestride.jobs.settings import settings_for
from bytestride.store.durable import FolderLock
from bytestride.store.manifest import MANIFEST_NAME, Manifest
from bytestride.store.record import record_locked
from bytestride.store.sidecars import check_formats, formats_of

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

InputNames = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class CorpusResult:
    """What `tokenize_corpus` did.

    Attributes
    ----------
    path
        The store's folder.
    is_finished
        Whether the store is whole. With `num_shards`, other machines may still be at work.
    n_documents, n_tokens, n_text_bytes
        What the store holds, and how many bytes of text that was; 0 until it is whole.
    rejects
        By reason: how many documents were left out.
    """

    path: Path
    is_finished: bool
    n_documents: int = 0
    n_tokens: int = 0
    n_text_bytes: int = 0
    rejects: Mapping[str, int] | None = None


@dataclass
class Job:
    """A job in its folder, as `opened_job` gives it.

    Attributes
    ----------
    plan
        The plan; without parts where the store is finished already.
    """

    plan: Plan
    _lock: FolderLock
    _alone: bool
    _manifest: Manifest | None
    _emit: Sequence[str]
    _verify: bool
    _overwrite: bool

    def parts_to_do(self) -> list[int]:
        """Give the numbers of the parts that are not done; none where the store is finished."""
        return parts_to_do(self.plan)

    def finish(self) -> CorpusResult:
        """Make the store, if all parts are done and nobody else is at work.

        Raises
        ------
        FileNotFoundError
            The work folder is gone.
        OSError
            The disk refuses.
        """
        if self._alone or self._lock.take_alone():
            # Another machine may have finished it in between, or was killed when it had.
            self._manifest = finished_store(self.plan)
            if self._manifest is not None:
                remove_work(self.plan.work)
                if self._verify:
                    record_locked(self.plan.output, self._lock)
            elif self._alone or not self.plan.work.exists() or not self.parts_to_do():
                self._manifest = self._make_store()
        manifest = self._manifest
        if manifest is None:
            return CorpusResult(self.plan.output, is_finished=False)
        return CorpusResult(
            self.plan.output,
            is_finished=True,
            n_documents=manifest.n_documents,
            n_tokens=manifest.n_tokens,
            n_text_bytes=manifest.metadata.get("n_text_bytes", 0),
            rejects=manifest.metadata.get("rejects", {}),
        )

    def _make_store(self) -> Manifest:
        if not self.plan.work.exists():
            raise FileNotFoundError(
                f"{self.plan.work} is gone: somebody removed it while the job was at work; begin "
                "again"
            )
        return finish_job(
            self.plan, self._lock, emit=self._emit, sha256=self._verify, overwrite=self._overwrite
        )


def as_inputs(inputs: InputNames | Inputs) -> Inputs:
    """Find the files, where they are not found yet."""
    if isinstance(inputs, Inputs):
        return inputs
    return find_inputs([inputs] if isinstance(inputs, str | os.PathLike) else inputs)


@contextmanager
def opened_job(
    inputs: InputNames | Inputs,
    output: str | os.PathLike[str],
    tokenizer: Tokenizer,
    *,
    reading: Reading | None,
    append_eos: str | None,
    dtype: str | None,
    shard_tokens: int,
    seed: int | None,
    emit: Sequence[str],
    resume: bool,
    overwrite: bool,
    verify: bool,
    alone: bool,
) -> Iterator[Job]:
    """Begin a job, or go on with one; its folder is held until the end of the block.

    Parameters
    ----------
    alone
        Whether nobody else may work in the folder. If not, it is shared with other machines, and
        nothing is removed from it.

    Other parameters, and errors, are those of `tokenize_corpus`.
    """
    inputs = as_inputs(inputs)
    settings = settings_for(
        tokenizer,
        reading or Reading(may_cut=tokenizer.may_cut),
        end_of_document=append_eos,
        dtype=dtype,
        shard_tokens=shard_tokens,
        seed=seed,
    )
    check_formats(emit, np.dtype(settings.dtype))
    folder = Path(output).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder, shared=not alone)
    try:
        plan = Plan(folder, inputs, settings, ())
        manifest = finished_store(plan)
        if manifest is not None:
            _check_emitted(folder, manifest, emit)
        else:
            _check_free(folder, overwrite)
            if alone:
                _clear(folder, resume)
            plan = open_plan(folder, inputs, settings, tokenizer)
        yield Job(plan, lock, alone, manifest, emit, verify, overwrite)
    finally:
        lock.release()


def _check_emitted(folder: Path, manifest: Manifest, emit: Sequence[str]) -> None:
    missing = set(emit) - formats_of(entry.name for entry in manifest.sidecars)
    if missing:
        raise FileExistsError(
            f"{folder} is finished, without what is asked for beside it now: "
            f"{', '.join(sorted(missing))}; `bytestride store convert` makes that of it, or name "
            "another folder"
        )


def _check_free(folder: Path, overwrite: bool) -> None:
    if (folder / MANIFEST_NAME).exists() and not overwrite:
        raise FileExistsError(
            f"{folder} holds a token store of other inputs or settings; name another folder, or "
            "replace it (--force)"
        )


def _clear(folder: Path, resume: bool) -> None:
    """Remove what killed processes left, or all that an unfinished job did."""
    if resume:
        remove_attempts(folder / WORK_FOLDER)
    else:
        remove_work(folder / WORK_FOLDER)
