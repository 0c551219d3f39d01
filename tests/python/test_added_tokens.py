"""When added tokens may be matched in the raw text, and all at once."""

import itertools
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride.errors import FormatError
from bytestride.formats import added_tokens


def test_nfc_leaves_inert_contents_alone():
    # Whatever NFC writes anew must not bring an inert character in, or take a last one away.
    inert = {chr(c) for c in range(128) if added_tokens._is_inert(chr(c))}
    assert inert >= set("|>]_09 \n".replace(">", ""))
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        normal = unicodedata.normalize("NFC", character)
        assert character in inert or inert.isdisjoint(normal)
        if unicodedata.combining(character):
            for last in inert:
                assert unicodedata.normalize("NFC", last + character)[0] == last


def _match(text, rounds):
    """Where added tokens are found, round after round, leftmost and then longest."""
    found = []
    gaps = [(0, len(text))]
    for contents in rounds:
        left = []
        for start, end in gaps:
            i = begin = start
            while i < end:
                here = [c for c in contents if text.startswith(c, i) and i + len(c) <= end]
                if not here:
                    i += 1
                    continue
                longest = max(here, key=len)
                found.append((i, longest))
                left.append((begin, i))
                i = begin = i + len(longest)
            left.append((begin, end))
        gaps = left
    return sorted(found)


CONTENTS = st.sets(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(CONTENTS, CONTENTS)
def test_one_round_is_as_good_as_two_where_it_is_accepted(first, second):
    second -= first
    try:
        added_tokens._check_rounds(first, sorted(second))
    except FormatError:
        return
    for length in range(1, 9):
        for letters in itertools.product("ab", repeat=length):
            text = "".join(letters)
            assert _match(text, [first | second]) == _match(text, [first, second])


def test_two_rounds_of_usual_tokens_are_accepted():
    added_tokens._check_rounds({"<|a|>", "<|b|>"}, ["<think>", "</think>", "<"])
    added_tokens._check_rounds({"abc"}, ["ab"])
    with pytest.raises(FormatError, match="'bc' and 'ab' can overlap"):
        added_tokens._check_rounds({"bc"}, ["ab"])
