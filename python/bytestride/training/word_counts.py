"""How often each word occurs: what training needs of a text, and all that it needs.

A table can be added to another one, kept in a file and made on many machines, as long as all parts
were counted alike; the settings go with it, and what does not belong together refuses to be added.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bytestride import _core
from bytestride.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa

Unit = Literal["document", "line"]
SpecialsInText = Literal["drop", "hf"]

_METADATA_KEY = b"bytestride.word_counts"


@dataclass(frozen=True)
class CountSettings:
    """How words were counted.

    Attributes
    ----------
    pattern : str
        The regular expression whose matches are the words.
    unit : "document" or "line"
        What was split by itself: whole documents, or each line with its newline.
    special_tokens : tuple of str
        Texts that were cut out before the split.
    specials_in_text : "drop" or "hf"
        Whether those were left out, or counted as words, as Hugging Face's trainer does.
    """

    pattern: str
    unit: Unit = "document"
    special_tokens: tuple[str, ...] = ()
    specials_in_text: SpecialsInText = "drop"

    @property
    def fingerprint(self) -> str:
        """A hash of all of them: SHA-256, in hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class WordCounts:
    """Different words, and how often each occurs; by falling count, ties by their bytes.

    Made by `count_words`, `read_parquet` or `from_arrow`.

    Attributes
    ----------
    settings : CountSettings
        How they were counted.
    n_text_bytes : int
        Bytes of all words counted: the text, but for special tokens that were left out.
    """

    def __init__(self, table: _core.WordCounts, settings: CountSettings, n_text_bytes: int) -> None:
        self._table = table
        self.settings = settings
        self.n_text_bytes = n_text_bytes

    def __len__(self) -> int:
        """How many different words there are."""
        return self._table.n_words

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Each word and its count."""
        words, offsets, counts, _ = self._table.arrays()
        data, ends = words.tobytes(), offsets.tolist()
        for i, count in enumerate(counts.tolist()):
            yield data[ends[i] : ends[i + 1]], count

    def __repr__(self) -> str:
        """In a line."""
        return f"<WordCounts: {len(self):,} words, {self.total:,} occurrences>"

    @property
    def table(self) -> _core.WordCounts:
        """The core's table."""
        return self._table

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return self._table.total

    @property
    def has_first_offsets(self) -> bool:
        """Whether each word's first offset is there: the bytes of words before it."""
        return self._table.has_firsts

    @property
    def fingerprint(self) -> str:
        """That of the settings."""
        return self.settings.fingerprint

    def __add__(self, other: WordCounts) -> WordCounts:
        """Counts of this text and, after it, the other's.

        Raises
        ------
        ValueError
            They were counted in different ways; only one has first offsets; a count above
            2**64 - 1.
        """
        if not isinstance(other, WordCounts):
            return NotImplemented
        self._check_belongs(other)
        table = _core.WordCounts(firsts=self.has_first_offsets)
        table.add_all(self._table)
        table.add_all(other._table, self.n_text_bytes)
        return WordCounts(table, self.settings, self.n_text_bytes + other.n_text_bytes)

    def _check_belongs(self, other: WordCounts) -> None:
        for name in (field.name for field in fields(CountSettings)):
            left, right = getattr(self.settings, name), getattr(other.settings, name)
            if left != right:
                raise ValueError(
                    f"these word counts do not belong together: {name} is {left!r} in one and "
                    f"{right!r} in the other; count both texts with the same settings"
                )

    def to_arrow(self) -> pa.Table:
        """As a table {word: large_binary, count: uint64[, first: uint64]}, settings as metadata."""
        pa = _pyarrow()
        words, offsets, counts, firsts = self._table.arrays()
        return _arrow_table(pa, words, offsets, counts, firsts).replace_schema_metadata(
            self._metadata()
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table of `to_arrow` for any library that reads Arrow's C stream."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _metadata(self) -> dict[bytes, bytes]:
        about = asdict(self.settings) | {"n_text_bytes": self.n_text_bytes}
        return {_METADATA_KEY: json.dumps(about).encode()}

    @classmethod
    def from_arrow(cls, table: Any) -> WordCounts:
        """From a table as `to_arrow` gives one, or anything with such an Arrow stream.

        Raises
        ------
        FormatError
            Columns or metadata are not those of word counts.
        """
        pa = _pyarrow()
        if not isinstance(table, pa.Table):
            table = pa.table(table)
        return _from_arrow(pa, table, "the table")

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table of `to_arrow` to a Parquet file, whole or not at all."""
        with parquet_writer(path, self.settings, self.has_first_offsets) as write:
            write(self._table)

    @classmethod
    def read_parquet(cls, path: str | os.PathLike[str]) -> WordCounts:
        """Read what `write_parquet` or ``bytestride count-words`` wrote.

        Raises
        ------
        FormatError
            The file is no Parquet file, or no word counts.
        """
        pa = _pyarrow()
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(os.fspath(path))
        except pa.ArrowInvalid as error:
            raise FormatError(f"{os.fspath(path)} is no Parquet file: {error}") from error
        return _from_arrow(pa, table, os.fspath(path))


class parquet_writer:  # noqa: N801 - used like a function
    """A context in which tables of words are written to a Parquet file, one after the other.

    The file gets its name when all of it is there. The context gives a function that takes a table.
    """

    def __init__(
        self, path: str | os.PathLike[str], settings: CountSettings, has_firsts: bool
    ) -> None:
        self._path = os.fspath(path)
        self._settings = settings
        self._n_text_bytes = 0
        pa = self._pa = _pyarrow()
        columns = [("word", pa.large_binary()), ("count", pa.uint64())]
        self._schema = pa.schema(columns + ([("first", pa.uint64())] if has_firsts else []))

    def __enter__(self) -> Any:
        """Open a file beside the one that is to be."""
        import pyarrow.parquet as pq

        self._part = f"{self._path}.part"
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")
        return self._write

    def _write(self, table: _core.WordCounts) -> None:
        words, offsets, counts, firsts = table.arrays()
        self._n_text_bytes += int((np.diff(offsets).astype(np.uint64) * counts).sum())
        self._writer.write_table(_arrow_table(self._pa, words, offsets, counts, firsts))

    def __exit__(self, error: object, *_: object) -> None:
        """Give the file its name, or remove it after an error."""
        about = asdict(self._settings) | {"n_text_bytes": self._n_text_bytes}
        if error is None:
            self._writer.add_key_value_metadata({_METADATA_KEY: json.dumps(about).encode()})
        self._writer.close()
        if error is None:
            os.replace(self._part, self._path)
        else:
            os.unlink(self._part)


def _arrow_table(pa: Any, words: Any, offsets: Any, counts: Any, firsts: Any) -> pa.Table:
    column = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(counts), [None, pa.py_buffer(offsets), pa.py_buffer(words)]
    )
    columns = {"word": column, "count": counts}
    return pa.table(columns if firsts is None else columns | {"first": firsts})


def _from_arrow(pa: Any, table: pa.Table, where: str) -> WordCounts:
    try:
        about = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        n_text_bytes = int(about.pop("n_text_bytes"))
        settings = CountSettings(**{**about, "special_tokens": tuple(about["special_tokens"])})
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{where} does not say how its words were counted (metadata "
            f"{_METADATA_KEY.decode()!r}); write it with WordCounts or `bytestride count-words`"
        ) from error
    if not {"word", "count"} <= {*table.column_names}:
        raise FormatError(f"{where} has no columns word and count, but {table.column_names}")
    if any(table.column(name).null_count for name in table.column_names):
        raise FormatError(f"{where} has nulls; word counts have none")
    merged = None
    has_firsts = "first" in table.column_names
    for batch in table.to_batches():
        word = batch.column("word").cast(pa.large_binary())
        _, ends, data = word.buffers()
        offsets = np.frombuffer(ends, np.int64)[word.offset : word.offset + len(word) + 1]
        part = _core.words_from_arrays(
            data if data is not None else b"",
            np.ascontiguousarray(offsets),
            _column(batch, "count"),
            _column(batch, "first") if has_firsts else None,
        )
        if merged is None:
            merged = part
        else:
            merged.add_all(part)
    table_of_all = merged if merged is not None else _core.WordCounts(firsts=has_firsts)
    return WordCounts(table_of_all, settings, n_text_bytes)


def _column(batch: Any, name: str) -> Any:
    return np.ascontiguousarray(batch.column(name).to_numpy(zero_copy_only=False), np.uint64)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "word counts as Arrow or Parquet need pyarrow: pip install 'bytestride[arrow]'"
        ) from error
    return pyarrow
