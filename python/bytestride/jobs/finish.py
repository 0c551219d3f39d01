"""The end of a job: its shards, made one by one, become a store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride.corpus.rejects import REASONS
from bytestride.errors import FormatError
from bytestride.jobs.leftovers import remove_work
from bytestride.jobs.plan import sources_fingerprint
from bytestride.jobs.rows import Row, is_done, read_rows
from bytestride.store.assemble import SealedPlace, assemble_store
from bytestride.store.durable import FolderLock, PendingFile
from bytestride.store.manifest import MANIFEST_NAME, Manifest, read_manifest
from bytestride.store.pending_shard import PendingShard

if TYPE_CHECKING:
    from bytestride.jobs.plan import Plan

SOURCES_NAME = "sources.jsonl"
REJECTS_NAME = "rejects.jsonl"

_FIELDS = ("documents", "tokens", "text_bytes", "rejects")


def parts_to_do(plan: Plan) -> list[int]:
    """Give the numbers of the parts that are not done."""
    return [i for i in range(len(plan.parts)) if not is_done(read_rows(plan.work, i))]


def finished_store(plan: Plan) -> Manifest | None:
    """Read the manifest of the store in the output's folder, if it is what the plan makes.

    Returns
    -------
    Manifest or None
        None where there is no store, or one of other inputs or settings.
    """
    try:
        manifest = read_manifest(plan.output / MANIFEST_NAME)
    except (FileNotFoundError, FormatError):
        return None
    return manifest if manifest.metadata.get("plan") == plan.fingerprint else None


def finish_job(
    plan: Plan,
    lock: FolderLock,
    *,
    emit: Sequence[str] = (),
    sha256: bool = False,
    overwrite: bool = False,
) -> Manifest:
    """Name the shards, write what lies beside them, the manifest last, and remove the rest.

    It may be killed and called again: what is named already stays.

    Parameters
    ----------
    plan
        The plan; all its parts are done.
    lock
        That of the output's folder.
    emit
        Formats to write beside the shards, as for `TokenStoreWriter`.
    sha256
        Read everything again, compare it, and record SHA-256 hashes.
    overwrite
        Whether to replace another store.

    Raises
    ------
    ValueError
        A part is not done.
    OSError
        The disk refuses.
    """
    totals = np.zeros((len(plan.inputs.names), len(_FIELDS)), np.int64)
    rejects: Counter[str] = Counter()
    shards: list[SealedPlace] = []
    kept = PendingFile(plan.work / REJECTS_NAME)
    try:
        for row in _all_rows(plan):
            if row.entry is not None:
                payload = plan.work / f"{row.name}.bin"
                shards.append(SealedPlace(payload, payload.with_suffix(".idx"), row.entry))
            for source, counts in row.sources.items():
                totals[source] += [getattr(counts, name) for name in _FIELDS]
            rejects += row.rejects
            _write_rejects(plan, row, kept)
        kept.seal()
        kept.commit()
    except BaseException:
        kept.discard()
        raise
    if not shards:
        shards.append(_empty_shard(plan))
    files = [plan.work / REJECTS_NAME, _write_sources(plan, totals)]
    manifest = assemble_store(
        plan.output,
        shards,
        dtype=np.dtype(plan.settings.dtype),
        vocab_size=plan.settings.vocab_size,
        metadata=_metadata(plan, int(totals[:, 2].sum()), rejects),
        emit=emit,
        sha256=sha256,
        extra_files=files,
        overwrite=overwrite,
        lock=lock,
    )
    remove_work(plan.work)
    return manifest


def _empty_shard(plan: Plan) -> SealedPlace:
    """Make the shard of a store without documents."""
    shard = PendingShard(plan.work, "empty", np.dtype(plan.settings.dtype).newbyteorder("<"))
    entry = shard.seal()
    shard.commit()
    return SealedPlace(plan.work / "empty.bin", plan.work / "empty.idx", entry)


def _all_rows(plan: Plan) -> Iterator[Row]:
    for part in range(len(plan.parts)):
        rows = read_rows(plan.work, part)
        if not is_done(rows):
            raise ValueError(f"part {part} of {len(plan.parts)} is not done")
        yield from rows


def _write_rejects(plan: Plan, row: Row, file: PendingFile) -> None:
    for reject in row.kept:
        line = {
            "file": plan.inputs.names[reject.source],
            "offset": reject.offset,
            "reason": reject.reason,
            "detail": reject.detail,
            "sample": reject.sample.decode("utf-8", "replace"),
        }
        file.write(json.dumps(line).encode() + b"\n")


def _write_sources(plan: Plan, totals: np.ndarray[Any, np.dtype[np.int64]]) -> Path:
    file = PendingFile(plan.work / SOURCES_NAME)
    try:
        for name, counts in zip(plan.inputs.names, totals.tolist(), strict=True):
            line = {"name": name, **dict(zip(_FIELDS, counts, strict=True))}
            file.write(json.dumps(line).encode() + b"\n")
        file.seal()
        file.commit()
    except BaseException:
        file.discard()
        raise
    return file.final


def _metadata(plan: Plan, n_text_bytes: int, rejects: Counter[str]) -> dict[str, Any]:
    settings, inputs = plan.settings, plan.inputs
    reading = {
        name.removeprefix("reading."): value
        for name, value in settings.to_json().items()
        if name.startswith("reading.")
    }
    return {
        "tokenizer": {
            "name": settings.tokenizer_name,
            "fingerprint": settings.tokenizer_fingerprint,
        },
        "reading": reading,
        "end_of_document": settings.end_of_document,
        "seed": settings.seed,
        "n_text_bytes": n_text_bytes,
        "rejects": {reason: rejects[reason] for reason in REASONS if rejects[reason]},
        "sources": {
            "n_files": len(inputs.names),
            "n_bytes": int(inputs.sizes.clip(0).sum()),
            "fingerprint": sources_fingerprint(inputs),
        },
        "plan": plan.fingerprint,
    }
