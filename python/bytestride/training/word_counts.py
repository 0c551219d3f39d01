"""How often each word of a text occurs: all that training needs of it.

A table of counts is made on one machine or on many, kept in files, added up, and trained from as
often as wanted. It knows how it was counted, and tables of different settings do not
add up: the sum would be the counts of no text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride import _core
from bytestride.training.count_settings import CountSettings

if TYPE_CHECKING:
    import numpy.typing as npt

_N_ROWS_AT_ONCE = 65_536


class WordCounts:
    """Words (pretokens) and how often each occurs. `count_words` makes one.

    Iteration gives ``(word, count)`` pairs, bytes and int, by falling count and then by bytes.
    Nothing changes a table once it is made.

    Parameters
    ----------
    counts : mapping of bytes to int
        How often each word occurs; counts below 2^64.
    settings : CountSettings
        How the words were cut from their text.
    firsts : mapping of bytes to int, optional
        For each word, how many bytes of words stand before its first occurrence.

    Examples
    --------
    >>> counts = count_words(["low lower low"], pattern="gpt2")
    >>> list(counts)
    [(b' low', 1), (b' lower', 1), (b'low', 1)]
    >>> (counts + counts).total
    6
    """

    def __init__(
        self,
        counts: Mapping[bytes, int],
        settings: CountSettings,
        *,
        firsts: Mapping[bytes, int] | None = None,
    ) -> None:
        for word, count in counts.items():
            if not isinstance(word, bytes):
                raise TypeError(f"a word must be bytes, not {type(word).__name__}")
            if not 0 <= count < 2**64:
                raise ValueError(f"word {word!r} has the count {count}, outside 0..2^64 - 1")
        if firsts is not None and firsts.keys() != counts.keys():
            raise ValueError("firsts must hold the same words as counts")
        words = list(counts)
        self._set(
            table_of(
                np.frombuffer(b"".join(words), np.uint8),
                offsets_of(list(map(len, words))),
                np.array(list(counts.values()), np.uint64),
                None if firsts is None else np.array([firsts[word] for word in words], np.uint64),
            ),
            settings,
        )

    @classmethod
    def from_core(cls, table: _core.WordCounts, settings: CountSettings) -> WordCounts:
        """Take over a table of the core, which nobody may change from then on."""
        self = cls.__new__(cls)
        self._set(table, settings)
        return self

    def _set(self, table: _core.WordCounts, settings: CountSettings) -> None:
        if not isinstance(settings, CountSettings):
            raise TypeError(f"settings must be CountSettings, not {type(settings).__name__}")
        self._table = table
        self._settings = settings
        self._n_text_bytes: int | None = None

    @property
    def table(self) -> _core.WordCounts:
        """The core's table. It is shared: do not add to it."""
        return self._table

    @property
    def settings(self) -> CountSettings:
        """How the words were cut from their text."""
        return self._settings

    @property
    def fingerprint(self) -> str:
        """That of the settings: tables add up only if it is the same."""
        return self._settings.fingerprint()

    def __len__(self) -> int:
        return self._table.n_words

    @property
    def total(self) -> int:
        """How many words the text has, each as often as it occurs.

        Raises
        ------
        ValueError
            It is 2^64 or more.
        """
        return self._table.total

    @property
    def n_bytes(self) -> int:
        """Bytes of all different words."""
        return self._table.n_bytes

    @property
    def n_text_bytes(self) -> int:
        """Bytes of all words, each as often as it occurs: the text without what was cut out."""
        if self._n_text_bytes is None:
            _, offsets, counts, _ = self._table.arrays()
            self._n_text_bytes = weighted_sum(np.diff(offsets), counts)
        return self._n_text_bytes

    @property
    def has_first_offsets(self) -> bool:
        """Whether it knows where each word stands first, as some presets must."""
        return self._table.has_firsts

    def arrays(
        self,
    ) -> tuple[
        npt.NDArray[np.uint8],
        npt.NDArray[np.int64],
        npt.NDArray[np.uint64],
        npt.NDArray[np.uint64] | None,
    ]:
        """Give the table as flat arrays, by falling count, words of one count by their bytes.

        Returns
        -------
        words : uint8 array
            All words, end to end.
        offsets : int64 array of shape (n_words + 1,)
            Word i is ``words[offsets[i]:offsets[i + 1]]``.
        counts : uint64 array of shape (n_words,)
        firsts : uint64 array of shape (n_words,), or None
            How many bytes of words stand before the first occurrence of each.
        """
        return self._table.arrays()

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        words, offsets, counts, _ = self._table.arrays()
        for begin in range(0, len(counts), _N_ROWS_AT_ONCE):
            end = min(begin + _N_ROWS_AT_ONCE, len(counts))
            bounds = offsets[begin : end + 1].tolist()
            data = words[bounds[0] : bounds[-1]].tobytes()
            numbers = counts[begin:end].tolist()
            for i, count in enumerate(numbers):
                yield data[bounds[i] - bounds[0] : bounds[i + 1] - bounds[0]], count

    def __add__(self, other: WordCounts) -> WordCounts:
        """Add the counts of a text that comes after this one.

        Raises
        ------
        ValueError
            They were counted in different ways; only one of them knows where words stand first; or
            a count would pass 2^64 - 1.
        """
        if not isinstance(other, WordCounts):
            return NotImplemented
        self.check_settings(other.settings)
        if self.has_first_offsets != other.has_first_offsets:
            which = ("first", "second")[self.has_first_offsets]
            raise ValueError(
                f"the {which} of these counts does not know where words stand first, and the other "
                "does; count both with first_offsets=True, or both without"
            )
        table = _core.WordCounts(firsts=self.has_first_offsets)
        table.add_all(self._table)
        table.add_all(other._table, self.n_text_bytes if self.has_first_offsets else 0)
        return WordCounts.from_core(table, self._settings)

    def check_settings(self, settings: CountSettings) -> None:
        """Raise ValueError where these are other settings than those of the counts."""
        if settings != self._settings:
            raise ValueError(
                "these counts do not belong together, for they were made in different ways: "
                f"{self._settings.difference(settings)} (fingerprints {self.fingerprint[:12]} and "
                f"{settings.fingerprint()[:12]}); count again with the same settings"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WordCounts):
            return NotImplemented
        ours, theirs = self.arrays(), other.arrays()
        return self._settings == other._settings and all(
            a is b or (a is not None and b is not None and np.array_equal(a, b))
            for a, b in zip(ours, theirs, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        firsts = ", with first offsets" if self.has_first_offsets else ""
        return f"<WordCounts of {len(self):,} words, fingerprint {self.fingerprint[:12]}{firsts}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _from_arrays, (self.arrays(), self._settings)

    # Arrow and Parquet: what these need is imported by the module that they call.

    def to_arrow(self) -> Any:  # noqa: ANN401 (pyarrow is optional)
        """Give a `pyarrow.Table` of word (large_binary), count and, if known, first (uint64).

        Its metadata says how the words were counted.
        """
        from bytestride.training import count_tables

        return count_tables.to_arrow(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's protocol: any library that speaks it can take the table."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    @classmethod
    def from_arrow(cls, table: object, *, settings: CountSettings | None = None) -> WordCounts:
        """Read a table of word, count and perhaps first, from anything that speaks Arrow.

        Words may stand in several rows: their counts add up.

        Parameters
        ----------
        table
            A table or stream with the columns of `to_arrow`, in any order, perhaps among others.
        settings : CountSettings, optional
            For a table without our metadata, as other tools may give it.

        Raises
        ------
        FormatError
            Columns are missing, of other types or hold nulls; the metadata is damaged.
        ValueError
            No settings, neither in the table nor given; others given than the table has.
        """
        from bytestride.training import count_tables

        return count_tables.from_arrow(table, settings, "the table")

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file, whole or not at all; see `to_arrow` for what is in it."""
        from bytestride.training import count_tables

        count_tables.write_parquet(self, path)

    @classmethod
    def read_parquet(
        cls, path: str | os.PathLike[str], *, settings: CountSettings | None = None
    ) -> WordCounts:
        """Read a Parquet file of counts; otherwise as `from_arrow`.

        Raises
        ------
        FileNotFoundError, IsADirectoryError, PermissionError
            The file cannot be read.
        FormatError
            It is damaged or holds something else.
        """
        from bytestride.training import count_tables

        return count_tables.read_parquet(path, settings)


def table_of(
    words: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    counts: npt.NDArray[np.uint64],
    firsts: npt.NDArray[np.uint64] | None,
) -> _core.WordCounts:
    """Make the core's table; equal words add up, and those without an occurrence are left out.

    Raises
    ------
    ValueError
        A word is empty, or a sum would pass 2^64 - 1.
    """
    if not np.diff(offsets).all():
        raise ValueError("a word is empty; words have at least one byte")
    if not counts.all():
        kept = counts != 0
        rows = np.repeat(kept, np.diff(offsets))
        lengths = np.diff(offsets)[kept]
        words = words[int(offsets[0]) : int(offsets[-1])][rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        counts = counts[kept]
        firsts = None if firsts is None else firsts[kept]
    return _core.words_from_arrays(words, offsets, counts, firsts)  # type: ignore[arg-type]


def offsets_of(lengths: list[int]) -> npt.NDArray[np.int64]:
    """Where words of these lengths begin and end, side by side."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def weighted_sum(lengths: npt.NDArray[np.int64], counts: npt.NDArray[np.uint64]) -> int:
    """Sum of lengths times counts, exact however large it is."""
    if float(np.dot(lengths.astype(np.float64), counts.astype(np.float64))) < 2.0**63:
        return int(np.dot(lengths.astype(np.uint64), counts))
    return sum(
        length * count for length, count in zip(lengths.tolist(), counts.tolist(), strict=True)
    )


def _from_arrays(arrays: tuple[Any, Any, Any, Any], settings: CountSettings) -> WordCounts:
    return WordCounts.from_core(_core.words_from_arrays(*arrays), settings)
