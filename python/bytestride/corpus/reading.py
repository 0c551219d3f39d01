"""How documents are found in files, and the way through any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bytestride.corpus.chunks import (
    CHUNK_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_UNCUT_BYTES,
    Chunk,
    Range,
)
from bytestride.corpus.kinds import FORMATS, kind_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bytestride.corpus.inputs import Inputs

_END = 2**63 - 1


@dataclass(frozen=True)
class Reading:
    r"""How documents are found in files.

    Attributes
    ----------
    format
        "text", "jsonl", "parquet" or "arrow"; by default by what each name ends in.
    column
        The member of each JSON object, or the column of a table, that holds the text.
    separator
        What ends each document of a text file, such as ``b"<|endoftext|>"`` or ``b"\n"``; what
        follows the last one is a document if there is anything. None: a file is a document.
    may_cut
        Whether a text may be cut at safe places (`Tokenizer.may_cut`); if not, a document of text
        is held whole.
    max_document_bytes
        The longest document that is held whole: a line of JSON, a row, a text that may not be cut.
        A longer one is a bad document.
    max_uncut_bytes
        The longest stretch of a text without a safe place to cut it; with a longer one, the
        document is bad.

    Raises
    ------
    ValueError
        A value is out of range.
    """

    format: str | None = None
    column: str = "text"
    separator: bytes | None = None
    may_cut: bool = True
    max_document_bytes: int = MAX_DOCUMENT_BYTES
    max_uncut_bytes: int = MAX_UNCUT_BYTES

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, found {self.format!r}")
        if self.separator is not None and not self.separator:
            raise ValueError("the separator between documents is empty; name a character or more")
        for name in ("max_document_bytes", "max_uncut_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")


def read_chunks(
    inputs: Inputs,
    ranges: Iterable[Range],
    reading: Reading,
    *,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    """Go through the documents of some ranges, in order.

    No chunk has documents of two ranges. Memory holds a chunk at a time, and what a document needs
    that must be held whole.

    Parameters
    ----------
    inputs
        The files.
    ranges
        Which documents.
    reading
        How they are found.
    chunk_bytes
        About how large the chunks are. What the documents are does not depend on it.

    Raises
    ------
    InputChangedError
        A file is not what it was when it was found.
    FileNotFoundError, PermissionError, OSError
        It cannot be read.
    FormatError
        A table has no such column. Damaged files, and bad documents, are rejects.
    """
    from bytestride.corpus.text_chunks import separated_chunks
    from bytestride.corpus.whole_files import WholeFiles

    for begin, end in ranges:
        whole_files = WholeFiles(inputs, reading, chunk_bytes)
        for source in range(begin.source, min(end.source + 1, len(inputs.names))):
            first = begin.offset if source == begin.source else 0
            stop = end.offset if source == end.source else _END
            if first >= stop:
                continue
            kind = kind_of(inputs.names[source], reading.format)
            if kind.format == "text" and reading.separator is None:
                if first == 0:
                    yield from whole_files.add(source)
                continue
            yield from whole_files.flush()
            if kind.format in ("parquet", "arrow"):
                from bytestride.corpus.tables import table_chunks

                yield from table_chunks(inputs, source, first, stop, reading, chunk_bytes)
            else:
                yield from separated_chunks(inputs, source, first, stop, reading, chunk_bytes)
        yield from whole_files.flush()


def splittable(inputs: Inputs, source: int, reading: Reading) -> bool:
    """Say whether ranges may begin and end anywhere in a file.

    Not where a separator may overlap itself: which of its occurrences count is then known only from
    the front. Of tables see `row_groups`.
    """
    kind = kind_of(inputs.names[source], reading.format)
    if kind.packing or inputs.sizes[source] < 0:
        return False
    if kind.format == "jsonl":
        return True
    if kind.format != "text" or reading.separator is None:
        return False
    from bytestride.corpus.text_chunks import overlaps_itself

    return not overlaps_itself(reading.separator)


def row_groups(
    inputs: Inputs, source: int, reading: Reading
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """Say where a table may be divided; None if a file is no table.

    Returns
    -------
    rows, n_bytes
        int64[k + 1]: numbers of the rows at which groups of rows begin, and how many there are; and
        int64[k]: about how much text each group has.
    """
    kind = kind_of(inputs.names[source], reading.format)
    if kind.format not in ("parquet", "arrow"):
        return None
    from bytestride.corpus import tables

    return tables.row_groups(inputs, source, reading)
