"""Windows against slices of a plain list, and the core's gather against arguments of every kind."""

import pickle
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import (
    FormatError,
    Mixture,
    TokenStoreWriter,
    Windows,
    _core,
    open_tokens,
    window_starts,
)
from bytestride.store.views import DocumentView, ShardView

LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit,"


def by_slices(tokens, max_length, stride):
    """The specification: every start that leaves max_length + 1 tokens."""
    starts = [s for s in range(0, len(tokens), stride) if s + max_length + 1 <= len(tokens)]
    x = [tokens[s : s + max_length] for s in starts]
    y = [tokens[s + 1 : s + max_length + 1] for s in starts]
    return starts, x, y


def rows_of_words(text, max_length, stride):
    words = text.split(" ")
    ids = {word: i for i, word in enumerate(dict.fromkeys(words))}
    back = {i: word for word, i in ids.items()}
    windows = Windows([ids[word] for word in words], max_length, stride)
    return [tuple(" ".join(back[int(t)] for t in row) for row in pair) for pair in windows]


def test_the_worked_example():
    assert rows_of_words(LOREM, 4, 1) == [
        ("Lorem ipsum dolor sit", "ipsum dolor sit amet,"),
        ("ipsum dolor sit amet,", "dolor sit amet, consectetur"),
        ("dolor sit amet, consectetur", "sit amet, consectetur adipiscing"),
        ("sit amet, consectetur adipiscing", "amet, consectetur adipiscing elit,"),
    ]


def test_the_worked_example_with_a_ninth_token():
    rows = rows_of_words(LOREM + " sed", 4, 1)
    assert len(rows) == 5
    assert rows[4] == ("amet, consectetur adipiscing elit,", "consectetur adipiscing elit, sed")
    assert rows_of_words(LOREM + " sed", 4, 2) == [
        ("Lorem ipsum dolor sit", "ipsum dolor sit amet,"),
        ("dolor sit amet, consectetur", "sit amet, consectetur adipiscing"),
        ("amet, consectetur adipiscing elit,", "consectetur adipiscing elit, sed"),
    ]


@pytest.mark.parametrize(
    ("max_length", "stride", "n"),
    [(4, 1, 5141), (4, 4, 1286), (256, 128, 39), (256, 256, 20)],
)
def test_counts_over_5145_tokens(max_length, stride, n):
    assert len(window_starts(5145, max_length, stride)) == n
    windows = Windows(np.zeros(5145, np.uint16), max_length, stride)
    assert len(windows) == n == _core.window_count(5145, max_length, stride)
    x, y = windows.batch(range(n))
    assert x.shape == y.shape == (n, max_length)


def test_brute_force_against_slices():
    for n in range(40):
        tokens = [3 * t for t in range(n)]
        array = np.array(tokens, np.uint16)
        for max_length in range(1, 10):
            for stride in range(1, 12):
                starts, expected_x, expected_y = by_slices(tokens, max_length, stride)
                windows = Windows(array, max_length, stride)
                x, y = windows[:]
                assert len(windows) == len(starts)
                assert windows.to_numpy().tolist() == starts
                assert window_starts(n, max_length, stride).tolist() == starts
                assert x.tolist() == expected_x
                assert y.tolist() == expected_y
                assert x.dtype == y.dtype == np.int64
                assert x.shape == y.shape == (len(starts), max_length)


@settings(deadline=None, max_examples=150)
@given(
    sizes=st.lists(st.integers(0, 9), max_size=12),
    kinds=st.lists(st.sampled_from(["uint8", "uint16", "uint32", "int32"]), min_size=12),
    max_length=st.integers(1, 30),
    stride=st.integers(1, 20),
    seed=st.integers(0, 2**32),
)
def test_many_small_shards_are_one_stream(sizes, kinds, max_length, stride, seed):
    random = np.random.default_rng(seed)
    shards = [
        random.integers(0, np.iinfo(kind).max, size, dtype=kind, endpoint=True)
        for size, kind in zip(sizes, kinds, strict=False)
    ]
    tokens = [int(token) for shard in shards for token in shard]
    _, expected_x, expected_y = by_slices(tokens, max_length, stride)
    windows = Windows(shards, max_length, stride)
    assert windows.n_tokens == len(tokens)
    order = random.permutation(len(windows))
    x, y = windows[order]
    assert x.tolist() == [expected_x[i] for i in order]
    assert y.tolist() == [expected_y[i] for i in order]


