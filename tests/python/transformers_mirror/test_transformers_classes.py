"""The class of an accelerated tokenizer passes for the class that it was."""

import copy
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import dill
import pytest
import transformers
from transformers.tokenization_utils_tokenizers import TokenizersBackend

import bytestride.transformers
from bytestride.tokenizers import Tokenizer
from bytestride.transformers import accelerate
from bytestride.transformers.classes import accelerated_class

TEXTS = ["the lowest fox's\n\n naïve 漢字", "", "<|im_start|>the dog<|im_end|>", " of 1234567"]


def is_ours(tokenizer):
    return isinstance(tokenizer._tokenizer, Tokenizer)


def ids_of(tokenizer):
    return tokenizer(TEXTS)["input_ids"]


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_class_has_its_bases_name_and_signature(theirs, ours):
    base, cls = type(theirs), type(ours)
    assert cls is not base
    assert issubclass(cls, base)
    assert isinstance(ours, base)
    assert (cls.__name__, cls.__qualname__, cls.__module__, cls.__doc__) == (
        base.__name__,
        base.__qualname__,
        base.__module__,
        base.__doc__,
    )
    assert inspect.signature(cls) == inspect.signature(base)
    assert repr(ours) == repr(theirs)
    assert accelerated_class(base) is cls
    assert accelerated_class(cls) is cls


def test_it_saves_the_same_files(theirs, ours, tmp_path):
    theirs.save_pretrained(tmp_path / "theirs")
    names = ours.save_pretrained(tmp_path / "ours")
    assert {str(name) for name in names} == {str(p) for p in (tmp_path / "ours").iterdir()}
    assert files_of(tmp_path / "ours") == files_of(tmp_path / "theirs")
    # They load again in either library.
    assert ids_of(transformers.AutoTokenizer.from_pretrained(tmp_path / "ours")) == ids_of(theirs)


def test_what_a_call_did_is_not_saved(ours, tmp_path):
    before = ours.backend_tokenizer.to_str()
    ours(TEXTS, padding=True, truncation=True, max_length=4, split_special_tokens=True)
    ours(TEXTS, TEXTS, padding=True, truncation=True, max_length=4, split_special_tokens=True)
    assert ours.backend_tokenizer.to_str() == before
    assert ours.backend_tokenizer.truncation is None
    assert ours.backend_tokenizer.padding is None


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(ours, theirs, protocol):
    again = pickle.loads(pickle.dumps(ours, protocol))
    assert type(again) is type(ours)
    assert is_ours(again)
    assert repr(again) == repr(theirs)
    assert ids_of(again) == ids_of(theirs)
    assert pickle.loads(pickle.dumps(type(ours), protocol)) is type(ours)


def test_dill_pickles_the_class_by_value_and_gives_the_one_there_is(ours, theirs):
    again = dill.loads(dill.dumps(ours, recurse=True))
    assert type(again) is type(ours)
    assert is_ours(again)
    assert ids_of(again) == ids_of(theirs)


def test_copies_do_not_share_added_tokens(ours, theirs):
    again = copy.deepcopy(ours)
    assert type(again) is type(ours)
    again.add_tokens(["fox"])
    assert ids_of(again) != ids_of(ours) == ids_of(theirs)
    assert "fox" in again.tokenize("the fox")
    assert copy.copy(ours)._tokenizer is ours._tokenizer


def test_a_spawned_process_gets_it(folders):
    tokenizer = bytestride.transformers.AutoTokenizer.from_pretrained(folders["gpt2"])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(is_ours, tokenizer).result()
        assert pool.submit(ids_of, tokenizer).result() == ids_of(tokenizer)


def test_calling_the_class_makes_one(folders, folder, theirs):
    plain = transformers.AutoTokenizer.from_pretrained(folders["plain"])
    cls = accelerated_class(type(plain))
    new = cls(tokenizer_object=plain.backend_tokenizer)
    assert type(new) is cls
    assert is_ours(new)
    assert ids_of(new) == ids_of(plain)
    # Which files are read, and how, depends on the class that loads.
    loaded = accelerated_class(type(theirs)).from_pretrained(folder)
    assert ids_of(loaded) == ids_of(theirs)


