"""Arrow arrays as documents: every layout of strings and binaries, in place; nulls named by row."""

import numpy as np
import pytest

from bytestride import Tokenizer

pa = pytest.importorskip("pyarrow")

LINE = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n or  not\n"
TOKENIZER = Tokenizer.train(LINE * 4, 330, special_tokens=["<|end|>"])
DOCUMENTS = ["low", "", "naïve 漢字 of more than twelve bytes", "lower 🙂\n", "1234567", LINE]
KINDS = ["string", "large_string", "string_view", "binary", "large_binary", "binary_view"]


def check(ragged, documents):
    expected = TOKENIZER.encode_ragged([d.encode() if isinstance(d, str) else d for d in documents])
    assert np.array_equal(ragged.tokens, expected.tokens)
    assert np.array_equal(ragged.offsets, expected.offsets)


@pytest.fixture(params=KINDS)
def kind(request):
    return getattr(pa, request.param)()


def test_arrays(kind):
    array = pa.array(DOCUMENTS, kind)
    for n_threads in (1, 2, 7):
        check(TOKENIZER.encode_ragged(array, num_threads=n_threads), DOCUMENTS)
    for begin, end in ((1, 4), (2, 2), (0, 0), (5, 6), (3, 6)):
        check(TOKENIZER.encode_ragged(array[begin:end]), DOCUMENTS[begin:end])


def test_chunks(kind):
    array = pa.array(DOCUMENTS, kind)
    chunked = pa.chunked_array([array[:2], array[2:2], array[2:]])
    check(TOKENIZER.encode_ragged(chunked), DOCUMENTS)
    check(TOKENIZER.encode_ragged(chunked.slice(1, 3)), DOCUMENTS[1:4])
    check(TOKENIZER.encode_ragged(pa.chunked_array([], kind)), [])


def test_empty(kind):
    check(TOKENIZER.encode_ragged(pa.array([], kind)), [])
    check(TOKENIZER.encode_ragged(pa.array(["", ""], kind)), ["", ""])


def test_every_batch_method(kind):
    array = pa.array(DOCUMENTS, kind)
    ragged = TOKENIZER.encode_ragged(array)
    assert TOKENIZER.count_batch(array).tolist() == np.diff(ragged.offsets).tolist()
    lists = TOKENIZER.encode_batch(array)
    assert lists == [ragged.document(i).tolist() for i in range(len(DOCUMENTS))]
    out = np.zeros(len(ragged.tokens), np.uint32)
    check(TOKENIZER.encode_ragged(array, out=out), DOCUMENTS)
    with pytest.raises(ValueError, match="'low' at byte 0, which disallowed_special names"):
        TOKENIZER.encode_batch(array, disallowed_special=["low"])


def test_views_of_several_buffers():
    long = [f"document {i} of a length that is kept outside of the view" for i in range(50)]
    parts = [pa.array(long[:20], pa.string_view()), pa.array(long[20:], pa.string_view())]
    array = pa.concat_arrays([*parts, pa.array(["short"], pa.string_view())])
    assert len(array.buffers()) > 3
    check(TOKENIZER.encode_ragged(array), [*long, "short"])
    check(TOKENIZER.encode_ragged(array[15:30]), long[15:30])


def test_bytes_that_are_no_text():
    documents = [b"\xff\xfe low", b"", b"\xf0\x9f"]
    check(TOKENIZER.encode_ragged(pa.array(documents)), documents)


def test_a_column_of_a_table():
    table = pa.table({"text": DOCUMENTS, "n": range(len(DOCUMENTS))})
    check(TOKENIZER.encode_ragged(table["text"]), DOCUMENTS)


def test_nothing_is_copied():
    chunked = pa.chunked_array([pa.array([LINE * 1000] * 5)] * 4)
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    held = pa.allocate_buffer(
        max(pool.max_memory() - before, 0) + 1
    )  # so that a copy is a new peak
    peak = pool.max_memory()
    check(TOKENIZER.encode_ragged(chunked), [LINE * 1000] * 20)
    assert pool.max_memory() - peak < len(LINE) * 1000
    del held
    assert pa.total_allocated_bytes() == before


