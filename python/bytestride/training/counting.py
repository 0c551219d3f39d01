"""Counting the words of a source: files are read ahead by one thread while the core counts."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol

from bytestride import _core
from bytestride.corpus.bad_documents import BadDocuments, OnBad
from bytestride.corpus.reading import Reading
from bytestride.corpus.sources import Batch, Source, n_text_bytes, resolve, text_batches
from bytestride.splitting import make_splitter
from bytestride.stages import Pattern, Split
from bytestride.training.checkpoint import Checkpoint, uninterrupted
from bytestride.training.count_settings import (
    CountSettings,
    SpecialsInText,
    Unit,
    check_special_tokens,
)
from bytestride.training.word_counts import WordCounts

GIANT_WORD_BYTES = 1024 * 1024
"""Longer words are warned of: they are seldom meant."""

_N_WORDS_TRIED = 1000
_N_BYTES_TO_JUDGE = 1000  # in less text a good pattern may find nothing


class Progress(Protocol):
    """Told how far training has come; an exception from it, or Ctrl-C, stops the training."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take the stage, "count" (in bytes) or "merge" (in tokens), and how much of it is done.

        `total` is None where it is not known.
        """


def count_words(
    source: Source,
    *,
    pattern: Pattern = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    first_offsets: bool = False,
    normalizer: str | None = None,
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
    on_bad: OnBad = "stop",
) -> WordCounts:
    """Count how often each pretoken of a source occurs. The result does not depend on threads.

    Parameters
    ----------
    source : str, bytes, path, Inputs, Arrow array, or an iterable of these
        A str or bytes is a document; a `pathlib.Path` is a file of text, of lines of JSON or a
        table, by its name, plain or ``.gz`` or ``.zst``, or a folder of such files; `Inputs` are
        what `bytestride.corpus.finding.find_inputs` found; an Arrow array of strings or binaries
        holds many documents.
    pattern : str or tuple of stages
        The name of a split pattern ("gpt2", "cl100k", "o200k", …), a regular expression or stages.
    unit : {"document", "line"}
        What no word crosses. "line": each line with its newline is a document, as in Hugging Face's
        ``train(files)``.
    special_tokens : iterable of str
        Texts that become one id each, later.
    specials_in_text : {"drop", "hf", "text"}
        What becomes of them where they stand in the text: they are cut out and nothing is learned
        from them; they are cut out and counted as a word, as Hugging Face does with tokens that
        were added before training; or they are text like any other.
    first_offsets : bool
        Keep where each word stands first, which presets that break ties by first sight need. It
        takes one thread.
    normalizer : "NFC", optional
        Normal form of the text.
    num_threads : int, optional
        By default all cores that the process may use.
    memory_bytes : int, optional
        What the tables of words may take while they are counted, at least 4 MiB; what exceeds it
        goes to a scratch file in the folder for temporary files. The counts stay exact. The
        finished table is in memory whole, and the text that is being read is not in the limit.
    progress : callable, optional
        Called as ``progress("count", done, total)``, in bytes.
    checkpoint : path, optional
        A Parquet file for the counts so far, if the counting is stopped by Ctrl-C or an error of
        the source. The same call again goes on from there, and takes the file away in the end.
    reading : Reading, optional
        How files are read: which column has the text, what separates documents. By default a text
        file is one document, and may hold what is not UTF-8.
    on_bad : {"stop", "skip"}
        What becomes of documents in files that cannot be read: they are an error, or left out and
        told of in the end. Of a text file that is damaged, what came before is counted.

    Returns
    -------
    WordCounts

    Raises
    ------
    FileNotFoundError, PermissionError
        A file cannot be read; for a list of files, found out before anything is counted.
    FormatError
        A file is damaged, or holds a bad document, and `on_bad` is "stop".
    ValueError
        A pattern that matches nothing in the text, or may match an empty text; a memory limit that
        is too small; a checkpoint of another source or other settings.

    Warns
    -----
    UserWarning
        A word is longer than 1 MiB; the pattern is none that the core scans itself; documents were
        left out.
    """
    settings = CountSettings(
        pattern, unit, check_special_tokens(special_tokens), specials_in_text, normalizer
    )
    return count_by_settings(
        source,
        settings,
        first_offsets=first_offsets,
        num_threads=num_threads,
        memory_bytes=memory_bytes,
        progress=progress,
        checkpoint=checkpoint,
        reading=reading,
        on_bad=on_bad,
        stacklevel=2,
    )


def count_by_settings(
    source: Source,
    settings: CountSettings,
    *,
    first_offsets: bool = False,
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
    on_bad: OnBad = "stop",
    stacklevel: int | None = None,
) -> WordCounts:
    """Count by settings that were checked; otherwise as `count_words`.

    `stacklevel` is that of the call that a warning shows; None for no warning of the pattern.
    """
    bad = BadDocuments(on_bad)
    source = resolve(source)
    total = n_text_bytes(source, reading)
    saved = None if checkpoint is None else Checkpoint(checkpoint, settings, first_offsets)
    up = None if stacklevel is None else stacklevel + 1
    with opened_counter(settings, first_offsets, memory_bytes, up) as (counter, may_cut):
        batches = text_batches(
            source,
            may_cut=may_cut,
            lines=settings.unit == "line",
            start=None if saved is None else saved.start,
            reading=reading,
            bad=bad,
        )
        _count(batches, counter, num_threads, progress, total, saved)
        n_texts = counter.n_texts
        table = counter.finish()
    counts = WordCounts.from_core(table, settings)
    _refuse_no_match(counts, n_texts)
    if saved is not None:
        counts = saved.before + counts if saved.before is not None else counts
        saved.remove()
    _warn_of_giants(counts.table, up)
    warn_of_bad(bad, up)
    return counts


def count_words_to_parquet(
    source: Source,
    path: str | os.PathLike[str],
    *,
    pattern: Pattern = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    first_offsets: bool = False,
    normalizer: str | None = None,
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
    reading: Reading | None = None,
    on_bad: OnBad = "stop",
) -> int:
    """Count words as `count_words` does, straight into a Parquet file.

    At the end memory holds a sixty-fourth of the words at a time, so that the whole table may be
    larger than memory. Its rows are in no order, and add up to the same counts.

    Returns
    -------
    int
        How many different words there are.

    Raises
    ------
    OSError
        The file cannot be written. It is whole or not there.
    ModuleNotFoundError
        There is no pyarrow, which writes it.
    """
    from bytestride.training.count_tables import writing_parquet

    settings = CountSettings(
        pattern, unit, check_special_tokens(special_tokens), specials_in_text, normalizer
    )
    bad = BadDocuments(on_bad)
    source = resolve(source)
    total = n_text_bytes(source, reading)
    n_words = 0
    with (
        opened_counter(settings, first_offsets, memory_bytes, 2) as (counter, may_cut),
        writing_parquet(path, settings, first_offsets) as write,
    ):
        batches = text_batches(
            source, may_cut=may_cut, lines=unit == "line", reading=reading, bad=bad
        )
        _count(batches, counter, num_threads, progress, total, None)
        for part in range(counter.n_parts):
            table = counter.finish_part(part)
            n_words += table.n_words
            _warn_of_giants(table, 2)
            write(table)
    warn_of_bad(bad, 2)
    return n_words


@contextmanager
def opened_counter(
    settings: CountSettings,
    first_offsets: bool,
    memory_bytes: int | None,
    stacklevel: int | None,
) -> Iterator[tuple[_core.WordCounter, bool]]:
    """Give a counter, with a scratch file if it has a limit, and whether files may be cut."""
    # The frames of this function and of the context are between us and the caller.
    splitter = make_splitter(
        settings.pattern,
        settings.added_tokens(),
        normalizer=settings.normalizer,
        stacklevel=None if stacklevel is None else stacklevel + 2,
    )
    _refuse_empty_matches(settings.pattern)
    count_added, by_lines = settings.specials_in_text == "hf", settings.unit == "line"
    if memory_bytes is None:
        counter = _core.WordCounter(
            splitter, firsts=first_offsets, count_added=count_added, by_lines=by_lines
        )
        yield counter, splitter.may_cut
        return
    with tempfile.TemporaryFile(prefix="bytestride-counts-", buffering=0) as scratch:
        counter = _core.WordCounter(
            splitter,
            firsts=first_offsets,
            count_added=count_added,
            by_lines=by_lines,
            memory_bytes=memory_bytes,
            spill_descriptor=scratch.fileno(),
        )
        yield counter, splitter.may_cut


def _count(
    batches: Iterator[Batch],
    counter: _core.WordCounter,
    num_threads: int | None,
    progress: Progress | None,
    total: int | None,
    saved: Checkpoint | None,
) -> None:
    """Count all batches."""
    n_bytes = 0 if saved is None else saved.n_bytes
    try:
        with uninterrupted(active=saved is not None) as interrupts:
            for batch in batches:
                interrupts.let_through()
                if saved is not None:
                    saved.is_whole = False
                counter.add(batch.documents, batch.offsets, num_threads)
                n_bytes += batch.n_bytes
                if saved is not None:
                    saved.is_whole, saved.start, saved.n_bytes = True, batch.end, n_bytes
                interrupts.let_through()
                if progress is not None:
                    progress("count", n_bytes, total)
    except BaseException as error:
        kept = saved is not None and saved.write(counter)
        _add_note(error, n_bytes, saved if kept else None)
        raise


def _add_note(error: BaseException, n_bytes: int, saved: Checkpoint | None) -> None:
    if sys.version_info < (3, 11):
        return
    if saved is not None:
        error.add_note(
            f"the counts of the first {n_bytes:,} bytes are in {saved.path}; the same call goes on "
            "from there"
        )
    elif n_bytes and isinstance(error, Exception):
        error.add_note(
            f"{n_bytes:,} bytes were counted by then, and nothing was kept; with checkpoint= they "
            "are, or count the parts by themselves and add them with +"
        )


def _refuse_empty_matches(pattern: Pattern) -> None:
    """Refuse what was written for at least one character and matches none."""
    for text in _expressions(pattern):
        if _compiled(text).fullmatch("") is not None:
            raise ValueError(
                f"pattern {text!r} matches an empty text, and so between any two characters; let "
                "it need a character (+ in place of *), or name a known pattern"
            )


def _refuse_no_match(counts: WordCounts, n_texts: int) -> None:
    """Refuse a pattern that matched nothing, so that each text is one word."""
    pattern = counts.settings.pattern
    if not isinstance(pattern, str) or not _expressions(pattern):
        return
    if counts.total != n_texts or counts.n_text_bytes < _N_BYTES_TO_JUDGE:
        return
    compiled = _compiled(pattern)
    for word, _ in islice(counts, _N_WORDS_TRIED):
        try:
            if compiled.search(word.decode(errors="replace"), timeout=1.0):
                return
        except TimeoutError:
            return
    raise ValueError(
        f"pattern {pattern!r} matches nothing in any of {n_texts:,} texts, so each would be one "
        "word; write a pattern of the words themselves, or name a known one, such as 'cl100k'"
    )


def _expressions(pattern: Pattern) -> list[str]:
    """Give the regular expressions of a pattern that the core does not scan itself."""
    known = {text for _, text in _core.known_patterns()}
    stages = (Split(pattern),) if isinstance(pattern, str) else pattern
    return [s.pattern for s in stages if isinstance(s, Split) and s.pattern not in known]


def _compiled(pattern: str) -> Any:  # noqa: ANN401 (the regex package has no types)
    import regex

    from bytestride.splitting.pattern_syntax import rewrite_pattern

    rewritten, _ = rewrite_pattern(pattern, None, _core.category_ranges)
    return regex.compile(rewritten, flags=regex.V1)


def _warn_of_giants(table: _core.WordCounts, stacklevel: int | None) -> None:
    n_bytes, start = table.longest()
    if n_bytes >= GIANT_WORD_BYTES:
        warnings.warn(
            f"a word of {n_bytes:,} bytes, which begins with {start!r}: the pattern does not cut "
            "this text; training goes on, exactly, but a pattern that does, or unit='line', is "
            "usually meant",
            stacklevel=2 if stacklevel is None else stacklevel + 1,
        )


def warn_of_bad(bad: BadDocuments, stacklevel: int | None) -> None:
    """Say what was left out, if anything, as of the call so many frames up."""
    if bad.summary is not None:
        warnings.warn(bad.summary, stacklevel=2 if stacklevel is None else stacklevel + 1)
