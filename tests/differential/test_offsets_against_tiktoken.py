"""decode_with_offsets against tiktoken's method of that name."""

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Definition, Tokenizer, reference
from bytestride.published import PATTERNS

SAMPLE = "low lower lowest; the bottle's 1,234 cafés 🙂🙂 漢字漢 naïve\r\n  and THE LOW'S end"
PATTERN = PATTERNS["cl100k"]
TOKENS = dict(enumerate(reference.token_bytes(reference.train([SAMPLE * 2], 330, PATTERN))))
OURS = Tokenizer(Definition(TOKENS, None, PATTERN, whole_pieces=True))
SLOW = reference.Tokenizer(TOKENS, None, PATTERN)
THEIRS = tiktoken.Encoding(
    "test",
    pat_str=PATTERN,
    mergeable_ranks={token: token_id for token_id, token in TOKENS.items()},
    special_tokens={},
)


@given(st.text(st.sampled_from("lowcafés 🙂漢字ï\n")) | st.text())
def test_texts(text):
    ids = OURS.encode_ordinary(text)
    expected = THEIRS.decode_with_offsets(ids)
    assert OURS.decode_with_offsets(ids) == expected
    assert SLOW.decode_with_offsets(ids) == expected


@given(st.lists(st.sampled_from(sorted(TOKENS)), max_size=8))
def test_any_ids(ids):
    try:
        expected = THEIRS.decode_with_offsets(ids)
    except UnicodeDecodeError as error:
        with pytest.raises(UnicodeDecodeError) as ours:
            OURS.decode_with_offsets(ids)
        assert (ours.value.start, ours.value.end) == (error.start, error.end)  # noqa: PT017
        return
    assert OURS.decode_with_offsets(ids) == expected


def test_an_id_of_no_token():
    with pytest.raises(KeyError, match="id 9999 at position 1"):
        OURS.decode_with_offsets([0, 9999])
