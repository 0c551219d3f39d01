"""Names and loading: all that transformers gives, and tokenizers that cannot be converted."""

import subprocess
import sys

import pytest
import transformers

import bytestride.transformers
from bytestride.tokenizers import Tokenizer
from bytestride.transformers import AutoTokenizer, accelerate


def test_other_names_are_those_of_transformers():
    from bytestride.transformers import AutoConfig, BatchEncoding, PreTrainedTokenizerBase

    assert AutoConfig is transformers.AutoConfig
    assert BatchEncoding is transformers.BatchEncoding
    assert PreTrainedTokenizerBase is transformers.PreTrainedTokenizerBase
    assert set(dir(transformers)) <= set(dir(bytestride.transformers))
    with pytest.raises(AttributeError, match="NoSuchName"):
        _ = bytestride.transformers.NoSuchName
    with pytest.raises(ImportError, match="NoSuchName"):
        from bytestride.transformers import NoSuchName  # noqa: F401


@pytest.mark.parametrize("name", ["GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast"])
def test_tokenizer_classes_load_tokenizers_that_encode_here(name, folders):
    cls = getattr(bytestride.transformers, name)
    tokenizer = cls.from_pretrained(folders["gpt2"])
    assert isinstance(tokenizer, cls)
    assert isinstance(tokenizer, getattr(transformers, name))
    assert isinstance(tokenizer._tokenizer, Tokenizer)
    expected = getattr(transformers, name).from_pretrained(folders["gpt2"])
    assert tokenizer("the low fox").data == expected("the low fox").data


def test_arguments_go_to_transformers(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", model_max_length=7)
    assert (tokenizer.padding_side, tokenizer.model_max_length) == ("left", 7)
    with pytest.raises(OSError, match="no_such_folder"):
        AutoTokenizer.from_pretrained(folder / "no_such_folder", local_files_only=True)
    with pytest.raises(OSError, match="AutoTokenizer"):
        AutoTokenizer()


def test_another_model_stays_as_loaded(word_piece_folder):
    theirs = transformers.AutoTokenizer.from_pretrained(word_piece_folder)
    with pytest.warns(UserWarning, match="BertTokenizer encodes as before.*WordPiece") as caught:
        ours = AutoTokenizer.from_pretrained(word_piece_folder)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert type(ours) is type(theirs)
    assert ours("the lower").data == theirs("the lower").data


def test_so_does_one_written_in_python():
    slow = transformers.ByT5Tokenizer()
    with pytest.warns(UserWarning, match="does not wrap a tokenizer of the tokenizers library"):
        assert accelerate(slow) is slow
    assert type(slow) is transformers.ByT5Tokenizer


def test_a_class_with_a_metaclass_stays_too(theirs):
    class Meta(type):
        pass

    class Odd(type(theirs), metaclass=Meta):
        pass

    theirs.__class__ = Odd
    backend = theirs._tokenizer
    with pytest.warns(UserWarning, match="Odd has a metaclass, .*Meta"):
        accelerate(theirs)
    assert type(theirs) is Odd
    assert theirs._tokenizer is backend


@pytest.mark.parametrize("name", ["transformers", "transformers.tokenization_utils_tokenizers"])
def test_without_transformers_it_says_what_is_missing(name):
    program = f"import sys; sys.modules[{name!r}] = None; import bytestride.transformers"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode
    assert "bytestride.transformers needs transformers of version 5 or newer" in done.stderr
