"""Lines of JSON: a member of the object on each line is a document.

A line's text is what ``json.loads`` makes of it, decoded as strict UTF-8. The core reads the lines
that are plainly right, with no Python object for a document; the others go through the
interpreter's own parser, which tells the bad ones from the good. Two things are otherwise:

* Lists and objects may lie in each other no deeper than `DEEP`; the interpreter's own limit depends
  on who calls it.
* A byte order mark before the first line of a file is left out.

A lone surrogate, which only an escape can give, becomes U+FFFD.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

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

    from bytestride.corpus.reading import Reading

DEEP: Final = 256
"""How deep lists and objects may lie in each other, the line's own object counted."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
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
        A buffer and where documents lie in it. The lines that are not JSON, not UTF-8, no object,
        or without the member as a text, are its rejects, at their first byte.
    """
    if begin.offset == 0 and bytes(data[:3]) == _BYTE_ORDER_MARK:
        # As spaces, it keeps its place and says nothing.
        data = memoryview(b"".join((b"   ", data[3:])))
    column = reading.column.encode("utf-8", "surrogatepass")
    text, offsets, lines, unclear = _core.json_line_texts(data, column)
    if not len(unclear):
        return _texts(text, offsets, offsets[:-1], offsets[1:], lines, begin, ())
    more, more_lines, rejects = _parse(data, unclear, begin, reading.column)
    n_bytes = np.array([len(each) for each in more], np.int64)
    more_ends = len(text) + np.cumsum(n_bytes)
    begins = np.concatenate((offsets[:-1], more_ends - n_bytes))
    ends = np.concatenate((offsets[1:], more_ends))
    lines = np.concatenate((lines, np.array(more_lines, np.int64)))
    order = np.argsort(lines)
    begins, ends = begins[order], ends[order]
    spans = np.stack((begins, ends), axis=1)
    return _texts(b"".join((text.data, *more)), spans, begins, ends, lines[order], begin, rejects)


def _texts(
    text: Any,  # noqa: ANN401 (a buffer)
    offsets: npt.NDArray[np.int64],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    begin: Place,
    rejects: tuple[()] | list[Reject],
) -> Texts:
    return Texts(
        documents=text,
        offsets=offsets,
        n_documents=len(begins),
        n_text_bytes=int((ends - begins).sum()),
        place_of=lambda number: Place(begin.source, begin.offset + int(lines[number])),
        text_lengths=lambda: ends - begins,
        sources=begin.source,
        rejects=rejects,
    )


def _parse(
    data: memoryview, spans: npt.NDArray[np.int64], begin: Place, column: str
) -> tuple[list[bytes], list[int], list[Reject]]:
    """Parse lines one by one: give their texts, where the lines of these begin, and the bad ones.

    Returns
    -------
    texts, lines, rejects
    """
    texts: list[bytes] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    for line_begin, line_end in spans.tolist():
        line = bytes(data[line_begin:line_end])
        try:
            texts.append(_text_of(line, column))
            lines.append(line_begin)
        except _BadLineError as bad:
            place = begin.source, begin.offset + line_begin
            rejects.append(Reject(*place, bad.reason, bad.detail, line[:SAMPLE_BYTES]))
    return texts, lines, rejects


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
        raise _BadLineError(BROKEN_JSON, f"deeper than {DEEP} lists and objects")
    try:
        record = _DECODER.decode(text)
    except json.JSONDecodeError as error:
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
