"""What is a tokenizer and what is not; when two are the same."""

import copy
import dataclasses
import pickle
import random
from itertools import pairwise

import numpy as np
import pytest

from bytestride.definition import AddedToken, Definition, Source
from bytestride.stages import SEQUENCES, Digits, Punctuation, SpaceBefore, Split

BYTES = {byte: bytes((byte,)) for byte in range(256)}


def make(**changes):
    parts = {
        "tokens": BYTES | {256: b"ab", 257: b"abc", 900: b"bc"},
        "merges": [(97, 98), (256, 99), (98, 99)],
        "pattern": r"\S+|\s+",
        "added_tokens": (AddedToken("<a>", 901), AddedToken("<b>", 902, special=False)),
    }
    return Definition(**(parts | changes))


def test_merges_become_a_read_only_array_of_their_own():
    pairs = np.array([(97, 98), (256, 99)], np.int64)
    definition = make(merges=pairs)
    assert definition.merges.dtype == np.uint32
    with pytest.raises(ValueError, match="read-only"):
        definition.merges[0, 0] = 1
    pairs[:] = 0
    assert definition.merges.tolist() == [[97, 98], [256, 99]]


def test_no_merges_and_the_other_rule_are_different_things():
    assert make(merges=[]).merges.shape == (0, 2)
    assert make(merges=None).merges is None
    assert make(merges=[]) != make(merges=None)


def test_token_arrays_are_in_the_order_of_ids():
    definition = make(tokens={900: b"bc", 257: b"abc", 256: b"ab"} | BYTES)
    data, offsets, ids = definition.token_arrays()
    assert (offsets.dtype, ids.dtype) == (np.int64, np.uint32)
    assert ids.tolist() == [*range(256), 256, 257, 900]
    assert [data[a:b] for a, b in pairwise(offsets.tolist())] == [
        *BYTES.values(),
        b"ab",
        b"abc",
        b"bc",
    ]


CHANGES = [
    {"tokens": BYTES | {256: b"ab", 257: b"abc", 800: b"bc"}},
    {"tokens": BYTES | {256: b"ab", 257: b"abc", 900: b"bc", 1000: b"zz"}},
    {"merges": [(256, 99), (97, 98), (98, 99)]},
    {"merges": [(97, 98), (256, 99)]},
    {"merges": None},
    {"pattern": r"\S+|\s"},
    {"pattern": ()},
    {"pattern": (Split(r"\S+|\s+", "contiguous"),)},
    {"pattern": (Digits(), Split(r"\S+|\s+"))},
    {"pattern": (Digits(individual=True), Split(r"\S+|\s+"))},
    {"pattern": (Split(r"\S+|\s+"), Digits())},
    {"pattern": (Punctuation(),)},
    {"pattern": (Punctuation("contiguous"),)},
    {"pattern": (Digits(),)},
    {"pattern": (SpaceBefore(), Split(r"\S+|\s+"))},
    {"added_tokens": ()},
    {"added_tokens": (AddedToken("<a>", 901), AddedToken("<b>", 902))},
    {"added_tokens": (AddedToken("<a>", 901), AddedToken("<c>", 902, special=False))},
    {"added_tokens": (AddedToken("<a>", 902), AddedToken("<b>", 901, special=False))},
    *(
        {"added_tokens": (AddedToken("<a>", 901, **{flag: True}), AddedToken("<b>", 902, False))}
        for flag in ("lstrip", "rstrip", "single_word", "normalized")
    ),
    {"whole_pieces": True},
    {"normalizer": "NFC"},
]


def test_every_part_that_changes_ids_changes_equality_and_fingerprint():
    definitions = [make(), *(make(**change) for change in CHANGES)]
    assert len({definition.fingerprint() for definition in definitions}) == len(definitions)
    for i, left in enumerate(definitions):
        for j, right in enumerate(definitions):
            assert (left == right) == (i == j)


def test_where_it_comes_from_changes_neither():
    shuffled = list(make().tokens.items())
    random.Random(1).shuffle(shuffled)
    other = make(tokens=dict(shuffled), source=Source("tiktoken", b"x"), name="other")
    assert other == make()
    assert other.fingerprint() == make().fingerprint()


def test_the_fingerprint_stays_what_it_was():
    # Stores hold fingerprints: a new canonical form needs a new first line of its own.
    expected = "97071c36fe453a42d74ef61c113337f1df2daedeab90951f7956303984dda803"
    assert make().fingerprint() == expected


def test_copies_are_equal():
    definition = make()
    stages = make(pattern=(SpaceBefore(), Digits(), Punctuation(), Split("a", "contiguous")))
    for made in (definition, stages):
        for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert other == made
    assert dataclasses.replace(definition, name="x").merges is not None


