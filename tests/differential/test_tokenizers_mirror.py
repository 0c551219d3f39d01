"""The mirror of the tokenizers library against it: every column of every encoding."""

import asyncio
import copy
import json
import pickle
import random

import pytest
import tokenizers
from tokenizers import AddedToken, processors
from tokenizers_pairs import check_places, check_same, outcome, pair_of, small_document

from bytestride.formats import tokenizer_json
from bytestride.tokenizers import Encoding
from bytestride.tokenizers.decoders import DecodeStream

PARTS = [
    *("low", " lower", "\n\n", " ", "  ", "é", "e\u0301", "漢字", "🙂", "<s>", " <s> ", "<think>"),
    *(" don't", "345", "\t", "xxx", "\u3000", "<mask>", "zz", "\u212b"),
]
PROCESSORS = {
    "none": None,
    "trim": processors.ByteLevel(trim_offsets=True),
    "template": processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B:1 </s>:1",
        special_tokens=[("<s>", 1), ("</s>", 2)],
    ),
    "trim and template": processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True, add_prefix_space=False),
            processors.TemplateProcessing(
                single="<s>:3 $A:4",
                pair="$A:2 $B:5 </s>:7",
                special_tokens=[("<s>", 1), ("</s>", 2)],
            ),
        ]
    ),
    "roberta": processors.RobertaProcessing(("</s>", 2), ("<s>", 0)),
}


def configured(name):
    theirs, ours = pair_of(small_document())
    for tokenizer in (theirs, ours):
        tokenizer.post_processor = PROCESSORS[name]
        tokenizer.add_tokens([AddedToken("<mask>", lstrip=True), AddedToken("zz"), "<think>"])
        tokenizer.add_special_tokens(["<s>", AddedToken("</s>", rstrip=True)])
    assert ours._reason is None
    return theirs, ours


def random_text(rng):
    return "".join(rng.choices(PARTS, k=rng.randint(0, 5)))


def set_limits(rng, theirs, ours):
    if rng.random() < 0.5:
        truncation = {
            "max_length": rng.randint(0, 9),
            "stride": rng.randint(0, 2),
            "strategy": rng.choice(["longest_first", "only_first", "only_second"]),
            "direction": rng.choice(["left", "right"]),
        }
        results = [outcome(lambda t=t: t.enable_truncation(**truncation)) for t in (theirs, ours)]
        assert results[0] == results[1]
    else:
        theirs.no_truncation()
        ours.no_truncation()
    if rng.random() < 0.5:
        padding = {
            "length": rng.choice([None, 3, 8, 20]),
            "direction": rng.choice(["left", "right"]),
            "pad_id": rng.randint(0, 9),
            "pad_type_id": rng.randint(0, 3),
            "pad_token": "P",
            "pad_to_multiple_of": rng.choice([None, 0, 4]),
        }
        theirs.enable_padding(**padding)
        ours.enable_padding(**padding)
    else:
        theirs.no_padding()
        ours.no_padding()
    assert ours.truncation == theirs.truncation
    assert ours.padding == theirs.padding
    theirs.encode_special_tokens = ours.encode_special_tokens = rng.random() < 0.3


def random_batch(rng, *, in_words):
    def sequence():
        return (
            [random_text(rng) for _ in range(rng.randint(0, 4))] if in_words else random_text(rng)
        )

    batch = [
        (sequence(), sequence()) if rng.random() < 0.4 else sequence()
        for _ in range(rng.randint(0, 2))
    ]
    return [each for each in batch if not (isinstance(each, list) and len(each) == 2)]