def test_nulls(kind):
    array = pa.array(["a", None, "b", None], kind)
    message = "{} documents of the Arrow array are null, the first at {}; drop them or fill them"
    for nulls, expected in (
        (array, (2, 1)),
        (array[2:], (1, 1)),
        (pa.chunked_array([array[:1], array[:1], array[2:]]), (1, 3)),
    ):
        with pytest.raises(ValueError, match=message.format(*expected)):
            TOKENIZER.encode_ragged(nulls)
    check(TOKENIZER.encode_ragged(array[2:3]), ["b"])


def test_something_else():
    for array in (
        pa.array([1, 2]),
        pa.array([["a"]]),
        pa.array([None, None]),
        pa.array([1.5]),
        pa.array(["a"]).dictionary_encode(),
        pa.array([b"abc"], pa.binary(3)),
    ):
        with pytest.raises(ValueError, match="strings or binaries, not " + str(array.type)[:5]):
            TOKENIZER.encode_ragged(array)
    with pytest.raises(ValueError, match=r"not those of format '\+s'"):
        TOKENIZER.encode_ragged(pa.table({"text": DOCUMENTS}))


class Foreign:
    """Another library's: it has the protocol and nothing else."""

    def __init__(self, array):
        self.array = array

    def __arrow_c_array__(self, schema=None):
        return self.array.__arrow_c_array__(schema)


def test_other_libraries():
    check(TOKENIZER.encode_ragged(Foreign(pa.array(DOCUMENTS))), DOCUMENTS)
    with pytest.raises(ValueError, match="not those of format 'l'"):
        TOKENIZER.encode_ragged(Foreign(pa.array([1])))


def test_a_protocol_that_is_not_kept():
    class Wrong:
        def __init__(self, given):
            self.given = given

        def __arrow_c_array__(self, schema=None):
            if isinstance(self.given, Exception):
                raise self.given
            return self.given

    class WrongStream(Wrong):
        def __arrow_c_stream__(self, schema=None):
            return self.__arrow_c_array__()

    pair = pa.array(["a"]).__arrow_c_array__()
    for given in (None, (), (1, 2), pair[::-1], "ab", (pair[0], None)):
        with pytest.raises(TypeError, match="capsule"):
            TOKENIZER.encode_ragged(Wrong(given))
        with pytest.raises(TypeError, match="capsule"):
            TOKENIZER.encode_ragged(WrongStream(given))
    for wrong in (Wrong, WrongStream):
        with pytest.raises(ZeroDivisionError, match="mine"):
            TOKENIZER.encode_ragged(wrong(ZeroDivisionError("mine")))
    used = pa.array(["a"]).__arrow_c_array__()
    check(TOKENIZER.encode_ragged(Wrong(used)), ["a"])
    with pytest.raises(ValueError, match="used up already"):
        TOKENIZER.encode_ragged(Wrong(used))


def test_a_stream_that_fails():
    def batches():
        yield pa.record_batch({"a": ["x"]})
        raise ZeroDivisionError("mine")

    schema = pa.schema({"a": pa.string()})
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(ValueError, match="strings or binaries"):
        TOKENIZER.encode_ragged(reader)


def offsets_of(*offsets):
    return pa.py_buffer(np.array(offsets, np.int32).tobytes())


def test_offsets_that_make_no_sense():
    for offsets in ((0, 3, 1, 3), (0, -1, 1, 3)):  # pyarrow looks at both ends only
        array = pa.Array.from_buffers(
            pa.string(), 3, [None, offsets_of(*offsets), pa.py_buffer(b"abc")], null_count=0
        )
        with pytest.raises(ValueError, match=r"offset \d of the Arrow array is .* must ascend"):
            TOKENIZER.encode_ragged(array)


@pytest.mark.parametrize(
    ("length", "buffer", "offset"), [(20, 1, 0), (20, -1, 0), (20, 0, -1), (20, 0, 1), (-1, 0, 0)]
)
def test_views_that_make_no_sense(length, buffer, offset):
    view = np.array([length, 0, buffer, offset], np.int32).tobytes()
    array = pa.Array.from_buffers(
        pa.string_view(), 1, [None, pa.py_buffer(view), pa.py_buffer(b"a" * 20)], null_count=0
    )
    with pytest.raises(ValueError, match="view 0 of the Arrow array points outside"):
        TOKENIZER.encode_ragged(array)
