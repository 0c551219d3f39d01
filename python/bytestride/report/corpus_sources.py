"""What each file gave to a store, from ``sources.jsonl``: summed up by folder where there are many.

The file is read line by line; memory does not grow with it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bytestride.report.corpus_lines import read_lines
from bytestride.report.corpus_text import ratio

SOURCES_NAME = "sources.jsonl"

_MOST_FOLDERS = 4096

_Sums: TypeAlias = list[int]  # files, documents, tokens, bytes of text, rejects
_FILES, _TOKENS = 0, 2


@dataclass(frozen=True)
class SourceRow:
    """A file, or several, and what came of them.

    Attributes
    ----------
    name
        The file or the folder as the store names it; a folder ends with "/".
    n_files, n_documents, n_tokens, n_text_bytes, n_rejects
        Sums; documents and tokens are those in the store, rejects those left out.
    bytes_per_token
        None where there is no token.
    """

    name: str
    n_files: int
    n_documents: int
    n_tokens: int
    n_text_bytes: int
    n_rejects: int
    bytes_per_token: float | None


@dataclass(frozen=True)
class Sources:
    """All files, in a few rows.

    Attributes
    ----------
    grouped_by
        "file" or "folder".
    rows
        Those with the most tokens first; those with as many, by name.
    others
        The rest, summed up; None if there is none.
    n_others
        How many files or folders the rest is.
    total
        All of them.
    largest_files
        The files with the most tokens, where ``rows`` are folders.
    """

    grouped_by: str
    rows: tuple[SourceRow, ...]
    others: SourceRow | None
    n_others: int
    total: SourceRow
    largest_files: tuple[SourceRow, ...]


def read_sources(path: Path, n_rows: int = 20) -> Sources:
    """Read ``sources.jsonl``.

    Up to ``n_rows`` files are given one by one. More are summed up by folder, as deep as
    ``n_rows`` rows allow; if already the first level that tells them apart has more, by the folders
    of that level. Files that lie in one folder, or whose folders are not to be counted (more than
    4,096 on the first level), are given one by one, the largest.

    Raises
    ------
    FormatError
        If a line is not ``{"name", "documents", "tokens", "text_bytes", "rejects"}``; members
        beside these are left alone.
    """
    total = [0] * 5
    largest: list[tuple[int, int, str, _Sums]] = []
    folders = _Folders()
    for number, (name, sums) in enumerate(_read(path)):
        _add(total, sums)
        folders.add(name, sums)
        n_tokens = sums[_TOKENS]
        if len(largest) < n_rows:
            heapq.heappush(largest, (n_tokens, -number, name, sums))
        elif n_tokens > largest[0][0]:  # of files with as many tokens, the first ones stay
            heapq.heapreplace(largest, (n_tokens, -number, name, sums))
    files = _by_size((name, sums) for _, _, name, sums in largest)
    groups = folders.groups(n_rows) if total[_FILES] > n_rows else {}
    rows = _by_size(groups.items())[:n_rows] if groups else files
    n_others = (len(groups) or total[_FILES]) - len(rows)
    rest = list(total)
    for row in rows:
        shown = (row.n_files, row.n_documents, row.n_tokens, row.n_text_bytes, row.n_rejects)
        rest = [n - n_shown for n, n_shown in zip(rest, shown, strict=True)]
    return Sources(
        "folder" if groups else "file",
        tuple(rows),
        _row("others", rest) if n_others else None,
        n_others,
        _row("all", total),
        tuple(files) if groups else (),
    )


def _read(path: Path) -> Iterator[tuple[str, _Sums]]:
    for line in read_lines(path):
        yield (
            line.text("name"),
            [
                1,
                line.count("documents"),
                line.count("tokens"),
                line.count("text_bytes"),
                line.count("rejects"),
            ],
        )


def _add(sums: _Sums, more: _Sums) -> None:
    sums[0] += more[0]  # written out: it is done twice a file
    sums[1] += more[1]
    sums[2] += more[2]
    sums[3] += more[3]
    sums[4] += more[4]


def _row(name: str, sums: _Sums) -> SourceRow:
    files, documents, tokens, text_bytes, rejects = sums
    per_token = ratio(text_bytes, tokens)
    return SourceRow(name, files, documents, tokens, text_bytes, rejects, per_token)


def _by_size(named: Iterable[tuple[str, _Sums]]) -> list[SourceRow]:
    rows = (_row(name, sums) for name, sums in named)
    return sorted(rows, key=lambda row: (-row.n_tokens, row.name))


class _Folders:
    """Sums by folder, as deep as `_MOST_FOLDERS` of them allow.

    The depth falls when they become too many. How far depends on which folders there are, and not
    on the order in which they come.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}
        self._depth: int | None = None  # None: as deep as they are

    def add(self, name: str, sums: _Sums) -> None:
        folder = name[: name.rfind("/") + 1]
        if self._depth is not None:
            folder = _cut(folder, self._depth)
        _put(self._sums, folder, sums)
        while len(self._sums) > _MOST_FOLDERS:
            self._depth = max(folder.count("/") for folder in self._sums) - 1
            self._sums = self._at(self._depth)

    def _at(self, depth: int) -> dict[str, _Sums]:
        cut: dict[str, _Sums] = {}
        for folder, sums in self._sums.items():
            _put(cut, _cut(folder, depth), sums)
        return cut

    def groups(self, most: int) -> dict[str, _Sums]:
        """Give sums of the deepest level with at most so many, else of the first with several."""
        chosen: dict[str, _Sums] = {}
        for depth in range(1, max((name.count("/") for name in self._sums), default=0) + 1):
            cut = self._at(depth)
            if len(cut) > most and chosen:
                break
            if len(cut) > 1:
                chosen = cut
                if len(cut) > most:
                    break
        return {name or "./": sums for name, sums in chosen.items()}


def _cut(folder: str, depth: int) -> str:
    """Keep so many levels of a folder's name."""
    if folder.count("/") <= depth:
        return folder
    return "".join(f"{part}/" for part in folder.split("/")[:-1][:depth])


def _put(sums_of: dict[str, _Sums], name: str, sums: _Sums) -> None:
    if name in sums_of:
        _add(sums_of[name], sums)
    else:
        sums_of[name] = list(sums)
