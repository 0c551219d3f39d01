"""A part of a store by whole documents: the train and the validation side of a split."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bytestride.store.megatron import Ids
from bytestride.store.partition import Partition, validation_count

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
    if not isinstance(validation, int):
        validation = validation_count(n, validation)
    if not 1 <= validation < n:
        raise ValueError(
            f"validation must be from 1 to {n - 1} documents or a share of the {n} there are, "
            f"found {validation}"
        )
    partition = Partition([n - validation, validation], seed)
    if seed is None:
        first = n - validation
        begin = store.document_begin(first)
        return (
            StorePart(store, 0, first, 0, begin),
            StorePart(store, first, validation, begin, store.n_tokens - begin),
        )
    labels = partition.labels(0, n)
    lengths = np.diff(store.document_offsets)
    parts = []
    for label in (0, 1):
        numbers = np.flatnonzero(labels == label).astype(np.int64)
        parts.append(StorePart(store, 0, numbers.size, 0, int(lengths[numbers].sum()), numbers))
    return parts[0], parts[1]
