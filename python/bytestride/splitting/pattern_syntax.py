"""Rewrite a tokenizer's regular expression so that it means the same whatever library runs it.

Patterns are written for Rust's `fancy-regex` (tiktoken) or for Oniguruma's Ruby syntax (Hugging
Face's `tokenizers`). The output uses only what the `regex` library, in its version 1 syntax, reads
the same way, and names no property of characters: every class is spelled out in code points, at
Unicode 16. What cannot be kept exactly is a ValueError.
"""

import string
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, NoReturn

from bytestride.errors import shown
from bytestride.splitting.code_point_sets import (
    LAST_CODE_POINT,
    OTHER_WORD_CHARACTERS,
    PROPERTY_NAMES,
    WORD_CATEGORIES,
    Ranges,
    class_text,
    complement,
    fold_ascii,
    merge_ranges,
)

__all__ = ["Dialect", "rewrite_pattern"]

Dialect = Literal["rust", "oniguruma"]

MAX_DEPTH = 50
# Each is spelled out in code points, a few thousand characters, and what compiles those takes about
# 40 ms: this bounds it to seconds. Patterns of published tokenizers have below 40.
MAX_CLASSES = 64
MAX_REPEAT_DIGITS = 9
# What must be repeated is spelled out by what compiles it: this bounds its memory to 100 MB.
MAX_ITEMS = 100_000
CONTROL_ESCAPES = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7, "e": 27}
# What each engine means by a line or text anchor, in the words of the `regex` library.
ANCHORS = {
    "rust": {"^": r"\A", "$": r"\Z"},
    "oniguruma": {"^": r"(?:\A|(?<=\n)(?!\Z))", "$": r"(?=\n|\Z)"},
}
GROUP_OPENINGS = ("(?:", "(?>", "(?=", "(?!", "(?<=", "(?<!")
# Pairs of letters that Oniguruma, ignoring case, also finds in one character (ß, ﬀ, ﬁ, ﬂ, ﬆ).
LIGATURES = {"ss", "ff", "fi", "fl", "st"}
REMEDIES = {
    "b": "spell the boundary out with look-around, as (?=\\s) or (?!\\p{L})",
    "w": "name the categories, as [\\p{L}\\p{M}\\p{Nd}\\p{Pc}]",
    "h": "write [0-9A-Fa-f], or [ \\t] if blanks are meant",
    "R": "write (?>\\r\\n|[\\n\\x0B\\f\\r\\x{85}\\x{2028}\\x{2029}])",
    "X": "write \\P{M}\\p{M}*, or what the pattern needs of it",
    "K": "use a look-behind, (?<=...)",
    "Z": "write \\z, the end of the text",
}


class Part(NamedTuple):
    """A rewritten piece of a pattern, whether it can match the empty string, and its items.

    Items are counted as often as they must be repeated.
    """

    text: str
    can_be_empty: bool
    n_items: int = 1


def rewrite_pattern(
    pattern: str, dialect: Dialect | None, category_ranges: Callable[[str], Ranges]
) -> tuple[str, bool]:
    """Return a pattern for `regex.compile(..., flags=regex.V1)`, and whether it may match nothing.

    Parameters
    ----------
    pattern
        A regular expression, without flags.
    dialect
        Whose reading of the pattern counts where Rust and Oniguruma differ; None refuses whatever
        they read differently.
    category_ranges
        From a general category of one or two letters, "White_Space" or "Han", to its code points.

    Raises
    ------
    ValueError
        Naming the construct, its offset in the pattern in characters, and what would work.
    """
    whole = _Rewriter(pattern, dialect, category_ranges).rewrite()
    return whole.text, whole.can_be_empty


