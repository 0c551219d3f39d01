"""What becomes of bad documents where nobody stores which they are: an error, or a summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from bytestride.corpus.rejects import REASONS
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.rejects import Reject

OnBad = Literal["stop", "skip"]


class BadDocumentError(FormatError):
    """A document cannot be used, and such documents are not to be left out.

    Attributes
    ----------
    reject
        Which, and why.
    """

    def __init__(self, inputs: Inputs, reject: Reject) -> None:
        super().__init__(
            f"{described(inputs, reject)}; mend it, or leave such documents out "
            "(on_bad='skip', --on-bad skip)"
        )
        self.reject = reject

    def __reduce__(self) -> tuple[object, ...]:
        return _bad_document_error, (str(self), self.reject)


def _bad_document_error(message: str, reject: Reject) -> BadDocumentError:
    """Make it of its message: how it comes from another process."""
    error = BadDocumentError.__new__(BadDocumentError, message)
    error.reject = reject
    return error


class BadDocuments:
    """Counts the bad documents, or stops at the first.

    Parameters
    ----------
    on_bad
        "stop": the first raises `BadDocumentError`. "skip": they are counted.

    Raises
    ------
    ValueError
        `on_bad` is neither.
    """

    def __init__(self, on_bad: OnBad = "stop") -> None:
        if on_bad not in ("stop", "skip"):
            raise ValueError(f"on_bad is {on_bad!r}; it is 'stop' or 'skip'")
        self._stops = on_bad == "stop"
        self._counts: Counter[str] = Counter()
        self._first = ""
        self._last: tuple[Inputs, int, int] | None = None

    def add(self, inputs: Inputs, reject: Reject) -> None:
        """Take note of one; another piece of the last one is no other.

        Raises
        ------
        BadDocumentError
            It is the first, and they are not left out.
        """
        if self._stops:
            raise BadDocumentError(inputs, reject)
        where = (inputs, reject.source, reject.offset)
        if self._last is not None and self._last[0] is inputs and self._last[1:] == where[1:]:
            return
        self._last = where
        self._first = self._first or described(inputs, reject)
        self._counts[reject.reason] += 1

    def to_json(self) -> dict[str, Any]:
        """Give what `add_json` takes, in another process."""
        return {"counts": dict(self._counts), "first": self._first}

    def add_json(self, other: dict[str, Any]) -> None:
        """Add what another counted of documents that come behind these."""
        self._counts.update(other["counts"])
        self._first = self._first or other["first"]

    @property
    def summary(self) -> str | None:
        """How many were left out, why, and the first; None if none was."""
        if not self._counts:
            return None
        total = sum(self._counts.values())
        parts = [f"{self._counts[reason]:,} {reason}" for reason in REASONS if self._counts[reason]]
        return (
            f"{total:,} document{'s were' if total > 1 else ' was'} left out "
            f"({', '.join(parts)}); the first: {self._first}"
        )


def described(inputs: Inputs, reject: Reject) -> str:
    """Say where a bad document is, and what is wrong."""
    return f"{inputs.names[reject.source]}, at {reject.offset:,}: {reject.reason}: {reject.detail}"
