"""Lines of JSON: a member of the object on each line is a document.

A line's text is what ``json.loads`` makes of it, decoded as strict UTF-8. Arrow's reader parses a
whole chunk with no Python object per document; where it refuses, each line goes through the
interpreter's own parser instead, and the bad ones are told from the good. Arrow's reader also takes
what ``json.loads`` does not, and `_arrow_column` says how that is kept out. What is left, the same
in both ways whatever lines lie in a chunk together:

* ``Inf``, ``-Inf`` and ``-NaN`` are numbers, besides ``Infinity``, ``-Infinity`` and ``NaN``.
* Neither the digits of a number nor the depth of lists and objects have a limit. A line deeper than
  `DEEP` must have the member once, and no lone surrogate or number above the largest double.
* A byte order mark before the first line of a file is left out.

A lone surrogate, which only an escape can give, becomes U+FFFD.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from bytestride import _core
from bytestride.corpus.chunks import Place, Texts
from bytestride.corpus.rejects import (
    BROKEN_JSON,
    INVALID_UTF8,
    MISSING_FIELD,
    NOT_TEXT,
    SAMPLE_BYTES,
    Reject,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow
    from pyarrow import json as pyarrow_json

    from bytestride.corpus.reading import Reading

DEEP: Final = 256
"""The depth above which Arrow's parser alone decides: it has no stack to run out of."""

_SPACE: Final = b" \t\r"
_MOST_SPACES: Final = 8
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MOST_ARROW_BYTES: Final = 2**31 - 2  # its block size is an int32
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# float, since int refuses thousands of digits; no number is ever used.
_DECODER: Final = json.JSONDecoder(parse_int=float)


class _BadLineError(Exception):
    """Why a line is no document."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class _Lines(NamedTuple):
    """Where the lines of a chunk that are not blank lie.

    Attributes
    ----------
    spans
        Begin and end of each, without its newline: int64[n, 2].
    are_objects
        Whether each begins with ``{`` and ends with ``}``, white space aside.
    """

    spans: npt.NDArray[np.int64]
    are_objects: bool


def json_texts(data: memoryview, begin: Place, reading: Reading) -> Texts:
    """Parse lines of JSON.

    Parameters
    ----------
    data
        Whole lines; the last may lack its newline. Blank lines are nothing.
    begin
        Place of the first byte.
    reading
        Its `column` names the member. `keep_invalid_utf8` has no say: JSON is UTF-8.

    Returns
    -------
    Texts
        An Arrow array of strings, or a buffer with offsets. The lines that are not JSON, not UTF-8,
        no object, or without the member as a text, are its rejects, at their first byte.

    Raises
    ------
    ModuleNotFoundError
        The package pyarrow is missing.
    """
    if begin.offset == 0 and bytes(data[:3]) == _BYTE_ORDER_MARK:
        # As spaces, it keeps its place and says nothing.
        data = memoryview(b"".join((b"   ", data[3:])))
    lines = _find_lines(data)
    texts = _arrow_texts(data, lines, begin, reading.column)
    return texts or _texts_line_by_line(data, lines.spans, begin, reading.column)


def _find_lines(data: memoryview) -> _Lines:
    spans = _core.cut_documents(data, b"\n")
    begins, ends = spans[:, 0].copy(), spans[:, 1].copy()
    text = np.frombuffer(data, np.uint8)
    _skip_spaces(text, begins, ends, 0, begins, 1)
    _skip_spaces(text, begins, ends, -1, ends, -1)
    kept = begins < ends
    if not kept.all():
        spans, begins, ends = spans[kept], begins[kept], ends[kept]
    are_objects = bool((text[begins] == ord("{")).all() and (text[ends - 1] == ord("}")).all())
    return _Lines(spans, are_objects)


def _skip_spaces(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    looked_at: int,
    moved: npt.NDArray[np.int64],
    step: int,
) -> None:
    """Move one end of each line over white space, in place, all lines a byte at a time.

    Where there is much of it, the rest line by line, so that the time is linear in the text.
    """
    left = np.flatnonzero(begins < ends)
    for _ in range(_MOST_SPACES):
        byte = text[moved[left] + looked_at]
        left = left[(byte == 0x20) | (byte == 0x09) | (byte == 0x0D)]
        if not left.size:
            return
        moved[left] += step
        left = left[begins[left] < ends[left]]
    for i in left:
        line = text[begins[i] : ends[i]].tobytes()
        n_spaces = len(line) - len(line.lstrip(_SPACE) if step > 0 else line.rstrip(_SPACE))
        moved[i] += step * n_spaces


def _arrow_texts(data: memoryview, lines: _Lines, begin: Place, column: str) -> Texts | None:
    """Parse with Arrow's reader; None where lines must be looked at one by one."""
    array = _arrow_column(data, lines, column)
    if array is None:
        return None
    is_bad = np.zeros(len(array), bool)
    for number, _ in _ill_formed(data, lines.spans):
        is_bad[number] = True
    if array.null_count:
        is_bad |= array.is_null().to_numpy(zero_copy_only=False)
    spans = lines.spans
    rejects: list[Reject] = []
    if is_bad.any():
        import pyarrow

        rejects = list(_rejects(data, spans[is_bad], begin, column))
        if len(rejects) != np.count_nonzero(is_bad):
            return None
        array = array.filter(pyarrow.array(~is_bad))
        spans = spans[~is_bad]
    offsets = _offsets(array)
    return Texts(
        documents=array,
        offsets=None,
        n_documents=len(array),
        n_text_bytes=int(offsets[-1] - offsets[0]),
        place_of=_place_of(begin, spans),
        text_lengths=lambda: np.diff(offsets).astype(np.int64),
        sources=begin.source,
        rejects=rejects,
    )


