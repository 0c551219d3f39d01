"""Where separators stand in a text: the first, and the last.

Separators are the leftmost matches from the start of the file that do not overlap. One that has no
beginning which is also its end never overlaps itself, so any place where its bytes stand is a
match, and a search may begin anywhere. The others (two newlines, say) are searched for from the end
of a match or the start of a document only.
"""

from __future__ import annotations

from bytestride import _core

_FIRST_STEP = 4096
_MOST_STEP = 1024 * 1024


def overlaps_itself(separator: bytes) -> bool:
    """Whether two places where it stands may share bytes."""
    return any(separator.startswith(separator[i:]) for i in range(1, len(separator)))


class Separators:
    """Finds one separator in buffers.

    Raises
    ------
    ValueError
        It is empty.
    """

    def __init__(self, separator: bytes) -> None:
        if not separator:
            raise ValueError("the separator between documents is empty; name at least one byte")
        self.separator = separator
        self.overlaps = overlaps_itself(separator)

    def __len__(self) -> int:
        return len(self.separator)

    def last_end(self, text: memoryview, begin: int) -> int:
        """Find where the last separator ends that begins at `begin` or later; 0 without one.

        No separator may begin before `begin` and end behind it. Cost: the way from the end of the
        text, or all of it where the separator overlaps itself.
        """
        if self.overlaps:
            ends = self._ends(text, begin)
            return ends[-1] if ends else 0
        width = len(self.separator)
        step = max(_FIRST_STEP, 2 * width)
        end = len(text)
        while end - begin >= width:
            start = max(end - step, begin)
            found = bytes(text[start:end]).rfind(self.separator)
            if found >= 0:
                return start + found + width
            # The next window may hold one that goes on into this one.
            end = start + width - 1 if start > begin else begin
            step = min(step * 4, max(_MOST_STEP, 2 * width))
        return 0

    def first_end(self, text: memoryview, begin: int, at_least: int = 0) -> int:
        """Find where the first separator ends that begins at `begin` or later; 0 without one.

        With `at_least`, the first that ends there or later. As for `last_end`, none may begin
        before `begin` and end behind it.
        """
        width = len(self.separator)
        if self.overlaps:
            return next((end for end in self._ends(text, begin) if end >= at_least), 0)
        start = max(begin, at_least - width)
        step = max(_FIRST_STEP, 2 * width)
        while len(text) - start >= width:
            found = bytes(text[start : start + step]).find(self.separator)
            if found >= 0:
                return start + found + width
            start += step - width + 1
            step = min(step * 4, max(_MOST_STEP, 2 * width))
        return 0

    def _ends(self, text: memoryview, begin: int) -> list[int]:
        """Where the separators from `begin` on end."""
        spans = _core.cut_documents(text[begin:], self.separator)
        ends: list[int] = (spans[:, 1] + (begin + len(self.separator))).tolist()
        # What follows the last separator is no match.
        return ends[:-1] if ends and ends[-1] > len(text) else ends
