"""What counting the words of files will take, told from samples before it begins."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from bytestride.corpus.files import check_readable, open_file
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


class CountEstimate(NamedTuple):
    """What counting will take, about: another half or half as much is no surprise.

    Attributes
    ----------
    n_text_bytes : int
        Bytes of text. ``.gz`` and ``.zst`` files count as four times their size.
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
    paths: Sequence[str | os.PathLike[str]],
    *,
    pattern: Pattern = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    normalizer: str | None = None,
    num_threads: int | None = None,
    sample_bytes: int = SAMPLE_BYTES,
) -> CountEstimate:
    """Count samples from all over the files, and tell from them what the whole will take.

    Parameters
    ----------
    paths : sequence of paths
        Files, plain or ``.gz`` or ``.zst``; of packed ones the beginning is read.
    pattern, unit, special_tokens, specials_in_text, normalizer, num_threads
        As in `count_words`.
    sample_bytes : int
        How much text is counted, at most.

    Returns
    -------
    CountEstimate
        Of files that hold no more than the sample, all but the time is as it will be.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        A file cannot be read.
    ValueError
        As `count_words`, for the samples.
    """
    settings = CountSettings(
        pattern, unit, check_special_tokens(special_tokens), specials_in_text, normalizer
    )
    check_readable(paths)
    files = [(Path(path), _n_text_bytes(Path(path))) for path in paths]
    total = sum(n_bytes for _, n_bytes in files)
    samples = list(_samples(files, total, sample_bytes))
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


def _n_text_bytes(path: Path) -> int:
    n_bytes = path.stat().st_size
    return n_bytes * _PACKED_TO if path.suffix in (".gz", ".zst") else n_bytes


def _samples(files: Iterable[tuple[Path, int]], total: int, sample_bytes: int) -> Iterator[bytes]:
    """Yield stretches of text from evenly spread places; everything, where there is no more."""
    length = sample_bytes // _N_SAMPLES
    step = total if total <= sample_bytes else total / _N_SAMPLES
    begin, next_at = 0, 0.0
    for path, n_bytes in files:
        if total <= sample_bytes:
            with open_file(path) as file:
                yield from _stretches(_read(file, sample_bytes), max(length, 1))
            continue
        places = []
        while next_at < begin + n_bytes:
            places.append(int(next_at) - begin)
            next_at += step
        packed = path.suffix in (".gz", ".zst")
        for place in islice(places, 1) if packed else places:
            with open_file(path) as file:
                if place and not packed:
                    file.seek(place)
                    # To the beginning of a line: no word is cut, nor a character.
                    text = _read(file, length)
                    yield text[text.find(b"\n") + 1 :]
                else:
                    yield _read(file, length)
        begin += n_bytes


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
