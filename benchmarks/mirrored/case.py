"""One thing to measure, and the texts to measure it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEPARATOR = "<|endoftext|>"


@dataclass(frozen=True)
class Case:
    """The same work by a mirror and by its original, on one thread.

    The results of ``ours`` and ``theirs`` must be equal. ``n_items`` items of ``unit`` are worked
    through each time; ``wanted`` is how many times faster the mirror ought to be. ``before`` runs
    before each time of ours, such as to forget the words of the time before.
    """

    mirror: str
    name: str
    wanted: float
    n_items: int
    unit: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    before: Callable[[], Any] = lambda: None


@dataclass
class Texts:
    """The beginning of each corpus, in documents and in short texts."""

    data: Path
    corpora: list[str]
    n_bytes: int
    _read: dict[str, list[str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        for name in self.corpora:
            yield name, self.documents(name)

    def documents(self, name: str) -> list[str]:
        """Documents of a corpus; the last is left out, since it may be cut."""
        import zstandard

        if name not in self._read:
            with (self.data / "corpora" / f"{name}.txt.zst").open("rb") as file:
                data = zstandard.ZstdDecompressor().stream_reader(file).read(self.n_bytes)
            self._read[name] = data.decode(errors="ignore").split(SEPARATOR)[:-1]
        return self._read[name]


def short_texts(documents: list[str], n_texts: int, n_bytes: int) -> list[str]:
    """Cut texts of about so many bytes out of documents, at any place."""
    texts = []
    for document in documents:
        data = document.encode()
        for begin in range(0, len(data) - n_bytes, 4 * n_bytes):
            text = data[begin : begin + n_bytes].decode(errors="ignore")
            texts.append(text)
            if len(texts) == n_texts:
                return texts
    raise ValueError(f"the documents hold only {len(texts)} texts of {n_bytes} bytes; take more")
