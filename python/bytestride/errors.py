"""The one exception class of our own; everything else raises what Python users expect."""

from __future__ import annotations

from reprlib import Repr

_CHARS = 120


class FormatError(ValueError):
    """A file is damaged, unfinished, or of a kind that bytestride does not read.

    The message names the file, the place in it (a byte offset, a line or a key) and what to do.
    """


def shown(value: object) -> str:
    """Write a value for a message: its repr, cut short where it is long or deep.

    What a file holds goes into messages through here only, so that no message is as large as the
    file, or fails itself.
    """
    if isinstance(value, bytes):
        return repr(value) if len(value) <= _CHARS else f"{value[:_CHARS]!r}..."
    if isinstance(value, str):
        return repr(value) if len(value) <= _CHARS else f"{value[:_CHARS]!r}..."
    return _SHORT.repr(value)


_SHORT = Repr()
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = _CHARS
