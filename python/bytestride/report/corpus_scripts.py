"""In which script a text is written: what most of its letters belong to.

The rule. A letter is a character of the general category L. It counts for the script that Unicode's
property Script gives it; letters of Common and Inherited, which many scripts share (such as the
Japanese ー), count for none. A text is in the script that most of its letters count for; of two
with as many, in that which comes first in `SCRIPTS`. Japanese is written with kana and Han, and is
told from Chinese so: Han letters count as kana where there is one kana for ten of them or more.

It is no language: English, Turkish and most code are Latin, and a text in two scripts is in one.

Source of the ranges: Unicode 16, ``Scripts.txt``; letters are those of the core's tables.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bytestride import _core

NONE: Final = "no letters"
OTHER: Final = "other"

_SHARED = "shared"

# Every letter in these ranges is of the script; between them lie characters that are no letters.
_RANGES: Final[dict[str, str]] = {
    "Latin": "41-AA BA-2B8 2E0-2E4 1D00-1D25 1D2C-1D5C 1D62-1D65 1D6B-1D77 1D79-1DBE 1E00-1EFF "
    "2071-209C 212A-212B 2132-2132 214E-2184 2C60-2C7F A722-A787 A78B-A7FF AB30-AB64 AB66-AB69 "
    "FB00-FB06 FF21-FF5A 10780-107BA 1DF00-1DF2A",
    "Cyrillic": "400-52F 1C80-1C8A 1D2B-1D2B 1D78-1D78 A640-A69D 1E030-1E06D",
    "Greek": "370-373 376-3E1 3F0-3FF 1D26-1D2A 1D5D-1D61 1D66-1D6A 1DBF-1DBF 1F00-1FFC 2126-2126 "
    "AB65-AB65",
    "Arabic": "620-63F 641-6FF 750-77F 870-8C9 FB50-FEFC 10EC2-10EC4 1EE00-1EEBB",
    "Hebrew": "5D0-5F2 FB1D-FB4F",
    "Devanagari": "904-97F A8F2-A8FE",
    "Thai": "E01-E46",
    "Han": "3005-3005 303B-303B 3400-9FFF F900-FAD9 16FE3-16FE3 20000-323AF",
    "Kana": "3041-30FA 30FD-30FF 31F0-31FF FF66-FF6F FF71-FF9D 1AFF0-1B167",
    "Hangul": "1100-11FF 3131-318E A960-A97C AC00-D7FB FFA0-FFDC",
    _SHARED: "B5-B5 2B9-2D1 2EC-2EE 374-374 640-640 1CE9-1CFA 2102-2124 2128-2128 212C-2131 "
    "2133-2149 2E2F-2E2F 3006-3035 303C-303C 30FC-30FC A717-A71F A788-A788 A9CF-A9CF FF70-FF70 "
    "FF9E-FF9F 1D400-1D7CB",
}

SCRIPTS: Final = (*(name for name in _RANGES if name != _SHARED), OTHER, NONE)
"""Names of the scripts, in the order of their numbers; the last is for texts without letters."""

_NO_SCRIPT = len(SCRIPTS) - 1
_HAN, _KANA, _OTHER = (SCRIPTS.index(name) for name in ("Han", "Kana", OTHER))
_HAN_FOR_ONE_KANA = 10


@functools.cache
def _script_of_code_point() -> NDArray[np.uint8]:
    table = np.full(0x110000, _NO_SCRIPT, np.uint8)
    for first, last in _core.category_ranges("L"):
        table[first : last + 1] = _OTHER
    is_letter = table == _OTHER
    for name, ranges in _RANGES.items():
        number = _NO_SCRIPT if name == _SHARED else SCRIPTS.index(name)
        for ends in ranges.split():
            first, last = (int(end, 16) for end in ends.split("-"))
            here = slice(first, last + 1)
            table[here] = np.where(is_letter[here], number, table[here])
    return table


def count_letters(text: bytes) -> NDArray[np.int64]:
    """Count a text's letters by script.

    Parameters
    ----------
    text
        UTF-8. Bytes that are not, are no letters.

    Returns
    -------
    ndarray
        int64, a number for each of `SCRIPTS`; the last is of all characters that count for none.
    """
    points = np.frombuffer(text.decode("utf-8", "replace").encode("utf-32-le"), "<u4")
    return np.bincount(_script_of_code_point()[points], minlength=len(SCRIPTS))


def script_of(text: bytes) -> str:
    """Say in which of `SCRIPTS` a text is written."""
    letters = count_letters(text)[:_NO_SCRIPT]
    if not letters.any():
        return NONE
    if letters[_KANA] and letters[_HAN] <= _HAN_FOR_ONE_KANA * letters[_KANA]:
        letters[_KANA] += letters[_HAN]
        letters[_HAN] = 0
    return SCRIPTS[int(np.argmax(letters))]