@pytest.fixture
def store(tmp_path):
    """1,000 tokens 0, 1, 2, … in shards of 70 or a little more."""
    with TokenStoreWriter(tmp_path / "store", vocab_size=1000, shard_tokens=70) as writer:
        writer.append(np.arange(1000), np.arange(0, 1001, 8))
    with open_tokens(tmp_path / "store") as opened:
        yield opened


@pytest.mark.parametrize(("max_length", "stride"), [(1, 1), (7, 3), (64, 100), (200, 50), (999, 1)])
def test_windows_of_a_store(store, max_length, stride):
    assert len(store.shards) == 14
    windows = Windows(store, max_length, stride)
    starts, expected_x, expected_y = by_slices(list(range(1000)), max_length, stride)
    x, y = windows[:]
    assert x.tolist() == expected_x
    assert y.tolist() == expected_y
    copy = pickle.loads(pickle.dumps(windows))
    assert len(pickle.dumps(windows)) < 1000
    assert np.array_equal(copy[-1][1], expected_y[len(starts) - 1])
    copy.stores[0].close()


def test_a_store_that_shrinks_is_an_error_before_each_batch(store):
    windows = Windows(store, 10, 10)
    assert windows[3][0][0] == 30
    with (store.path / "shard-00009.bin").open("r+b") as file:
        file.truncate(20)
    assert windows[3][0][0] == 30  # in a shard that is whole
    with pytest.raises(FormatError, match=r"shard-00009\.bin: the size"):
        _ = windows[66]


@pytest.mark.parametrize("per_document", [True, False])
def test_an_index_that_shrinks_is_an_error_where_it_is_read(store, per_document):
    windows = Windows(store, 5, 5, per_document=per_document)
    wanted = range(0, len(windows), 3)
    numbers = windows.document_ids(wanted)
    with (store.path / "shard-00009.idx").open("r+b") as file:
        file.truncate(40)
    with pytest.raises(FormatError, match=r"shard-00009\.idx: the size"):
        windows.document_ids(wanted)
    whole = [i for i, row in zip(wanted, numbers, strict=True) if row[0] < 60]
    assert np.array_equal(windows.document_ids(whole), numbers[: len(whole)])


def test_an_index_is_read_where_documents_are_asked_for(tmp_path):
    """Not before; and it is that of the store that was opened, whatever has its name by then."""
    ids = np.arange(60)
    for name in "ab":
        with TokenStoreWriter(tmp_path / name, vocab_size=100) as writer:
            writer.append(ids, [20, 60])
    stores = [open_tokens(tmp_path / name) for name in "ab"]
    windows = Windows(stores[0], 10)
    mixture = Mixture([windows, Windows(stores[1], 10)])
    x, _ = windows.batch([0, 1])
    assert x[1].tolist() == list(range(10, 20))
    maps = Path("/proc/self/maps")
    assert not maps.exists() or f"{tmp_path}/a/shard-00000.idx" not in maps.read_text()
    for name in "ab":
        with TokenStoreWriter(tmp_path / name, vocab_size=100, overwrite=True) as writer:
            writer.append(ids, [35, 60])
    expected = np.repeat([0, 0, 1, 1, 1], 10).reshape(5, 10)
    assert np.array_equal(windows.document_ids(range(5)), expected)
    assert np.array_equal(mixture.document_ids(range(10)), np.concatenate([expected, expected]))
    cu_seqlens, longest = windows.cu_seqlens([1, 2])
    assert (cu_seqlens.tolist(), longest) == ([0, 10, 20], 10)
    assert windows.position_ids([1])[0].tolist() == list(range(10))
    for store in stores:
        store.close()


