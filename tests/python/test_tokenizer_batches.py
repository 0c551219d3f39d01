"""Many documents at once: every kind of input, every number of threads, one answer."""

import gc
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Definition, Ragged, Tokenizer
from bytestride.published import PATTERNS

LINE = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n or  not: 'ſ Ⅷ\n"
THREADS = [1, 2, 7]


def train(pattern="cl100k", n_merges=100):
    return Tokenizer.train(LINE * 4, 256 + n_merges, pattern)


TOKENIZER = train()
with pytest.warns(UserWarning, match="regex package"):
    BY_REGEX = train(r"\p{L}+|[^\p{L}]", 20)


def expected(documents, tokenizer=TOKENIZER):
    """Give what the documents are one by one: flat ids and offsets."""
    lists = [
        tokenizer.encode_bytes(d) if isinstance(d, bytes) else tokenizer.encode_ordinary(d)
        for d in documents
    ]
    return list(itertools.chain(*lists)), np.cumsum([0, *map(len, lists)]).tolist()


def check(ragged, documents, tokenizer=TOKENIZER):
    tokens, offsets = expected(documents, tokenizer)
    assert isinstance(ragged, Ragged)
    assert ragged.offsets.dtype == np.int64
    assert ragged.tokens.flags.c_contiguous
    assert ragged.tokens.tolist() == tokens
    assert ragged.offsets.tolist() == offsets


texts = st.text(st.sampled_from("lowaernst' 12\n漢é🙂"), max_size=12)


@given(
    st.lists(texts | texts.map(str.encode) | st.binary(max_size=8), max_size=12),
    st.sampled_from(THREADS),
)
def test_as_one_by_one(documents, n_threads):
    check(TOKENIZER.encode_ragged(documents, num_threads=n_threads), documents)
    batch = TOKENIZER.encode_batch(documents, num_threads=n_threads)
    assert list(itertools.chain(*batch)) == expected(documents)[0]
    assert np.cumsum([0, *map(len, batch)]).tolist() == expected(documents)[1]


@pytest.mark.parametrize("n_threads", THREADS)
def test_documents_of_many_sizes(n_threads):
    # Chunks are about 1 MiB: here are runs of small documents, and large ones in several chunks.
    large = LINE * 40_000
    documents = ["", LINE] * 100 + [large, "", large.encode(), "a b " * 400_000, b"", "é"] + [LINE]
    ragged = TOKENIZER.encode_ragged(documents, num_threads=n_threads)
    check(ragged, documents)
    assert TOKENIZER.encode_batch(documents, num_threads=n_threads) == [
        ragged.document(i).tolist() for i in range(len(documents))
    ]


def test_a_document_that_cannot_be_cut():
    documents = ["漢" * 800_000, "=" * 3_000_000, LINE]
    for n_threads in (1, 2):
        check(TOKENIZER.encode_ragged(documents, num_threads=n_threads), documents)


def test_a_pattern_that_regex_follows():
    documents = [LINE, "", "a", LINE.encode(), b"\xff a"] * 3
    for n_threads in THREADS:
        ragged = BY_REGEX.encode_ragged(documents, num_threads=n_threads)
        check(ragged, documents, BY_REGEX)


def test_text_that_nfc_makes_longer(published):
    # U+0958 decomposes, U+1D15E becomes three: more bytes come out than went in.
    tokenizer = published("qwen3")
    documents = ["\u0958" * 1000, "\U0001d15e" * 1000, "\u0344" * 1000, "e\u0301" * 1000] * 3
    for n_threads in THREADS:
        check(tokenizer.encode_ragged(documents, num_threads=n_threads), documents, tokenizer)


DOCUMENTS = ["low", "", "naïve 漢字", "lower 🙂\n", "1234567"]


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        iter,
        lambda documents: (document for document in documents),
        lambda documents: map(str.encode, documents),
        lambda documents: dict.fromkeys(documents).keys(),
        lambda documents: np.array(documents, dtype=object),
        lambda documents: np.array(documents),
        lambda documents: [documents[0], *map(str.encode, documents[1:])],
    ],
)
def test_any_iterable(kind):
    check(TOKENIZER.encode_ragged(kind(DOCUMENTS)), DOCUMENTS)