def _offsets(array: pyarrow.StringArray) -> npt.NDArray[np.int32]:
    if not len(array):
        return np.zeros(1, np.int32)  # it may have no buffers
    return np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]


def _arrow_column(data: memoryview, lines: _Lines, column: str) -> pyarrow.StringArray | None:
    """Give the member of each line as an Arrow array of strings, or None if Arrow refuses.

    Arrow's reader takes a stream of values with any white space between them, and not a line for a
    value. But where each line begins with ``{`` and ends with ``}``, no value goes over the end of
    a line: a newline within a string is an error, and a ``}`` that closes a member's value is never
    followed by ``{``. So each line holds one value or more, and as many rows as lines says one.

    That the first byte is ``{`` also keeps from Arrow what kills the process: a null as the first
    value (pyarrow 26).
    """
    if not lines.are_objects or not len(lines.spans) or len(data) > _MOST_ARROW_BYTES:
        return None
    import pyarrow
    from pyarrow import json as pyarrow_json

    # Without it the last line would be a block of its own, cut behind any carriage return in it.
    whole = data if data[-1] == ord("\n") else b"".join((data, b"\n"))
    try:
        table = pyarrow_json.read_json(
            pyarrow.BufferReader(whole),
            read_options=pyarrow_json.ReadOptions(use_threads=False, block_size=len(whole) + 1),
            parse_options=_parse_options(column),
        )
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, UnicodeEncodeError):
        return None
    if table.num_rows != len(lines.spans):
        return None
    chunks = table.column(0).chunks
    return chunks[0] if len(chunks) == 1 else table.column(0).combine_chunks()


@functools.lru_cache(maxsize=16)
def _parse_options(column: str) -> pyarrow_json.ParseOptions:
    import pyarrow
    from pyarrow import json as pyarrow_json

    return pyarrow_json.ParseOptions(
        explicit_schema=pyarrow.schema([(column, pyarrow.string())]),
        unexpected_field_behavior="ignore",
    )


