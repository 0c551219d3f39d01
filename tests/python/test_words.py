"""WordTokenizer: the worked examples, texts in any script, batches, files and every error."""

import doctest
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import words
from bytestride.errors import FormatError
from bytestride.words import WordTokenizer, split_words

# Words, punctuation of every kind that decoding sets in its own way, marks, joiners, surrogates.
texts = (
    st.text(
        st.sampled_from("ab1_ \n.,!?()[]«»'’\"-–…%é\u0301\ufe0f\u200d\u200cहिन्दी🙂\ud800\u3000\x1c")
    )
    | st.text()
    | st.text(st.characters())
)


@pytest.fixture
def hello():
    return WordTokenizer.train("Hello, world!")


def test_examples_in_the_docstrings():
    assert doctest.testmod(words).failed == 0
    assert doctest.testmod(words).attempted > 4


def test_hello_world(hello):
    assert split_words("Hello, world!") == ["Hello", ",", "world", "!"]
    assert hello.tokens == ("!", ",", "Hello", "world", "[BOS]", "[EOS]", "[PAD]", "[UNK]")
    assert hello.encode("Hello, world!") == [2, 1, 3, 0]


def test_an_unseen_word_is_unknown(hello):
    ids = hello.encode("Bye, world!")
    assert [hello.id_to_token(i) for i in ids] == ["[UNK]", ",", "world", "!"]
    assert hello.decode(ids) == "[UNK], world!"
    assert hello.decode(ids, skip_special_tokens=True) == ", world!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n\u3000\x85", []),
        ("don't stop", ["don", "'", "t", "stop"]),
        ("snake_case 3.14", ["snake_case", "3", ".", "14"]),
        ("well-known...", ["well", "-", "known", ".", ".", "."]),
        ("naïve Straße", ["naïve", "Straße"]),
        ("cafe\u0301s!", ["cafe\u0301s", "!"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा", "।"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("你好，世界。", ["你好", "，", "世界", "。"]),
        ("❤️ok", ["❤️", "ok"]),
        ("👩‍👧!", ["👩‍", "👧", "!"]),
        ("\u0301a", ["\u0301", "a"]),
        ("[UNK]", ["[", "UNK", "]"]),
        ("a^]\\-\u0301b", ["a", "^", "]", "\\", "-\u0301", "b"]),
    ],
)
def test_words_and_symbols(text, expected):
    assert split_words(text) == expected


@given(texts)
def test_every_character_but_white_space_is_in_one_piece(text):
    pieces = split_words(text)
    assert "".join(pieces) == "".join(text.split())
    assert all(pieces)
    # Where white space stood, a piece ends.
    assert pieces == [piece for part in text.split() for piece in split_words(part)]


@given(texts)
def test_a_text_round_trips_up_to_white_space(text):
    tokenizer = WordTokenizer.train(text)
    ids = tokenizer.encode(text)
    assert tokenizer.unk_id not in ids
    assert [tokenizer.id_to_token(i) for i in ids] == split_words(text)
    assert tokenizer.encode(tokenizer.decode(ids)) == ids
    assert tokenizer.encode(tokenizer.decode(ids, skip_special_tokens=True)) == ids


@given(texts, texts)
def test_exactly_the_unseen_words_are_unknown(seen, text):
    tokenizer = WordTokenizer.train(seen)
    known = set(split_words(seen))
    decoded = [tokenizer.id_to_token(i) for i in tokenizer.encode(text)]
    assert decoded == [word if word in known else "[UNK]" for word in split_words(text)]


