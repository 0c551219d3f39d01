"""What is trained: the cases, and their texts as files, one for each unit.

Trainers count pretokens within a unit of text: documents, cut at a separator, or lines, each with
its end. The same text stands in one file a unit, so that every trainer can take its own.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from side_by_side.environment import CACHE
from side_by_side.texts import SEPARATOR, corpus_file, documents

CORPORA = ("en", "code", "multi")
DNA_BYTES = 45_000_000
# Kana and Han.
CJK = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True)
class Case:
    """A pattern, a number of tokens and some texts.

    ``texts`` is empty where the text is given on the command line. With ``all_threads`` every
    number of threads is measured, otherwise only the largest. With ``one_line`` the text is one
    line, so that all units are the same and nobody is measured twice.
    """

    pattern: str
    vocab_size: int
    texts: tuple[str, ...]
    all_threads: bool
    title: str
    one_line: bool = False


CASES = {
    "gpt2-32k": Case("gpt2", 32_000, CORPORA, True, "GPT-2's pattern, 32,000 tokens"),
    "cjk-32k": Case(
        "gpt2", 32_000, ("cjk",), True, "Chinese and Japanese lines, GPT-2's pattern, 32,000 tokens"
    ),
    "o200k-131k": Case("o200k", 131_072, CORPORA, False, "o200k's pattern, 131,072 tokens"),
    "large-32k": Case("gpt2", 32_000, (), True, "A large text, GPT-2's pattern, 32,000 tokens"),
    "dna-4k": Case("gpt2", 4_096, ("dna",), False, "One line of random ACGT, 4,096 tokens", True),
}


def text_file(name: str, unit: str, max_mb: float | None, given: Path | None) -> Path:
    """The file of a text for a unit, made on the first call.

    Parameters
    ----------
    name
        A corpus, "cjk", "dna", or the stem of the given path.
    unit
        "lines": a line end in place of each separator. Otherwise the text as it is.
    max_mb
        Only the first documents, up to about so many megabytes.
    given
        A text of the caller: UTF-8, with or without separators.
    """
    if name in CORPORA:
        path = corpus_file(name, max_mb)
    elif name == "cjk":
        path = _made("cjk", max_mb, _cjk(max_mb))
    elif name == "dna":
        path = _made("dna", max_mb, _dna(max_mb))
    elif given is not None and name == given.stem:
        if not given.is_file():
            raise SystemExit(f"no {given}")
        path = given if max_mb is None else _made(name, max_mb, _first_of(given, max_mb))
    else:
        raise SystemExit(f"no text is called {name}")
    if unit != "lines":
        return path
    return _written(CACHE / "lines" / path.name, _joined_by_lines(path))


def views_of_documents(path: Path) -> Iterator[bytes]:
    """Documents of a file that are not empty, one after the other, without the separators."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begin = 0
        while begin < len(data):
            end = data.find(SEPARATOR, begin)
            end = len(data) if end < 0 else end
            if begin < end:
                yield data[begin:end]
            begin = end + len(SEPARATOR)


def _made(name: str, max_mb: float | None, pieces: Iterator[bytes]) -> Path:
    file = f"{name}.txt" if max_mb is None else f"{name}-{max_mb:g}MB.txt"
    return _written(CACHE / "corpora" / file, pieces)


def _written(path: Path, pieces: Iterator[bytes]) -> Path:
    """Write a file, whole or not at all, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            out.writelines(pieces)
        part.replace(path)
    return path


def _joined_by_lines(path: Path) -> Iterator[bytes]:
    for number, document in enumerate(views_of_documents(path)):
        if number:
            yield b"\n"
        yield document


def _cjk(max_mb: float | None) -> Iterator[bytes]:
    """Lines of the multilingual corpus with Chinese or Japanese characters."""
    for document in documents(corpus_file("multi", max_mb)):
        text = document.decode()
        lines = [line for line in text.splitlines(keepends=True) if CJK.search(line)]
        if lines:
            yield "".join(lines).encode() + SEPARATOR


def _dna(max_mb: float | None) -> Iterator[bytes]:
    """Letters A, C, G and T by a seeded generator."""
    n_letters = DNA_BYTES if max_mb is None else min(DNA_BYTES, int(max_mb * 1e6))
    numbers = np.random.default_rng(3).integers(0, 4, n_letters, dtype=np.uint8)
    yield np.frombuffer(b"ACGT", dtype=np.uint8)[numbers].tobytes()


def _first_of(path: Path, max_mb: float) -> Iterator[bytes]:
    """Documents from the beginning, at least one and up to about so many megabytes."""
    left = max_mb * 1e6
    for number, document in enumerate(views_of_documents(path)):
        left -= len(document)
        if number and left < 0:
            return
        yield document + SEPARATOR
