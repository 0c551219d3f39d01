"""The two steps of byte-pair encoding by themselves, against the reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import apply_merge, count_pairs, reference

sequences = st.lists(st.integers(0, 3), max_size=40) | st.binary(max_size=40)


@given(sequences)
def test_counting(ids):
    expected = reference.count_pairs(ids)
    for given_ids in (ids, tuple(ids), np.array(list(ids), np.int64)):
        counts = count_pairs(given_ids)
        assert counts == expected
        assert list(counts) == list(expected)


@given(sequences, st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(0, 2**32 - 1))
def test_merging(ids, pair, new_id):
    expected = reference.apply_merge(ids, pair, new_id)
    for given_ids in (ids, tuple(ids), np.array(list(ids), np.uint16)):
        assert apply_merge(given_ids, pair, new_id) == expected


def test_the_steps_make_a_vocabulary():
    # What a learner would write: count, merge the most frequent, again.
    ids = list(b"aaabdaaabac")
    for new_id, pair in ((256, (97, 97)), (257, (256, 97)), (258, (257, 98))):
        counts = count_pairs(ids)
        assert counts[pair] == max(counts.values())
        ids = apply_merge(ids, pair, new_id)
    assert ids == [258, 100, 258, 97, 99]


def test_wrong_ids_for_the_steps():
    for wrong in (None, 1, ["a"], [1.5], [None], "text"):
        with pytest.raises(TypeError):
            count_pairs(wrong)
        with pytest.raises(TypeError):
            apply_merge(wrong, (1, 2), 3)
    for wrong in ([-1], [2**32]):
        with pytest.raises(ValueError, match="between 0 and"):
            count_pairs(wrong)
    with pytest.raises((OverflowError, ValueError)):
        count_pairs([2**70])
    for pair in ((1,), (1, 2, 3), None, ("a", "b"), (-1, 2), 5):
        with pytest.raises((TypeError, ValueError)):
            apply_merge([1, 2], pair, 3)
    for new_id in (-1, 2**32, "a", None, 1.5):
        with pytest.raises((TypeError, ValueError)):
            apply_merge([1, 2], (1, 2), new_id)
