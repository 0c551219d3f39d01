"""What windows slide over: a store, a part of one, encoded documents, or ids in memory."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bytestride.ragged import Ragged
from bytestride.store import StorePart, TokenStore
from bytestride.store.views import DocumentView, ShardView

TokenSource: TypeAlias = (
    TokenStore | StorePart | Ragged | NDArray[Any] | Sequence[int] | Sequence[NDArray[Any]]
)

_CORE_DTYPES = tuple(np.dtype(name) for name in ("uint8", "uint16", "uint32", "int32"))


@dataclass(frozen=True)
class Stream:
    """Tokens in shards, and which of them and of their documents count.

    Attributes
    ----------
    tell_shards
        Gives the shards as the core takes them, with their documents or as one document each.
    first_token, n_tokens
        The stream: this many tokens of the shards, from this one on.
    first_document, n_documents
        The same, in documents.
    selected
        Numbers of the documents that count, ascending; they are not one stretch of tokens.
    has_documents
        Whether it is known where documents end.
    store
        The store that the shards belong to, if any.
    tell_fingerprint
        Gives a text that is equal for equal tokens, as far as can be told without reading them.
    """

    tell_shards: Callable[[bool], list[ShardView]]
    first_token: int
    n_tokens: int
    first_document: int
    n_documents: int
    selected: NDArray[np.int64] | None
    has_documents: bool
    store: TokenStore | None
    tell_fingerprint: Callable[[], str]

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal tokens; worked out when first asked for."""
        return self.tell_fingerprint()

    @property
    def narrowest_dtype(self) -> np.dtype[Any]:
        """The type that holds every shard's ids: the stored one where all are alike."""
        dtypes = {shard.dtype for shard in self.tell_shards(False)} or {np.dtype(np.int32)}
        return dtypes.pop() if len(dtypes) == 1 else np.dtype(np.int64)


def open_stream(tokens: TokenSource) -> Stream:
    """Find out what windows are to slide over.

    Raises
    ------
    ValueError, TypeError
        If it is no such thing.
    """
    if isinstance(tokens, TokenStore):
        return _of_store(tokens)
    if isinstance(tokens, StorePart):
        return _of_part(tokens)
    if isinstance(tokens, Ragged):
        return _of_ragged(tokens)
    if isinstance(tokens, (str, bytes)):
        raise TypeError(f"tokens must be token ids, found {type(tokens).__name__}; encode it first")
    if isinstance(tokens, (list, tuple)) and any(isinstance(part, np.ndarray) for part in tokens):
        return _of_arrays([_as_shard(np.asarray(part)) for part in tokens], has_documents=False)
    return _of_arrays([_as_shard(np.asarray(tokens))], has_documents=True)


def _of_store(store: TokenStore) -> Stream:
    return Stream(
        store.views,
        0,
        store.n_tokens,
        0,
        store.n_documents,
        None,
        True,
        store,
        lambda: store.fingerprint,
    )


def _of_part(part: StorePart) -> Stream:
    return Stream(
        part.store.views,
        part.first_token,
        part.n_tokens,
        part.first_document,
        part.n_documents,
        part.selected,
        True,
        part.store,
        lambda: part.fingerprint,
    )


def _of_ragged(documents: Ragged) -> Stream:
    ids = _as_shard(np.asarray(documents.tokens))
    offsets = np.asarray(documents.offsets)
    if offsets.ndim != 1 or offsets.size == 0 or offsets.dtype.kind not in "iu":
        raise TypeError("offsets must be a 1-D array of one or more integers")
    offsets = offsets.astype(np.int64)  # ours: nobody changes it under the core
    if offsets[0] != 0 or offsets[-1] != ids.size or (np.diff(offsets) < 0).any():
        raise ValueError(f"offsets must ascend from 0 to {ids.size}, the number of tokens")
    view = DocumentView(offsets.size - 1, offsets[1:], are_ends=True)
    shard = ShardView(ids, ids.dtype, ids.size, view)
    n_documents = offsets.size - 1

    def fingerprint() -> str:
        return _fingerprint([ids], zlib.crc32(offsets.data))

    return Stream(lambda _: [shard], 0, ids.size, 0, n_documents, None, True, None, fingerprint)


def _of_arrays(arrays: list[NDArray[Any]], has_documents: bool) -> Stream:
    shards = [ShardView(ids, ids.dtype, ids.size, DocumentView(1)) for ids in arrays]
    n_tokens = sum(ids.size for ids in arrays)
    return Stream(
        lambda _: shards,
        0,
        n_tokens,
        0,
        len(shards),
        None,
        has_documents,
        None,
        lambda: _fingerprint(arrays, 0),
    )


def _fingerprint(arrays: list[NDArray[Any]], documents: int) -> str:
    """Hash sizes, types and the ends of the arrays: enough to tell one corpus from another."""
    digest = hashlib.sha256(str(documents).encode())
    for ids in arrays:
        digest.update(f"{ids.size} {ids.dtype}".encode())
        digest.update(ids[:4096].tobytes())
        digest.update(ids[-4096:].tobytes())
    return digest.hexdigest()[:32]


def _as_shard(ids: NDArray[Any]) -> NDArray[Any]:
    if ids.ndim != 1:
        raise ValueError(f"tokens must have one dimension, found {ids.ndim}")
    if ids.size == 0:
        return np.empty(0, np.int32)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers, found {ids.dtype}")
    if ids.dtype.newbyteorder("=") in _CORE_DTYPES:
        return np.ascontiguousarray(ids, ids.dtype.newbyteorder("="))
    for dtype in (np.dtype(np.int32), np.dtype(np.uint32)):
        info = np.iinfo(dtype)
        if ids.min() >= info.min and ids.max() <= info.max:
            return ids.astype(dtype)
    raise ValueError(
        f"tokens must fit int32 or uint32, found ids from {ids.min()} to {ids.max()} in {ids.dtype}"
    )
