"""What is written to a file goes to the disk while more is written, not all of it at the end.

Otherwise a job that fills the page cache faster than the disk takes it waits at each end of a shard
for all its bytes; of 64 MB of text in one shard that was a third of the time.
"""

from __future__ import annotations

import os
import threading

# The bytes are enough: who ends the file has the rest of it written.
_sync_data = getattr(os, "fdatasync", os.fsync)

# About so much is left at the end. Of 24 MB, written in 0.14 s, the last call took 13, 7, 4 and 2
# ms with 8, 4, 2 and 1 MB here; with less, the calls themselves begin to count.
_BYTES = 2 * 2**20


class WriteBehind:
    """Asks the system, in a thread, to write an open file's bytes, whenever there are some more.

    Parameters
    ----------
    descriptor
        The file's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._n_bytes = 0
        self._threads: list[threading.Thread] = []
        self._error: OSError | None = None

    def wrote(self, n_bytes: int) -> None:
        """Count bytes that the system has taken; returns at once.

        Raises
        ------
        OSError
            The disk refused some that were written before: the system says so only once.
        """
        self._n_bytes += n_bytes
        if self._n_bytes < _BYTES or any(thread.is_alive() for thread in self._threads):
            return
        self.finish()
        self.start()

    def start(self) -> None:
        """Have all bytes written that the system has by now; returns at once."""
        self._n_bytes = 0
        thread = threading.Thread(target=self._sync, name="bytestride write-behind")
        thread.start()
        self._threads.append(thread)

    def _sync(self) -> None:
        try:
            _sync_data(self._descriptor)
        except OSError as error:
            self._error = error

    def finish(self) -> None:
        """Wait for the threads; to be called before the file is closed.

        Raises
        ------
        OSError
            As `wrote`.
        """
        while self._threads:
            self._threads.pop().join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
