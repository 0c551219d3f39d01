"""Rows of ids against the encodings that they stand for."""

import json
import random
import threading

import numpy as np
import pytest
from tokenizers import processors

from bytestride import Tokenizer as Engine
from bytestride.formats import tokenizer_json
from bytestride.tokenizers import Tokenizer


@pytest.fixture(scope="module")
def text():
    """Give a small tokenizer.json."""
    learned = Engine.train("low lower lowest newer wider " * 9, 300, pattern="gpt2")
    return tokenizer_json.serialize(learned.definition).decode()


def with_template(text, single):
    tokenizer = Tokenizer.from_str(text)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair="$A $B", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return tokenizer


COLUMNS = {
    "input_ids": ("ids", "ids_lists"),
    "attention_mask": ("attention_mask", "attention_mask_lists"),
    "type_ids": ("type_ids", "type_ids_lists"),
    "special_tokens_mask": ("special_tokens_mask", "special_tokens_mask_lists"),
}


@pytest.mark.parametrize("single", ["$A", "<s> $A </s>", "<s>:3 $A:4", "$A:1 </s>:2 </s>"])
def test_rows_are_those_of_the_encodings(text, single):
    rng = random.Random(single)
    tokenizer = with_template(text, single)
    n_arrays = 0
    for _ in range(100):
        texts = ["low lower " * rng.randint(0, 4) for _ in range(rng.randint(0, 4))]
        options = {
            "add_special_tokens": rng.random() < 0.7,
            "truncation": rng.choice(
                [None]
                + [
                    {
                        "max_length": n,
                        "stride": 1,
                        "strategy": "longest_first",
                        "direction": direction,
                    }
                    for n in (4, 7, 30)
                    for direction in ("left", "right")
                ]
            ),
            "padding": rng.choice(
                [None]
                + [
                    {
                        "length": length,
                        "pad_to_multiple_of": multiple,
                        "pad_id": 9,
                        "pad_token": "P",
                        "pad_type_id": 5,
                        "direction": direction,
                    }
                    for length in (None, 3, 12)
                    for multiple in (None, 4)
                    for direction in ("left", "right")
                ]
            ),
        }
        encodings = tokenizer._encode_batch(texts, **options)
        rows = tokenizer._encode_rows(texts, **options)
        assert len(rows) == len(texts)
        for name, (column, lists) in COLUMNS.items():
            expected = [getattr(encoding, column) for encoding in encodings]
            assert getattr(rows, lists)() == expected, (name, texts, options)
            if len({*map(len, expected)}) == 1:
                array = getattr(rows, name)()
                assert array.dtype == np.int64
                assert array.tolist() == expected, (name, texts, options)
                n_arrays += 1
        if len({*map(len, encodings)}) > 1:
            with pytest.raises(ValueError, match="different lengths"):
                rows.input_ids()
        for encoding, lazy in zip(encodings, rows.encodings(), strict=True):
            assert lazy.__getstate__() == encoding.__getstate__()
    assert n_arrays > 50


def test_limits_of_a_call_are_its_own(text):
    tokenizer = Tokenizer.from_str(text)
    tokenizer.enable_truncation(3)
    before = tokenizer.to_str()
    wrong = []

    def work(most):
        for _ in range(50):
            truncation, padding = {"max_length": most}, {"length": most + 2}
            limits = {"truncation": truncation, "padding": padding}
            (row,) = tokenizer._encode_rows(["lower " * 40], **limits).ids_lists()
            (encoding,) = tokenizer.encode_batch(["lower " * 40], **limits)
            alone = tokenizer.encode("lower " * 40, truncation=truncation)
            if not (len(row) == len(encoding) == most + 2 and len(alone) == most):
                wrong.append((most, len(row), len(encoding), len(alone)))

    threads = [threading.Thread(target=work, args=(most,)) for most in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert tokenizer.to_str() == before
    assert len(tokenizer.encode("lower " * 40)) == 3
    assert len(tokenizer.encode("lower " * 40, truncation=None)) > 40


def test_limits_of_a_call_are_its_own_in_the_library_too(text):
    document = json.loads(text) | {"normalizer": {"type": "Lowercase"}}
    with pytest.warns(UserWarning, match="Lowercase"):
        tokenizer = Tokenizer.from_str(json.dumps(document))
    before = tokenizer.to_str()
    assert len(tokenizer.encode("LOWER " * 40, truncation={"max_length": 5})) == 5
    assert len(tokenizer.encode("LOWER", padding={"length": 50})) == 50
    assert tokenizer.to_str() == before


def test_a_strategy_that_takes_a_pair_makes_no_rows(text):
    tokenizer = Tokenizer.from_str(text)
    truncation = {"max_length": 4, "strategy": "only_second"}
    assert tokenizer._encode_rows(["low"], truncation=truncation) is None
    assert with_template(text, "$A $A")._encode_rows(["low"]) is None
