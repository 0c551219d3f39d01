"""The reference against tiktoken: ids by ranks, special tokens, and lone surrogates."""

import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from bytestride import reference
from bytestride.published import GPT2_TIKTOKEN, PATTERNS

SAMPLE = "low lower lowest newer wider; the bottle's 1,234 cafés 🙂🙂\r\n\r\n  and THE LOW'S end"
SPECIAL = ["<|end|>", "<s>"]
CASES = []
for pattern in (GPT2_TIKTOKEN, PATTERNS["cl100k"], PATTERNS["o200k"]):
    merges = reference.train([SAMPLE], 256 + 80, pattern)
    ranks = {token: i for i, token in enumerate(reference.token_bytes(merges))}
    special = {token: 1000 + i for i, token in enumerate(SPECIAL)}
    CASES.append(
        (
            reference.Tokenizer.from_ranks(ranks, pattern, special),
            tiktoken.Encoding(
                "test", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special
            ),
        )
    )

texts = (
    st.text(st.sampled_from("lowernstTHE'S 12é🙂\r\n\u0301"))
    | st.text(st.characters(exclude_categories=["Cn"], exclude_characters="\u0295"))
    | st.lists(st.sampled_from(["low", "<s>", "<|end|>", "<", " ", "\ud83d", "\ude42"])).map(
        "".join
    )
)


@given(texts, st.sampled_from(CASES), st.sets(st.sampled_from(SPECIAL)))
def test_ids(text, case, allowed):
    ours, theirs = case
    assert ours.encode(text) == theirs.encode_ordinary(text)
    ids = theirs.encode(text, allowed_special=allowed, disallowed_special=())
    assert ours.encode(text, allowed) == ids
    assert ours.decode(ids) == theirs.decode_bytes(ids)