@pytest.mark.parametrize("name", PROCESSORS)
def test_encodings_are_the_same(name, monkeypatch):
    # Of several inputs that fail, threads report whichever was first in time, one thread the first.
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    rng = random.Random(name)
    theirs, ours = configured(name)
    n_checked = 0
    for _ in range(100):
        set_limits(rng, theirs, ours)
        in_words, add = rng.random() < 0.3, rng.random() < 0.7
        batch = random_batch(rng, in_words=in_words)
        method = rng.choice(["encode", "encode_batch", "encode_batch_fast"])
        what = (method, batch, in_words, add, theirs.truncation, theirs.padding)

        def run(tokenizer, method=method, batch=batch, in_words=in_words, add=add):
            options = {"is_pretokenized": in_words, "add_special_tokens": add}
            if method != "encode":
                return getattr(tokenizer, method)(batch, **options)
            pairs = [each if isinstance(each, tuple) else (each,) for each in batch]
            return [tokenizer.encode(*pair, **options) for pair in pairs]

        expected, got = outcome(lambda run=run: run(theirs)), outcome(lambda run=run: run(ours))
        if expected is None:
            assert isinstance(got, str), what
            continue
        if isinstance(expected, str):
            assert isinstance(got, str), what
            assert got.partition(": ")[2] == expected.partition(": ")[2], what
            continue
        assert not isinstance(got, str), (got, what)
        for one, other in zip(expected, got, strict=True):
            check_same(one, other, what)
            check_places(one, other, what)
            if len(other.overflowing) < 9:
                check_same(one, pickle.loads(pickle.dumps(other)), what)
            for skip in (False, True):
                assert ours.decode(one.ids, skip) == theirs.decode(one.ids, skip)
            n_checked += 1
        # What overflows of one is put before and behind what overflows of the other: many.
        if all(len(each.overflowing) < 5 for each in got):
            for growing in (False, True):
                check_same(
                    tokenizers.Encoding.merge(expected, growing), Encoding.merge(got, growing), what
                )
    assert n_checked > 50
    assert ours.to_str() == theirs.to_str()
    assert ours.to_str(pretty=True) == theirs.to_str(pretty=True)


@pytest.fixture
def document(vocab_file, published):
    """Give the text of a vocabulary's tokenizer.json, converted where it has none."""

    def read(name):
        if name.endswith("_base"):
            return tokenizer_json.serialize(published(name).definition).decode()
        return vocab_file(name).read_text()

    return read


@pytest.mark.parametrize(
    "name",
    [
        "r50k_base",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                *("p50k_base", "cl100k_base", "o200k_base"),
                *("llama3", "qwen3", "deepseek_v3", "gptoss"),
            )
        ),
    ],
)
def test_published_vocabularies(name, document, corpus_text):
    theirs, ours = pair_of(document(name))
    assert ours.get_vocab() == theirs.get_vocab()
    assert ours.get_vocab_size() == theirs.get_vocab_size()
    assert ours.get_vocab_size(False) == theirs.get_vocab_size(False)
    added = theirs.get_added_tokens_decoder()
    assert ours.get_added_tokens_decoder() == added
    assert ours.to_str() == theirs.to_str()
    texts = [corpus_text(kind, 20_000)[:5000] for kind in ("en", "code", "multi")]
    texts += ["low" + token.content + " high" for token in list(added.values())[:20]]
    for one, other in zip(theirs.encode_batch(texts), ours.encode_batch(texts), strict=True):
        check_same(one, other, name)
    ids = random.Random(name).choices(range(theirs.get_vocab_size() + 500), k=400)
    for skip in (False, True):
        assert ours.decode(ids, skip) == theirs.decode(ids, skip)
    assert [*map(ours.id_to_token, ids)] == [*map(theirs.id_to_token, ids)]


@pytest.mark.filterwarnings("ignore:this tokenizer goes through the tokenizers library")
def test_added_tokens_have_the_same_ids():
    rng = random.Random(0)
    contents = ["<a>", "<b>", "low", "Ġlow", "é", "\u212b", "", "zz", "<a><b>", "Ġ"]
    for _ in range(40):
        theirs, ours = pair_of(small_document())
        for _ in range(4):
            tokens = [
                rng.choice(contents)
                if rng.random() < 0.4
                else AddedToken(
                    rng.choice(contents),
                    special=rng.random() < 0.5,
                    normalized=rng.random() < 0.5,
                    lstrip=rng.random() < 0.3,
                )
                for _ in range(rng.randint(0, 3))
            ]
            method = rng.choice(["add_tokens", "add_special_tokens"])
            results = [getattr(t, method)(copy.deepcopy(tokens)) for t in (theirs, ours)]
            assert results[0] == results[1], tokens
        assert ours.get_vocab() == theirs.get_vocab()
        assert ours.get_vocab_size() == theirs.get_vocab_size()
        assert ours.get_added_tokens_decoder() == theirs.get_added_tokens_decoder()
        if ours._reason is None:
            assert ours.to_str() == theirs.to_str()


