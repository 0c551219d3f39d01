"""The shards of a part, written from encoded chunks in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bytestride.corpus.chunks import Place, Texts
from bytestride.jobs.rows import Row, SourceCounts, publish, row_name
from bytestride.jobs.shuffled import shuffle_shard
from bytestride.store.pending_shard import PendingShard

if TYPE_CHECKING:
    import numpy.typing as npt

    from bytestride.corpus.rejects import Reject
    from bytestride.jobs.settings import Settings


class EncodedChunk(NamedTuple):
    """A chunk and the ids of its good documents.

    Attributes
    ----------
    texts
        What its worker found in it.
    tokens, offsets
        Piece i is ``tokens[offsets[i]:offsets[i + 1]]``, with the id that ends its document.
    end
        Where the next chunk begins.
    n_file_bytes
        How much of the files it stands for.
    """

    texts: Texts
    tokens: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]
    end: Place
    n_file_bytes: int


class PartWriter:
    """Writes what comes of a part: shards and their rows.

    Parameters
    ----------
    folder
        The job's folder of shards; a shard appears there whole.
    attempt
        A folder for this writer alone, on the same file system.
    settings
        The job's.
    rows
        Rows of the part that are there already; new shards come behind them.
    part
        Number of the part.
    check
        Called a few times a second in what takes long; it may raise to give up.
    """

    def __init__(
        self,
        folder: Path,
        attempt: Path,
        settings: Settings,
        part: int,
        rows: Sequence[Row],
        check: Callable[[], None] | None = None,
    ) -> None:
        self.rows = list(rows)
        self._folder = folder
        self._attempt = attempt
        self._settings = settings
        self._part = part
        self._check = check
        self._dtype = np.dtype(settings.dtype).newbyteorder("<")
        self._row = Row(part, len(self.rows))
        self._shard: PendingShard | None = None
        # What came of the document that has not ended yet, and whether the rest of it is dropped.
        self._open: tuple[int, SourceCounts] | None = None
        self._skips = False

    def add(self, chunk: EncodedChunk) -> None:
        """Append a chunk's documents."""
        texts, first = chunk.texts, 0
        rejects = list(texts.rejects)
        if texts.continues:
            first = self._go_on(texts, rejects)
        last_is_open = texts.goes_on and not texts.last_is_bad
        if first < texts.n_documents:
            self._append(chunk, first, last_is_open, rejects)
        for reject in rejects:
            self._row.add_reject(reject)
        if texts.goes_on and not texts.is_one_piece:
            self._skips = texts.last_is_bad

    def _go_on(self, texts: Texts, rejects: list[Reject]) -> int:
        """Take the rest of the open document, or drop it; give the piece to go on with."""
        first = 0
        if self._skips:
            if texts.first_is_bad:
                rejects.pop(0)  # the document is counted already
            else:
                first = 1
        elif texts.first_is_bad:
            assert self._shard is not None  # a document is open in it
            self._shard.drop_open()
            self._open = None
            self._skips = True
        if self._skips and not texts.is_one_piece:
            self._skips = False
        return first

    def _append(
        self, chunk: EncodedChunk, first: int, last_is_open: bool, rejects: list[Reject]
    ) -> None:
        """Append pieces from `first` on, each shard's up to the document that fills it."""
        texts, offsets = chunk.texts, chunk.offsets
        n_pieces = texts.n_documents
        n_ended = n_pieces - last_is_open
        while first < n_pieces:
            if self._is_full():
                self._seal(texts.place_of(first), rejects)
            if self._shard is None:
                name = row_name(self._part, self._row.number)
                self._shard = PendingShard(self._attempt, name, self._dtype)
            room = self._settings.shard_tokens - self._shard.n_tokens
            filled = int(np.searchsorted(offsets[1 : n_ended + 1], offsets[first] + room))
            stop = n_pieces if filled >= n_ended else max(filled, first) + 1
            ends = offsets[first + 1 : min(stop, n_ended) + 1] - offsets[first]
            lengths = np.diff(ends, prepend=-self._shard.n_open)
            self._shard.append(chunk.tokens[offsets[first] : offsets[stop]], lengths)
            self._count(chunk, first, stop, n_ended)
            first = stop

    def _is_full(self) -> bool:
        shard = self._shard
        return (
            shard is not None
            and self._open is None
            and shard.n_tokens >= self._settings.shard_tokens
        )

    def _count(self, chunk: EncodedChunk, first: int, stop: int, n_ended: int) -> None:
        """Count pieces to their files; what is of an open document waits for its end."""
        texts, offsets = chunk.texts, chunk.offsets
        ended = min(stop, n_ended)
        if isinstance(texts.sources, int):
            source = texts.sources
            if first < ended:
                whole = first == 0 and ended == texts.n_documents
                n_text = texts.n_text_bytes if whole else self._text_bytes(texts, first, ended)
                n_tokens = int(offsets[ended] - offsets[first])
                self._add(source, SourceCounts(ended - first, n_tokens, n_text))
        elif first < ended:
            sources_of = texts.sources[first:ended]
            lengths = texts.text_lengths()[first:ended]
            n_tokens_of = np.diff(offsets[first : ended + 1])
            edges = np.flatnonzero(np.diff(sources_of)) + 1
            begins = np.concatenate([[0], edges])
            n_documents = np.diff(np.append(begins, ended - first))
            for of, n, tokens, text in zip(
                sources_of[begins].tolist(),
                n_documents.tolist(),
                np.add.reduceat(n_tokens_of, begins).tolist(),
                np.add.reduceat(lengths, begins).tolist(),
                strict=True,
            ):
                self._add(of, SourceCounts(n, tokens, text))
        if stop > n_ended:  # the last piece is of a document that goes on
            sources = texts.sources
            source = sources if isinstance(sources, int) else int(sources[stop - 1])
            counts = SourceCounts(
                0, int(offsets[stop] - offsets[stop - 1]), self._text_bytes(texts, stop - 1, stop)
            )
            if self._open is None:
                self._open = source, counts
            else:
                self._open[1].add(counts)

    @staticmethod
    def _text_bytes(texts: Texts, first: int, stop: int) -> int:
        return int(texts.text_lengths()[first:stop].sum())

    def _add(self, source: int, counts: SourceCounts) -> None:
        if self._open is not None:  # the first of these is the end of the open document
            counts.add(self._open[1])
            self._open = None
        self._row.sources.setdefault(source, SourceCounts()).add(counts)

    def _seal(self, after: Place | None, rejects: list[Reject]) -> None:
        """Finish the shard; the bad documents before the place where the next begins are its own.

        Its files are on the disk and have their names in the job's folder afterwards.
        """
        row = self._row
        while rejects and after is not None and rejects[0][:2] < after:
            row.add_reject(rejects.pop(0))
        row.next = after
        if self._shard is not None and not self._shard.n_documents:
            self.discard()  # all that it had was dropped
        if self._shard is not None:
            shard = self._shard
            if self._settings.seed is not None:
                shard = shuffle_shard(shard, self._attempt, self._settings.seed, self._check)
                self._shard = shard
            row.entry = shard.seal()
            shard.commit()
            publish(row, shard.bin.final.parent, self._folder)
            self._shard = None
        else:
            publish(row, self._attempt, self._folder)
        self.rows.append(row)
        self._row = Row(self._part, len(self.rows))

    def finish(self) -> None:
        """Seal what is left: the part has ended."""
        assert self._open is None  # a reader ends with a document
        self._seal(None, [])

    def discard(self) -> None:
        """Remove what is not sealed."""
        if self._shard is not None:
            self._shard.discard()
            self._shard = None