def test_strings_are_held_while_they_are_read():
    # Nobody else holds these texts: the generator makes each and lets it go.
    n = 3000
    ragged = TOKENIZER.encode_ragged((f"low{i} é" for i in range(n)), num_threads=2)
    check(ragged, [f"low{i} é" for i in range(n)])


DATA = "".join(DOCUMENTS).encode()
OFFSETS = np.cumsum([0, *(len(document.encode()) for document in DOCUMENTS)])


@pytest.mark.parametrize(
    "buffer",
    [
        DATA,
        bytearray(DATA),
        memoryview(DATA),
        memoryview(b"ab" + DATA)[2:],
        np.frombuffer(DATA, np.uint8),
        np.frombuffer(DATA, np.int8),
    ],
    ids=["bytes", "bytearray", "memoryview", "slice", "uint8", "int8"],
)
def test_one_buffer_with_offsets(buffer):
    documents = [document.encode() for document in DOCUMENTS]
    for n_threads in THREADS:
        ragged = TOKENIZER.encode_ragged((buffer, OFFSETS), num_threads=n_threads)
        check(ragged, documents)


@pytest.mark.parametrize("dtype", ["i4", "u4", "u2", "u8", ">i8", ">i4"])
def test_offsets_of_any_integers(dtype):
    documents = [document.encode() for document in DOCUMENTS]
    check(TOKENIZER.encode_ragged((DATA, OFFSETS.astype(dtype))), documents)
    spaced = np.repeat(OFFSETS, 2).astype(dtype)[::2]
    assert not spaced.flags.c_contiguous
    check(TOKENIZER.encode_ragged((DATA, spaced)), documents)


def test_offsets_need_not_cover_the_buffer():
    check(TOKENIZER.encode_ragged((b"abcdef", np.array([1, 3, 4]))), [b"bc", b"d"])
    check(TOKENIZER.encode_ragged((b"abc", np.array([2]))), [])


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0, 3, 2], r"offsets\[2\] is 2"),
        ([0, 99], r"offsets\[1\] is 99; offsets must ascend from 0 to at most 5"),
        ([-1, 3], r"offsets\[0\] is -1"),
        ([], "at least one"),
    ],
)
def test_offsets_that_make_no_sense(offsets, message):
    with pytest.raises(ValueError, match=message):
        TOKENIZER.encode_ragged((b"abcde", np.array(offsets, np.int64)))


def test_offsets_too_large_to_be_true():
    with pytest.raises(ValueError, match=r"offsets\[1\]"):
        TOKENIZER.encode_ragged((b"abcde", np.array([0, 2**63 + 1], np.uint64)))
    with pytest.raises(TypeError, match="1-D"):
        TOKENIZER.encode_ragged((b"abcde", np.array([[0, 1, 2]])))


def test_a_buffer_is_let_go_afterwards():
    # While a buffer is held its owner cannot be resized.
    data = bytearray(DATA)
    check(TOKENIZER.encode_ragged((data, OFFSETS)), [d.encode() for d in DOCUMENTS])
    TOKENIZER.encode_bytes(data)
    data += b"x"
    with pytest.raises(ValueError, match="offsets"):
        TOKENIZER.encode_ragged((data, np.array([0, 10**6])))
    data += b"x"
    assert bytes(data) == DATA + b"xx"


@pytest.mark.parametrize("n_threads", THREADS)
def test_no_documents(n_threads):
    for documents in ([], iter(()), (b"", np.zeros(1, np.int64))):
        ragged = TOKENIZER.encode_ragged(documents, num_threads=n_threads)
        assert ragged.tokens.shape == (0,)
        assert ragged.offsets.tolist() == [0]
    ragged = TOKENIZER.encode_ragged(["", b"", ""], num_threads=n_threads)
    assert ragged.offsets.tolist() == [0, 0, 0, 0]
    assert TOKENIZER.encode_batch([], num_threads=n_threads) == []
    assert TOKENIZER.encode_batch(["", b""], num_threads=n_threads) == [[], []]


# The type of the ids.


def with_largest_id(largest):
    tokens = {i: bytes([i]) for i in range(256)} | {largest: b"low"}
    return Tokenizer(Definition(tokens, None, PATTERNS["gpt2"], whole_pieces=True))