class _Rewriter:
    """A recursive descent through one pattern; `at` is the offset of what is read next."""

    def __init__(
        self, pattern: str, dialect: Dialect | None, category_ranges: Callable[[str], Ranges]
    ) -> None:
        self.pattern = pattern
        self.dialect = dialect
        self.category_ranges = category_ranges
        self.n_classes = 0
        self.at = 0
        self.depth = 0
        self.folding = False
        self.in_look_behind = False
        self.last_folded = ""

    def rewrite(self) -> Part:
        whole = self.alternation()
        if self.at < len(self.pattern):
            self.refuse(self.at, ")", "it closes no group; write \\)")
        return whole

    def refuse(self, offset: int, construct: str, remedy: str) -> NoReturn:
        raise ValueError(f"pattern {shown(self.pattern)}, offset {offset}: {construct}: {remedy}")

    def refuse_unless(
        self, dialect: Dialect, offset: int, construct: str, reading: str, remedy: str
    ) -> None:
        if self.dialect == dialect:
            return
        if self.dialect is None:
            reading = "engines differ about it"
        self.refuse(offset, construct, f"{reading}; {remedy}")

    def next_is(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self, n: int = 1) -> str:
        self.at += n
        return self.pattern[self.at - n : self.at]

    def take_until(self, closing: str, begin: int) -> str:
        end = self.pattern.find(closing, self.at)
        if end < 0:
            self.refuse(begin, self.pattern[begin : begin + 3], f"no {closing} follows")
        return self.take(end + 1 - self.at)[:-1]

    # Alternatives, sequences and quantifiers

    def alternation(self) -> Part:
        parts = [self.sequence()]
        while self.next_is("|"):
            self.take()
            self.last_folded = ""
            parts.append(self.sequence())
        text = "|".join(p.text for p in parts)
        return Part(text, any(p.can_be_empty for p in parts), sum(p.n_items for p in parts))

    def sequence(self) -> Part:
        parts = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self.quantified())
        text = "".join(p.text for p in parts)
        return Part(text, all(p.can_be_empty for p in parts), sum(p.n_items for p in parts))

    def quantified(self) -> Part:
        begin = self.at
        item, repeatable = self.item()
        at = self.at
        bounds = self.quantifier()
        if bounds is None:
            return item
        if not repeatable:
            self.refuse(at, self.pattern[at], "there is nothing to repeat; escape it with \\")
        if self.in_look_behind:
            self.refuse(at, "repetition in a look-behind", "give the look-behind a fixed length")
        low, high = bounds
        is_interval = self.pattern[at] == "{"
        if item.can_be_empty and high != 1:
            what = self.pattern[begin : self.at]
            self.refuse(begin, what, "what is repeated may be empty; let it need a character")
        n_items = item.n_items * max(low, 1)
        if n_items > MAX_ITEMS:
            self.refuse(at, "{", f"at most {MAX_ITEMS} repetitions of items are followed")
        repeat = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get(
            bounds, f"{{{low},{'' if high is None else high}}}"
        )
        text = item.text + repeat
        if self.next_is("?"):
            self.take()
            if is_interval and low == high:
                same = "it means 'or nothing' to Oniguruma"
                self.refuse_unless("rust", at, "{n}?", same, "leave out the ?")
            else:
                text += "?"
        elif self.next_is("+"):
            self.take()
            if is_interval and self.dialect == "oniguruma":
                text = f"(?:{text})+"
                if low == 0 or item.can_be_empty:
                    self.refuse(at, "{n,m}+", "what is repeated may be empty; leave out the +")
            else:
                if is_interval:
                    remedy = "write (?>...{n,m}) to give nothing back, (?:...{n,m})+ to repeat"
                    self.refuse_unless("rust", at, "{n,m}+", "", remedy)
                text += "+"
        if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            self.refuse(self.at, "a second quantifier", "put a group, (?:...), round the first")
        return Part(text, item.can_be_empty or low == 0, n_items)

    def quantifier(self) -> tuple[int, int | None] | None:
        """Take `*`, `+`, `?` or `{n,m}`; None where there is none."""
        for symbol, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.next_is(symbol):
                self.take()
                return bounds
        if not self.next_is("{"):
            return None
        begin = self.at
        low, comma, high = self.take_until("}", begin)[1:].partition(",")
        digits = [low or "0", high or "0"]
        if not (low or high) or not all(d.isascii() and d.isdigit() for d in digits):
            self.refuse(begin, "{", "it begins no {n}, {n,} or {n,m}; write \\{")
        if max(map(len, digits)) > MAX_REPEAT_DIGITS:
            self.refuse(begin, "{", f"a bound has more than {MAX_REPEAT_DIGITS} digits")
        most = (int(high) if high else None) if comma else int(low)
        if most is not None and most < max(int(low or 0), 1):
            self.refuse(begin, self.pattern[begin : self.at], "the bounds must ascend, from 1")
        return int(low or 0), most

    # Items

    def item(self) -> tuple[Part, bool]:
        """Take one item; also tell whether it may be repeated."""
        begin = self.at
        c = self.take()
        if c == "(":
            return self.group(begin)
        if c == "[":
            ranges = self.bracket(begin)
            if self.folding:
                if any(last > 127 for _, last in ranges):
                    self.refuse_in_fold(begin, "a class with members outside ASCII")
                self.last_folded = ""
                ranges = fold_ascii(ranges)
            return Part(class_text(ranges), False), True
        if c == ".":
            self.refuse_in_fold(begin, c)
            return Part("[^\\n]", False), True
        if c in "^$":
            if self.dialect is None:
                end = "\\A, the start" if c == "^" else "\\z, the end"
                self.refuse(begin, c, f"engines differ about line ends; write {end} of the text")
            return Part(ANCHORS[self.dialect][c], True), False
        if c in "*+?{":
            self.refuse(begin, c, "there is nothing to repeat; escape it with \\")
        if c == "\\":
            if self.at < len(self.pattern) and self.pattern[self.at] in "Az":
                return Part("\\" + self.take().upper(), True), False
            if self.dialect == "rust" and self.next_is("b"):
                self.take()
                word = class_text(self.word_characters())
                return Part(f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))", True), False
            value = self.escape(begin)
            if isinstance(value, list):
                return Part(class_text(value), False), True
            c = chr(value)
        return Part(class_text(self.literal(begin, c)), False), True

    def literal(self, begin: int, c: str) -> Ranges:
        ranges = [(ord(c), ord(c))]
        if not self.folding:
            return ranges
        if not c.isascii():
            self.refuse_in_fold(begin, c)
        if self.last_folded + c.lower() in LIGATURES:
            reading = "Oniguruma also finds it in one character, such as ß or ﬆ"
            construct = f"{self.last_folded}{c} ignoring case"
            self.refuse_unless("rust", begin, construct, reading, "write [sS][tT] for st")
        self.last_folded = c.lower()
        return fold_ascii(ranges)

    def refuse_in_fold(self, offset: int, construct: str) -> None:
        if self.folding:
            remedy = "only ASCII characters may ignore case; close (?i:...) before it"
            self.refuse(offset, construct, remedy)

    def group(self, begin: int) -> tuple[Part, bool]:
        opening, is_look_around = "(?:", False
        folding, in_look_behind = self.folding, self.in_look_behind
        if self.next_is("?"):
            name_at = 3 if self.next_is("?P<") else 2
            named = self.pattern[begin + 3 : begin + 4] not in ("=", "!") or name_at == 3
            if self.next_is("?i:"):
                self.take(3)
                self.last_folded = self.last_folded if folding else ""
                self.folding = True
            elif (self.next_is("?<") and named) or self.next_is("?P<"):
                self.take(name_at)
                if not self.take_until(">", begin).isidentifier():
                    self.refuse(begin, self.pattern[begin : self.at], "it is no name")
            else:
                for opening in GROUP_OPENINGS:
                    if self.pattern.startswith(opening, begin):
                        break
                else:
                    self.refuse_group(begin)
                self.take(len(opening) - 1)
                is_look_around = opening not in ("(?:", "(?>")
                self.in_look_behind |= opening.startswith("(?<")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse(begin, "(", f"groups lie more than {MAX_DEPTH} deep; flatten them")
        body = self.alternation()
        if not self.next_is(")"):
            self.refuse(begin, "(", "the group is not closed; add ) or write \\(")
        self.take()
        self.depth -= 1
        self.folding, self.in_look_behind = folding, in_look_behind
        can_be_empty = body.can_be_empty or is_look_around
        part = Part(f"{opening}{body.text})", can_be_empty, body.n_items)
        return part, not is_look_around

    def refuse_group(self, begin: int) -> NoReturn:
        opening = self.pattern[begin : begin + 3]
        remedy = "known are (...), (?:...), (?i:...), (?>...), look-around and named groups"
        if self.pattern[begin + 2 : begin + 3] in tuple("imsux-"):
            remedy = "flags differ between engines; write (?i:...), \\A, \\z or [\\s\\S] instead"
        self.refuse(begin, opening, remedy)

    # Escapes and bracket classes

    def escape(self, begin: int) -> int | Ranges:
        """Take what follows a backslash: one code point, or the members of a class."""
        c = self.take()
        if c in ("d", "D", "s", "S", "p", "P"):
            self.n_classes += 1
            if self.n_classes > MAX_CLASSES:
                self.refuse(begin, "\\" + c, f"at most {MAX_CLASSES} classes are read; share some")
        if c in ("d", "D", "s", "S"):
            ranges = self.category_ranges("Nd" if c in "dD" else "White_Space")
            return complement(merge_ranges(ranges)) if c in "DS" else merge_ranges(ranges)
        if c in ("w", "W") and self.dialect == "rust":
            return complement(self.word_characters()) if c == "W" else self.word_characters()
        if c in ("p", "P"):
            return self.property_class(begin, c == "P")
        if c in ("x", "u"):
            return self.hexadecimal(begin, c)
        if c in CONTROL_ESCAPES:
            return CONTROL_ESCAPES[c]
        if c == "":
            self.refuse(begin, "\\", "nothing follows; write \\\\")
        if c.isascii() and (c.isalnum() or c in "<>"):
            spell_out = "engines differ about it; spell it out"
            remedy = REMEDIES.get(c) or REMEDIES.get(c.lower(), spell_out)
            self.refuse(begin, "\\" + c, remedy)
        return ord(c)

    def word_characters(self) -> Ranges:
        ranges = [r for name in WORD_CATEGORIES for r in self.category_ranges(name)]
        return merge_ranges(ranges + OTHER_WORD_CHARACTERS)

    def property_class(self, begin: int, negated: bool) -> Ranges:
        self.refuse_in_fold(begin, "\\p")
        name = self.take()
        if name == "{":
            name = self.take_until("}", begin)
            if name.startswith("^"):
                name, negated = name[1:], not negated
        else:
            reading, remedy = "it is letters to Oniguruma", f"write \\p{{{name}}}"
            self.refuse_unless("rust", begin, self.pattern[begin : self.at], reading, remedy)
        known = PROPERTY_NAMES.get("".join(c for c in name.lower() if c not in " _-"))
        if known is None:
            remedy = "use a general category, as \\p{L} or \\p{Letter}, or \\p{White_Space}"
            self.refuse(begin, self.pattern[begin : self.at], f"its members vary; {remedy}")
        names = ("Lu", "Ll", "Lt") if known == "LC" else (known,)
        ranges = merge_ranges(r for part in names for r in self.category_ranges(part))
        return complement(ranges) if negated else ranges

    def hexadecimal(self, begin: int, kind: str) -> int:
        if self.next_is("{"):
            self.take()
            digits = self.take_until("}", begin)
        else:
            digits = self.take(2 if kind == "x" else 4)
            if kind == "x" and len(digits) == 2 and digits[0] in "89abcdefABCDEF":
                reading = "it is a byte to Oniguruma"
                self.refuse_unless("rust", begin, f"\\x{digits}", reading, f"write \\x{{{digits}}}")
            digits = digits if len(digits) == (2 if kind == "x" else 4) else ""
        if not digits or not set(digits) <= set(string.hexdigits):
            self.refuse(begin, f"\\{kind}", "write \\xHH, \\uHHHH or \\x{H...}")
        code_point = int(digits, 16)
        if code_point > LAST_CODE_POINT or 0xD800 <= code_point <= 0xDFFF:
            self.refuse(begin, self.pattern[begin : self.at], "it is no character")
        return code_point

    def bracket(self, begin: int) -> Ranges:
        """Take a class up to its closing bracket; a class inside it adds its members."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse(begin, "[", f"classes lie more than {MAX_DEPTH} deep; flatten them")
        negated = self.next_is("^")
        if negated:
            self.refuse_in_fold(begin, "[^")
            self.take()
        ranges = merge_ranges(self.class_members(begin))
        self.depth -= 1
        return complement(ranges) if negated else ranges

    def class_members(self, begin: int) -> Iterator[tuple[int, int]]:
        if self.next_is("]"):
            self.refuse(self.at, "]", "as a member, write \\]")
        while not self.next_is("]"):
            at = self.at
            if at >= len(self.pattern):
                self.refuse(begin, "[", "the class is not closed; add ] or write \\[")
            for operation in ("&&", "--", "~~", "[:"):
                if self.next_is(operation):
                    self.refuse(at, operation, "in a class, escape it with \\ or list the members")
            low = self.class_member()
            if isinstance(low, list):
                yield from low
                if self.next_is("-") and not self.next_is("-]"):
                    self.refuse(self.at, "-", "no range can begin with a class; write \\-")
            elif self.next_is("-") and not self.next_is("-]"):
                yield self.class_range(at, low)
            else:
                yield low, low
        self.take()

    def class_range(self, begin: int, low: int) -> tuple[int, int]:
        if self.next_is("--"):
            self.refuse(self.at, "--", "in a class, escape it with \\ or list the members")
        self.take()
        high = self.class_member() if self.at < len(self.pattern) else []
        if isinstance(high, list) or high < low:
            self.refuse(begin, self.pattern[begin : self.at], "it is no ascending range")
        if self.next_is("-") and not self.next_is("-]"):
            self.refuse(self.at, "-", "it follows a range; write \\-")
        return low, high

    def class_member(self) -> int | Ranges:
        begin = self.at
        c = self.take()
        if c == "[":
            return self.bracket(begin)
        return self.escape(begin) if c == "\\" else ord(c)
