"""Sliding windows: where they start, what becomes of the last tokens, which targets are scored.

A window of ``max_length`` inputs starts every ``stride`` tokens. Its targets are the inputs shifted
by one token, whatever the stride, so a window reads ``max_length + 1`` tokens and ``n`` tokens hold

    0 if n < max_length + 1, else (n - 1 - max_length) // stride + 1

full windows: as many as ``range(0, n - max_length, stride)`` has members, the loop of the second
chapter of S. Raschka's *Build a Large Language Model (From Scratch)*.
"""

from __future__ import annotations

import hashlib
import operator
from functools import cached_property
from typing import Any, Literal, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride import _core
from bytestride.store import TokenStore
from bytestride.windows.packing import PackedWindows
from bytestride.windows.rows import RowSet
from bytestride.windows.streams import Stream, TokenSource, open_stream

OnEmpty: TypeAlias = Literal["allow", "error"]
Tail: TypeAlias = Literal["drop", "pad", "anchor"]

_BLOCK = 1 << 16


def window_starts(
    n_tokens: SupportsIndex, max_length: SupportsIndex, stride: SupportsIndex
) -> NDArray[np.int64]:
    """Where the full windows over a stream start: ``arange(n_windows) * stride``.

    Parameters
    ----------
    n_tokens
        How many tokens the stream holds.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one start to the next, at least 1.

    Returns
    -------
    ndarray
        int64 [n_windows], with ``n_windows`` as at the top of this module.

    Raises
    ------
    ValueError
        If a number is too small, or does not fit in 63 bits.
    """
    return _core.window_starts(
        _int64("n_tokens", n_tokens), _int64("max_length", max_length), _int64("stride", stride)
    )


def _int64(name: str, value: SupportsIndex) -> int:
    number = operator.index(value)
    if abs(number) >= 2**63:
        raise ValueError(f"{name} must fit in 63 bits, found {number}")
    return number


