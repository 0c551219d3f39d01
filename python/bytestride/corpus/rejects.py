"""Documents that cannot be used, and why: counted and shown, never silently lost."""

from __future__ import annotations

from typing import Final, NamedTuple

INVALID_UTF8: Final = "invalid-utf8"
BROKEN_JSON: Final = "broken-json"
MISSING_FIELD: Final = "missing-field"
NOT_TEXT: Final = "not-text"
TOO_LONG: Final = "too-long"
DAMAGED_FILE: Final = "damaged-file"

REASONS: Final = (INVALID_UTF8, BROKEN_JSON, MISSING_FIELD, NOT_TEXT, TOO_LONG, DAMAGED_FILE)
"""All reasons there are, in the order that reports give them."""

SAMPLE_BYTES: Final = 200
"""How much of a document is kept to show it."""


class Reject(NamedTuple):
    """A document that was left out.

    Attributes
    ----------
    source
        Number of its file among the inputs.
    offset
        Where it begins: byte of the file's text, after decompression; of a table, the row.
    reason
        One of `REASONS`.
    detail
        What is wrong, and where in the document, for people.
    sample
        The first `SAMPLE_BYTES` bytes of it at most; of a JSON document, of its line.
    """

    source: int
    offset: int
    reason: str
    detail: str
    sample: bytes