def _ill_formed(data: memoryview, spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which lines are not UTF-8, and the first byte in each that is not: int64[k, 2]."""
    # Lines and what is between them, end to end: read in one sweep.
    return _core.ill_formed_documents(data, np.append(spans[:, 0], len(data)))


def _texts_line_by_line(
    data: memoryview, spans: npt.NDArray[np.int64], begin: Place, column: str
) -> Texts:
    texts: list[bytes] = []
    rejects: list[Reject] = []
    is_good = np.ones(len(spans), bool)
    for i, (line_begin, line_end) in enumerate(spans.tolist()):
        line = bytes(data[line_begin:line_end])
        try:
            texts.append(_text_of(line, column))
        except _BadLineError as bad:
            is_good[i] = False
            rejects.append(_reject(begin, line_begin, line, bad))
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return Texts(
        documents=b"".join(texts),
        offsets=offsets,
        n_documents=len(texts),
        n_text_bytes=int(offsets[-1]),
        place_of=_place_of(begin, spans[is_good]),
        text_lengths=lambda: np.diff(offsets),
        sources=begin.source,
        rejects=rejects,
    )


def _rejects(
    data: memoryview, spans: npt.NDArray[np.int64], begin: Place, column: str
) -> Iterator[Reject]:
    """Say what is wrong with lines that Arrow read and gave no good text of."""
    for line_begin, line_end in spans.tolist():
        line = bytes(data[line_begin:line_end])
        try:
            _text_of(line, column)
        except _BadLineError as bad:
            yield _reject(begin, line_begin, line, bad)


def _reject(begin: Place, line_begin: int, line: bytes, bad: _BadLineError) -> Reject:
    return Reject(
        begin.source, begin.offset + line_begin, bad.reason, bad.detail, line[:SAMPLE_BYTES]
    )


def _place_of(begin: Place, spans: npt.NDArray[np.int64]) -> Callable[[int], Place]:
    return lambda number: Place(begin.source, begin.offset + int(spans[number, 0]))


def _text_of(line: bytes, column: str) -> bytes:
    """Give the text of one line, by the interpreter's own parser.

    Raises
    ------
    _BadLineError
        There is none.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _BadLineError(
            INVALID_UTF8, f"byte {error.start} of the line, {line[error.start]:#04x}, is not UTF-8"
        ) from None
    if _depth(line) > DEEP:
        found = _text_by_arrow(line, column)
        if found is None:
            raise _BadLineError(
                BROKEN_JSON,
                f"deeper than {DEEP} lists and objects, and no JSON or {column!r} no text",
            )
        return found
    try:
        record = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        if b"Inf" in line or b"-NaN" in line:
            found = _text_by_arrow(line, column)
            if found is not None:
                return found
        n_bytes = len(text[: error.pos].encode())
        raise _BadLineError(
            BROKEN_JSON, f"{error.msg.removesuffix(' at')} at byte {n_bytes} of the line"
        ) from None
    if not isinstance(record, dict):
        raise _BadLineError(BROKEN_JSON, f"the line is {_kind(record)}, not an object")
    if column not in record:
        raise _BadLineError(MISSING_FIELD, f"no member {column!r}; {_members(record)}")
    value = record[column]
    if value is None:
        raise _BadLineError(MISSING_FIELD, f"member {column!r} is null")
    if not isinstance(value, str):
        raise _BadLineError(NOT_TEXT, f"member {column!r} is {_kind(value)}, not a text")
    try:
        return value.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", value).encode()


def _text_by_arrow(line: bytes, column: str) -> bytes | None:
    data = memoryview(line)
    array = _arrow_column(data, _find_lines(data), column)
    return None if array is None or array.null_count else array[0].as_buffer().to_pybytes()


def _depth(line: bytes) -> int:
    """How deep lists and objects lie in each other, of a line that is JSON; else any number."""
    if line.count(b"{") + line.count(b"[") <= DEEP:
        return 0
    marks = np.frombuffer(_STRING.sub(b"", line), np.uint8) | 0x20  # [ ] are { } without this bit
    steps = (marks == ord("{")).astype(np.int8) - (marks == ord("}")).astype(np.int8)
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    names = {dict: "an object", list: "a list", str: "a text", float: "a number"}
    return names[type(value)]


def _members(record: dict[str, Any]) -> str:
    if not record:
        return "the object is empty"
    names = [name if len(name) <= 40 else name[:40] + "..." for name in list(record)[:8]]
    return f"it has {', '.join(map(repr, names))}{', ...' if len(record) > 8 else ''}"