def test_streams_are_the_same(document):
    theirs, ours = pair_of(document("r50k_base"))
    rng = random.Random(1)
    text = "naïve 漢字 🙂👨‍👩‍👧 อั <|endoftext|> e\u0301" * 3
    for _ in range(30):
        ids = theirs.encode(text).ids
        if rng.random() < 0.5:
            ids = rng.choices(ids + list(range(128, 256)), k=len(ids))
        skip = rng.random() < 0.5
        start = ids[: rng.randint(0, 4)] or None
        one, other = tokenizers.decoders.DecodeStream(start, skip), DecodeStream(start, skip)
        for at in range(0, len(ids), 2):
            new = ids[at] if rng.random() < 0.5 else ids[at : at + 3]
            expected = outcome(lambda one=one, new=new: one.step(theirs, new))
            assert outcome(lambda other=other, new=new: other.step(ours, new)) == expected
            if at == 10:
                one, other = copy.copy(one), copy.copy(other)


def test_async_methods():
    theirs, ours = configured("trim")
    text = "héé 漢字 <mask> low"

    async def both(tokenizer):
        return (
            await tokenizer.async_encode(text, "low"),
            await tokenizer.async_encode_batch([text, ("low", text)]),
            await tokenizer.async_encode_batch_fast([text]),
            await tokenizer.async_decode_batch([[5, 6], [7]]),
        )

    expected, got = asyncio.run(both(theirs)), asyncio.run(both(ours))
    check_same(expected[0], got[0], "async_encode")
    for i in (1, 2):
        for one, other in zip(expected[i], got[i], strict=True):
            check_same(one, other, i)
    assert got[3] == expected[3]


WRONG_CALLS = [
    *(("encode", value) for value in (None, 5, ["a"], b"a", "\ud800")),
    *(
        ("encode_batch", value)
        for value in ([None], [5], [b"a"], [("a", "b", "c")], "ab", 5, [["a", 5]])
    ),
    *(("decode", value) for value in ([-1], [2**32], ["a"], "ab", [1.0], 5, {1}, None)),
    *(("decode_batch", value) for value in ([5], 5, "a")),
    *(("id_to_token", value) for value in (-1, 2**32, "a")),
    *(("token_to_id", value) for value in (5, None)),
    *(("add_tokens", value) for value in ("ab", [5], ("a",))),
    *(("enable_truncation", value) for value in (-1, "a", None)),
]


@pytest.mark.parametrize(("method", "argument"), WRONG_CALLS)
def test_wrong_calls_raise_the_same(method, argument):
    theirs, ours = configured("none")
    expected = outcome(lambda: getattr(theirs, method)(argument))
    got = outcome(lambda: getattr(ours, method)(argument))
    assert isinstance(expected, str)
    assert got.partition(":")[0] == expected.partition(":")[0], (got, expected)


def test_post_process_of_encodings():
    theirs, ours = configured("template")
    for tokenizer in (theirs, ours):
        tokenizer.enable_truncation(7, stride=1)
        tokenizer.enable_padding(length=9)
    for add in (False, True):
        one, other = (
            t.post_process(t.encode("low lower low low"), t.encode("zz low"), add)
            for t in (theirs, ours)
        )
        check_same(one, other, add)
    encoding = ours.encode("low")
    before = json.loads(encoding.__getstate__())
    ours.post_process(encoding)
    assert json.loads(encoding.__getstate__()) == before


def test_truncate_and_pad_encodings():
    theirs, ours = configured("template")
    rng = random.Random(2)
    for _ in range(100):
        text = random_text(rng)
        one, other = theirs.encode(text, "low"), ours.encode(text, "low")
        for _ in range(2):
            if rng.random() < 0.5:
                arguments = (rng.randint(0, 6), rng.randint(0, 3), rng.choice(["left", "right"]))
                expected = outcome(lambda one=one, a=arguments: one.truncate(*a))
                panics = arguments[1] >= arguments[0] > 0 and arguments[0] < len(other)
                got = outcome(lambda other=other, a=arguments: other.truncate(*a))
                if panics:
                    assert got.startswith("ValueError"), arguments
                    break
                assert got == expected
            else:
                options = {"direction": rng.choice(["left", "right"]), "pad_id": 3}
                length = rng.randint(0, 12)
                one.pad(length, **options)
                other.pad(length, **options)
            check_same(one, other, text)