@given(st.lists(texts, max_size=4))
def test_the_vocabulary_is_the_sorted_words_and_then_the_special_tokens(parts):
    tokenizer = WordTokenizer.train(parts)
    words = sorted({word for part in parts for word in split_words(part)})
    assert tokenizer.tokens == (*words, "[BOS]", "[EOS]", "[PAD]", "[UNK]")
    assert tokenizer.vocab_size == len(words) + 4
    special = [tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id, tokenizer.unk_id]
    assert special == list(range(len(words), len(words) + 4))
    for i, token in enumerate(tokenizer.tokens):
        assert (tokenizer.token_to_id(token), tokenizer.id_to_token(i)) == (i, token)
    assert WordTokenizer(iter(words[::-1])).tokens == tokenizer.tokens


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world! Is this -- a test?",
        "It’s the dog's well-known bone; isn't it?",
        "Say (or write): [this] and «that».",
        'She said, "Come in," and "Sit down."',
        "¿Qué? ¡No! 50% of it… gone",
        "你好，世界。",
    ],
)
def test_decoded_text_is_set_as_usual(text):
    tokenizer = WordTokenizer.train(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text.replace(" -- ", "--")


def test_a_mark_by_itself_stays_by_itself():
    tokenizer = WordTokenizer.train("( \u0301 - \u200d")
    ids = tokenizer.encode("( \u0301 - \u200d")
    assert len(ids) == 4
    assert tokenizer.encode(tokenizer.decode(ids)) == ids


def test_text_cannot_smuggle_in_special_tokens(hello):
    tokenizer = WordTokenizer.train("[UNK] [BOS] [EOS] [PAD]")
    ids = tokenizer.encode("[UNK] [BOS] [EOS] [PAD]")
    assert max(ids) < tokenizer.bos_id
    assert tokenizer.tokens[:6] == ("BOS", "EOS", "PAD", "UNK", "[", "]")
    assert hello.encode("[EOS]") == [hello.unk_id] * 3


def test_bos_and_eos_separate_unrelated_texts(hello):
    bos, eos = hello.bos_id, hello.eos_id
    assert hello.encode("world", add_bos=True) == [bos, 3]
    assert hello.encode("world", add_eos=True) == [3, eos]
    ids = hello.encode_texts(["Hello!", "", "world"])
    assert ids == [bos, 2, 0, eos, bos, eos, bos, 3, eos]
    assert hello.decode(ids) == "[BOS] Hello! [EOS] [BOS] [EOS] [BOS] world [EOS]"
    assert hello.decode(ids, skip_special_tokens=True) == "Hello! world"
    assert hello.encode_texts([]) == []


# Batches.


def test_a_batch_is_padded_to_its_longest_text(hello):
    ids, mask = hello.encode_batch(["Hello, world!", "", "Bye"])
    pad = hello.pad_id
    assert ids.tolist() == [[2, 1, 3, 0], [pad] * 4, [hello.unk_id, pad, pad, pad]]
    assert mask.tolist() == [[1, 1, 1, 1], [0] * 4, [1, 0, 0, 0]]
    assert ids.dtype == mask.dtype == np.int64
    assert hello.decode(ids[0]) == "Hello, world!"


@given(st.lists(texts, max_size=5), st.booleans(), st.booleans())
def test_the_mask_shows_the_texts(batch, add_bos, add_eos):
    tokenizer = WordTokenizer.train(batch[:2])
    ids, mask = tokenizer.encode_batch(iter(batch), add_bos=add_bos, add_eos=add_eos)
    rows = [tokenizer.encode(text, add_bos=add_bos, add_eos=add_eos) for text in batch]
    assert ids.shape == mask.shape == (len(rows), max(map(len, rows), default=0))
    for row, row_ids, row_mask in zip(rows, ids, mask, strict=True):
        assert row_mask.tolist() == [1] * len(row) + [0] * (ids.shape[1] - len(row))
        assert row_ids[row_mask == 1].tolist() == row
        assert (row_ids[row_mask == 0] == tokenizer.pad_id).all()


# Files.


@given(texts)
def test_a_saved_vocabulary_loads_again(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("words") / "words.json"
    tokenizer = WordTokenizer.train(text)
    tokenizer.save(path)
    assert WordTokenizer.load(str(path)).tokens == tokenizer.tokens
    assert list(path.parent.iterdir()) == [path]


def test_the_file_is_json_in_the_words_own_script(tmp_path):
    path = tmp_path / "words.json"
    WordTokenizer.train("नमस्ते!").save(path)
    assert json.loads(path.read_bytes()) == {
        "format": "bytestride.WordTokenizer",
        "version": 1,
        "tokens": ["!", "नमस्ते", "[BOS]", "[EOS]", "[PAD]", "[UNK]"],
    }
    assert "नमस्ते" in path.read_text(encoding="utf-8")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch, hello):
    path = tmp_path / "words.json"
    hello.save(path)

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        WordTokenizer.train("other").save(path)
    assert WordTokenizer.load(path).tokens == hello.tokens
    assert list(tmp_path.iterdir()) == [path]


SPECIAL = ["[BOS]", "[EOS]", "[PAD]", "[UNK]"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole JSON"),
        (b'{"format": "bytestride.WordTok', "line 1, column 12"),
        (b'{"format": "\xff"}', "byte offset 12"),
        (b"[" * 100_000, "deep"),
        (b'{"version": ' + b"1" * 5000 + b"}", "digits"),
        (b"[]", "format"),
        (b'{"format": "other"}', "format"),
        ({"version": 2}, "version"),
        ({"tokens": None}, "not a list"),
        ({"tokens": ["a", 3, *SPECIAL]}, "entry 1 .* is 3"),
        ({"tokens": ["a"]}, "does not end with"),
        ({"tokens": []}, "does not end with"),
        ({"tokens": SPECIAL[:3]}, "does not end with"),
        ({"tokens": ["a", *SPECIAL[::-1]]}, "does not end with"),
        ({"tokens": ["b", "a", *SPECIAL]}, "entry 1 .*'a'.* out of order"),
        ({"tokens": ["a", "a", *SPECIAL]}, "out of order"),
        ({"tokens": ["a b", *SPECIAL]}, "'a b' is not one word"),
        ({"tokens": ["", *SPECIAL]}, "'' is not one word"),
        ({"tokens": ["[BOS]", *SPECIAL]}, "is not one word"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "words.json"
    if isinstance(content, dict):
        content = {"format": "bytestride.WordTokenizer", "version": 1, "tokens": SPECIAL} | content
        content = json.dumps(content).encode()
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as error:
        WordTokenizer.load(path)
    assert str(path) in str(error.value)


@given(st.data())
def test_a_truncated_file_never_loads(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("words") / "words.json"
    WordTokenizer.train("some more words, and a symbol!").save(path)
    content = path.read_bytes().rstrip()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(FormatError):
        WordTokenizer.load(path)


def test_paths_that_are_no_files(tmp_path, hello):
    with pytest.raises(FileNotFoundError):
        WordTokenizer.load(tmp_path / "none.json")
    with pytest.raises(IsADirectoryError):
        WordTokenizer.load(tmp_path)
    with pytest.raises(IsADirectoryError):
        hello.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        hello.save(tmp_path / "none" / "words.json")


# Errors.


@pytest.mark.parametrize("token_id", [8, -1, 10**30])
def test_an_unknown_id_is_named_with_the_valid_range(hello, token_id):
    for look_up in (hello.id_to_token, lambda i: hello.decode([0, i])):
        with pytest.raises(KeyError, match=rf"id {token_id} is outside 0\.\.7"):
            look_up(token_id)


def test_an_unknown_token(hello):
    with pytest.raises(KeyError, match="'Bye' is not in this vocabulary of 8 tokens"):
        hello.token_to_id("Bye")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.encode(b"bytes"), "str, not bytes"),
        (lambda t: t.encode(None), "str, not NoneType"),
        (lambda t: t.encode_batch("one text"), "list"),
        (lambda t: t.encode_texts("one text"), "list"),
        (lambda t: t.encode_batch(["a", 3]), "str, not int"),
        (lambda t: WordTokenizer.train([b"bytes"]), "str, not bytes"),
        (lambda t: WordTokenizer.train(b"bytes"), "str, not int"),
        (lambda t: t.decode([0, "1"]), "integer, not str"),
        (lambda t: t.decode([0.0]), "integer, not float"),
        (lambda t: t.decode(np.zeros((2, 2), np.int64)), "integer, not ndarray"),
        (lambda t: t.token_to_id(3), "str, not int"),
    ],
)
def test_wrong_types(hello, call, message):
    with pytest.raises(TypeError, match=message):
        call(hello)


def test_words_must_be_single_and_different():
    with pytest.raises(ValueError, match="'a b' is not one word"):
        WordTokenizer(["a b"])
    with pytest.raises(ValueError, match="'b' stands twice"):
        WordTokenizer(["b", "a", "b", "c"])
