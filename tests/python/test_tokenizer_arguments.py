"""Odd objects in every argument: a TypeError or ValueError, or a right answer, never a crash."""

import array
import collections
import inspect
import itertools
import mmap

import numpy as np
import pytest

from bytestride import StreamDecoder, Tokenizer, _core, cut_documents

LINE = "It's low, lower and lowest. "
TOKENIZER = Tokenizer.train(LINE * 4, 300, special_tokens=["<|end|>"])


class Text(str):
    """A str of somebody's own, with a mind of its own."""

    __slots__ = ()

    def __len__(self):
        return 10**9

    def __iter__(self):
        raise ZeroDivisionError

    def encode(self, *_):
        raise ZeroDivisionError


class Data(bytes):
    def __len__(self):
        return 10**9


class Strange:
    """It has every method that could be asked for, and none that works."""

    def __getattr__(self, name):
        raise ZeroDivisionError(name)

    def __iter__(self):
        return 5

    def __index__(self):
        return "no number"

    def __len__(self):
        return -1

    def __array__(self, *_):
        return "no array"


ODD = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    float("nan"),
    1j,
    "",
    "text",
    "\ud800",
    "\x00",
    Text("low"),
    np.str_("low"),
    b"",
    b"\xff\x00",
    Data(b"low"),
    np.bytes_(b"low"),
    bytearray(b"low"),
    memoryview(b"low"),
    memoryview(b"abcdef")[::2],
    memoryview(array.array("d", [1.5])),
    array.array("i", [1, 2]),
    [],
    [[]],
    [["a"], [1, [2]]],
    [None],
    [1.5, "a"],
    ["a", 1],
    ("a",),
    ("a", "b"),
    (b"ab", np.array([0, 1, 2])),
    (b"ab", [0, 1, 2]),
    (b"ab", np.array([0.0, 1.0])),
    (None, np.array([0])),
    (np.zeros(3), np.array([0, 24])),
    {},
    {"a": 1},
    {1, 2},
    collections.deque(["a"]),
    range(3),
    np.array([]),
    np.array([1, 2]),
    np.array([[1, 2]]),
    np.array([1.5]),
    np.array(["a", "b"]),
    np.array([b"a"]),
    np.array(["a", None], object),
    np.array(5),
    np.int64(3),
    np.float32(3),
    np.dtype("u2"),
    np.uint16,
    int,
    str,
    len,
    Strange,
    Strange(),
    object(),
    ...,
    NotImplemented,
    lambda: 1,
    Ellipsis,
]
# Whatever is wrong with an argument is one of these; LookupError for ids of no token.
EXPECTED = (TypeError, ValueError, KeyError, OverflowError, BufferError, LookupError)


def calls():
    tokenizer = TOKENIZER
    return [
        tokenizer.encode,
        tokenizer.encode_ordinary,
        tokenizer.encode_bytes,
        tokenizer.encode_to_numpy,
        tokenizer.encode_batch,
        tokenizer.encode_ragged,
        tokenizer.count,
        tokenizer.count_batch,
        tokenizer.decode_batch,
        tokenizer.decode_bytes_batch,
        tokenizer.decode_with_offsets,
        tokenizer.encode_with_offsets,
        StreamDecoder,
        StreamDecoder(tokenizer).feed,
        lambda odd: StreamDecoder(tokenizer, odd),
        lambda odd: tokenizer.truncate(odd, 2),
        lambda odd: tokenizer.truncate("low", odd),
        lambda odd: tokenizer.chunk(odd, 2),
        lambda odd: tokenizer.chunk("low", odd),
        lambda odd: tokenizer.chunk("low", 3, odd),
        lambda odd: tokenizer.count_till_limit("low", odd),
        lambda odd: tokenizer.encode_with_offsets("low", unit=odd),
        lambda odd: tokenizer.encode_ragged(["a"], out=odd),
        lambda odd: tokenizer.encode_ragged(["a"], end_id=odd),
        _core.ill_formed_documents,
        lambda odd: _core.ill_formed_documents([odd]),
        lambda odd: _core.ill_formed_documents(b"ab", odd),
        lambda odd: tokenizer.count_batch([odd]),
        lambda odd: tokenizer.count_batch(["a"], num_threads=odd),
        lambda odd: tokenizer.count_batch(["a"], disallowed_special=odd),
        lambda odd: tokenizer.decode_batch([odd]),
        lambda odd: tokenizer.decode_batch([[97]], errors=odd),
        lambda odd: cut_documents(odd, b"a"),
        lambda odd: cut_documents(b"abc", odd),
        tokenizer.decode,
        tokenizer.decode_bytes,
        tokenizer.token_bytes,
        lambda odd: tokenizer.decode([97], errors=odd),
        lambda odd: tokenizer.encode("a", allowed_special=odd),
        lambda odd: tokenizer.encode("a", disallowed_special=odd),
        lambda odd: tokenizer.encode_to_numpy("a", allowed_special=odd, disallowed_special=odd),
        lambda odd: tokenizer.count("a", disallowed_special=odd),
        lambda odd: tokenizer.encode_batch(["a"], num_threads=odd),
        lambda odd: tokenizer.encode_batch(["a"], allowed_special=odd),
        lambda odd: tokenizer.encode_batch(["a"], disallowed_special=odd),
        lambda odd: tokenizer.encode_batch([odd]),
        lambda odd: tokenizer.encode_ragged([odd]),
        lambda odd: tokenizer.encode_ragged(["a"], num_threads=odd),
        lambda odd: tokenizer.encode_ragged(["a"], dtype=odd),
        lambda odd: tokenizer.encode_ragged((odd, np.array([0, 1]))),
        lambda odd: tokenizer.encode_ragged((b"ab", odd)),
        lambda odd: tokenizer.decode([odd]),
        lambda odd: Tokenizer.train(odd, 300),
        lambda odd: Tokenizer.train("a", odd),
        lambda odd: Tokenizer.train("a", 300, odd),
        lambda odd: Tokenizer.train("a", 300, "gpt2", odd),
        lambda odd: Tokenizer.train("a", 300, num_threads=odd),
    ]