class Windows(RowSet):
    """Windows over a stream of tokens, or over each of its documents.

    No index is made: where a window starts is arithmetic. With ``per_document`` one number is kept
    for every 64 documents, and the documents are gone through once.

    Parameters
    ----------
    tokens
        A token store or a part of one; encoded documents
        (:meth:`~bytestride.Tokenizer.encode_ragged`); or ids in memory, as one 1-D array, which is
        one document, as a list of such arrays that follow each other, or as a list of ints. Arrays
        of uint8, uint16, uint32 and int32 are read in place; other integers are converted once,
        and must fit one of these.
    max_length
        Tokens of a window's input, at least 1.
    stride
        Tokens from one window's start to the next, at least 1; ``max_length`` by default, so that
        every token but the first is a target once.
    per_document
        Whether windows stay inside documents.
    tail
        What becomes of targets after the last full window, of the stream or of each document.
        "drop": they are left out. "pad": windows go on as long as there is a target, the last ones
        padded. "anchor": one full window more that ends with the last token, whose targets the
        window before has scored are ignored; what is too short for a full window is padded.
    mask_overlap
        Whether a target that the window before has scored is ignored, so that with "pad" or
        "anchor" and ``stride <= max_length`` every target is scored exactly once, each with at
        least ``max_length - stride`` tokens before it where there are as many: strided perplexity.
    mask_boundaries
        Whether a target that begins a document is ignored, as no document says how the next begins.
    bos_id, eos_id
        Ids to read before and after every document, as if the store held them; with
        ``per_document`` only. To have them in the stream itself, tokenize with them.
    pad_id
        What inputs hold where there is no token.
    ignore_index
        What targets are where none is scored; -100 is what torch's cross entropy leaves out.
    on_empty
        What it is if there is not one window: "allow", a length of 0; "error", a ValueError.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, of a wrong type, or does not go with another.
    FormatError
        If an index file of the store is damaged.
    """

    def __init__(
        self,
        tokens: TokenSource,
        max_length: SupportsIndex,
        stride: SupportsIndex | None = None,
        *,
        per_document: bool = False,
        tail: Tail = "drop",
        mask_overlap: bool = False,
        mask_boundaries: bool = False,
        bos_id: int | None = None,
        eos_id: int | None = None,
        pad_id: int = 0,
        ignore_index: int = -100,
        on_empty: OnEmpty = "allow",
    ) -> None:
        if on_empty not in ("allow", "error"):
            raise ValueError(f"on_empty must be 'allow' or 'error', found {on_empty!r}")
        self._tokens = tokens
        self._options: dict[str, Any] = {
            "max_length": _int64("max_length", max_length),
            "stride": _int64("stride", max_length if stride is None else stride),
            "per_document": bool(per_document),
            "tail": tail,
            "mask_overlap": bool(mask_overlap),
            "mask_boundaries": bool(mask_boundaries),
            "bos_id": None if bos_id is None else _token_id("bos_id", bos_id),
            "eos_id": None if eos_id is None else _token_id("eos_id", eos_id),
            "pad_id": _token_id("pad_id", pad_id),
            "ignore_index": _int64("ignore_index", ignore_index),
        }
        if not per_document and (bos_id is not None or eos_id is not None):
            raise ValueError(
                "bos_id and eos_id go with per_document=True; to have them in the stream, tokenize "
                "the documents with them"
            )
        self._check_documents(self._stream)
        _ = self.core  # refuses what does not go together
        if on_empty == "error" and not len(self):
            raise ValueError(
                f"{self.n_tokens} tokens hold no window: one of max_length {self.max_length} "
                f"takes {self.max_length + 1}; use a shorter max_length, another tail or more text"
            )

    def _check_documents(self, stream: Stream) -> None:
        if self._options["per_document"] and not stream.has_documents:
            raise ValueError(
                "per_document=True needs to know where documents end, and a list of arrays does "
                "not say it; give a store, a Ragged (tokens and offsets), or one array"
            )
        if stream.selected is not None and not self._options["per_document"]:
            raise ValueError(
                "documents picked by a seed are not one stretch of tokens: use per_document=True, "
                "or split without a seed"
            )

    @cached_property
    def _stream(self) -> Stream:
        return open_stream(self._tokens)

    @cached_property
    def source(self) -> _core.WindowSource:
        """The windows as the core knows them, with documents where their rows depend on them."""
        return self._make_source(self._needs_documents)

    @cached_property
    def documented_source(self) -> _core.WindowSource:
        """The same windows with documents, for who asks for these."""
        return self.source if self._needs_documents else self._make_source(True)

    @property
    def _needs_documents(self) -> bool:
        return bool(self._options["per_document"] or self._options["mask_boundaries"])

    def _make_source(self, with_documents: bool) -> _core.WindowSource:
        stream = self._stream
        counts = with_documents and stream.selected is None
        return _core.WindowSource(
            stream.tell_shards(with_documents),
            first_token=stream.first_token,
            n_tokens=stream.n_tokens if stream.selected is None else 0,
            first_document=stream.first_document if with_documents else 0,
            n_documents=stream.n_documents if counts else 0,
            selected=stream.selected,
            **self._options,
        )

    @cached_property
    def core(self) -> _core.WindowSet:
        """The windows as a set of their own, as the core knows it."""
        with self.reading():
            return _core.WindowSet([self.source])

    @cached_property
    def documented_core(self) -> _core.WindowSet:
        """The same set with documents."""
        return self.core if self._needs_documents else _core.WindowSet([self.documented_source])

    def __getstate__(self) -> dict[str, Any]:
        """Keep what the windows were made of: of a store, its path and not its tokens."""
        return {"_tokens": self._tokens, "_options": self._options}

    @property
    def tokens(self) -> TokenSource:
        """What the windows slide over, as it was given."""
        return self._tokens

    @property
    def n_tokens(self) -> int:
        """How many tokens the windows slide over."""
        return self._stream.n_tokens

    @property
    def max_length(self) -> int:
        """Tokens of a window's input."""
        return int(self._options["max_length"])

    @property
    def stride(self) -> int:
        """Tokens from one window's start to the next."""
        return int(self._options["stride"])

    @property
    def options(self) -> dict[str, Any]:
        """Every argument but the tokens and ``on_empty``, by name."""
        return dict(self._options)

    @property
    def fingerprint(self) -> str:
        """Equal for equal tokens and arguments."""
        text = repr((self._stream.fingerprint, sorted(self._options.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @cached_property
    def stores(self) -> tuple[TokenStore, ...]:
        """The store that the windows are read from, if it is one."""
        store = self._stream.store
        return () if store is None else (store,)

    @property
    def row_dtype(self) -> np.dtype[Any]:
        """The narrowest type that holds the stored ids and those of padding, begin and end."""
        ids = [self._options[name] for name in ("bos_id", "eos_id", "pad_id")]
        dtype = self._stream.narrowest_dtype
        most = max(number for number in ids if number is not None)
        return dtype if most <= np.iinfo(dtype).max else np.dtype(np.int64)

    def to_numpy(self) -> NDArray[np.int64]:
        """Write out the windows' starts, int64 [n_windows]."""
        out = np.empty(len(self), np.int64)
        for first in range(0, out.size, _BLOCK):
            last = min(first + _BLOCK, out.size)
            out[first:last] = self.spans(np.arange(first, last))[:, 0]
        return out

    def packed(self, *, cache: bool = True) -> PackedWindows:
        """Pack these documents into rows, several short ones to a row.

        Documents are cut into windows of ``max_length`` inputs, as with a stride of as much and the
        tail "pad", and these are packed best-fit.

        Parameters
        ----------
        cache
            Whether to keep the result in a file beside the store, and to use one that is there.

        Raises
        ------
        ValueError
            Without ``per_document``, or for a ``max_length`` above 2**28.
        """
        if not self._options["per_document"]:
            raise ValueError("packing puts whole documents together: use per_document=True")
        settings = {
            **self._options,
            "stride": self.max_length,
            "tail": "pad",
            "mask_overlap": False,
        }
        return PackedWindows(Windows(self._tokens, **settings), cache=cache)

    def __repr__(self) -> str:
        return (
            f"Windows({len(self)} windows of {self.max_length} tokens, "
            f"stride {self.stride}, over {self.n_tokens} tokens)"
        )


def _token_id(name: str, value: SupportsIndex) -> int:
    number = operator.index(value)
    if not 0 <= number < 2**32:
        raise ValueError(f"{name} must be a token id, from 0 to 2**32 - 1, found {number}")
    return number
