"""The metadata of a GGUF file: keys and values of numbers, texts and arrays, in front of tensors.

The file begins with "GGUF", its version, and the numbers of tensors and of pairs; strings have
their length in front, arrays the type of their items and their number. (Source: `docs/gguf.md` of
ggml.) Only the wanted keys are kept, and nothing is read but the metadata, so that a file of 100 GB
costs no more than its vocabulary.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import IO, Final

from bytestride.errors import FormatError, shown

MAGIC: Final = b"GGUF"
MAX_BYTES: Final = 256 * 2**20
"""Of the metadata; what comes with published models is below 20 MB."""

Value = int | float | str | bool | list[int] | list[str] | list[float]

_VERSIONS: Final = (2, 3)
_NUMBERS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING: Final = 8
_ARRAY: Final = 9
_MAX_PAIRS: Final = 65_536
_MAX_KEY_BYTES: Final = 65_535  # the format's own limit


def read_metadata(file: IO[bytes], wanted: Collection[str]) -> dict[str, Value]:
    """Read the values of the wanted keys, those that are there.

    Raises
    ------
    FormatError
        The file is no GGUF file of a known version, ends too soon, or says that its metadata is
        larger than `MAX_BYTES`; the message gives the byte.
    """
    return _Reader(file).read(wanted)


class _Reader:
    """Reads front to back; `at` is the offset of what comes next."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0

    def read(self, wanted: Collection[str]) -> dict[str, Value]:
        if self._take(4, "the first bytes") != MAGIC:
            raise FormatError("it does not begin with GGUF")
        version = self._number("<I", "the version")
        if version not in _VERSIONS:
            raise FormatError(f"GGUF version {version}; 2 and 3, little-endian, are read")
        self._number("<Q", "the number of tensors")
        n_pairs = self._number("<Q", "the number of pairs")
        if n_pairs > _MAX_PAIRS:
            raise FormatError(f"{n_pairs} pairs of metadata; at most {_MAX_PAIRS} are read")
        found: dict[str, Value] = {}
        for i in range(int(n_pairs)):
            key = self._string(f"key {i}", _MAX_KEY_BYTES)
            kind = int(self._number("<I", f"the type of {shown(key)}"))
            if key not in wanted:
                self._skip(kind, key)
            elif key in found:
                raise FormatError(f"byte {self._at}: the key {shown(key)} stands twice")
            else:
                found[key] = self._value(kind, key)
        return found

    def _take(self, n: int, what: str) -> bytes:
        if self._at + n > MAX_BYTES:
            raise FormatError(
                f"byte {self._at}: {what} would have {n} bytes, and metadata has at most "
                f"{MAX_BYTES:,}"
            )
        data = self._file.read(n)
        if len(data) != n:
            raise FormatError(f"byte {self._at}: the file ends inside {what}; get the whole file")
        self._at += n
        return data

    def _number(self, layout: str, what: str) -> int | float | bool:
        (number,) = struct.unpack(layout, self._take(struct.calcsize(layout), what))
        result: int | float | bool = number
        return result

    def _string(self, what: str, most: int = MAX_BYTES) -> str:
        n = int(self._number("<Q", f"the length of {what}"))
        if n > most:
            raise FormatError(f"byte {self._at}: {what} would have {n} bytes")
        at = self._at
        try:
            return self._take(n, what).decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"byte {at + error.start}: {what} is not UTF-8 text") from None

    def _array(self, key: str) -> tuple[int, int]:
        """Type of the items, and their number."""
        kind = int(self._number("<I", f"the type in {shown(key)}"))
        n_items = int(self._number("<Q", f"the length of {shown(key)}"))
        size = 8 if kind == _STRING else struct.calcsize(self._layout(kind, key))
        if self._at + n_items * size > MAX_BYTES:
            raise FormatError(
                f"byte {self._at}: {shown(key)} would have {n_items} items, and metadata has at "
                f"most {MAX_BYTES:,} bytes"
            )
        return kind, n_items

    def _value(self, kind: int, key: str) -> Value:
        what = shown(key)
        if kind == _STRING:
            return self._string(what)
        if kind != _ARRAY:
            return self._number(self._layout(kind, key), what)
        kind, n_items = self._array(key)
        if kind == _STRING:
            return [self._string(f"{what}[{i}]") for i in range(n_items)]
        layout = self._layout(kind, key)
        data = self._take(n_items * struct.calcsize(layout), what)
        return list(struct.unpack(f"<{n_items}{layout[1]}", data))

    def _skip(self, kind: int, key: str) -> None:
        if kind == _STRING:
            self._take(int(self._number("<Q", shown(key))), shown(key))
        elif kind != _ARRAY:
            self._take(struct.calcsize(self._layout(kind, key)), shown(key))
        else:
            kind, n_items = self._array(key)
            if kind == _STRING:
                for _ in range(n_items):
                    self._take(int(self._number("<Q", shown(key))), shown(key))
            else:
                self._take(n_items * struct.calcsize(self._layout(kind, key)), shown(key))

    def _layout(self, kind: int, key: str) -> str:
        layout = _NUMBERS.get(kind)
        if layout is None:
            raise FormatError(f"byte {self._at}: {shown(key)} has the unknown type {kind}")
        return layout
