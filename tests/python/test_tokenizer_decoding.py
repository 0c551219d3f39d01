"""Decoding: ids in any container and type, ids of no token, bytes that are no text."""

import array

import numpy as np
import pytest

from bytestride import AddedToken, Definition, Tokenizer
from bytestride.published import PATTERNS

BYTES = {i: bytes([i]) for i in range(256)}
TOKENIZER = Tokenizer(
    Definition(BYTES | {300: b"low", 70_000: "é".encode()}, None, PATTERNS["gpt2"],
               (AddedToken("<x>", 70_001), AddedToken("<y>", 70_001)))
)  # fmt: skip
IDS = [108, 300, 32, 98, 97, 0, 127]
TEXT = "llow ba\0\x7f"


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        iter,
        lambda ids: (i for i in ids),
        lambda ids: dict.fromkeys(ids),
        lambda ids: array.array("q", ids),
        lambda ids: memoryview(array.array("H", ids)),
        lambda ids: [np.uint32(i) for i in ids],
        lambda ids: [np.int64(i) for i in ids],
        lambda ids: np.array(ids, object).tolist(),
    ],
)
def test_any_iterable(kind):
    assert TOKENIZER.decode(kind(IDS)) == TEXT
    assert TOKENIZER.decode_bytes(kind(IDS)) == TEXT.encode()


INTEGERS = ["i2", "u2", "i4", "u4", "i8", "u8", ">u2", ">u4", ">i4", ">i8"]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_arrays_of_any_integers(dtype):
    ids = np.array(IDS, dtype)
    assert TOKENIZER.decode(ids) == TEXT
    assert TOKENIZER.decode_bytes(ids) == TEXT.encode()
    spaced = np.zeros((len(IDS), 3), dtype)
    spaced[:, 1] = IDS
    assert TOKENIZER.decode(spaced[:, 1]) == TEXT
    assert TOKENIZER.decode(ids[::-1]) == TOKENIZER.decode(IDS[::-1])
    locked = ids.copy()
    locked.flags.writeable = False
    assert TOKENIZER.decode(locked) == TEXT
    assert TOKENIZER.decode(ids[:0]) == ""


@pytest.mark.parametrize("dtype", ["i1", "u1"])
def test_arrays_of_bytes(dtype):
    assert TOKENIZER.decode(np.array([108, 97], dtype)) == "la"


def test_bytes_are_ids_like_any_integers():
    assert TOKENIZER.decode(b"la") == "la"
    assert TOKENIZER.decode(bytearray(b"la")) == "la"


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    assert TOKENIZER.decode(torch.tensor(IDS)) == TEXT
    assert TOKENIZER.decode(torch.tensor(IDS, dtype=torch.int32)) == TEXT


def test_an_array_that_is_not_aligned():
    data = b"x" + np.array(IDS, "<u4").tobytes()
    ids = np.frombuffer(data, "<u4", offset=1)
    assert not ids.flags.aligned
    assert TOKENIZER.decode(ids) == TEXT


@pytest.mark.parametrize("wrong", [-1, 256, 299, 69_999, 70_002, -(2**63), 2**63 - 1])
def test_an_id_of_no_token(wrong):
    for ids in ([108, wrong], (108, wrong), np.array([108, wrong])):
        for decode in (TOKENIZER.decode, TOKENIZER.decode_bytes):
            with pytest.raises(KeyError, match=f"id {wrong} at position 1 is no token's; ids go"):
                decode(ids)
    with pytest.raises(KeyError, match=f"id {wrong} is no token's; ids go from 0 to 70001"):
        TOKENIZER.token_bytes(wrong)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_an_array_with_an_id_of_no_token(dtype):
    with pytest.raises(KeyError, match="id 299 at position 2 is no token's"):
        TOKENIZER.decode(np.array([108, 97, 299], dtype))
    with pytest.raises(KeyError, match="at position 1 is no token's"):
        TOKENIZER.decode(np.array([108, np.iinfo(dtype).max], dtype))
    if np.dtype(dtype).kind == "i":
        with pytest.raises(KeyError, match="id -2 at position 0 is no token's"):
            TOKENIZER.decode(np.array([-2], dtype))


