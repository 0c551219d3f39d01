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
        int64[n + 1] byte offsets in it; or an Arrow array of strings or binaries.

    Returns
    -------
    source, offsets
        An iterable of str and bytes and None, or a buffer and its int64[n_documents + 1] offsets.

    Raises
    ------
    ValueError
        An Arrow array holds nulls, or values that are no strings or binaries.
    """
    if hasattr(documents, "__arrow_c_array__") or hasattr(documents, "__arrow_c_stream__"):
        return _from_arrow(documents)
    if _is_buffer_with_offsets(documents):
        buffer, offsets = documents
        return buffer, np.ascontiguousarray(offsets, dtype=np.int64)
    return documents, None


def _is_buffer_with_offsets(documents: object) -> bool:
    if not isinstance(documents, tuple) or len(documents) != 2:
        return False
    offsets = documents[1]
    return isinstance(offsets, np.ndarray) and offsets.dtype.kind in "iu"


def _from_arrow(documents: Any) -> tuple[Any, npt.NDArray[np.int64]]:  # noqa: ANN401 any Arrow object
    import pyarrow as pa

    if hasattr(documents, "__arrow_c_stream__"):
        array = pa.chunked_array(documents).combine_chunks()
    else:
        array = pa.array(documents)
    narrow = pa.types.is_string(array.type) or pa.types.is_binary(array.type)
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    if not narrow and not wide:
        raise ValueError(f"an Arrow array of documents holds strings or binaries, not {array.type}")
    if array.null_count:
        first = array.is_null().to_numpy(zero_copy_only=False).argmax()
        raise ValueError(
            f"{array.null_count} documents of the Arrow array are null, the first at {first}; "
            "drop them or fill them with an empty string"
        )
    _, offset_buffer, data = array.buffers()
    if offset_buffer is None or len(array) == 0:
        return b"", np.zeros(1, dtype=np.int64)
    dtype = np.int32 if narrow else np.int64
    offsets = np.frombuffer(offset_buffer, dtype)[array.offset : array.offset + len(array) + 1]
    return data if data is not None else b"", offsets.astype(np.int64, copy=False)
