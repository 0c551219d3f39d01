"""Calls: nothing is shared between them, and what is rare goes the way it went."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from transformers import BatchEncoding
from transformers.tokenization_utils_base import logger

TEXTS = ["the lowest fox's\n\n naïve 漢字", "", "<|im_start|>the dog<|im_end|>", " of 1234567"]
# Longer than the model's 64 tokens.
LONG = "the lowest 漢字 " * 40


class Messages(logging.Handler):
    def __init__(self):
        super().__init__()
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


@pytest.fixture
def messages():
    handler = Messages()
    logger.addHandler(handler)
    yield handler.texts
    logger.removeHandler(handler)


def test_sixteen_threads_each_with_their_own_truncation(ours, theirs):
    texts = TEXTS * 8
    expected = {}
    for n in range(2, 18):
        side = "left" if n % 2 else "right"
        options = {"truncation": True, "max_length": n, "padding": "max_length"}
        expected[n] = (
            options | {"padding_side": side},
            theirs(texts, **options, padding_side=side, return_tensors="np"),
        )

    def work(n):
        options, batch = expected[n]
        for _ in range(20):
            assert ours(texts, **options)["input_ids"] == batch["input_ids"].tolist()
            # And one that goes through the code of transformers.
            over = ours(texts, **options, return_overflowing_tokens=True, stride=1)
            assert len(over["input_ids"][0]) == n
        return n

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(2, 18))) == list(range(2, 18))


@pytest.mark.parametrize("texts", [LONG, [TEXTS[0], LONG, LONG * 2], [LONG, TEXTS[0]]])
@pytest.mark.parametrize(
    "options", [{}, {"padding": True, "return_tensors": "pt"}, {"return_offsets_mapping": True}]
)
def test_it_warns_once_of_a_text_that_is_too_long(ours, theirs, messages, texts, options):
    for tokenizer in (theirs, ours):
        tokenizer(texts, **options)
        tokenizer(texts, **options)
    assert len(messages) == 2
    assert messages[0] == messages[1]
    assert "longer than the specified maximum" in messages[0]


def test_and_not_where_it_was_told_not_to(ours, messages):
    ours(LONG, verbose=False)
    ours(LONG, truncation=True)
    ours(LONG, max_length=500)
    assert not messages


def test_a_class_may_warn_in_its_own_way(ours):
    seen = []

    class Noting(type(ours)):
        def _eventual_warn_about_too_long_sequence(self, ids, max_length, verbose):
            seen.append((ids, max_length, verbose))

    ours.__class__ = Noting
    lists = ours(TEXTS)["input_ids"]
    assert seen == [(ids, None, True) for ids in lists]
    seen.clear()
    padded = ours(TEXTS, padding=True, return_tensors="pt", verbose=False)["input_ids"]
    assert seen == [(ids, None, False) for ids in padded.tolist()]


def test_tensors_are_the_callers_own(ours):
    batch = ours(TEXTS, padding=True, return_tensors="pt", return_special_tokens_mask=True)
    before = [list(encoding.ids) for encoding in ours(TEXTS, padding=True).encodings]
    batch["input_ids"][:] = -100
    batch["attention_mask"] += 1
    assert [encoding.ids for encoding in batch.encodings] == before
    assert set(batch["attention_mask"].unique().tolist()) == {1, 2}
    assert ours(TEXTS, padding=True)["input_ids"] == before


def test_encodings_are_there(ours, theirs):
    mine, expected = ours(TEXTS, padding=True), theirs(TEXTS, padding=True)
    assert mine.is_fast
    assert mine.n_sequences == expected.n_sequences == 1
    for i in range(len(TEXTS)):
        assert mine.tokens(i) == expected.tokens(i)
        assert mine.word_ids(i) == expected.word_ids(i)
        assert mine.sequence_ids(i) == expected.sequence_ids(i)
        assert mine[i].offsets == expected[i].offsets
    assert mine.char_to_token(0, 4) == expected.char_to_token(0, 4)
    assert mine.word_to_chars(0, 1) == expected.word_to_chars(0, 1)
    assert [e.ids for e in mine[1:3]] == [e.ids for e in expected[1:3]]


def test_a_batch_pickles_without_its_tokenizer(ours):
    import pickle

    batch = ours(TEXTS, padding=True, return_tensors="np")
    data = pickle.dumps(batch)
    again = pickle.loads(data)
    assert isinstance(again, BatchEncoding)
    assert again["input_ids"].tolist() == batch["input_ids"].tolist()
    assert again.tokens(2) == batch.tokens(2)
    assert len(data) < 10_000


def test_changes_are_followed(ours, theirs):
    for tokenizer in (ours, theirs):
        tokenizer.add_tokens(["fox"])
        tokenizer.add_special_tokens({"mask_token": "<|mask|>"})
        tokenizer.add_eos_token = True
        tokenizer.add_bos_token = True
        tokenizer.padding_side = "left"
        tokenizer.truncation_side = "left"
        tokenizer.pad_token = "<|mask|>"
    texts = ["the <|mask|>fox", LONG]
    assert len(ours) == len(theirs)
    assert ours(texts, padding=True, truncation=True, max_length=8).data == (
        theirs(texts, padding=True, truncation=True, max_length=8).data
    )
    assert ours(texts, texts).data == theirs(texts, texts).data
    ours.add_bos_token = theirs.add_bos_token = False
    ours.split_special_tokens = theirs.split_special_tokens = True
    assert ours(texts).data == theirs(texts).data
    assert ours.get_added_vocab() == theirs.get_added_vocab()
    assert ours.num_special_tokens_to_add(True) == theirs.num_special_tokens_to_add(True)


def test_a_backend_that_becomes_another_kind(ours, theirs):
    """Lower case is not bytestride's matter: the library takes over, in the same object."""
    from tokenizers import normalizers

    for tokenizer in (ours, theirs):
        tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    texts = [text.upper() for text in TEXTS]
    with pytest.warns(UserWarning, match="goes through the tokenizers library"):
        got = ours(texts, padding=True, truncation=True, max_length=8)
    assert got.data == theirs(texts, padding=True, truncation=True, max_length=8).data
    assert ours(texts, texts).data == theirs(texts, texts).data
    assert ours.decode([5, 6, 7]) == theirs.decode([5, 6, 7])
    for tokenizer in (ours, theirs):
        tokenizer.backend_tokenizer.normalizer = None
    assert ours(texts).data == theirs(texts).data


