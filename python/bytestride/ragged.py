"""Documents of different lengths in one flat array."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Ragged(NamedTuple):
    """Token ids of many documents, end to end.

    Attributes
    ----------
    tokens : numpy.ndarray
        uint16[n_tokens] or uint32[n_tokens].
    offsets : numpy.ndarray
        int64[n_documents + 1], in tokens: document ``i`` is ``tokens[offsets[i]:offsets[i + 1]]``.
    """

    tokens: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return len(self.offsets) - 1

    def document(self, index: int) -> npt.NDArray[np.uint16] | npt.NDArray[np.uint32]:
        """Return the ids of one document, as a view.

        Raises
        ------
        IndexError
            There is no document of this index; negative ones count from the end.
        """
        n = self.n_documents
        if not -n <= index < n:
            raise IndexError(f"document {index} of {n}")
        index %= n
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]
