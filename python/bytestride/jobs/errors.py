"""What ends a job, beside what the system says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.rejects import Reject


class ChangedJobError(ValueError):
    """A job was begun with other inputs or settings than it is to go on with."""


class BadDocumentError(ValueError):
    """A document cannot be used, and the job was to stop at the first.

    Attributes
    ----------
    reject
        What is wrong with it.
    """

    def __init__(self, inputs: Inputs, reject: Reject) -> None:
        super().__init__(
            f"{inputs.names[reject.source]}, at {reject.offset}: {reject.reason}: {reject.detail}; "
            "mend it, or leave such documents out (--on-bad skip)"
        )
        self.reject = reject

    def __reduce__(self) -> tuple[object, ...]:
        return _bad_document_error, (str(self), self.reject)


def _bad_document_error(message: str, reject: Reject) -> BadDocumentError:
    """Make it of its message: how it comes from another process."""
    error = BadDocumentError.__new__(BadDocumentError, message)
    error.reject = reject
    return error
