"""`patch` reaches tokenizers that others load, and leaves nothing behind."""

import threading

import pytest
import tokenizers
import transformers
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from bytestride.tokenizers import Tokenizer
from bytestride.transformers import patch, unpatch


def load(folder):
    """As code that one cannot edit."""
    return transformers.AutoTokenizer.from_pretrained(folder)


def is_patched(folder):
    return isinstance(load(folder)._tokenizer, Tokenizer)


def state():
    return PreTrainedTokenizerBase.__dict__["from_pretrained"], tokenizers.decoders.DecodeStream


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    before = state()
    yield
    assert all(now is then for now, then in zip(state(), before, strict=True))


def test_a_block(folder):
    with patch():
        assert is_patched(folder)
        assert isinstance(transformers.GPT2Tokenizer.from_pretrained(folder)._tokenizer, Tokenizer)
        inside = load(folder)
    assert not is_patched(folder)
    assert inside("the low").data == load(folder)("the low").data


def test_calls(folder):
    patch()
    assert is_patched(folder)
    unpatch()
    assert not is_patched(folder)
    with pytest.raises(RuntimeError, match="there is none that holds"):
        unpatch()


def test_nested(folder):
    with patch() as outer:
        with patch():
            assert is_patched(folder)
        assert is_patched(folder)
        inner = patch()
        outer.unpatch()
        outer.unpatch()
        assert is_patched(folder)
        inner.unpatch()
        assert not is_patched(folder)


def test_a_block_ends_when_it_fails(folder):
    with pytest.raises(KeyError), patch():
        raise KeyError
    assert not is_patched(folder)


def test_what_others_put_over_it_stays(folder):
    before = PreTrainedTokenizerBase.__dict__["from_pretrained"]
    handle = patch()
    ours = PreTrainedTokenizerBase.__dict__["from_pretrained"]
    calls = []

    @classmethod
    def theirs(cls, *args, **kwargs):
        calls.append(cls)
        return ours.__get__(None, cls)(*args, **kwargs)

    PreTrainedTokenizerBase.from_pretrained = theirs
    try:
        assert is_patched(folder)
        handle.unpatch()
        assert PreTrainedTokenizerBase.__dict__["from_pretrained"] is theirs
        assert not is_patched(folder)
        assert len(calls) == 2
    finally:
        PreTrainedTokenizerBase.from_pretrained = before
    assert not is_patched(folder)


def test_threads(folders):
    outcomes = []

    def work():
        for _ in range(3):
            with patch():
                outcomes.append(is_patched(folders["plain"]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 12


def test_streams_take_both_kinds_of_tokenizer(folder):
    plain = load(folder)
    with patch():
        ours = load(folder)
        for tokenizer in (ours, plain):
            stream = tokenizers.decoders.DecodeStream(skip_special_tokens=False)
            ids = tokenizer("the 漢字 fox<|im_end|>")["input_ids"]
            steps = [stream.step(tokenizer._tokenizer, i) for i in ids]
            assert "".join(s for s in steps if s is not None) == tokenizer.decode(ids)
