"""Files that `tokenizers` wrote are read here, and files written here are read there: equal ids."""

import dataclasses
import json
import random

import pytest
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from bytestride import Tokenizer, formats
from bytestride.definition import AddedToken, Definition
from bytestride.formats import bytelevel, tokenizer_json
from bytestride.published import GPT2_TIKTOKEN, PATTERNS

LINE = (
    "It's I'LL we'd 'ſ naïve Übung Ǆungla ǅ 漢字かな 한국어 हिन्दी ไทย 🙂👍🏽 x_y a.b() {1234567} "
    "½Ⅷ٣ 12 3.14 http://e.org/?q=a&b //// --- … \u00a0 \u3000 \u2028 \t \n \r\n \n\n  \n !? !! ,\n"
)
WORDS = LINE.split(" ")
TEXTS = [
    "",
    " ",
    "   \n\n  \n",
    "Hello  world\n\n\n  again \t\n x   ",
    "<|endoftext|>",
    "<|im_start|>user\nHi<|im_end|>",
    "a<think>b</think> <tool_call>",
    *(" ".join(random.Random(seed).choices(WORDS, k=60)) for seed in range(40)),
    *("".join(random.Random(seed).choices(WORDS, k=60)) for seed in range(40)),
]
LEARNED_FROM = [
    " ".join(WORDS),
    *TEXTS[10:30],
    "the cat sat on the mat, the bat sat on the cat. " * 5,
]


def their_ids(tokenizer, text):
    """Ids with special tokens as ordinary text, which is what encode_ordinary gives."""
    tokenizer.encode_special_tokens = True
    return tokenizer.encode(text, add_special_tokens=False).ids


def assert_equal_ids(theirs, ours, texts=TEXTS):
    for text in texts:
        assert ours.encode_ordinary(text) == their_ids(theirs, text), text
    theirs.encode_special_tokens = False
    for text in texts:
        expected = theirs.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, allowed_special="all") == expected, text


def train(pre_tokenizer, normalizer=None, **model):
    tokenizer = tokenizers.Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|im_start|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LEARNED_FROM, trainer)
    return tokenizer


def byte_level(**flags):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **flags)


def split(regex):
    parts = [pre_tokenizers.Split(tokenizers.Regex(regex), "isolated"), byte_level(use_regex=False)]
    return pre_tokenizers.Sequence(parts)


