"""From a text to its pretokens.

Letters, numbers and spaces are what the `regex` library says they are. Its tables are newer than
the engine's, which are those of Unicode 16. The two agree on every character that Unicode 16 has
assigned, but for U+0295: a lower-case letter then, a letter without case since, which only patterns
that tell the cases apart (o200k) can see. What tokenizers takes for digits and for punctuation is
of two other versions, 17 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable

import regex

from bytestride.reference.texts import characters_with_bytes
from bytestride.stages import Digits, Pattern, Punctuation, SpaceBefore, Split, Stage


def split(text: str, pattern: Pattern) -> list[str]:
    """Split a text into pretokens, which no token ever crosses.

    Each match of the pattern is a pretoken, and so is what lies between two matches. None is empty,
    and joined they are the text. This is what Hugging Face calls "Isolated". Stages cut one after
    the other: each takes every piece of the one before as a text.

    A pattern is a regular expression of the `regex` library, by its version 0 rules; by those of
    version 1 where it has ``&&``, the intersection of two classes.
    """
    pieces = [text]
    for stage in (Split(pattern),) if isinstance(pattern, str) else pattern:
        pieces = [part for piece in pieces for part in _split_by_stage(piece, stage)]
    return [piece for piece in pieces if piece]


_DIGIT = r"\p{N}"
# What has become punctuation since Unicode 8.
_NEWER_PUNCTUATION = (
    "\u061d\u09fd\u0a76\u0c77\u0c84\u1b4e-\u1b4f\u1b7d-\u1b7f\u2e43-\u2e4f\u2e52-\u2e5d"
    "\U00010d6e\U00010ead\U00010f55-\U00010f59\U00010f86-\U00010f89\U000113d4-\U000113d5"
    "\U000113d7-\U000113d8\U0001144b-\U0001144f\U0001145a-\U0001145b\U0001145d"
    "\U00011660-\U0001166c\U000116b9\U0001183b\U00011944-\U00011946\U000119e2"
    "\U00011a3f-\U00011a46\U00011a9a-\U00011a9c\U00011a9e-\U00011aa2\U00011b00-\U00011b09"
    "\U00011be1\U00011c41-\U00011c45\U00011c70-\U00011c71\U00011ef7-\U00011ef8"
    "\U00011f43-\U00011f4f\U00011fff\U00012ff1-\U00012ff2\U00016d6d-\U00016d6f"
    "\U00016e97-\U00016e9a\U00016fe2\U0001e5ff\U0001e95e-\U0001e95f"
)
_PUNCTUATION = rf"(?![{_NEWER_PUNCTUATION}])[!-/:-@\[-`{{-~\p{{P}}\u166d\U000111c9]"
# A piece and the next are one where the first is, and the second is, a match, by the behavior.
_JOINED = {
    "contiguous": (True, True),
    "merged_with_previous": (False, True),
    "merged_with_next": (True, False),
}


def _split_by_stage(text: str, stage: Stage) -> list[str]:
    """Split one piece by one stage."""
    match stage:
        case SpaceBefore():
            return [text if text.startswith(" ") or not text else " " + text]
        case Split(pattern, behavior):
            pass
        case Digits(individual):
            pattern, behavior = _DIGIT, "isolated" if individual else "contiguous"
        case Punctuation(behavior):
            pattern = _PUNCTUATION
    pieces: list[str] = []
    previous_is_match = None
    for piece, is_match in _matches_and_gaps(text, pattern):
        if (previous_is_match, is_match) == _JOINED.get(behavior):
            pieces[-1] += piece
        else:
            pieces.append(piece)
        previous_is_match = is_match
    return pieces


def _matches_and_gaps(text: str, pattern: str) -> list[tuple[str, bool]]:
    """Cut a text at its matches; tells of each piece, none empty, whether it is one."""
    result = []
    last = 0
    for match in regex.finditer(pattern, text, flags=regex.V1 if "&&" in pattern else 0):
        result += [(text[last : match.start()], False), (match.group(), True)]
        last = match.end()
    result.append((text[last:], False))
    return [(piece, is_match) for piece, is_match in result if piece]


def split_bytes(data: bytes, pattern: Pattern) -> list[bytes]:
    """Split bytes into pretokens as `split` does.

    Where the bytes are no UTF-8, each maximal ill-formed sequence (Unicode 16, section 3.9: the
    longest start of some character, or else one byte) counts as one character that is no letter,
    number, mark or space.
    """
    try:
        return [piece.encode() for piece in split(data.decode(), pattern)]
    except UnicodeDecodeError:
        pass
    # One stage after the other, for a space that one puts in has no source in the data.
    pieces = [data]
    for stage in (Split(pattern),) if isinstance(pattern, str) else pattern:
        pieces = [part for piece in pieces for part in _split_bytes_by_stage(piece, stage)]
    return [piece for piece in pieces if piece]


def _split_bytes_by_stage(data: bytes, stage: Stage) -> list[bytes]:
    """Split a piece of bytes by one stage."""
    if isinstance(stage, SpaceBefore):
        return [data if data.startswith(b" ") or not data else b" " + data]
    characters = characters_with_bytes(data)
    pieces = []
    i = 0
    for piece in split("".join(character for character, _ in characters), (stage,)):
        pieces.append(b"".join(source for _, source in characters[i : i + len(piece)]))
        i += len(piece)
    return pieces


def places_of_bytes(data: bytes, words: Iterable[bytes]) -> list[tuple[int, int]]:
    """Where in some bytes each byte of their pretokens lies: its begin and end.

    A space that a stage put before a pretoken lies where the character behind it does.
    """
    places = []
    position = 0
    for word in words:
        if word.startswith(b" ") and not data.startswith(b" ", position):
            [(_, character), *_] = characters_with_bytes(data[position : position + 4])
            places.append((position, position + len(character)))
            word = word[1:]
        places += [(i, i + 1) for i in range(position, position + len(word))]
        position += len(word)
    return places
