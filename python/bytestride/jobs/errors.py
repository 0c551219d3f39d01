"""What ends a job, beside what the system and the readers say."""

from __future__ import annotations


class ChangedJobError(ValueError):
    """A job was begun with other inputs or settings than it is to go on with."""
