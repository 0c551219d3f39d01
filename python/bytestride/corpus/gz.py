"""Gzip files whose errors say which file it is."""

from __future__ import annotations

import gzip
import zlib
from typing import IO

from bytestride.errors import FormatError


class GzFile(gzip.GzipFile):
    """The text of a ``.gz`` file.

    Parameters
    ----------
    file
        The file as stored.
    name
        For messages.

    Raises
    ------
    FormatError
        On reading: the file is damaged, or its end is missing.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._name = name

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes of text."""
        try:
            return super().read(size)
        except EOFError as error:
            raise FormatError(f"{self._name}: its end is missing; get the whole file") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(f"{self._name} is damaged or no gzip file: {error}") from error