@pytest.mark.filterwarnings("ignore:.*goes through the regex package:UserWarning")
@pytest.mark.filterwarnings("ignore:Data type alias:DeprecationWarning")  # numpy.dtype("a")
@pytest.mark.parametrize("number", range(len(calls())))
def test_odd_arguments(number):
    call = calls()[number]
    before = TOKENIZER.encode(LINE)
    for odd in ODD:
        message = "an answer"
        try:
            call(odd)
        except EXPECTED as error:
            message = str(error)
        except ZeroDivisionError:  # what the odd objects themselves raise
            message = "mine" if isinstance(odd, Strange | Text) else ""
        assert message, f"{type(odd)} gives an error that says nothing"
    assert TOKENIZER.encode(LINE) == before


def test_answers_for_subclasses():
    # Their own idea of a length or of UTF-8 is not asked for.
    low = TOKENIZER.encode("low")
    for text in (Text("low"), np.str_("low")):
        assert TOKENIZER.encode(text) == low
        assert TOKENIZER.encode_ordinary(text) == low
        assert TOKENIZER.encode_ragged([text]).tokens.tolist() == low
    for data in (Data(b"low"), np.bytes_(b"low")):
        assert TOKENIZER.encode_bytes(data) == low
        assert TOKENIZER.encode_ragged([data]).tokens.tolist() == low


def test_any_buffer_of_bytes(tmp_path):
    low = TOKENIZER.encode("low")
    for buffer in (b"low", bytearray(b"low"), memoryview(b"low"), np.frombuffer(b"low", np.uint8)):
        assert TOKENIZER.encode_bytes(buffer) == low
    path = tmp_path / "low.txt"
    path.write_bytes(b"low")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert TOKENIZER.encode_bytes(mapped) == low
    assert TOKENIZER.encode_bytes(b"a\0b") == [*TOKENIZER.encode("a"), *TOKENIZER.encode("\0b")]


@pytest.mark.parametrize(
    "buffer",
    [np.array([1.5]), np.array([1, 2]), array.array("i", [1]), memoryview(array.array("d", [1.0]))],
    ids=["float64", "int64", "array of int", "view of double"],
)
def test_a_buffer_of_wider_numbers_is_no_text(buffer):
    for call in (
        TOKENIZER.encode_bytes,
        lambda wide: TOKENIZER.encode_ragged((wide, np.array([0, 4]))),
    ):
        with pytest.raises((TypeError, ValueError), match=r"bytes"):
            call(buffer)


def test_a_buffer_with_gaps():
    for call in (
        TOKENIZER.encode_bytes,
        lambda buffer: TOKENIZER.encode_ragged((buffer, np.array([0, 2]))),
    ):
        for buffer in (memoryview(b"abcdef")[::2], np.frombuffer(b"abcdef", np.uint8)[::2]):
            with pytest.raises((TypeError, ValueError, BufferError), match="contiguous"):
                call(buffer)