def test_calling_the_class_with_a_vocabulary_that_lacks_bytes():
    cls = accelerated_class(transformers.GPT2Tokenizer)
    with pytest.warns(UserWarning, match="GPT2Tokenizer encodes as before.*single bytes"):
        new = cls()
    assert type(new) is transformers.GPT2Tokenizer


def test_a_trained_one_encodes_here(ours, theirs):
    corpus = [["the fox and the dog"], ["the low lower lowest"]]
    new, expected = (t.train_new_from_iterator(corpus, 270) for t in (ours, theirs))
    assert type(new) is type(ours)
    assert is_ours(new)
    assert new.get_vocab() == expected.get_vocab()
    assert ids_of(new) == ids_of(expected)


def test_classes_derived_from_it(ours, theirs, folder):
    class Shouting(type(ours)):
        def _encode_plus(self, text, **arguments):
            return super()._encode_plus([t.upper() for t in text], **arguments)

    expected = theirs([text.upper() for text in TEXTS])["input_ids"]
    loaded = Shouting.from_pretrained(folder)
    assert type(loaded) is Shouting
    assert is_ours(loaded)
    assert ids_of(loaded) == expected
    # As serving engines do with a tokenizer that they are given.
    changed = copy.copy(ours)
    changed.__class__ = Shouting
    assert ids_of(changed) == expected
    assert inspect.signature(Shouting) == inspect.signature(type(theirs))


def cached(tokenizer):
    """As serving engines hold a tokenizer: in a class of theirs, which pickles in its own way."""
    vocabulary = tokenizer.get_vocab()

    class Cached(type(tokenizer)):
        def get_vocab(self):
            return vocabulary

        def __reduce__(self):
            return cached, (tokenizer,)

    again = copy.copy(tokenizer)
    again.__class__ = Cached
    return again


def test_a_class_made_by_a_serving_engine_keeps_its_pickling(ours, theirs):
    again = pickle.loads(pickle.dumps(cached(ours)))
    assert type(again).__name__ == "Cached"
    assert isinstance(again, type(theirs))
    assert is_ours(again)
    assert again.get_vocab() is again.get_vocab()
    assert ids_of(again) == ids_of(theirs)


class Lowering(TokenizersBackend):
    def _encode_plus(self, text, **arguments):
        texts = text.lower() if isinstance(text, str) else [t.lower() for t in text]
        return super()._encode_plus(texts, **arguments)


class Numbering(TokenizersBackend):
    def _convert_encoding(self, encoding, **arguments):
        columns, encodings = super()._convert_encoding(encoding, **arguments)
        columns["length"] = [len(ids) for ids in columns["input_ids"]]
        return columns, encodings


@pytest.mark.parametrize("cls", [Lowering, Numbering])
def test_a_class_with_a_way_of_its_own_keeps_it(cls, folders):
    theirs, ours = (cls.from_pretrained(folders["plain"]) for _ in range(2))
    accelerate(ours)
    assert is_ours(ours)
    for texts in (TEXTS, "The LOW"):
        assert ours(texts).data == theirs(texts).data


def test_converting_is_of_the_object_itself_and_happens_once(theirs):
    assert accelerate(theirs) is theirs
    backend, cls = theirs._tokenizer, type(theirs)
    assert accelerate(theirs) is theirs
    assert theirs._tokenizer is backend
    assert type(theirs) is cls


def test_a_wrapped_tokenizer_that_the_user_sets_is_used_as_it_is(ours, theirs):
    ours._tokenizer = theirs._tokenizer
    theirs.add_tokens(["fox"])
    assert ids_of(ours) == ids_of(theirs)
    assert is_ours(accelerate(ours))
    assert ids_of(ours) == ids_of(theirs)


def test_instances_of_the_base_pass_for_its_own(theirs):
    cls = accelerated_class(type(theirs))
    assert isinstance(theirs, cls)
    assert issubclass(type(theirs), cls)
    assert not isinstance("", cls)
