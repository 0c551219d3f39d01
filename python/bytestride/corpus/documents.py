"""What counts as documents in memory, in the two forms that the core reads without copying."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Documents = Iterable[str | bytes] | tuple[Any, Any] | Any


def for_core(documents: Documents) -> tuple[Any, npt.NDArray[np.int64] | None]:
    """Return ``(source, offsets)`` for the core.

    Parameters
    ----------
    documents
        An iterable of str or bytes; a pair ``(buffer, offsets)`` of a buffer of bytes and
        int64[n + 1] byte offsets in it, or int64[n, 2] begins and ends (``cut_documents``); or an
        Arrow array of strings or binaries, in chunks or not.

    Returns
    -------
    source, offsets
        The iterable or Arrow array and None, or the buffer and its int64 offsets.
    """
    if _is_buffer_with_offsets(documents):
        buffer, offsets = documents
        return buffer, np.ascontiguousarray(offsets, dtype=np.int64)
    return documents, None


def _is_buffer_with_offsets(documents: object) -> bool:
    if not isinstance(documents, tuple) or len(documents) != 2:
        return False
    offsets = documents[1]
    return isinstance(offsets, np.ndarray) and offsets.dtype.kind in "iu"
