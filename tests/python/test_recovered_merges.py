"""Merges that say what ranks say: found, and proved each time."""

import dataclasses
import random

import numpy as np
import pytest

from bytestride.definition import Definition
from bytestride.formats import recovered_merges
from bytestride.formats.recovered_merges import proved_merges

BYTES = {byte: bytes((byte,)) for byte in range(256)}


def by_ranks(*tokens, first_id=256):
    ids = range(first_id, first_id + len(tokens))
    return Definition(BYTES | dict(zip(ids, tokens, strict=True)), None, "a", whole_pieces=True)


def test_one_pair_for_each_token_that_can_be_made():
    definition = by_ranks(b"ab", b"bc", b"abc", b"zzz")
    merges = proved_merges(definition)
    # "abc" comes from "ab", the lower; nothing makes "zzz".
    assert merges.tolist() == [[97, 98], [98, 99], [256, 99]]
    assert definition.vocab().unreachable().tolist() == [259]


def test_ids_that_are_not_in_the_order_of_making():
    # A token that a token of a higher id is part of.
    merges = proved_merges(by_ranks(b"abc", b"ab"))
    assert merges.tolist() == [[257, 99], [97, 98]]


@pytest.mark.parametrize("seed", range(20))
def test_random_vocabularies(seed):
    choose = random.Random(seed)
    tokens = {bytes(choose.choices(b"abc", k=choose.randrange(2, 7))) for _ in range(40)}
    order = list(tokens)
    choose.shuffle(order)
    definition = by_ranks(*order)
    merges = proved_merges(definition)
    made = {definition.tokens[a] + definition.tokens[b] for a, b in merges.tolist()}
    never = {definition.tokens[i] for i in definition.vocab().unreachable().tolist()}
    assert made | never == tokens
    assert not made & never


class Lying:
    """A vocabulary whose list of merges is wrong in one place."""

    def __init__(self, vocab, change):
        self._vocab = vocab
        self._change = change

    def merges(self):
        return self._change(self._vocab.merges().copy())

    def unreachable(self):
        return self._vocab.unreachable()


def swap(merges):
    merges[[0, 1]] = merges[[1, 0]]
    return merges


@pytest.mark.parametrize(
    "change", [swap, lambda merges: merges[:-1], lambda merges: np.vstack([merges, merges[:1]])]
)
def test_a_wrong_list_is_not_proved(change):
    definition = by_ranks(b"ab", b"bc", b"abcd", b"abc")
    definition = dataclasses.replace(definition)
    object.__setattr__(definition, "_vocab", Lying(definition.vocab(), change))
    with pytest.raises(ValueError, match=r"no list of merges|stands twice"):
        proved_merges(definition)


def test_the_slow_rule_finds_a_list_that_is_wrong(monkeypatch):
    # Were both algorithms of the core wrong in the same way, merging step by step would tell.
    definition = by_ranks(b"ab", b"bc", b"abc", b"cd")
    wrong = swap(definition.vocab().merges().copy())

    class Vocab:
        merges = staticmethod(lambda: wrong)
        unreachable = staticmethod(definition.vocab().unreachable)

    monkeypatch.setattr(Definition, "vocab", lambda _: Vocab)
    with pytest.raises(ValueError, match="merges and ranks give other ids for"):
        proved_merges(definition)
    assert recovered_merges._SAMPLES >= 400
