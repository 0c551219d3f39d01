"""Components of the library in a tokenizer of the mirror, and who encodes with them."""

import copy
import json
import pickle
import warnings

import pytest
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

import bytestride.tokenizers
from bytestride import FormatError
from bytestride import Tokenizer as Engine
from bytestride.formats import tokenizer_json
from bytestride.tokenizers import Tokenizer

THROUGH = "goes through the tokenizers library"


@pytest.fixture(scope="module")
def text():
    """Give a small tokenizer.json."""
    learned = Engine.train("low lower lowest newer wider e\u0301 " * 9, 300, pattern="gpt2")
    return tokenizer_json.serialize(learned.definition).decode()


def same_ids(ours, theirs, text="lower e\u0301 newest 12 <x> "):
    assert ours.encode(text).ids == theirs.encode(text).ids
    assert ours.encode(text).offsets == theirs.encode(text).offsets


CHANGES = {
    "pre_tokenizer": pre_tokenizers.ByteLevel(add_prefix_space=True),
    "normalizer": normalizers.NFC(),
    "post_processor": processors.ByteLevel(trim_offsets=True),
    "decoder": decoders.ByteLevel(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_component_that_is_set_is_followed(text, name):
    ours, theirs = Tokenizer.from_str(text), tokenizers.Tokenizer.from_str(text)
    for tokenizer in (ours, theirs):
        setattr(tokenizer, name, CHANGES[name])
    same_ids(ours, theirs)
    assert ours._reason is None
    assert json.loads(getattr(ours, name).__getstate__()) == json.loads(
        getattr(theirs, name).__getstate__()
    )
    assert ours.to_str() == theirs.to_str()
    for tokenizer in (ours, theirs):
        setattr(tokenizer, name, None)
    if name == "pre_tokenizer":
        with pytest.warns(UserWarning, match=THROUGH):
            same_ids(ours, theirs)
    else:
        same_ids(ours, theirs)
        assert ours._reason is None


def test_a_component_changed_in_place_is_followed(text):
    ours = Tokenizer.from_str(text)
    ours.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    before = ours.encode("lower").ids
    component = ours.pre_tokenizer
    component.add_prefix_space = True
    theirs = tokenizers.Tokenizer.from_str(text)
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    same_ids(ours, theirs)
    assert ours.encode("lower").ids != before
    assert ours._reason is None
    component.add_prefix_space = False
    assert ours.encode("lower").ids == before


def test_an_option_of_the_model_changed_in_place_is_followed(text):
    ours = Tokenizer.from_str(text)
    model = ours.model
    assert type(model).__name__ == "BPE"
    assert isinstance(model, models.BPE)
    assert ours.model is model
    ours.encode("lower")
    model.dropout = 1.0
    with pytest.warns(UserWarning, match="model.dropout"):
        dropped = ours.encode("lower").ids
    assert len(dropped) == len("lower")


def test_what_is_not_byte_level_goes_through_the_library_and_says_so_once(text):
    document = json.loads(text) | {"normalizer": {"type": "Lowercase"}}
    with pytest.warns(UserWarning, match="Lowercase") as said:
        ours = Tokenizer.from_str(json.dumps(document))
    assert len(said) == 1
    assert said[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same_ids(ours, tokenizers.Tokenizer.from_str(json.dumps(document)), "LOWER low")
        ours.encode_batch(["Low"])
        for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
            assert other.encode("LOWER").ids == ours.encode("LOWER").ids
    ours.normalizer = None
    assert ours.encode("lower").ids == Tokenizer.from_str(text).encode("lower").ids
    assert ours._reason is None


def test_a_tokenizer_that_is_assembled_is_settled_at_the_first_use(text):
    model = tokenizers.Tokenizer.from_str(text).model
    ours, theirs = Tokenizer(model), tokenizers.Tokenizer(model)
    for tokenizer in (ours, theirs):
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens(["<x>"])
        tokenizer.enable_padding(length=20)
        tokenizer.enable_truncation(6)
    same_ids(ours, theirs)
    assert ours._reason is None
    assert ours._mine is not None
    assert ours.truncation == theirs.truncation
    assert ours.padding == theirs.padding
    assert ours.get_added_tokens_decoder() == theirs.get_added_tokens_decoder()


def test_special_tokens_that_lie_across_others_go_through_the_library(text):
    ours, theirs = Tokenizer.from_str(text), tokenizers.Tokenizer.from_str(text)
    for tokenizer in (ours, theirs):
        tokenizer.add_special_tokens(["<x>"])
        tokenizer.add_tokens(["x>"])
    theirs.encode_special_tokens = True
    with pytest.warns(UserWarning, match="across"):
        ours.encode_special_tokens = True
    same_ids(ours, theirs)


def test_what_neither_reads_is_a_format_error():
    with pytest.raises(FormatError, match="not JSON"):
        Tokenizer.from_str("{")


def test_other_names_are_the_librarys_own():
    assert bytestride.tokenizers.AddedToken is tokenizers.AddedToken
    assert bytestride.tokenizers.models is models
    from bytestride.tokenizers.decoders import ByteLevel, DecodeStream

    assert ByteLevel is decoders.ByteLevel
    assert DecodeStream is not decoders.DecodeStream
    with pytest.raises(AttributeError, match="nothing"):
        _ = bytestride.tokenizers.nothing
