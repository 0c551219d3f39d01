"""Windows of a store that is not on this machine, as a stream, block by block."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, NamedTuple, SupportsIndex, TypedDict

import numpy.typing as npt
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from bytestride.torch.narrow import Pair
from bytestride.torch.ranks import find_rank
from bytestride.torch.remote_store import open_remote
from bytestride.windows import Order, Windows
from bytestride.windows.run_state import load_state, save_state
from bytestride.windows.steps import Place, Steps

_ROWS_AT_ONCE = 64


class RemoteState(TypedDict):
    """How far one reader is; as :class:`~bytestride.windows.RunState`, but for ``consumed``.

    Attributes
    ----------
    consumed
        Windows of the order before the next block of this reader, in this epoch.
    in_block
        Windows of that block that were given out.
    reader, n_readers
        Which reader it is, and of how many: ranks times workers.
    """

    version: int
    fingerprint: str
    seed: int
    epoch: int
    consumed: int
    in_block: int
    reader: int
    n_readers: int


class Block(NamedTuple):
    """Neighbouring windows, and where they stand in the order of an epoch.

    Attributes
    ----------
    number
        Of the block, in the order.
    first_position
        In the order of the epoch.
    first_window, n_windows
        The windows: this many, from this one on.
    """

    number: int
    first_position: int
    first_window: int
    n_windows: int


class RemoteWindows(IterableDataset[Pair]):
    """Windows of a store behind a URL, as an iterable data set.

    For a store on a disk :class:`~bytestride.torch.WindowDataset` and
    :class:`~bytestride.torch.WindowLoader` are faster and go on under any number of ranks. Here
    blocks of neighbouring windows are read whole, one ahead, each by one range of bytes a shard::

        dataset = RemoteWindows("s3://bucket/store", max_length=1024, seed=1)
        for epoch in range(n_epochs):
            dataset.set_epoch(epoch)
            for x, y in DataLoader(dataset, batch_size=32, num_workers=2):
                ...

    The windows and their order are those of ``Order(Windows(…), shuffle=…)`` over a copy of the
    store. Readers, which are ranks times workers, take its blocks in turns, so that an epoch is
    every window once; some readers have a block more than others. Epochs are set by
    :meth:`set_epoch`, which workers that persist see, too; without it each is like the first.

    The iterator has ``state_dict`` and ``load_state_dict``, which ``StatefulDataLoader`` uses. A
    reader goes on at the window where it was; the number of readers must be the same.

    Parameters
    ----------
    url
        A store's folder, written by :class:`~bytestride.TokenStoreWriter`; or a bare ``.bin``. Any
        file system of fsspec: "s3://…", "gs://…", "https://…", "file://…".
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one window's start to the next; ``max_length`` by default.
    dtype
        Type of the ids of a bare ``.bin``.
    shuffle
        "block": blocks change places, and windows inside each. "none": as they lie.
    seed, block_windows
        As for :class:`~bytestride.Order`. A block takes about ``block_windows * stride`` ids of
        memory, twice.
    rank, world_size
        Which of how many processes this is; by default as torch.distributed has it, and 0 of 1
        where that is not in use.
    storage_options
        For fsspec: credentials and the like.

    Raises
    ------
    ImportError
        If fsspec, or what it needs for this kind of URL, is not installed.
    FileNotFoundError, FormatError
        If there is no store, or it is damaged.
    ValueError, TypeError
        If an argument is out of range, or there are no windows.
    """

    def __init__(
        self,
        url: str,
        max_length: SupportsIndex,
        stride: SupportsIndex | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        shuffle: Literal["block", "none"] = "block",
        seed: SupportsIndex = 0,
        block_windows: SupportsIndex = 4096,
        rank: SupportsIndex | None = None,
        world_size: SupportsIndex | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        if shuffle not in ("block", "none"):
            raise ValueError(f"shuffle must be 'block' or 'none', found {shuffle!r}")
        self._store = open_remote(url, dtype, storage_options)
        self._max_length = operator.index(max_length)
        self._stride = self._max_length if stride is None else operator.index(stride)
        if min(self._max_length, self._stride) < 1:
            raise ValueError(
                f"max_length and stride must be at least 1, found {self._max_length} and "
                f"{self._stride}"
            )
        n_starts = self._store.n_tokens - self._max_length
        n_windows = (n_starts - 1) // self._stride + 1 if n_starts > 0 else 0
        self._order = Order(n_windows, shuffle=shuffle, seed=seed, block_windows=block_windows)
        self._block_windows = min(operator.index(block_windows), n_windows)
        self._rank, self._world_size = find_rank(rank, world_size)
        self._steps = Steps(n_windows, 1, self._rank, self._world_size, False)
        text = f"{self._store.fingerprint} {self._max_length} {self._stride} "
        text += self._order.fingerprint
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]
        # Shared, so that workers that live on see it change.
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call] # torch's has no types

    @property
    def n_windows(self) -> int:
        """How many windows an epoch has, over all readers."""
        return self._order.n_samples

    def set_epoch(self, epoch: SupportsIndex) -> None:
        """Let the next iteration go over this epoch."""
        self._epoch.fill_(self._steps.check(epoch).epoch)

    def __iter__(self) -> RemoteIterator:
        """Begin to read this reader's blocks."""
        worker = get_worker_info()
        n_workers, number = (1, 0) if worker is None else (worker.num_workers, worker.id)
        return RemoteIterator(
            self, int(self._epoch), self._rank * n_workers + number, self._world_size * n_workers
        )


