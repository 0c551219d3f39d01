"""A store as the source of another: its documents in order, and what its manifest says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.errors import FormatError
from bytestride.store.documents import Part, iter_documents
from bytestride.store.layout import Named, absolute, find_files, find_layout, shown_path
from bytestride.store.layouts.arrow import (
    ARROW_SUFFIXES,
    PARQUET_SUFFIXES,
    iter_rows,
    table_dtype,
)
from bytestride.store.shards import StoreLayout, StorePath


@dataclass(frozen=True)
class TokenSource:
    """A store to go through once or more.

    Attributes
    ----------
    path
        What names it.
    dtype
        Type of its ids.
    layout
        Its files. None for Arrow and Parquet, which are read as they are needed and so need not fit
        into memory.
    tables
        The Arrow or Parquet files.
    """

    path: StorePath
    dtype: np.dtype[Any]
    layout: StoreLayout | None
    tables: tuple[Path, ...] = ()

    @property
    def shown(self) -> str:
        """What names it, for a message."""
        return shown_path(self.path)

    @property
    def name(self) -> str:
        """Its name without folders, for a manifest that is the same on every machine."""
        return self.path.name if isinstance(self.path, Path) else self.path[0].name

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        """The type that a store of ours keeps its ids in: uint16 or int32."""
        return np.dtype("<u2") if self.dtype.itemsize <= 2 else np.dtype("<i4")

    @property
    def vocab_size(self) -> int | None:
        """Every id is below it, where the manifest says so."""
        manifest = self.layout.manifest if self.layout else None
        return manifest.vocab_size if manifest else None

    @property
    def metadata(self) -> dict[str, Any]:
        """What its writer was given to keep; empty where there is no manifest."""
        manifest = self.layout.manifest if self.layout else None
        return manifest.metadata if manifest else {}

    @property
    def fingerprint(self) -> str | None:
        """The tokenizer's fingerprint, where the manifest has one."""
        return self._of_tokenizer("fingerprint")

    @property
    def tokenizer_name(self) -> str | None:
        """The tokenizer's name, where the manifest has one."""
        return self._of_tokenizer("name")

    def _of_tokenizer(self, key: str) -> str | None:
        tokenizer = self.metadata.get("tokenizer")
        found = tokenizer.get(key) if isinstance(tokenizer, dict) else None
        return found if isinstance(found, str) else None

    @property
    def n_tokens(self) -> int | None:
        """How many tokens there are, where that is known without reading them."""
        return self.layout.n_tokens if self.layout else None

    def parts(self) -> Iterator[Part]:
        """Go through its documents, in bounded memory."""
        if self.layout is None:
            return chain.from_iterable(map(iter_rows, self.tables))
        return iter_documents(self.layout.shards)

    def count_documents(self) -> int:
        """Count the documents; tables are read for it."""
        if self.layout is not None:
            return self.layout.n_documents
        return sum(ends.size for _, ends in self.parts())


def open_source(path: Named, dtype: npt.DTypeLike | None = None) -> TokenSource:
    """Open a store as a source.

    Parameters
    ----------
    path, dtype
        As for :func:`open_tokens`. Here ``dtype`` may be named though the files say it: it counts
        for those that do not.

    Raises
    ------
    FileNotFoundError, FormatError, ValueError, ImportError
        As for :func:`open_tokens`.
    """
    whole = absolute(path)
    files = find_files(whole)
    suffixes = (*ARROW_SUFFIXES, *PARQUET_SUFFIXES)
    if files and all(file.suffix in suffixes for file in files):
        types = {table_dtype(file) for file in files}
        if len(types) > 1:
            found = ", ".join(sorted(map(str, types)))
            raise FormatError(f"{shown_path(whole)}: the files' ids are of several types: {found}")
        return TokenSource(whole, types.pop(), None, tuple(files))
    layout = find_layout(whole, dtype)
    return TokenSource(whole, layout.dtype, layout)