def test_indexing():
    windows = Windows(np.arange(20, dtype=np.int32), 4, 3)
    assert len(windows) == 6
    starts = windows.to_numpy()
    for i in (0, 5, -1, -6, np.int16(2), np.array(3)):
        x, y = windows[i]
        assert x.tolist() == list(range(starts[i], starts[i] + 4))
        assert (y - x).tolist() == [1] * 4
    assert [x[0] for x, _ in windows] == starts.tolist()
    for index in (slice(None, None, -2), slice(4, 2), [1, -1, 1], np.array([5, 0], np.uint8), []):
        x, y = windows[index]
        expected = starts[np.array(index, np.int64) if isinstance(index, list) else index]
        assert x[:, 0].tolist() == expected.tolist()
        assert np.array_equal(x + 1, y)
        assert x.shape == (len(expected), 4)
    assert repr(windows) == "Windows(6 windows of 4 tokens, stride 3, over 20 tokens)"
    assert (windows.max_length, windows.stride) == (4, 3)


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (6, IndexError),
        (-7, IndexError),
        (2**70, (IndexError, TypeError)),
        ([0, 6], IndexError),
        (np.array([[0]]), IndexError),
        (np.array([2**64 - 1], np.uint64), IndexError),
        (1.0, TypeError),
        ("0", TypeError),
        (None, TypeError),
        ([True, False], TypeError),
        ([0.5], TypeError),
    ],
)
def test_bad_indices(index, error):
    windows = Windows(np.arange(20, dtype=np.int32), 4, 3)
    with pytest.raises(error):
        _ = windows[index]


@pytest.mark.parametrize("n_tokens", range(6))
def test_too_little_text(n_tokens):
    tokens = np.arange(n_tokens, dtype=np.uint16)
    windows = Windows(tokens, 5, 1)
    assert len(windows) == 0
    assert list(windows) == []
    assert windows[:][0].shape == (0, 5)
    with pytest.raises(IndexError):
        _ = windows[0]
    with pytest.raises(ValueError, match=f"{n_tokens} tokens hold no window.*takes 6"):
        Windows(tokens, 5, 1, on_empty="error")
    assert len(Windows(np.arange(6, dtype=np.uint16), 5, 1, on_empty="error")) == 1


@pytest.mark.parametrize(
    ("n_tokens", "max_length", "stride", "error", "message"),
    [
        (10, 0, 1, ValueError, "max_length must be at least 1, found 0"),
        (10, 1, 0, ValueError, "stride must be at least 1, found 0"),
        (10, 1, -3, ValueError, "stride must be at least 1, found -3"),
        (-1, 1, 1, ValueError, "n_tokens must be at least 0, found -1"),
        (10, 1, 2**63, ValueError, "stride must fit in 63 bits"),
        (10, 1.0, 1, TypeError, "float"),
        (10, None, 1, TypeError, "None"),
    ],
)
def test_bad_numbers(n_tokens, max_length, stride, error, message):
    with pytest.raises(error, match=message):
        window_starts(n_tokens, max_length, stride)
    if n_tokens > 0:
        with pytest.raises(error, match=message):
            Windows(np.zeros(n_tokens, np.uint8), max_length, stride)


def test_ends_of_the_range():
    most = 2**63 - 1
    assert window_starts(most, most, 1).size == 0
    assert window_starts(most, 1, most).tolist() == [0]
    assert window_starts(most, 2, most - 3).tolist() == [0, most - 3]
    with pytest.raises((MemoryError, ValueError)):
        window_starts(most, 1, 1)