@pytest.mark.parametrize(
    ("pre_tokenizer", "options"),
    [
        (byte_level(), {}),
        (byte_level(), {"unk_token": "<|endoftext|>", "fuse_unk": True}),
        (byte_level(), {"continuing_subword_prefix": "", "end_of_word_suffix": ""}),
        *((split(regex), {}) for name, regex in PATTERNS.items() if name != "cl100k"),
        (split(GPT2_TIKTOKEN), {}),
        (split(PATTERNS["llama3"]), {"ignore_merges": True}),
    ],
)
def test_a_file_of_theirs(pre_tokenizer, options, tmp_path):
    theirs = train(pre_tokenizer, **options)
    theirs.add_tokens(["<think>", "ſ"])
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    definition = formats.read(path)
    assert_equal_ids(theirs, Tokenizer(definition))
    # Saved again without a change, and as a new document.
    formats.write(definition, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    formats.write(dataclasses.replace(definition, source=None), tmp_path / "new.json")
    assert_equal_ids(
        tokenizers.Tokenizer.from_file(str(tmp_path / "new.json")), Tokenizer(definition)
    )


def test_nfc_on_text_that_is_nfc_already(tmp_path):
    theirs = train(split(PATTERNS["qwen2"]), normalizers.NFC())
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    definition = formats.read(path)
    assert definition.normalizer == "NFC"
    texts = [text for text in TEXTS if normalizers.NFC().normalize_str(text) == text]
    assert len(texts) > 20
    assert_equal_ids(theirs, Tokenizer(definition), texts)
    new = tokenizers.Tokenizer.from_str(
        tokenizer_json.serialize(dataclasses.replace(definition, source=None)).decode()
    )
    assert_equal_ids(new, Tokenizer(definition), texts)


BYTE_VOCAB = {bytelevel.ALPHABET[byte]: byte for byte in range(256)}


def document(vocab, merges, added_tokens):
    """A document of their making, with our own vocabulary, merges and added tokens."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level()
    result = json.loads(tokenizer.to_str())
    result["model"] |= {"vocab": BYTE_VOCAB | vocab, "merges": merges}
    flags = {"lstrip": False, "rstrip": False, "single_word": False}
    result["added_tokens"] = [
        {"id": 7, "content": content, "special": special, "normalized": normalized} | flags
        for content, special, normalized in added_tokens
    ]
    return json.dumps(result)


@pytest.mark.parametrize(
    ("vocab", "merges", "added_tokens"),
    [
        ({"ab": 256, "bc": 257}, ["a b", "b c", "a b"], []),
        ({"ab": 256, "bc": 257}, ["#version: 0.2", "b c", "a b"], []),
        ({"ab": 256, "abc": 900, "bc": 257}, [["b", "c"], ["a", "b"], ["a", "bc"]], []),
        # Ids in the file count for nothing: the vocabulary's, or the next ones.
        ({"<a>": 500}, [], [("<b>", True, False), ("<a>", True, False), ("", True, False)]),
        ({"<a>": 500, "ab": 400}, ["a b"], [("<a>", False, True), ("<b>", False, True)]),
        ({"ab": 256, "abc": 257}, ["a b", "ab c"], [("ab", False, False)]),
        ({"ab": 256, "cab": 257}, ["a b", "c ab"], [("c", True, False)]),
        ({"<｜x｜>": 256}, [], [("<｜x｜>", True, False), ("<é>", False, False)]),
        # The longest of those that start first.
        ({}, [], [("ab", False, False), ("abc", False, False), ("bcabc", False, False)]),
    ],
)
def test_ids_of_added_tokens_and_order_of_merges(vocab, merges, added_tokens):
    text = document(vocab, merges, added_tokens)
    theirs = tokenizers.Tokenizer.from_str(text)
    ours = Tokenizer(tokenizer_json.parse(text.encode(), "x"))
    pieces = ["a", "b", "c", "ab", "bc", "abc", " ", "<a>", "<b>", "<｜x｜>", "<é>", "<", "é"]
    texts = ["".join(random.Random(seed).choices(pieces, k=8)) for seed in range(300)]
    assert_equal_ids(theirs, ours, texts)


def test_a_possessive_interval_is_a_repeated_group_to_them():
    # Why regex_dialect writes cl100k in another way.
    [piece] = pre_tokenizers.Split(tokenizers.Regex(r"\p{N}{1,3}+"), "isolated").pre_tokenize_str(
        "1234567"
    )
    assert piece == ("1234567", (0, 7))


@pytest.mark.filterwarnings("ignore:the pattern .* goes through the regex package:UserWarning")
@pytest.mark.parametrize(
    "pattern", [*PATTERNS.values(), GPT2_TIKTOKEN, r"\p{L}+|\p{N}{2}|[^\p{L}\s]|\s+"]
)
@pytest.mark.parametrize("rule", ["merges", "ranks"])
def test_a_new_file_of_ours(pattern, rule, tmp_path):
    learned = formats.tokenizer_json.parse(train(byte_level()).to_str().encode(), "x")
    definition = Definition(
        learned.tokens,
        learned.merges if rule == "merges" else None,
        pattern,
        # Ids that they would not give by themselves.
        (AddedToken("<|endoftext|>", 5000), AddedToken("<think>", 7000, special=False)),
        whole_pieces=rule == "ranks",
    )
    formats.write(definition, tmp_path / "tokenizer.json")
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer(definition)
    assert_equal_ids(theirs, ours)
    for text in TEXTS:
        ids = ours.encode(text, allowed_special="all")
        assert theirs.decode(ids, skip_special_tokens=False) == text
    # Their own way of writing what they read is the way it was written.
    assert theirs.to_str(pretty=True).encode() == (tmp_path / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "r50k_base",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("cl100k_base", "o200k_base")),
    ],
)
def test_a_tiktoken_vocabulary_becomes_a_file_of_theirs(name, tmp_path, vocab_file):
    path = vocab_file(name)
    definition = formats.read(path)
    formats.write(definition, tmp_path / "tokenizer.json")
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert_equal_ids(theirs, Tokenizer(definition))
    again = formats.read(tmp_path / "tokenizer.json")
    assert again.tokens == definition.tokens
    assert again.added_tokens == definition.added_tokens
    # And back: the merges that fire say the same as the ranks.
    formats.write(dataclasses.replace(again, source=None), tmp_path / "again.tiktoken")
    assert (tmp_path / "again.tiktoken").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "name", ["llama3", "qwen3", pytest.param("gptoss", marks=pytest.mark.slow)]
)
def test_files_of_known_models(name, vocab_file):
    path = vocab_file(name)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    texts = [text for text in TEXTS if normalizers.NFC().normalize_str(text) == text]
    assert_equal_ids(theirs, Tokenizer(formats.read(path)), texts)
