"""A part of a store by whole documents: the train and the validation side of a split."""

from __future__ import annotations

import bisect
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bytestride import _core
from bytestride.store.megatron import Ids

if TYPE_CHECKING:
    from bytestride.store.tokens import TokenStore


@dataclass(frozen=True, eq=False)
class StorePart:
    """Some documents of a store, read from the store itself.

    Made by :meth:`~bytestride.TokenStore.split`.

    Attributes
    ----------
    store
        The store.
    first_document, n_documents
        The documents: this many, from this one on; or
    selected
        int64 [n_documents]: their numbers in the store, ascending.
    first_token, n_tokens
        The tokens of consecutive documents; of selected ones only their number.
    """

    store: TokenStore
    first_document: int
    n_documents: int
    first_token: int
    n_tokens: int
    selected: NDArray[np.int64] | None = None

    @property
    def fingerprint(self) -> str:
        """Equal for equal documents of equal stores."""
        picked = b"" if self.selected is None else self.selected.tobytes()
        text = f"{self.store.fingerprint} {self.first_document} {self.n_documents}"
        return hashlib.sha256(text.encode() + picked).hexdigest()[:32]

    def document_number(self, i: int) -> int:
        """Give the number in the store of document ``i`` of the part.

        Raises
        ------
        IndexError
            If there is no such document.
        """
        if not 0 <= i < self.n_documents:
            raise IndexError(f"document {i} is not among the {self.n_documents} there are")
        return self.first_document + i if self.selected is None else int(self.selected[i])

    def document(self, i: int) -> Ids:
        """Copy the tokens of document ``i`` of the part."""
        return self.store.document(self.document_number(i))

    def __repr__(self) -> str:
        return f"StorePart({self.n_documents} documents, {self.n_tokens} tokens, of {self.store!r})"


def hold_out(
    store: TokenStore, validation: float | int, seed: int | None
) -> tuple[StorePart, StorePart]:
    """Split by whole documents; :meth:`bytestride.TokenStore.split` says how."""
    n = store.n_documents
    if n < 2:
        raise ValueError(f"a store of {n} documents cannot be split by document")
    if seed is not None:
        return _pick(store, _n_held_out(validation, n), seed)
    if isinstance(validation, int):
        first = n - _n_held_out(validation, n)
    else:
        _check_fraction(validation)
        # The begin of a document that is nearest to where the last tokens begin.
        target = store.n_tokens - store.n_tokens * validation
        after = bisect.bisect_left(range(n), target, key=store.document_begin)
        first = min(max(after, 1), n - 1)
        if first > 1 and _distance(store, first - 1, target) < _distance(store, first, target):
            first -= 1
    begin = store.document_begin(first)
    return (
        StorePart(store, 0, first, 0, begin),
        StorePart(store, first, n - first, begin, store.n_tokens - begin),
    )


def _distance(store: TokenStore, document: int, target: float) -> float:
    return abs(store.document_begin(document) - target)


def _check_fraction(validation: float) -> None:
    if not 0 < validation < 1:
        raise ValueError(
            f"validation must be a share between 0 and 1 or a number of documents, found "
            f"{validation}"
        )


def _n_held_out(validation: float | int, n: int) -> int:
    if not isinstance(validation, int):
        _check_fraction(validation)
        return min(max(round(validation * n), 1), n - 1)
    if not 1 <= validation < n:
        raise ValueError(f"validation must be from 1 to {n - 1} documents, found {validation}")
    return validation


def _pick(store: TokenStore, n_held_out: int, seed: int) -> tuple[StorePart, StorePart]:
    n = store.n_documents
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, found {seed}")
    order = _core.Order([n], [], "global", seed, 1)
    held_out = np.sort(order.indices(0, n_held_out, 1))
    kept = np.ones(n, np.bool_)
    kept[held_out] = False
    lengths = np.diff(store.document_offsets)
    n_validation = int(lengths[held_out].sum())
    numbers = np.flatnonzero(kept).astype(np.int64)
    return (
        StorePart(store, 0, numbers.size, 0, store.n_tokens - n_validation, numbers),
        StorePart(store, 0, held_out.size, 0, n_validation, held_out),
    )