def test_other_sources():
    strided = np.arange(40)[::2]
    for tokens in (strided, strided.astype(">u2"), strided.tolist(), strided.astype(np.uint64)):
        x, _ = Windows(tokens, 3, 5)[:]
        assert x.tolist() == [[0, 2, 4], [10, 12, 14], [20, 22, 24], [30, 32, 34]]
    assert Windows([2**32 - 1, 0], 1, 1)[0][0].tolist() == [2**32 - 1]
    assert Windows([-1, 0], 1, 1)[0][0].tolist() == [-1]
    assert len(Windows([], 1, 1)) == 0
    array = np.arange(5, dtype=np.uint16)
    windows = Windows(array, 2, 1)
    array[0] = 77
    assert windows[0][0][0] == 77  # read in place


@pytest.mark.parametrize(
    ("tokens", "error"),
    [
        ([-1, 2**31], ValueError),
        ([2**32], ValueError),
        (np.zeros((2, 2), np.uint16), ValueError),
        (np.zeros(3), TypeError),
        (np.zeros(3, bool), TypeError),
        ("text", TypeError),
        (b"text", TypeError),
        ([np.zeros(2, np.uint8), np.zeros(2)], TypeError),
        (None, (TypeError, ValueError)),
    ],
)
def test_bad_sources(tokens, error):
    with pytest.raises(error):
        Windows(tokens, 1, 1)


def test_bad_on_empty():
    with pytest.raises(ValueError, match="on_empty must be"):
        Windows([1], 1, 1, on_empty="maybe")


# The core's own door


SHARD = np.arange(10, dtype=np.uint16)
TWO = np.array([0, 6])


def core_set(*arrays, max_length=3, **changed):
    """Rows at every token of some arrays, without the checks that Windows makes."""
    options = {
        "max_length": max_length,
        "stride": 1,
        "tail": "drop",
        "mask_overlap": False,
        "mask_boundaries": False,
        "per_document": False,
        "first_token": 0,
        "n_tokens": sum(array.size for array in arrays),
        "first_document": 0,
        "n_documents": len(arrays),
        "selected": None,
        "bos_id": None,
        "eos_id": None,
        "pad_id": 0,
        "ignore_index": -100,
    }
    shards = [ShardView(array, array.dtype, array.size, DocumentView(1)) for array in arrays]
    shards = changed.pop("shards", shards)
    return _core.WindowSet([_core.WindowSource(shards, **{**options, **changed})])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (SHARD.astype(">u2"), "uint8, uint16, uint32 or int32 in native"),
        (SHARD.astype(np.int64), "shard 0 must hold .* found int64"),
        (SHARD.astype(np.int16), "shard 0 must hold .* found int16"),
        (SHARD[::2], "contiguous 1-D array"),
        (SHARD.reshape(2, 5), "contiguous 1-D array"),
    ],
)
def test_the_core_refuses_arrays(array, message):
    with pytest.raises(TypeError, match=message):
        core_set(array)


VIEW = ShardView(SHARD, SHARD.dtype, 10, DocumentView(1))
ENDS = np.array([4, 10])


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"n_tokens": 11}, ValueError, "this part of the store is not in it"),
        ({"first_token": -1}, ValueError, "this part of the store is not in it"),
        ({"n_documents": 2}, ValueError, "this part of the store is not in it"),
        ({"first_document": 2**62, "n_documents": 2**62}, ValueError, "is not in it"),
        ({"selected": np.array([1])}, ValueError, "document 1 is not in the store"),
        ({"selected": np.array([0], np.int32)}, TypeError, "selected must be .* int64"),
        ({"tail": "cut"}, ValueError, "tail must be"),
        ({"shards": [VIEW._replace(ids=None)]}, ValueError, "neither ids nor an open file"),
        ({"shards": [VIEW._replace(n_tokens=9)]}, TypeError, "of its type and size"),
        ({"shards": [VIEW._replace(n_tokens=-1)]}, ValueError, "negative"),
        ({"shards": [VIEW._replace(documents=DocumentView(2))]}, ValueError, "as many as"),
        ({"shards": [VIEW._replace(documents=DocumentView(3, ENDS))]}, ValueError, "as many as"),
        (
            {"shards": [VIEW._replace(documents=DocumentView(1, ENDS, 1, True, ENDS[:1]))]},
            ValueError,
            "as many as",
        ),
        (
            {"shards": [VIEW._replace(documents=DocumentView(2, ENDS, unit=3))]},
            ValueError,
            "as many",
        ),
        (
            {"shards": [VIEW._replace(documents=DocumentView(2, ENDS.astype("i4")))]},
            TypeError,
            "positions must be",
        ),
        ({"shards": None}, TypeError, "incompatible"),
        ({"max_length": 3.0}, TypeError, "incompatible"),
    ],
)
def test_the_core_refuses_sources(changed, error, message):
    with pytest.raises(error, match=message):
        core_set(SHARD, **changed)