@pytest.mark.parametrize("wrong", [2**63, 2**64, -(2**63) - 1, 2**70])
def test_an_id_beyond_64_bits(wrong):
    for ids in ([108, wrong], (wrong,)):
        with pytest.raises((KeyError, OverflowError)):
            TOKENIZER.decode(ids)
    with pytest.raises((KeyError, OverflowError, TypeError)):
        TOKENIZER.token_bytes(wrong)


@pytest.mark.parametrize(
    "wrong", [1.0, [1.0], ["a"], [None], [[1]], None, 5, "la", "", [b"a"], object()]
)
def test_what_is_no_id(wrong):
    for decode in (TOKENIZER.decode, TOKENIZER.decode_bytes):
        with pytest.raises(TypeError):
            decode(wrong)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "bool", "O", "U1", "S1", "M8[s]"])
def test_an_array_of_something_else(dtype):
    with pytest.raises(TypeError, match="ids must be integers, not "):
        TOKENIZER.decode(np.zeros(3, dtype))


@pytest.mark.parametrize("shape", [(), (1, 3), (3, 1), (0, 3)])
def test_an_array_of_other_dimensions(shape):
    with pytest.raises(ValueError, match="one-dimensional"):
        TOKENIZER.decode(np.zeros(shape, np.uint32))


def test_half_a_character():
    ids = [0xC3, 97, 0xE4, 0xB8]
    assert TOKENIZER.decode_bytes(ids) == b"\xc3a\xe4\xb8"
    for errors in ("replace", "ignore", "backslashreplace", "surrogateescape"):
        expected = b"\xc3a\xe4\xb8".decode(errors=errors)
        assert TOKENIZER.decode(ids, errors=errors) == expected
        assert TOKENIZER.decode(ids, errors) == expected
    assert TOKENIZER.decode(ids) == "\ufffda\ufffd"
    with pytest.raises(UnicodeDecodeError, match="position 0"):
        TOKENIZER.decode(ids, errors="strict")
    with pytest.raises(LookupError, match="nothing"):
        TOKENIZER.decode(ids, errors="nothing")
    assert TOKENIZER.decode([97], errors="strict") == "a"


@pytest.mark.parametrize("errors", [None, 1, ["strict"]])
def test_handlers_that_are_no_names(errors):
    with pytest.raises(TypeError):
        TOKENIZER.decode([97], errors=errors)


def test_tokens_by_id():
    assert TOKENIZER.token_bytes(300) == b"low"
    assert TOKENIZER.token_bytes(np.int64(300)) == b"low"
    assert TOKENIZER.token_bytes(id=0xE9) == b"\xe9"
    assert TOKENIZER.vocab_size == 70_002
    for wrong in ("300", None, 300.0, [300], b"a"):
        with pytest.raises(TypeError):
            TOKENIZER.token_bytes(wrong)


def test_two_texts_of_one_id():
    # The first is what the id decodes to (Definition.added_tokens); both encode to it.
    assert TOKENIZER.encode("<x><y>", allowed_special="all") == [70_001, 70_001]
    assert TOKENIZER.decode([70_001]) == "<x>"
    assert TOKENIZER.token_bytes(70_001) == b"<x>"
    assert TOKENIZER.decode([70_000]) == "é"


def test_many_ids():
    ids = np.tile(np.array(IDS, np.uint32), 200_000)
    assert TOKENIZER.decode(ids) == TEXT * 200_000


def test_an_exception_of_the_callers_own_comes_through():
    def ids():
        yield 97
        raise ZeroDivisionError("mine")

    class Index:
        def __index__(self):
            raise ZeroDivisionError("mine")

    for wrong in (ids(), [Index()]):
        with pytest.raises(ZeroDivisionError, match="mine"):
            TOKENIZER.decode(wrong)