def test_the_narrowest_type_that_holds_the_vocabulary():
    for largest, dtype in ((256, np.uint16), (65535, np.uint16), (65536, np.uint32)):
        ragged = with_largest_id(largest).encode_ragged(["low"])
        assert ragged.tokens.dtype == dtype
        assert ragged.tokens.tolist() == [largest]


@pytest.mark.parametrize("dtype", [np.uint32, "uint32", "u4", np.dtype("<u4")])
def test_a_wider_type_on_request(dtype):
    ragged = TOKENIZER.encode_ragged(DOCUMENTS, dtype=dtype)
    assert ragged.tokens.dtype == np.uint32
    check(ragged, DOCUMENTS)
    assert with_largest_id(65536).encode_ragged(["low"], dtype=dtype).tokens.dtype == np.uint32


def test_a_type_that_is_too_narrow():
    with pytest.raises(ValueError, match=r"below 65536.*go up to 65536; use uint32"):
        with_largest_id(65536).encode_ragged(["a"], dtype=np.uint16)
    assert TOKENIZER.encode_ragged(["a"], dtype="u2").tokens.dtype == np.uint16


@pytest.mark.parametrize("dtype", ["u1", "i4", "i8", "u8", "f4", ">u2", ">u4", "bool", "O", "U1"])
def test_a_type_that_is_not_written(dtype):
    with pytest.raises(TypeError, match="dtype must be uint16, uint32 or None"):
        TOKENIZER.encode_ragged(["a"], dtype=dtype)


# What is refused.


@pytest.mark.parametrize("n_threads", [0, -1, -(2**63)])
def test_fewer_threads_than_one(n_threads):
    for call in (TOKENIZER.encode_ragged, TOKENIZER.encode_batch):
        with pytest.raises(ValueError, match="num_threads must be at least 1"):
            call(["a"], num_threads=n_threads)


def test_more_threads_than_there_are():
    check(TOKENIZER.encode_ragged(DOCUMENTS, num_threads=2**62), DOCUMENTS)


@pytest.mark.parametrize("one", ["one text", b"one text", ""])
def test_one_text_is_no_list_of_documents(one):
    for call in (TOKENIZER.encode_ragged, TOKENIZER.encode_batch):
        with pytest.raises(TypeError, match="put it in a list"):
            call(one)


@pytest.mark.parametrize(
    "wrong", [None, 1, 1.5, object(), [1], [None], [["a"]], ["a", bytearray()]]
)
def test_what_is_no_document(wrong):
    for call in (TOKENIZER.encode_ragged, TOKENIZER.encode_batch):
        with pytest.raises(TypeError, match=r"iterable|must be str or bytes"):
            call(wrong)


def test_an_exception_of_the_callers_own_comes_through():
    def documents():
        yield "a"
        raise ZeroDivisionError("mine")

    for call in (TOKENIZER.encode_ragged, TOKENIZER.encode_batch):
        with pytest.raises(ZeroDivisionError, match="mine"):
            call(documents())


def test_a_length_that_lies():
    class Documents(list):
        def __len__(self):
            return 10**15

    class Refuses(list):
        def __len__(self):
            raise ZeroDivisionError("mine")

    # It is a hint, and no more.
    assert TOKENIZER.encode_ragged(Documents(["a"])).tokens.tolist() == TOKENIZER.encode("a")
    with pytest.raises(ZeroDivisionError, match="mine"):
        TOKENIZER.encode_ragged(Refuses(["a"]))


@pytest.mark.parametrize("enabled", [True, False])
def test_lists_are_made_without_the_garbage_collector(enabled):
    runs = []

    def record(phase, info):
        runs.append(phase)

    was_enabled = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    gc.callbacks.append(record)
    try:
        documents = [LINE] * 5000
        runs.clear()
        lists = TOKENIZER.encode_batch(documents)
        n_runs = len(runs)
        assert gc.isenabled() is enabled
    finally:
        gc.callbacks.remove(record)
        (gc.enable if was_enabled else gc.disable)()
    assert lists == [TOKENIZER.encode_ordinary(LINE)] * 5000
    assert n_runs == 0
    assert all(gc.is_tracked(one) for one in lists[:3])
