"""Gzip files whose errors say which file it is."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from bytestride.errors import FormatError


class GzFile(gzip.GzipFile):
    """The text of a ``.gz`` file.

    Raises
    ------
    FormatError
        On reading: the file is damaged, or its end is missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path = path

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes of text."""
        try:
            return super().read(size)
        except EOFError as error:
            raise FormatError(f"{self._path}: its end is missing; get the whole file") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(f"{self._path} is damaged or no gzip file: {error}") from error
