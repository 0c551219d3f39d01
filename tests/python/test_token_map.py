"""Tokens as a read-only mapping over the core's table."""

import pickle

import numpy as np
import pytest

from bytestride.token_map import TokenMap

TOKENS = {7: b"b", 0: b"a", 900: b"ab", 2**31 - 1: b"\x00\xff"}


def test_it_is_the_mapping_it_was_made_from():
    tokens = TokenMap(TOKENS)
    assert tokens == TOKENS
    assert TOKENS == tokens  # noqa: SIM300 - the other way round
    assert list(tokens) == sorted(TOKENS)
    assert len(tokens) == 4
    assert dict(tokens) == tokens.to_dict() == TOKENS
    assert [tokens.get(i) for i in (0, 1, 6, 7, 8, 899, 900, 901)] == [
        b"a", None, None, b"b", None, None, b"ab", None,
    ]  # fmt: skip
    assert tokens[np.int64(7)] == b"b"
    assert tokens.id_of(b"ab") == 900
    assert tokens.id_of(b"ba") is None
    assert tokens.id_of(b"") is None


@pytest.mark.parametrize("key", [1, -1, 2**31, 2**70, 7.0, "7", None])
def test_what_is_no_id_is_no_key(key):
    tokens = TokenMap(TOKENS)
    assert key not in tokens
    with pytest.raises(KeyError):
        tokens[key]


def test_equality_and_copies():
    tokens = TokenMap(TOKENS)
    assert tokens == TokenMap(dict(reversed(TOKENS.items())))
    assert tokens == TokenMap(tokens) == pickle.loads(pickle.dumps(tokens))
    for other in (TOKENS | {7: b"c"}, TOKENS | {8: b"c"}, {0: b"a"}):
        assert tokens != TokenMap(other)
        assert tokens != other
    assert tokens != list(TOKENS.items())
    assert repr(tokens) == "<TokenMap of 4 tokens>"


def test_every_id_is_found_whatever_the_holes():
    ids = np.unique(np.random.default_rng(3).integers(0, 3000, 900))
    tokens = TokenMap({int(i): b"%d" % i for i in ids})
    assert [i for i in range(-3, 3003) if i in tokens] == ids.tolist()
    assert all(tokens[int(i)] == b"%d" % i for i in ids)