@pytest.mark.parametrize(
    "places", [[5, 3], [0, 11], [0, -1], [-(2**63), 4], [2**63 - 1, 0], [0, 2**40]]
)
@pytest.mark.parametrize("are_ends", [True, False])
def test_damaged_document_places_are_errors(places, are_ends):
    """The core checks each place when it reads it: a file may change after it was checked."""
    documents = DocumentView(2, np.array(places), are_ends=are_ends)
    shards = [VIEW._replace(documents=documents)]
    with suppress(_core.ChangedFileError):
        windows = core_set(SHARD, shards=shards, per_document=True, n_documents=2)
        found = windows.document_ids(np.arange(windows.n_rows))
        assert set(found.flat) <= {0, 1}
    with suppress(_core.ChangedFileError):
        flat = core_set(SHARD, shards=shards)
        found = flat.position_ids(np.arange(flat.n_rows))
        assert found.min() >= 0
        assert found.max() < 10


def test_damaged_sequences_are_errors():
    pointers = np.array([0, 8])  # in bytes
    for sequences in ([0, 1, 3], [0, -1, 2], [0, 2**62, 2]):
        documents = DocumentView(2, pointers, 2, sequences=np.array(sequences))
        with pytest.raises(_core.ChangedFileError, match="index of shard 0"):
            core_set(
                SHARD,
                shards=[VIEW._replace(documents=documents)],
                per_document=True,
                n_documents=2,
            )


def test_the_core_fills_what_it_is_given():
    windows = core_set(SHARD)
    x, y = np.full((2, 3), -1), np.full((2, 3), -1)
    out_x, out_y = windows.batch(TWO, "xy", np.dtype(np.int64), (x, y))
    assert out_x is x
    assert out_y is y
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]
    assert y.tolist() == [[1, 2, 3], [7, 8, 9]]
    with pytest.raises(IndexError, match="window 7 is not among the 7"):
        windows.batch(np.array([1, 7]), "xy", np.dtype(np.int64), (x, y))
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]


def read_only(array):
    array.flags.writeable = False
    return array


SHARED = np.zeros(9, np.int64)
FITS = np.zeros((2, 3), np.int64)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ((np.zeros((2, 4), np.int64), FITS), ValueError, r"out\[0\] must be .* \(2, 3\)"),
        ((FITS, np.zeros(6, np.int64)), ValueError, r"out\[1\] must be .* \(2, 3\)"),
        ((FITS, np.zeros((2, 3), np.int32)), ValueError, r"out\[1\] must be .* int64"),
        ((np.zeros((3, 2), np.int64).T, FITS), ValueError, r"out\[0\] must be a contiguous"),
        ((read_only(np.zeros((2, 3), np.int64)), FITS), ValueError, r"out\[0\] is read-only"),
        (("x", FITS), TypeError, "found str"),
        (FITS, TypeError, "pair"),
        ((SHARED[:6].reshape(2, 3), SHARED[3:].reshape(2, 3)), ValueError, "overlap"),
        ((np.frombuffer(bytearray(49), np.int64, 6, 1).reshape(2, 3), FITS), ValueError, "aligned"),
    ],
)
def test_the_core_refuses_outputs(out, error, message):
    with pytest.raises(error, match=message):
        core_set(SHARD).batch(TWO, "xy", np.dtype(np.int64), out)


