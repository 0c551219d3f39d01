"""Sets of code points: names of general categories, set arithmetic, and how to write a set down."""

import string
from collections.abc import Iterable

__all__ = [
    "LAST_CODE_POINT",
    "OTHER_WORD_CHARACTERS",
    "PROPERTY_NAMES",
    "WORD_CATEGORIES",
    "Ranges",
    "class_text",
    "complement",
    "fold_ascii",
    "merge_ranges",
]

# Inclusive ranges of code points, ascending, neither touching nor overlapping.
Ranges = list[tuple[int, int]]

LAST_CODE_POINT = 0x10FFFF
# Long name of each general category (PropertyValueAliases.txt), in loose spelling.
LONG_NAMES = {
    "letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "casedletter": "LC", "modifierletter": "Lm", "otherletter": "Lo", "mark": "M",
    "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me", "number": "N",
    "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No", "punctuation": "P",
    "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps",
    "closepunctuation": "Pe", "initialpunctuation": "Pi", "finalpunctuation": "Pf",
    "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc",
    "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z", "spaceseparator": "Zs",
    "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C", "control": "Cc",
    "format": "Cf", "surrogate": "Cs", "privateuse": "Co", "unassigned": "Cn",
    "whitespace": "White_Space", "space": "White_Space", "han": "Han",
}  # fmt: skip
PROPERTY_NAMES = {name.lower(): name for name in LONG_NAMES.values()} | LONG_NAMES

# A word character to Rust's engines (UTS 18, annex C): alphabetic, a mark, a decimal digit, a
# connector or one of two joiners. Alphabetic are letters, letter numbers, and these symbols.
WORD_CATEGORIES = ("L", "M", "Nd", "Nl", "Pc")
OTHER_WORD_CHARACTERS: Ranges = [
    (0x200C, 0x200D), (0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189),
]  # fmt: skip


def merge_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the union of ranges in any order."""
    merged: Ranges = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def complement(ranges: Ranges) -> Ranges:
    """Return all other code points, unassigned ones and surrogates included."""
    starts = [0, *(last + 1 for _, last in ranges)]
    ends = [*(first - 1 for first, _ in ranges), LAST_CODE_POINT]
    return [(first, last) for first, last in zip(starts, ends, strict=True) if first <= last]


def fold_ascii(ranges: Ranges) -> Ranges:
    """Add what differs from a member only in case; members are ASCII.

    Simple case folding (CaseFolding.txt, status C) reaches outside ASCII only from k and s.
    """
    members = {chr(c) for first, last in ranges for c in range(first, last + 1)}
    for letter in members & set(string.ascii_letters):
        members |= {letter.lower(), letter.upper()}
        members |= {"k": {"\u212a"}, "s": {"\u017f"}}.get(letter.lower(), set())
    return merge_ranges((ord(c), ord(c)) for c in members)


def class_text(ranges: Ranges) -> str:
    r"""Return a bracket class with these members.

    The library tries the members of a class one after the other: \p{L} as a flat list of 677 ranges
    costs 2,000 ns a character of mixed text. As a tree, whose inner classes are entered only within
    their span, it costs 110 ns; the library's own \p{L} costs 150.
    """

    def members(part: Ranges) -> str:
        if len(part) <= 8:
            return "".join(f"\\U{a:08X}" + (f"-\\U{b:08X}" if a < b else "") for a, b in part)
        size = 8
        while size * 8 < len(part):
            size *= 8
        groups = [part[i : i + size] for i in range(0, len(part), size)]
        return "".join(f"[{class_text([(g[0][0], g[-1][1])])}&&[{members(g)}]]" for g in groups)

    # An empty class is not to be had in this syntax; nothing lies outside of everything.
    return f"[{members(ranges)}]" if ranges else f"[^{members([(0, LAST_CODE_POINT)])}]"
