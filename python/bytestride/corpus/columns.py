"""A column of texts as Arrow holds it: strings, binaries, views of them, or a dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bytestride.errors import FormatError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow

# Copying what a few arrays hold takes longer than a step for each.
_LEAST_JOINED: Final = 9

# Offsets may be of 32 bits.
_MOST_JOINED_BYTES: Final = 2**30

_READABLE: Final = (
    "string",
    "large_string",
    "string_view",
    "binary",
    "large_binary",
    "binary_view",
)


def check_array(array: pyarrow.Array) -> None:
    """Find out that what was read points outside of itself, before anyone follows it.

    Raises
    ------
    pyarrow.ArrowInvalid
        It does.
    """
    import pyarrow

    if pyarrow.types.is_dictionary(array.type):
        check_array(array.dictionary)
        pyarrow.DictionaryArray.from_arrays(array.indices, array.dictionary, safe=True)
        return
    # As binaries, whose check leaves out UTF-8: that is asked of each row.
    array.view(_binary_like(array.type)).validate(full=True)


def _binary_like(of: pyarrow.DataType) -> pyarrow.DataType:
    import pyarrow

    if pyarrow.types.is_string(of) or pyarrow.types.is_binary(of):
        return pyarrow.binary()
    if pyarrow.types.is_large_string(of) or pyarrow.types.is_large_binary(of):
        return pyarrow.large_binary()
    return pyarrow.binary_view()


def check_column(name: str, schema: pyarrow.Schema, column: str) -> None:
    """Find out that a table has no such column, or that it holds no texts.

    Raises
    ------
    FormatError
        So it is.
    """
    import pyarrow

    n_found = schema.names.count(column)
    if n_found != 1:
        names = ", ".join(map(repr, schema.names[:8])) or "none"
        more = ", ..." if len(schema.names) > 8 else ""
        has = "no column" if not n_found else f"{n_found} columns"
        raise FormatError(
            f"{name} has {has} {column!r}; its columns are {names}{more}: name one with --column"
        )
    found = schema.field(schema.names.index(column)).type
    texts = found.value_type if pyarrow.types.is_dictionary(found) else found
    if str(texts) not in _READABLE:
        raise FormatError(
            f"{name}: column {column!r} holds {found}; documents are strings or binaries, or a "
            "dictionary of them: name another with --column"
        )


def decoded(column: pyarrow.Array) -> pyarrow.Array:
    """Give strings or binaries for a dictionary of them, and offsets for views."""
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        return decoded(column.dictionary).take(column.indices)
    if _binary_like(column.type) == pyarrow.binary_view():
        return column.cast(pyarrow.large_binary())  # views cannot be filtered
    return column


def joined(arrays: list[pyarrow.Array]) -> list[pyarrow.Array]:
    """Give one array for many small ones, so that no step is over a few rows; not of views."""
    import pyarrow

    if len(arrays) < _LEAST_JOINED:
        return arrays
    if sum(int(lengths(array).sum()) for array in arrays) > _MOST_JOINED_BYTES:
        return arrays
    return [pyarrow.concat_arrays(arrays)]


def kept(array: pyarrow.Array, is_kept: npt.NDArray[np.bool_]) -> pyarrow.Array:
    """Give the rows that are kept; not of a dictionary, or of views."""
    import pyarrow

    return array.filter(pyarrow.array(is_kept))


def one_array(arrays: list[pyarrow.Array]) -> pyarrow.Array | pyarrow.ChunkedArray:
    """Give one array, in chunks where there are several."""
    import pyarrow

    if len(arrays) == 1:
        return arrays[0]
    return pyarrow.chunked_array(arrays, None if arrays else pyarrow.binary())


def are_null(array: pyarrow.Array) -> npt.NDArray[np.bool_]:
    """Say of each row whether it is null."""
    if not array.null_count:
        return np.zeros(len(array), bool)
    found: npt.NDArray[np.bool_] = array.is_null().to_numpy(zero_copy_only=False)
    return found


def lengths(array: pyarrow.Array) -> npt.NDArray[np.int64]:
    """Bytes of text in each row, 0 for a null: int64[n]."""
    import pyarrow

    if pyarrow.types.is_dictionary(array.type):
        # A null anywhere is taken for the 0 behind the last.
        of_texts = np.append(lengths(array.dictionary), 0)
        indices = array.indices.cast(pyarrow.int64()).fill_null(len(array.dictionary))
        found: npt.NDArray[np.int64] = of_texts[indices.to_numpy()]
        return found
    if not len(array):
        return np.zeros(0, np.int64)
    begin, n = array.offset, len(array)
    buffer = array.buffers()[1]
    if _binary_like(array.type) == pyarrow.binary_view():
        views = np.frombuffer(buffer, np.int32, 4 * (begin + n)).reshape(-1, 4)
        sizes = views[begin:, 0].astype(np.int64)
    else:
        is_large = _binary_like(array.type) == pyarrow.large_binary()
        offsets = np.frombuffer(buffer, np.int64 if is_large else np.int32, begin + n + 1)
        sizes = np.diff(offsets[begin:]).astype(np.int64)
    if array.null_count:
        sizes[are_null(array)] = 0
    return sizes