class RemoteIterator(Iterator[Pair]):
    """One reader's windows of an epoch."""

    def __init__(self, dataset: RemoteWindows, epoch: int, reader: int, n_readers: int) -> None:
        self._dataset = dataset
        self._order = dataset._order
        self._reader = reader
        self._n_readers = n_readers
        self._pool = ThreadPoolExecutor(1)
        self._begin(epoch, reader, 0)

    def _begin(self, epoch: int, number: int, in_block: int) -> None:
        self._epoch = epoch
        self._block = self._find(number)
        self._in_block = in_block
        self._ahead: Future[NDArray[Any]] | None = None  # the next block, if there is one
        self._windows = self._read()

    def _find(self, number: int) -> Block | None:
        """Find a block by its number in the order of the epoch, all readers' blocks counted."""
        n, size = self._order.n_samples, self._dataset._block_windows
        n_blocks = -(-n // size)
        if number >= n_blocks:
            return None
        n_short = n - (n_blocks - 1) * size
        first = number * size

        def block_at(position: int) -> int:
            return int(self._order.indices(self._epoch * n + position, 1)[0]) // size

        found = block_at(first)
        # The last windows are a short block, which may stand anywhere. Blocks after it begin
        # earlier by what it lacks, so that the position before is of the same block.
        if number and block_at(first - 1) == found:
            first -= size - n_short
        return Block(number, first, found * size, n_short if found == n_blocks - 1 else size)

    def _fetch(self, block: Block) -> NDArray[Any]:
        dataset = self._dataset
        start = block.first_window * dataset._stride
        n_tokens = (block.n_windows - 1) * dataset._stride + dataset._max_length + 1
        return dataset._store.tokens(start, start + n_tokens)

    def _read(self) -> Iterator[Pair]:
        """Go through the windows from where the reader is."""
        while self._block is not None:
            block = self._block
            tokens = self._fetch(block) if self._ahead is None else self._ahead.result()
            following = self._find(block.number + self._n_readers)
            self._ahead = None
            if following is not None:
                self._ahead = self._pool.submit(self._fetch, following)
            windows = Windows(tokens, self._dataset._max_length, self._dataset._stride)
            begin = self._epoch * self._order.n_samples + block.first_position
            rows = self._order.indices(begin, block.n_windows) - block.first_window
            for first in range(self._in_block, block.n_windows, _ROWS_AT_ONCE):
                x, y = windows.batch(rows[first : first + _ROWS_AT_ONCE])
                for pair in zip(torch.from_numpy(x), torch.from_numpy(y), strict=True):
                    self._in_block += 1
                    yield pair
            self._block, self._in_block = following, 0

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Pair:
        return next(self._windows)

    def state_dict(self) -> RemoteState:
        """Give the state after the windows that were given out."""
        block, n = self._block, self._order.n_samples
        place = Place(self._epoch, n if block is None else block.first_position)
        return RemoteState(
            **save_state(self._order, place, self._dataset._fingerprint),
            in_block=self._in_block,
            reader=self._reader,
            n_readers=self._n_readers,
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of this reader: reads its block again, and nothing before.

        Raises
        ------
        ValueError
            If it is of another version, store, shuffle or reader, of another number of readers, or
            no such state.
        """
        order, epoch, consumed = load_state(self._order, state, self._dataset._fingerprint)
        in_block, reader, n_readers = (
            operator.index(state.get(name, -1)) for name in ("in_block", "reader", "n_readers")
        )
        if (reader, n_readers) != (self._reader, self._n_readers):
            raise ValueError(
                f"the state is of reader {reader} of {n_readers}, and this is reader "
                f"{self._reader} of {self._n_readers} (ranks times workers); go on with as many "
                "ranks and workers"
            )
        place = self._dataset._steps.check(epoch, consumed)
        self._order = order
        # Blocks begin at most one block's lack before a whole number of blocks.
        self._begin(place.epoch, -(-place.consumed // self._dataset._block_windows), in_block)
        block = self._block
        first = order.n_samples if block is None else block.first_position
        n_windows = 0 if block is None else block.n_windows
        ours = block is None or block.number % n_readers == reader
        if first != place.consumed or not ours or not 0 <= in_block <= n_windows:
            raise ValueError(
                f"consumed {consumed} and in_block {in_block} are no place of reader {reader} of "
                f"{n_readers}"
            )