def test_stages_that_one_expression_says_become_it():
    assert make(pattern=(Split("a+"),)).pattern == "a+"
    assert make(pattern=(Split("a+"),)) == make(pattern="a+")
    for text, stages in SEQUENCES.items():
        assert make(pattern=stages).pattern == text
        assert make(pattern=(*stages, Digits())).pattern == (*stages, Digits())


def test_a_definition_is_not_hashable_and_its_repr_is_short():
    with pytest.raises(TypeError):
        hash(make())
    assert len(repr(make(source=Source("tiktoken", b"x" * 1000)))) < 300


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": {}}, r"256 of the 256 single bytes .* byte 0x00"),
        ({"tokens": {k: v for k, v in BYTES.items() if k != 200}}, "1 of the 256 .* byte 0xc8"),
        ({"tokens": BYTES | {300: b"a"}}, r"token b'a' has two ids, 97 and 300"),
        ({"tokens": BYTES | {300: b""}}, "token id 300 is empty"),
        ({"tokens": BYTES | {300: "ab"}}, "token id 300 is 'ab', which is not bytes"),
        ({"tokens": BYTES | {-1: b"ab"}}, r"token id -1 is outside 0\.\.2147483647"),
        ({"tokens": BYTES | {2**31: b"ab"}}, "token id 2147483648 is outside"),
        ({"tokens": BYTES | {300.0: b"ab"}}, r"token id 300\.0 is not an integer"),
        ({"tokens": BYTES | {True: b"\x01"}, "merges": [(97, 99)]}, "makes b'ac'"),
        ({"merges": [(97, 98), (97, 400)]}, "merge 1 refers to id 400"),
        ({"merges": [(97, 98), (-1, 97)]}, "merge 1 refers to id -1"),
        ({"merges": [(97, 98), (901, 97)]}, "merge 1 refers to id 901"),
        ({"merges": [(97, 98), (98, 97)]}, r"merge 1, ids \(98, 97\), makes b'ba'"),
        ({"merges": [(97, 98), (256, 99), (97, 98)]}, r"ids \(97, 98\) stands twice"),
        ({"merges": [(97, 98, 99)]}, r"shape \(1, 3\)"),
        ({"merges": [(97.0, 98.0)]}, "float64"),
        ({"added_tokens": (AddedToken("", 901),)}, "must be a text, not ''"),
        ({"added_tokens": (AddedToken(b"x", 901),)}, "must be a text, not b'x'"),
        ({"added_tokens": (AddedToken("x\ud800", 901),)}, "lone surrogate"),
        ({"added_tokens": (AddedToken("x", -5),)}, "'x' has id -5"),
        ({"added_tokens": (AddedToken("x", 2**31),)}, "'x' has id 2147483648"),
        ({"added_tokens": (AddedToken("x", True),)}, "'x' has id True"),
        ({"added_tokens": (AddedToken("x", 901), AddedToken("x", 902))}, "'x' stands twice"),
        ({"added_tokens": (AddedToken("x", 256),)}, "'x' has id 256, .* token b'ab'"),
        ({"pattern": ""}, "pattern must be"),
        ({"pattern": None}, "pattern must be"),
        ({"pattern": [Digits()]}, "pattern must be"),
        ({"pattern": ("a",)}, "must be stages, such as Split or Digits, not 'a'"),
        ({"pattern": (Split(""),)}, "pattern must be a regular expression text, not ''"),
        ({"pattern": (Split("a", "removed"),)}, "behavior of a split must be one of isolated"),
        ({"pattern": (Punctuation("Isolated"),)}, "behavior of a split must be one of isolated"),
        ({"pattern": (Digits(),) * 33}, "pattern has 33 stages; at most 32"),
        ({"pattern": (SpaceBefore(), Digits(), SpaceBefore())}, "a space before each piece twice"),
        ({"normalizer": "NFD"}, "normalizer must be None or 'NFC', not 'NFD'"),
    ],
)
def test_what_is_no_tokenizer(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_ids_that_may_be_shared():
    # o200k_harmony has two texts for one id; GPT-2's files list <|endoftext|> as a token too.
    make(added_tokens=(AddedToken("<a>", 901), AddedToken("<b>", 901)))
    make(added_tokens=(AddedToken("ab", 256),))


def test_the_engine_takes_it():
    vocab = make().vocab()
    assert vocab.n_tokens == 259
    assert vocab.max_id == 900
    assert vocab.token_bytes(257) == b"abc"
    assert vocab.merges().tolist() == [[97, 98, 256], [256, 99, 257], [98, 99, 900]]
    assert make(merges=None).vocab().merges().tolist() == vocab.merges().tolist()