def test_special_tokens_split_where_added_tokens_lie_across_them(ours, theirs):
    for tokenizer in (ours, theirs):
        tokenizer.add_tokens(["fox<|im_"])
    assert ours.backend_tokenizer._ready().settings.pipeline.overlap is not None
    texts = ["the fox<|im_start|>dog", *TEXTS]
    for options in (
        {"split_special_tokens": True},
        {},
        {"split_special_tokens": True, "padding": True, "truncation": True, "max_length": 7},
        {"split_special_tokens": True, "return_overflowing_tokens": True, "max_length": 7},
    ):
        assert ours(texts, **options).data == theirs(texts, **options).data


@pytest.mark.parametrize("corrupt", [False, True])
def test_cleaning_up_asks_for_no_model(ours, theirs, corrupt, monkeypatch):
    name = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
    text = "the dog . the fox 's , do n't"
    for tokenizer in (ours, theirs):
        monkeypatch.setattr(tokenizer, name, corrupt)
    ids = theirs(text, add_special_tokens=False)["input_ids"]
    expected = theirs.decode(ids, clean_up_tokenization_spaces=True)
    assert (expected != text) == corrupt
    model = property(lambda backend: pytest.fail("a model was made"))
    monkeypatch.setattr(type(ours.backend_tokenizer), "model", model, raising=False)
    assert ours.decode(ids, clean_up_tokenization_spaces=True) == expected
    ours.clean_up_tokenization_spaces = True
    assert ours.batch_decode([ids, ids]) == [expected, expected]


def test_wrong_arguments_fail_as_before(ours, theirs):
    for arguments, options in [
        (([],), {}),
        (([["a"], ["b"]],), {}),
        ((3,), {}),
        (([3, 4],), {}),
        (("a\ud800",), {}),
        ((["a", "b\udc00"],), {"padding": True}),
        ((None,), {}),
        (("a", ["b"]), {}),
        ((["a"], ["b", "c"]), {}),
        ((TEXTS,), {"return_tensors": "pt"}),
        ((TEXTS,), {"return_tensors": "np"}),
        ((TEXTS,), {"return_tensors": "no such"}),
        ((TEXTS,), {"padding": "no such"}),
        ((TEXTS,), {"truncation": "no such"}),
        ((TEXTS,), {"padding": True, "padding_side": "no such"}),
        ((TEXTS,), {"truncation": True, "max_length": 4, "stride": 5}),
        ((TEXTS,), {"truncation": True, "max_length": -1}),
        ((TEXTS,), {"truncation": True, "padding": True, "max_length": 7, "pad_to_multiple_of": 2}),
        (("a",), {"some_unknown_option": 3}),
        ((TEXTS,), {"some_unknown_option": 3}),
    ]:
        assert outcome(ours, arguments, options) == outcome(theirs, arguments, options), (
            arguments,
            options,
        )


def outcome(tokenizer, arguments, options):
    try:
        batch = tokenizer(*arguments, **options)
    except Exception as error:
        return type(error), str(error)
    return str(batch.data)
