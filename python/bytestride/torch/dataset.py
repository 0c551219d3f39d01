"""Sliding windows as a PyTorch data set: one call of the core a batch, in workers too."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, SupportsIndex, TypedDict

import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, get_worker_info

from bytestride.store import open_tokens
from bytestride.torch.narrow import Fields, NarrowFields, NarrowPair, Value, narrow_rows
from bytestride.windows import OnEmpty, PackedWindows, RowSet, Tail, TokenSource, Windows

if TYPE_CHECKING:
    from typing_extensions import Unpack

FIELDS = (
    "x",
    "y",
    "loss_mask",
    "position_ids",
    "document_ids",
    "cu_seqlens",
    "max_seqlen",
    "rows",
)


class WindowOptions(TypedDict, total=False):
    """Arguments of :class:`~bytestride.Windows` by name."""

    per_document: bool
    tail: Tail
    mask_overlap: bool
    mask_boundaries: bool
    bos_id: int | None
    eos_id: int | None
    pad_id: int
    ignore_index: int
    on_empty: OnEmpty


class WindowDataset(Dataset[Any]):
    """A map-style data set of next-token windows.

    Give a ``DataLoader`` the data set's ``collate`` too::

        dataset = WindowDataset("store", max_length=1024, stride=1024)
        loader = DataLoader(dataset, batch_size=32, shuffle=True, collate_fn=dataset.collate)
        for x, y in loader:  # int64 [32, 1024] each
            ...

    A loader asks for a whole batch at once (``__getitems__``) and the core gathers it in one call;
    ``collate`` hands that through unchanged. Worker processes send what they gathered in the stored
    type, and it becomes int64 in the loader's process (:mod:`bytestride.torch.narrow`). Pickling,
    which loaders do for workers that are spawned, takes a store's path and not its tokens; ids in
    memory are pickled as they are.

    Parameters
    ----------
    store
        A token store, opened or as its path; ids in memory, as for
        :class:`~bytestride.windows.Windows`; or windows, packed windows or a mixture, with which no
        other argument but ``fields`` goes.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one window's start to the next, at least 1; ``max_length`` by default.
    fields
        What a sample is. By default the pair ``(x, y)``; otherwise a dict of these fields: "x",
        "y", "position_ids" and "document_ids", int64; "loss_mask", bool; "rows", inputs and targets
        as one of the stored type; and "cu_seqlens", int32, with "max_seqlen", an int.
        :class:`~bytestride.windows.RowSet` says what each holds.
    **options
        As for :class:`~bytestride.windows.Windows`: ``per_document``, ``tail``, ``mask_overlap``,
        ``mask_boundaries``, ``bos_id``, ``eos_id``, ``pad_id``, ``ignore_index``, ``on_empty``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or does not go with another.
    """

    def __init__(
        self,
        store: TokenSource | RowSet | str | os.PathLike[str],
        max_length: SupportsIndex | None = None,
        stride: SupportsIndex | None = None,
        *,
        fields: Sequence[str] = ("x", "y"),
        **options: Unpack[WindowOptions],
    ) -> None:
        self._fields = tuple(fields)
        if unknown := [name for name in self._fields if name not in FIELDS]:
            raise ValueError(f"fields must be of {', '.join(FIELDS)}; found {', '.join(unknown)}")
        if not self._fields or len(set(self._fields)) < len(self._fields):
            raise ValueError(f"fields must be one or more, each once; found {self._fields}")
        self._windows: RowSet
        if isinstance(store, RowSet):
            if max_length is not None or stride is not None or options:
                raise TypeError("windows are made already: max_length, stride, options are theirs")
            self._windows = store
            return
        if max_length is None:
            raise TypeError("max_length is missing: how many tokens a window's input has")
        tokens = open_tokens(store) if isinstance(store, (str, os.PathLike)) else store
        self._windows = Windows(tokens, max_length, stride, **options)

    @property
    def windows(self) -> RowSet:
        """The windows themselves, in numpy."""
        return self._windows

    @property
    def fields(self) -> tuple[str, ...]:
        """What a sample is."""
        return self._fields

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self._windows)

    def __getitem__(self, index: SupportsIndex) -> Any:  # noqa: ANN401 - as the fields are
        """One window: ``(x, y)``, int64 [max_length] each, or a dict of the fields.

        Of a dict "cu_seqlens" and "max_seqlen" are those of this window alone.
        """
        if self._fields == ("x", "y"):
            x, y = self._windows[operator.index(index)]
            return torch.from_numpy(x), torch.from_numpy(y)
        batch = self._gather([operator.index(index)])
        return {
            name: value[0] if isinstance(value, torch.Tensor) and name != "cu_seqlens" else value
            for name, value in batch.items()
        }

    def __getitems__(self, indices: Sequence[int]) -> Any:  # noqa: ANN401 - as the fields are
        """One batch: ``(x, y)``, int64 [B, max_length] each, or a dict of the fields.

        In a worker process, an object that behaves as such and is sent in few bytes.
        """
        if get_worker_info() is not None and self._ignore_index is not None:
            return self._narrow(indices, self._ignore_index)
        if self._fields == ("x", "y"):
            x, y = self._windows.batch(indices)
            return torch.from_numpy(x), torch.from_numpy(y)
        return self._gather(indices)

    def _gather(self, indices: Sequence[int]) -> Fields:
        values = self._other_fields(indices)
        if "x" in self._fields or "y" in self._fields:
            values["x"], values["y"] = self._windows.batch(indices)
        return {
            name: value if isinstance(value, int) else torch.from_numpy(value)
            for name, value in ((name, values[name]) for name in self._fields)
        }

    def _other_fields(self, indices: Sequence[int]) -> dict[str, NDArray[Any] | int]:
        """Give all fields but x and y."""
        windows, wanted = self._windows, self._fields
        values: dict[str, NDArray[Any] | int] = {}
        if "loss_mask" in wanted:
            values["loss_mask"] = windows.loss_mask(indices)
        if "position_ids" in wanted:
            values["position_ids"] = windows.position_ids(indices)
        if "document_ids" in wanted:
            values["document_ids"] = windows.document_ids(indices)
        if "cu_seqlens" in wanted or "max_seqlen" in wanted:
            values["cu_seqlens"], values["max_seqlen"] = windows.cu_seqlens(indices)
        if "rows" in wanted:
            values["rows"] = windows.rows(indices)
        return values

    def _narrow(self, indices: Sequence[int], ignore_index: int) -> NarrowPair | NarrowFields:
        rows = None
        if "x" in self._fields or "y" in self._fields:
            scored = self._windows.loss_mask(indices) if self._masks else None
            rows = narrow_rows(self._windows.rows(indices), scored, ignore_index)
            if self._fields == ("x", "y"):
                return NarrowPair(rows)
        return NarrowFields(self._fields, rows, self._other_fields(indices))

    @cached_property
    def _ignore_index(self) -> int | None:
        """What targets are that are not scored; None where a mixture's parts do not agree on it."""
        found = {options["ignore_index"] for options in _options_of(self._windows)}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _masks(self) -> bool:
        """Whether there can be a target that is not scored."""
        return any(isinstance(part, PackedWindows) for part in self._windows.parts) or any(
            options["tail"] != "drop" or options["mask_overlap"] or options["mask_boundaries"]
            for options in _options_of(self._windows)
        )

    @staticmethod
    def collate(batch: Any) -> Any:  # noqa: ANN401 - a batch, or samples
        """Pass a batch through unchanged, stack a list of samples: a loader's ``collate_fn``."""
        if not isinstance(batch, list) or isinstance(batch, NarrowPair):
            return batch
        if isinstance(batch[0], Mapping):
            return {name: _join(name, [sample[name] for sample in batch]) for name in batch[0]}
        xs, ys = zip(*batch, strict=True)
        return torch.stack(xs), torch.stack(ys)


def _options_of(windows: RowSet) -> Iterator[dict[str, Any]]:
    for part in windows.parts:
        pieces = part.windows if isinstance(part, PackedWindows) else part
        assert isinstance(pieces, Windows)  # there are no other kinds of parts
        yield pieces.options


def _join(name: str, values: list[Any]) -> Value:
    if name == "max_seqlen":
        return int(max(values))
    if name != "cu_seqlens":
        return torch.stack(values)
    ends, begin = [values[0][:1]], 0
    for one in values:
        ends.append(one[1:] + begin)
        begin += int(one[-1])
    return torch.cat(ends)
