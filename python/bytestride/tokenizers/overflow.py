"""What truncation cuts off: where a row of tokens is cut, and the encodings of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride.tokenizers.encoding import Encoding


class Overflow:
    """What truncation cut off, made when it is read.

    It does not change: encodings that are changed have another, and may share this one. Reading is
    where the work is, for of a pair every part of one goes with every part of the other.

    Parameters
    ----------
    make : callable
        Gives the encodings; called once at most.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], list[Encoding]]) -> None:
        self._make = make
        self._made: list[Encoding] | None = None

    def get(self) -> list[Encoding]:
        """Give the encodings, which are not to be changed."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def each(self, change: Callable[[Encoding], None]) -> Overflow:
        """Give those that a change makes of copies."""

        def make() -> list[Encoding]:
            encodings = [encoding.copy() for encoding in self.get()]
            for encoding in encodings:
                change(encoding)
            return encodings

        return Overflow(make)


def parts(n: int, max_length: int, stride: int, direction: str) -> list[tuple[int, int]]:
    """Where `n` tokens are cut: begin and end of what is kept, then of what overflows."""
    result = []
    step = max_length - stride
    if direction == "right":
        for begin in range(0, n, step):
            end = min(begin + max_length, n)
            result.append((begin, end))
            if end == n:
                break
    else:
        for end in range(n, 0, -step):
            begin = max(end - max_length, 0)
            result.append((begin, end))
            if begin == 0:
                break
    return result
