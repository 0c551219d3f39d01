"""The files that text is read from: their names, and what they were like when they were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Inputs:
    """Files in the order that they are read in. A million of them take about 150 MB.

    Attributes
    ----------
    names
        As given or found: paths, URLs with their scheme, and ``-`` for what comes by stdin.
    sizes
        Bytes of each as it is stored, int64[n]; -1 where that is not known.
    mtimes
        When each was last changed, in nanoseconds since 1970, int64[n]; 0 where that is not known.
    """

    names: list[str]
    sizes: npt.NDArray[np.int64]
    mtimes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)
