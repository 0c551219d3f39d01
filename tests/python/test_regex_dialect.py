"""Patterns between our files and Hugging Face's; that they split alike is tested against it."""

import pytest

from bytestride.formats import regex_dialect
from bytestride.published import GPT2_TIKTOKEN, PATTERNS


def test_a_possessive_interval_is_not_written():
    ours = PATTERNS["cl100k"]
    theirs = regex_dialect.to_hugging_face(ours, "rust")
    assert theirs == ours.replace("{1,3}+", "{1,3}")
    assert regex_dialect.from_hugging_face(theirs) == ours
    with pytest.raises(ValueError, match=r"reads \{1,3\}\+ as a repeated group"):
        regex_dialect.from_hugging_face(ours)


@pytest.mark.parametrize(
    "text", sorted({*PATTERNS.values(), GPT2_TIKTOKEN, r"\s+"} - {PATTERNS["cl100k"]})
)
def test_any_other_pattern_stays(text):
    assert regex_dialect.to_hugging_face(text, None) == text
    assert regex_dialect.from_hugging_face(text) == text