@pytest.mark.parametrize(
    "text", [None, 1, 1.5, b"low", bytearray(b"low"), ["low"], ("low",), object(), np.array("low")]
)
def test_what_is_no_text(text):
    for call in (
        TOKENIZER.encode,
        TOKENIZER.encode_ordinary,
        TOKENIZER.encode_to_numpy,
        TOKENIZER.count,
    ):
        with pytest.raises(TypeError, match="text must be str, not "):
            call(text)


@pytest.mark.parametrize("data", [None, 1, 1.5, "low", ["low"], object()])
def test_what_is_no_bytes(data):
    with pytest.raises(TypeError, match="bytes"):
        TOKENIZER.encode_bytes(data)


@pytest.mark.parametrize("definition", [None, "cl100k_base", {"a": 1}, object()])
def test_what_is_no_definition(definition):
    with pytest.raises(TypeError, match="Definition"):
        Tokenizer(definition)


METHODS = [
    "encode", "encode_ordinary", "encode_bytes", "encode_to_numpy", "encode_batch",
    "encode_ragged", "count", "decode", "decode_bytes", "token_bytes",
    "count_batch", "decode_batch", "decode_bytes_batch", "decode_with_offsets",
    "encode_with_offsets", "truncate", "chunk", "count_till_limit",
]  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_arguments_that_there_are_not(name):
    method = getattr(TOKENIZER, name)
    for arguments, names in (
        ((), {}),
        (("a",) * 9, {}),
        (("a",), {"nothing": 1}),
        ((), {"nothing": 1}),
    ):
        with pytest.raises(TypeError):
            method(*arguments, **names)


def test_special_tokens_are_given_by_name_only():
    for method in (TOKENIZER.encode, TOKENIZER.encode_to_numpy, TOKENIZER.count):
        with pytest.raises(TypeError):
            method("a", "all")


def test_a_tokenizer_cannot_be_changed():
    for name in ("vocab_size", "definition", "pattern", "name", "added_tokens", "special_tokens"):
        with pytest.raises(AttributeError):
            setattr(TOKENIZER, name, None)
    TOKENIZER.special_tokens["<x>"] = 5  # a copy of ours
    assert "<x>" not in TOKENIZER.special_tokens


def test_orders_of_odd_documents():
    # One wrong document anywhere: an error, and the next call is as good as ever.
    good = ["low", b"lower"]
    for wrong, place in itertools.product([None, 1, bytearray(b"a"), Strange()], range(3)):
        documents = [*good[:place], wrong, *good[place:]]
        with pytest.raises(TypeError, match="a document must be str or bytes, not "):
            TOKENIZER.encode_ragged(documents, num_threads=2)
    assert TOKENIZER.encode_ragged(good).offsets.tolist()[-1] == len(
        TOKENIZER.encode("low") + TOKENIZER.encode("lower")
    )


def test_signatures_of_the_methods_without_a_dispatcher():
    signature = "(self, /, text, *, allowed_special=(), disallowed_special='all')"
    for name in ("encode", "encode_to_numpy", "count"):
        assert str(inspect.signature(getattr(Tokenizer, name))) == signature
    assert str(inspect.signature(TOKENIZER.decode)) == "(ids, errors='replace')"
    assert TOKENIZER.decode(ids=TOKENIZER.encode("a"), errors="strict") == "a"
    assert TOKENIZER.encode(text="a", disallowed_special="all") == TOKENIZER.encode_ordinary(
        text="a"
    )
    for method, arguments, names, message in (
        (TOKENIZER.encode, (), {}, "missing required argument: 'text'"),
        (TOKENIZER.encode, ("a", "b"), {}, "takes 1 positional arguments but 2 were given"),
        (TOKENIZER.encode, ("a",), {"text": "a"}, "multiple values for argument 'text'"),
        (TOKENIZER.decode, ([97],), {"error": ""}, "unexpected keyword argument 'error'"),
    ):
        with pytest.raises(TypeError, match=message):
            method(*arguments, **names)


def test_an_engine_that_was_never_made():
    empty = _core.Engine.__new__(_core.Engine)
    for name in ("encode", "encode_ordinary", "encode_to_numpy", "count"):
        with pytest.raises(TypeError, match="never initialised"):
            getattr(empty, name)("a")
        with pytest.raises(TypeError, match=r"bytestride\._core\.Engine"):
            getattr(_core.Engine, name)("a", "b")
    with pytest.raises(TypeError, match="never initialised"):
        empty.decode([97])
