"""Files of any kind, as chunks of documents."""

from __future__ import annotations

from dataclasses import dataclass

from bytestride.corpus.chunks import MAX_DOCUMENT_BYTES, MAX_UNCUT_BYTES


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
    """

    format: str | None = None
    column: str = "text"
    separator: bytes | None = None
    may_cut: bool = True
    max_document_bytes: int = MAX_DOCUMENT_BYTES
    max_uncut_bytes: int = MAX_UNCUT_BYTES
    keep_invalid_utf8: bool = False
