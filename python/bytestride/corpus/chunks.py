"""What goes from a reader to its workers: chunks of text, and the documents in them.

A reader is one thread that goes through files in order and does little else than read and
decompress: it cuts the text into chunks of about `CHUNK_BYTES` at places where a document ends, or
where every tokenizer cuts. `Chunk.texts`, which parses and checks, is for a worker: any number of
them work on chunks of the same file.

A document longer than a chunk comes in pieces. Where one of its pieces turns out bad, all of them
are: whoever stores them drops what it has of the document, and what is to come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bytestride.corpus.rejects import Reject

CHUNK_BYTES: Final = 2 * 1024 * 1024
"""About how much text a chunk holds: large beside a call, small enough to stay in cache."""

MAX_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
"""The longest document that must be held whole: a line of JSON, a row, a text that cannot be cut.
"""

MAX_UNCUT_BYTES: Final = 16 * 1024 * 1024
"""The longest stretch of a text without a place to cut it; real text has one every few bytes."""


class Place(NamedTuple):
    """Where a document begins, or the inputs end.

    Attributes
    ----------
    source
        Number of the file among the inputs.
    offset
        Byte of the file's text, after decompression; of a table, the row.
    """

    source: int
    offset: int


class Range(NamedTuple):
    """The documents that begin at or after one place and before another, over any number of files.

    ``Range(Place(3, 0), Place(4, 0))`` is file 3. The ends may lie within documents.
    """

    begin: Place
    end: Place


@dataclass(frozen=True)
class Texts:
    """The good documents of a chunk as the core reads them, and the bad ones.

    Attributes
    ----------
    documents, offsets
        As `Tokenizer` takes them: a buffer of bytes with int64[n + 1] offsets or int64[n, 2] begins
        and ends; or an Arrow array of strings, or binaries, and None.
    n_documents
        How many pieces of good documents there are: n.
    n_text_bytes
        Bytes of text in them.
    place_of
        Gives the place where the document of a piece begins, by the piece's number in the chunk.
        Not asked of one that continues.
    text_lengths
        Gives the bytes of text of each piece, int64[n].
    sources
        Number of the file of each piece: int32[n], or one number for all.
    continues
        Whether the chunk begins within a document. Then piece 0 is the rest of it, or more of it,
        unless `first_is_bad`.
    goes_on
        Whether the chunk ends within a document. Then the last piece is of it, unless
        `last_is_bad`. A chunk may be one piece that continues and goes on.
    first_is_bad, last_is_bad
        Whether the piece that continues, or goes on, is bad and so left out, and why is in
        `rejects`. Both are set where it is one piece.
    rejects
        The bad documents, in order.
    """

    documents: Any
    offsets: npt.NDArray[np.int64] | None
    n_documents: int
    n_text_bytes: int
    place_of: Callable[[int], Place]
    text_lengths: Callable[[], npt.NDArray[np.int64]]
    sources: npt.NDArray[np.int32] | int
    continues: bool = False
    goes_on: bool = False
    first_is_bad: bool = False
    last_is_bad: bool = False
    rejects: Sequence[Reject] = field(default_factory=tuple)

    @property
    def is_one_piece(self) -> bool:
        """Whether the chunk is the middle of a document and nothing else."""
        if not (self.continues and self.goes_on):
            return False
        if self.first_is_bad and self.last_is_bad:
            return self.n_documents == 0 and len(self.rejects) == 1
        return self.n_documents == 1 and not self.first_is_bad and not self.last_is_bad


class Chunk(Protocol):
    """Text that was read and not looked at.

    Attributes
    ----------
    end
        Where the next chunk begins. A place to go on from only if the chunk ends with a document.
    n_file_bytes
        How much of the files it stands for, as they are stored: for progress.
    """

    @property
    def end(self) -> Place: ...  # noqa: D102

    @property
    def n_file_bytes(self) -> int: ...  # noqa: D102

    def texts(self) -> Texts:
        """Parse and check; once, in any thread.

        Raises
        ------
        MemoryError, OSError
            As the system says. Bad documents raise nothing.
        """
