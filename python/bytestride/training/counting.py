"""Counting the words of a text."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bytestride import _core
from bytestride.corpus.sources import Source, line_batches, text_batches
from bytestride.definition import AddedToken
from bytestride.published import resolve_pattern
from bytestride.splitting import make_splitter
from bytestride.training.word_counts import (
    CountSettings,
    SpecialsInText,
    Unit,
    WordCounts,
    parquet_writer,
)

if TYPE_CHECKING:
    from bytestride.training.learning import Progress

# A word as long as this is no word: a text without spaces, or another language than the pattern's.
_GIANT_WORD_BYTES = 1 << 20


def count_words(
    source: Source,
    *,
    pattern: str = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    first_offsets: bool = False,
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
) -> WordCounts:
    """Count the words (pretokens) of a text.

    The result does not depend on threads, nor on how the source is cut.

    Parameters
    ----------
    source : str, bytes, path, Arrow array of strings, or an iterable of these
        A str or bytes is a document; a `pathlib.Path` is a file, read in pieces.
    pattern : str
        The name of a split pattern ("gpt2", "cl100k", "o200k", …) or a regular expression.
    unit : "document" or "line"
        What is split by itself: whole documents, or each line with its newline (as Hugging Face's
        ``train(files)`` does).
    special_tokens : iterable of str
        Texts that are cut out before the split: nothing is learned across them.
    specials_in_text : "drop" or "hf"
        Whether those are left out, or counted as words, as Hugging Face's trainer does.
    first_offsets : bool
        Keep where each word stands first: what ties by first sight (the preset "minbpe") need.
        Counting then takes one thread.
    num_threads : int, optional
        By default all cores that the process may use.
    memory_bytes : int, optional
        What the tables may take together, at least 4 MiB; what exceeds it goes to a scratch file in
        the folder for temporary files and comes back in the end, since the result is whole. Use
        `count_words_to_parquet` where the result itself is too large.
    progress : callable, optional
        Called as ``progress("count", n_bytes, None)``.

    Returns
    -------
    WordCounts

    Raises
    ------
    ValueError
        An unknown unit, an empty or repeated special token, `memory_bytes` below 4 MiB, a count
        above 2**64 - 1.

    Warns
    -----
    UserWarning
        A word of a mebibyte or more, with its beginning: the pattern does not cut this text.
    """
    settings = _settings(pattern, unit, special_tokens, specials_in_text)
    with _counter(settings, first_offsets, memory_bytes) as (counter, may_cut):
        _count(counter, source, unit, may_cut, num_threads, progress)
        n_text_bytes = counter.n_text_bytes
        table = counter.finish()
    _warn_of_giants(table)
    return WordCounts(table, settings, n_text_bytes)


def count_words_to_parquet(
    source: Source,
    path: str | os.PathLike[str],
    *,
    pattern: str = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    first_offsets: bool = False,
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Count words as `count_words` does, straight into a Parquet file.

    Memory holds a sixty-fourth of the words at a time at the end, so that the whole table may be
    larger than memory. The file is the same for the same text, whatever the threads and the memory.

    Returns
    -------
    int
        How many different words there are.
    """
    settings = _settings(pattern, unit, special_tokens, specials_in_text)
    n_words = 0
    with _counter(settings, first_offsets, memory_bytes) as (counter, may_cut):
        with parquet_writer(path, settings, first_offsets) as write:
            _count(counter, source, unit, may_cut, num_threads, progress)
            for part in range(counter.n_parts):
                table = counter.finish_part(part)
                n_words += table.n_words
                _warn_of_giants(table)
                if table.n_words:
                    write(table)
    return n_words


def _settings(
    pattern: str, unit: Unit, special_tokens: Iterable[str], specials_in_text: SpecialsInText
) -> CountSettings:
    if unit not in ("document", "line"):
        raise ValueError(f"unit must be 'document' or 'line', not {unit!r}")
    if specials_in_text not in ("drop", "hf"):
        raise ValueError(f"specials_in_text must be 'drop' or 'hf', not {specials_in_text!r}")
    tokens = checked_specials(special_tokens)
    return CountSettings(resolve_pattern(pattern), unit, tokens, specials_in_text)


def checked_specials(special_tokens: Iterable[str]) -> tuple[str, ...]:
    """Special tokens as a tuple, each once.

    Raises
    ------
    TypeError
        One str instead of a list, or something that is no str.
    ValueError
        One is empty, given twice, or holds a lone surrogate.
    """
    if isinstance(special_tokens, str):
        raise TypeError("special_tokens must be a list of texts, not one str")
    tokens = tuple(special_tokens)
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(f"special tokens must be str, not {type(token).__name__}")
        token.encode()  # a lone surrogate is an error, and says where
        if not token:
            raise ValueError("a special token must not be empty")
    if len({*tokens}) != len(tokens):
        twice = next(token for token in tokens if tokens.count(token) > 1)
        raise ValueError(f"special token {twice!r} is given twice; keep one of them")
    return tokens


@contextmanager
def _counter(
    settings: CountSettings, first_offsets: bool, memory_bytes: int | None
) -> Iterator[tuple[_core.WordCounter, bool]]:
    # Ids do not matter for counting: a special token is found by its text.
    added = [AddedToken(token, i) for i, token in enumerate(settings.special_tokens)]
    splitter = make_splitter(settings.pattern, added, stacklevel=None)
    options: dict[str, Any] = {
        "firsts": first_offsets,
        "count_added": settings.specials_in_text == "hf",
    }
    if memory_bytes is None:
        yield _core.WordCounter(splitter, **options), splitter.may_cut
        return
    with tempfile.TemporaryFile(prefix="bytestride-counts-") as scratch:
        options |= {"memory_bytes": memory_bytes, "spill_descriptor": scratch.fileno()}
        yield _core.WordCounter(splitter, **options), splitter.may_cut


def _count(
    counter: _core.WordCounter,
    source: Source,
    unit: Unit,
    may_cut: bool,
    num_threads: int | None,
    progress: Progress | None,
) -> None:
    def report() -> None:
        if progress is not None:
            progress("count", counter.n_text_bytes, None)

    if unit == "line":
        for text, offsets in line_batches(source):
            counter.add(text, offsets, num_threads=num_threads)
            report()
    else:
        for batch in text_batches(source, may_cut=may_cut):
            counter.add(batch, num_threads=num_threads)
            report()


def _warn_of_giants(table: _core.WordCounts) -> None:
    n_bytes, begin = table.longest()
    if n_bytes >= _GIANT_WORD_BYTES:
        warnings.warn(
            f"one word has {n_bytes:,} bytes and begins with {begin!r}: the pattern does not cut "
            "this text, and training on it will take memory and time in proportion",
            stacklevel=3,
        )
