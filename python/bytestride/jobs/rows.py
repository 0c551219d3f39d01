"""What a part of a job has done so far: a row for each of its shards, on the disk.

A row is written when its shard is, so it is also the sign that the shard is whole. It says where in
the inputs the part goes on; the last row of a part says that it does not.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bytestride.corpus.chunks import Place
from bytestride.corpus.rejects import Reject
from bytestride.errors import FormatError
from bytestride.store.durable import PendingFile
from bytestride.store.manifest import ShardEntry
from bytestride.store.system import sync_folder

KEPT_REJECTS = 100
"""How many bad documents of each reason a shard keeps to show."""


@dataclass(slots=True)
class SourceCounts:
    """What came of one file.

    Attributes
    ----------
    documents, tokens, text_bytes
        Of the good documents; tokens with those that end documents.
    rejects
        How many documents were left out.
    """

    documents: int = 0
    tokens: int = 0
    text_bytes: int = 0
    rejects: int = 0

    def add(self, other: SourceCounts) -> None:
        """Add what came of more of the file."""
        self.documents += other.documents
        self.tokens += other.tokens
        self.text_bytes += other.text_bytes
        self.rejects += other.rejects


@dataclass
class Row:
    """One shard of a part.

    Attributes
    ----------
    part, number
        The part, and which of its shards this is.
    entry
        The shard's counts and hashes; None for a part without any document.
    next
        Where the part goes on; None if this is its last shard.
    sources
        By the number of the file: what came of it in this shard.
    rejects
        By reason: how many documents were left out.
    kept
        Some of them, to show.
    """

    part: int
    number: int
    entry: ShardEntry | None = None
    next: Place | None = None
    sources: dict[int, SourceCounts] = field(default_factory=dict)
    rejects: Counter[str] = field(default_factory=Counter)
    kept: list[Reject] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the names of the shard's files begin with."""
        return row_name(self.part, self.number)

    def add_reject(self, reject: Reject) -> None:
        """Count a document that was left out, and keep it if there are few like it."""
        self.rejects[reject.reason] += 1
        if self.rejects[reject.reason] <= KEPT_REJECTS:
            self.kept.append(reject)
        self.sources.setdefault(reject.source, SourceCounts()).rejects += 1


def row_name(part: int, number: int) -> str:
    """Name of the files of a part's shard, without their suffixes."""
    return f"part-{part:05d}.{number:03d}"


def encode_row(row: Row) -> bytes:
    """Make the file's contents."""
    content = {
        "part": row.part,
        "number": row.number,
        "entry": None if row.entry is None else asdict(row.entry),
        "next": row.next,
        "sources": [[source, *asdict(c).values()] for source, c in row.sources.items()],
        "rejects": row.rejects,
        "kept": [[*reject[:4], reject.sample.hex()] for reject in row.kept],
    }
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def decode_row(raw: bytes, path: Path) -> Row:
    """Read a row's file.

    Raises
    ------
    FormatError
        If it is none: somebody changed it.
    """
    try:
        content: dict[str, Any] = json.loads(raw)
        entry, after = content["entry"], content["next"]
        return Row(
            content["part"],
            content["number"],
            None if entry is None else ShardEntry(**entry),
            None if after is None else Place(*after),
            {source: SourceCounts(*counts) for source, *counts in content["sources"]},
            Counter(content["rejects"]),
            [_decode_reject(*kept) for kept in content["kept"]],
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise FormatError(
            f"{path}: not what this job wrote, {error}; remove it, and its shard is made again"
        ) from error


def _decode_reject(source: int, offset: int, reason: str, detail: str, sample: str) -> Reject:
    return Reject(source, offset, reason, detail, bytes.fromhex(sample))


def read_rows(folder: Path, part: int) -> list[Row]:
    """Read what is there of a part, in order."""
    rows: list[Row] = []
    while not rows or rows[-1].next is not None:
        path = folder / f"{row_name(part, len(rows))}.json"
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            break
        rows.append(decode_row(raw, path))
    return rows


def is_done(rows: list[Row]) -> bool:
    """Say whether these are all rows of a part."""
    return bool(rows) and rows[-1].next is None


def publish(row: Row, attempt: Path, folder: Path) -> None:
    """Give a sealed shard of one attempt its name among the job's, its row last.

    Two attempts at the same part write the same bytes: whichever comes second changes nothing.
    """
    if row.entry is not None:
        for suffix in (".idx", ".bin"):
            (attempt / (row.name + suffix)).replace(folder / (row.name + suffix))
    file = PendingFile(attempt / f"{row.name}.json")
    try:
        file.write(encode_row(row))
        file.seal()
        file.commit()
        sync_folder(folder)
        file.final.replace(folder / file.final.name)
        sync_folder(folder)
    except BaseException:
        file.discard()
        raise