@pytest.mark.parametrize("place", [0, 1])
def test_outputs_over_their_own_source(place):
    memory = np.zeros(12, np.int64)
    out = [np.zeros((2, 3), np.int64), np.zeros((2, 3), np.int64)]
    out[place] = memory[:6].reshape(2, 3)
    with pytest.raises(ValueError, match="overlaps the tokens"):
        core_set(memory.view(np.uint16)).batch(TWO, "xy", np.dtype(np.int64), tuple(out))


def test_indices_may_be_an_output_s_memory():
    """The indices are copied before anything is written, so that writing cannot move them."""
    memory = np.array([0, 6, 0, 0, 0, 0])
    out = (memory.reshape(2, 3), np.zeros((2, 3), np.int64))
    x, _ = core_set(SHARD).batch(memory[:2], "xy", np.dtype(np.int64), out)
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]


@pytest.mark.parametrize(
    ("layout", "dtype", "error", "message"),
    [
        ("xyz", np.int64, ValueError, "layout must be"),
        ("xy", np.uint16, TypeError, "int64 or int32, found uint16"),
        ("xy", np.float32, TypeError, "found float32"),
        ("xy", ">i8", TypeError, "found >i8"),
        ("rows", np.float64, TypeError, "uint8, uint16"),
        ("rows", np.uint8, ValueError, "ids of 16 bits do not all fit uint8"),
    ],
)
def test_the_core_refuses_types(layout, dtype, error, message):
    with pytest.raises(error, match=message):
        core_set(SHARD).batch(TWO, layout, np.dtype(dtype), None)


def test_ids_that_do_not_fit_the_batch():
    big = core_set(np.array([1, 2**31, 3], np.uint32), max_length=2)
    assert big.batch(np.zeros(1, np.int64), "xy", np.dtype(np.int64), None)[0][0, 1] == 2**31
    with pytest.raises(ValueError, match="does not fit int32"):
        big.batch(np.zeros(1, np.int64), "xy", np.dtype(np.int32), None)
    padded = core_set(SHARD, pad_id=2**16)
    with pytest.raises(ValueError, match="pad_id 65536 does not fit uint16"):
        padded.batch(TWO, "rows", np.dtype(np.uint16), None)
    ignoring = core_set(SHARD, ignore_index=-(2**40))
    with pytest.raises(ValueError, match=r"ignore_index .* does not fit int32"):
        ignoring.batch(TWO, "xy", np.dtype(np.int32), None)


def test_no_rows():
    none = np.zeros(0, np.int64)
    for max_length in (1, 3, 100):
        x, y = core_set(SHARD, max_length=max_length).batch(none, "xy", np.dtype(np.int64), None)
        assert x.shape == y.shape == (0, max_length)
    with pytest.raises(ValueError, match="fit in memory"):
        core_set(SHARD, max_length=2**62).batch(none, "xy", np.dtype(np.int64), None)


def test_unaligned_shards():
    raw = b"\xff" + np.arange(1000, 1010, dtype=np.uint32).tobytes()
    shard = np.frombuffer(raw, np.uint32, 10, 1)
    windows = core_set(shard, max_length=7)
    x, y = windows.batch(np.array([2]), "xy", np.dtype(np.int64), None)
    assert x.tolist() == [list(range(1002, 1009))]
    assert y.tolist() == [list(range(1003, 1010))]


def test_several_threads_at_once(store):
    windows = Windows(store, 50, 1)
    failures = []

    def work(seed):
        order = np.random.default_rng(seed).permutation(len(windows))
        for i in range(0, len(order), 64):
            x, y = windows.batch(order[i : i + 64])
            if not (np.array_equal(x[:, 0], order[i : i + 64]) and np.array_equal(x + 1, y)):
                failures.append((seed, i))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
