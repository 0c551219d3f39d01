"""Files of any kind, as chunks of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bytestride.corpus.chunks import (
    CHUNK_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_UNCUT_BYTES,
    Chunk,
    Place,
    Range,
)
from bytestride.corpus.gathering import Gathering
from bytestride.corpus.input_files import InputFile, check_unchanged
from bytestride.corpus.kinds import check_format, kind_of
from bytestride.corpus.separators import Separators, overlaps_itself
from bytestride.corpus.text_reader import TextReader

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes
    ----------
    format
        What all files are, one of `kinds.FORMATS`; None to tell by their names.
    column
        The member of each JSON object, or the column of a table, that holds the text.
    separator
        What ends each document of a text file, and belongs to none; None for a file that is one
        document.
    may_cut
        Whether a document may come in pieces, cut at safe places (``Tokenizer.may_cut``).
    max_document_bytes
        The longest document that comes whole, and the longest line of JSON.
    max_uncut_bytes
        The longest stretch without a place to cut it, of a document that may be cut.
    keep_invalid_utf8
        Whether text files may hold what is not UTF-8.

    Raises
    ------
    ValueError
        The format is unknown, the separator empty, or a limit below 1.
    """

    format: str | None = None
    column: str = "text"
    separator: bytes | None = None
    may_cut: bool = True
    max_document_bytes: int = MAX_DOCUMENT_BYTES
    max_uncut_bytes: int = MAX_UNCUT_BYTES
    keep_invalid_utf8: bool = False

    def __post_init__(self) -> None:
        check_format(self.format)
        if self.separator is not None:
            Separators(self.separator)
        for name in ("max_document_bytes", "max_uncut_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")


def read_chunks(
    inputs: Inputs,
    ranges: Iterable[Range],
    reading: Reading,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    within: Place | None = None,
) -> Iterator[Chunk]:
    """Read the documents that begin in some ranges of files, in order.

    Where a range begins within a file, it starts with the first document that begins there or
    later; a document that begins before its end is read to the document's own end. So ranges that
    meet share no document, and lose none.

    Parameters
    ----------
    inputs
        The files.
    ranges
        Within a file they end or begin only where `splittable` says that it may be cut, or exactly
        where a document begins (`Chunk.end`).
    reading
        How to read them.
    chunk_bytes
        About how much text a chunk holds.
    within
        Where the document begins that the first range's begin lies in, to go on with the rest of
        it: then the range begins where a chunk ended (`Chunk.end`) that goes on.

    Yields
    ------
    Chunk
        Each of one range. Small text files are gathered, up to `MAX_FILES`; other chunks are of
        one file.

    Raises
    ------
    InputChangedError
        A file is not what it was when it was found.
    ValueError
        A range is none of these inputs; a format is unknown, or the separator empty.
    ModuleNotFoundError
        A package is missing that reads a file: pyarrow, zstandard or fsspec.
    OSError
        As the system says. Bad documents, and damaged files, are rejects.
    """
    for begin, end in ranges:
        if not (0 <= begin.source <= end.source <= len(inputs)) or begin.offset < 0:
            raise ValueError(
                f"the range from {begin} to {end} is not one of {len(inputs):,} files; make it of "
                "the same inputs"
            )
        yield from _read_range(inputs, begin, end, reading, chunk_bytes, within)
        within = None


def _read_range(
    inputs: Inputs,
    begin: Place,
    end: Place,
    reading: Reading,
    chunk_bytes: int,
    within: Place | None,
) -> Iterator[Chunk]:
    gathering = Gathering(inputs, reading, chunk_bytes)
    n_sources = end.source + 1 if end.offset > 0 else end.source
    for source in range(begin.source, n_sources):
        first = begin.offset if source == begin.source else 0
        stop = end.offset if source == end.source else None
        kind = kind_of(inputs.names[source], reading.format)
        if first == 0 and stop is None and gathering.takes(source, kind):
            yield from gathering.add(source, kind)
            continue
        yield from gathering.flush()
        if stop is not None and first >= stop:
            continue
        if kind.format in ("parquet", "arrow"):
            yield from _read_table(inputs, source, first, stop, reading, chunk_bytes)
            continue
        with InputFile(inputs, source, kind.packing) as file:
            yield from TextReader(
                file,
                source,
                reading,
                is_lines=kind.format == "jsonl",
                chunk_bytes=chunk_bytes,
                begin=first,
                stop=stop,
                within=within if source == begin.source else None,
            ).chunks()
    yield from gathering.flush()


def _read_table(
    inputs: Inputs, source: int, first: int, stop: int | None, reading: Reading, chunk_bytes: int
) -> Iterator[Chunk]:
    from bytestride.corpus.tables import END_OF_TABLE, table_chunks

    last = END_OF_TABLE if stop is None else stop
    check_unchanged(inputs, source)
    for chunk in table_chunks(inputs, source, first, last, reading, chunk_bytes):
        # What was changed midway may look damaged, or not.
        check_unchanged(inputs, source)
        yield chunk


def splittable(inputs: Inputs, source: int, reading: Reading) -> bool:
    """Whether ranges may begin and end anywhere in a file.

    They may in plain files of lines of JSON, and of documents with separators that cannot overlap
    themselves. They may not in a text that is one document, and what is packed or comes by stdin
    can only be read from its beginning. Places in tables are rows, which their size does not tell.
    """
    kind = kind_of(inputs.names[source], reading.format)
    if kind.packing or inputs.sizes[source] < 0 or kind.format not in ("text", "jsonl"):
        return False
    if kind.format == "jsonl":
        return True
    return reading.separator is not None and not overlaps_itself(reading.separator)
