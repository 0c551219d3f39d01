"""Counts that no other trainer holds: only the plain reference can judge."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bytestride import _core, reference

ORDERS = {"ByteLevel": reference.BYTELEVEL_ORDER, "by value": tuple(range(256))}

# Around 2^31, 2^32 and 2^53, where others wrap or round, with ties and differences of one. Five
# words of fourteen letters keep the sum below 2^64.
large = st.sampled_from([2**31, 2**32, 2**53, 2**55]).flatmap(
    lambda power: st.integers(power - 2, power + 2)
)
words = st.dictionaries(
    st.text(st.sampled_from("aab "), min_size=1, max_size=14).map(str.encode),
    large | st.integers(1, 3),
    max_size=5,
)


@given(
    words,
    st.integers(0, 20),
    st.sampled_from(["smaller_ids", "greater_bytes", "first_seen"]),
    st.sampled_from([*ORDERS]),
    st.sampled_from([1, 2, 2**31, 2**32 + 1]),
    st.none() | st.integers(1, 16),
)
def test_against_the_reference(word_counts, n_merges, tie_break, order, min_count, max_bytes):
    data = b"".join(word_counts)
    offsets = np.cumsum([0, *map(len, word_counts)], dtype=np.int64)
    # The words in the order of first sight, with room between them.
    firsts = 3 * offsets[:-1].astype(np.uint64)
    counts = np.array([*word_counts.values()], dtype=np.uint64)
    table = _core.words_from_arrays(np.frombuffer(data, np.uint8), offsets, counts, firsts)
    base_ids = np.empty(256, np.uint32)
    base_ids[list(ORDERS[order])] = np.arange(256, dtype=np.uint32)
    options = {"tie_break": tie_break, "min_count": min_count}
    loop = _core.MergeLoop(table, base_ids, max_token_bytes=max_bytes, **options)
    expected = reference.learn_merges(
        word_counts,
        n_merges,
        bytes_in_order=ORDERS[order],
        max_token_bytes=max_bytes,
        **options,
    )
    assert loop.run(n_merges) == len(expected)
    assert list(map(tuple, loop.merges().tolist())) == expected
    assert np.all(np.diff(loop.counts().astype(object)) <= 0)
