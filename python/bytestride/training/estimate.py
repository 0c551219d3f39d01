"""What counting the words of files will take, told from samples before it begins."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple

import numpy as np

from bytestride.corpus.bad_documents import BadDocuments
from bytestride.corpus.finding import inputs_of
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.kinds import kind_of
from bytestride.corpus.reading import Reading
from bytestride.corpus.remote import is_url
from bytestride.corpus.sources import listed, text_batches
from bytestride.stages import Pattern
from bytestride.training.count_settings import (
    CountSettings,
    SpecialsInText,
    Unit,
    check_special_tokens,
)
from bytestride.training.counting import count_by_settings

SAMPLE_BYTES = 16 * 1024 * 1024
"""So much text is counted for an estimate: a tenth of a second or so."""

_N_SAMPLES = 64
# What text commonly packs to. A packed file's own ratio is known only once it is read.
_PACKED_TO = 4
_TEXT_OF = {"text": 1, "jsonl": 1, "parquet": 2, "arrow": 1}


class CountEstimate(NamedTuple):
    """What counting will take, about: another half or half as much is no surprise.

    Attributes
    ----------
    n_text_bytes : int
        Bytes of text. ``.gz`` and ``.zst`` files count as four times their size, tables as twice
        theirs, and lines of JSON as they are.
    n_words : int
        Different words, by Heaps' law: their number grows with a power of the text's length, and
        the samples tell which.
    memory_bytes : int
        What the finished table of these words takes.
    seconds : float
        By the speed at which the samples were counted.
    """

    n_text_bytes: int
    n_words: int
    memory_bytes: int
    seconds: float


def estimate_counting(
    paths: Sequence[str | os.PathLike[str]] | Inputs,
    *,
    pattern: Pattern = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    normalizer: str | None = None,
    num_threads: int | None = None,
    sample_bytes: int = SAMPLE_BYTES,
    reading: Reading | None = None,
) -> CountEstimate:
    """Count samples from all over the files, and tell from them what the whole will take.

    Parameters
    ----------
    paths : sequence of paths, or Inputs
        Files of any kind; of all but plain text the beginning is read.
    pattern, unit, special_tokens, specials_in_text, normalizer, num_threads
        As in `count_words`.
    sample_bytes : int
        How much text is counted, at most.
    reading : Reading, optional
        As in `count_words`. Bad documents are left out.

    Returns
    -------
    CountEstimate
        Of files that hold no more than the sample, all but the time is as it will be.

    Raises
    ------
    FileNotFoundError, PermissionError
        A file cannot be read.
    ValueError
        As `count_words`, for the samples; the size of an input is not known, such as that of stdin.
    """
    settings = CountSettings(
        pattern, unit, check_special_tokens(special_tokens), specials_in_text, normalizer
    )
    inputs = paths if isinstance(paths, Inputs) else inputs_of(paths)
    unknown = np.flatnonzero(inputs.sizes < 0)
    if unknown.size:
        raise ValueError(
            f"{inputs.names[unknown[0]]} is of no known size, and cannot be read twice; count it "
            "without an estimate"
        )
    format = None if reading is None else reading.format
    kinds = [kind_of(name, format) for name in inputs.names]
    files = [
        _File(inputs, i, size * _TEXT_OF[kind.format] * (_PACKED_TO if kind.packing else 1))
        for i, (kind, size) in enumerate(zip(kinds, inputs.sizes.tolist(), strict=True))
    ]
    total = sum(file.n_bytes for file in files)
    samples = list(_samples(files, total, sample_bytes, settings.unit == "line", reading))
    # Every second sample first, so that half of the text is from all over the files, too.
    start = time.perf_counter()
    half = count_by_settings(samples[::2], settings, num_threads=num_threads)
    rest = count_by_settings(samples[1::2], settings, num_threads=num_threads)
    seconds = time.perf_counter() - start
    counts = half + rest
    n_half, n_rest = (sum(map(len, some)) for some in (samples[::2], samples[1::2]))
    n_bytes, growth = n_half + n_rest, 1.0
    if total <= sample_bytes:
        total = n_bytes
    elif len(half) and n_rest:
        exponent = math.log(len(counts) / len(half)) / math.log(n_bytes / n_half)
        growth = (total / n_bytes) ** min(exponent, 1.0)
    n_words = round(len(counts) * growth)
    return CountEstimate(
        total,
        n_words,
        # As a finished table has it; one that was added to has room for more.
        n_words * half.table.memory_bytes // max(len(half), 1),
        seconds * total / max(n_bytes, 1),
    )


class _File(NamedTuple):
    """One of the inputs, and about how much text is in it."""

    inputs: Inputs
    source: int
    n_bytes: int

    def alone(self) -> Inputs:
        one = slice(self.source, self.source + 1)
        inputs = self.inputs
        return Inputs(inputs.names[one], inputs.sizes[one], inputs.mtimes[one])

    def may_seek(self, reading: Reading | None) -> bool:
        """Whether text stands in it as it is, at any place."""
        name = self.inputs.names[self.source]
        kind = kind_of(name, None if reading is None else reading.format)
        return kind == ("text", "") and not is_url(name)


def _samples(
    files: Iterable[_File], total: int, sample_bytes: int, lines: bool, reading: Reading | None
) -> Iterator[bytes]:
    """Yield stretches of text from evenly spread places; everything, where there is no more."""
    length = sample_bytes // _N_SAMPLES
    step = total / _N_SAMPLES
    begin, next_at = 0, 0.0
    for file in files:
        if total <= sample_bytes:
            yield from _first_texts(file, sample_bytes, max(length, 1), lines, reading)
            continue
        places = []
        while next_at < begin + file.n_bytes:
            places.append(int(next_at) - begin)
            next_at += step
        begin += file.n_bytes
        if not file.may_seek(reading):
            if places:
                n_bytes = length * len(places)
                yield from _first_texts(file, n_bytes, max(length, 1), lines, reading)
            continue
        with open(file.inputs.names[file.source], "rb") as opened:  # noqa: PTH123
            for place in places:
                opened.seek(place)
                text = _read(opened, length)
                # To the beginning of a line: no word is cut, nor a character.
                yield text[text.find(b"\n") + 1 :] if place else text


def _first_texts(
    file: _File, n_bytes: int, length: int, lines: bool, reading: Reading | None
) -> Iterator[bytes]:
    """Yield the first texts of a file, about so many bytes, long ones in stretches."""
    bad = BadDocuments("skip")
    for batch in text_batches(file.alone(), may_cut=True, lines=lines, reading=reading, bad=bad):
        for text in listed(batch):
            if n_bytes <= 0:
                return
            data = text.encode() if isinstance(text, str) else text
            n_bytes -= len(data)
            yield from _stretches(data, length)


def _read(file: IO[bytes], n_bytes: int) -> bytes:
    """Read so much, or to the end."""
    parts = []
    while n_bytes and (part := file.read(n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)


def _stretches(text: bytes, length: int) -> Iterator[bytes]:
    """Cut a text into about so long stretches, behind newlines."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + length) + 1 or len(text)
        yield text[begin:end]
        begin = end
