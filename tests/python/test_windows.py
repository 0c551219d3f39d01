"""Windows against slices of a plain list, and the core's gather against arguments of every kind."""

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import FormatError, TokenStoreWriter, Windows, _core, open_tokens, window_starts

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
    copy._source.close()


def test_a_store_that_shrinks_is_an_error_before_each_batch(store):
    windows = Windows(store, 10, 10)
    assert windows[3][0][0] == 30
    with (store.path / "shard-00009.bin").open("r+b") as file:
        file.truncate(20)
    with pytest.raises(FormatError, match=r"shard-00009\.bin: the size"):
        _ = windows[3]


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
STARTS = np.array([0, 6])


@pytest.mark.parametrize(
    ("shards", "starts", "max_length", "error", "message"),
    [
        ([SHARD], np.array([0, 7]), 3, ValueError, "start 7 of row 1 .* there are 10"),
        ([SHARD], np.array([-1]), 3, ValueError, "start -1 of row 0"),
        ([SHARD], np.array([-(2**63)]), 3, ValueError, "out of range"),
        ([SHARD], np.array([2**63 - 1]), 3, ValueError, "out of range"),
        ([SHARD], STARTS, 0, ValueError, "max_length"),
        ([SHARD], STARTS, -1, ValueError, "max_length"),
        ([SHARD], STARTS, 2**63 - 1, ValueError, "max_length"),
        ([SHARD], STARTS, 2**70, TypeError, "incompatible function arguments"),
        ([SHARD], STARTS, 3.0, TypeError, "incompatible function arguments"),
        ([], STARTS, 3, ValueError, "there are 0"),
        ([SHARD.astype(">u2")], STARTS, 3, TypeError, "uint8, uint16, uint32 or int32 in native"),
        ([SHARD.astype(np.int64)], STARTS, 3, TypeError, "shard 0 .* found an array of int64"),
        ([SHARD.astype(np.int16)], STARTS, 3, TypeError, "shard 0 must be"),
        ([SHARD, SHARD[::2]], STARTS, 3, TypeError, "shard 1 .* found a non-contiguous array"),
        ([SHARD.reshape(2, 5)], STARTS, 3, ValueError, "shard 0 must have one dimension"),
        ([SHARD[0]], STARTS, 3, TypeError, "found uint16"),
        ([SHARD.tolist()], STARTS, 3, TypeError, "found list"),
        ("abc", STARTS, 3, TypeError, "found str"),
        (None, STARTS, 3, TypeError, "incompatible function arguments"),
        ([SHARD], [0], 3, TypeError, "starts must be .* found list"),
        ([SHARD], STARTS.astype(np.int32), 3, TypeError, "starts must be .* int32"),
        ([SHARD], STARTS.astype(">i8"), 3, TypeError, "starts must be"),
        ([SHARD], np.zeros(4, np.int64)[::2], 3, TypeError, "starts must be .* non-contiguous"),
        ([SHARD], STARTS.reshape(1, 2), 3, ValueError, "starts must have one dimension"),
    ],
)
def test_the_gather_refuses(shards, starts, max_length, error, message):
    with pytest.raises(error, match=message):
        _core.gather_windows(shards, starts, max_length)


def test_the_gather_fills_what_it_is_given():
    x, y = np.full((2, 3), -1), np.full((2, 3), -1)
    out_x, out_y = _core.gather_windows([SHARD], STARTS, 3, x, out_y=y)
    assert out_x is x
    assert out_y is y
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]
    assert y.tolist() == [[1, 2, 3], [7, 8, 9]]
    with pytest.raises(ValueError, match="start 7"):
        _core.gather_windows([SHARD], np.array([1, 7]), 3, x, y)
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]


def read_only(array):
    array.flags.writeable = False
    return array


SHARED = np.zeros(9, np.int64)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.zeros((2, 4), np.int64), None, ValueError, r"out_x must have the shape \(2, 3\)"),
        (None, np.zeros(6, np.int64), ValueError, r"out_y must have the shape \(2, 3\)"),
        (None, np.zeros((2, 3), np.int32), TypeError, "out_y must be .* int64"),
        (np.zeros((3, 2), np.int64).T, None, TypeError, "out_x must be a contiguous"),
        (read_only(np.zeros((2, 3), np.int64)), None, ValueError, "out_x is read-only"),
        ("x", None, TypeError, "found str"),
        (SHARED[:6].reshape(2, 3), SHARED[3:].reshape(2, 3), ValueError, "overlap"),
        (np.frombuffer(bytearray(49), np.int64, 6, 1).reshape(2, 3), None, ValueError, "aligned"),
    ],
)
def test_the_gather_refuses_outputs(x, y, error, message):
    with pytest.raises(error, match=message):
        _core.gather_windows([SHARD], STARTS, 3, x, y)


def test_outputs_over_their_own_source():
    memory = np.zeros(12, np.int64)
    with pytest.raises(ValueError, match="overlaps a shard"):
        _core.gather_windows([memory.view(np.uint16)], STARTS, 3, memory[:6].reshape(2, 3))


def test_starts_may_be_an_output_s_memory():
    """The starts are copied before anything is written, so that writing cannot move them."""
    memory = np.array([0, 6, 0, 0, 0, 0])
    x, _ = _core.gather_windows([SHARD], memory[:2], 3, memory.reshape(2, 3))
    assert x.tolist() == [[0, 1, 2], [6, 7, 8]]


def test_no_rows():
    for max_length in (1, 3, 100):
        x, y = _core.gather_windows([SHARD], np.zeros(0, np.int64), max_length)
        assert x.shape == y.shape == (0, max_length)
    with pytest.raises(ValueError, match="fit in memory"):
        _core.gather_windows([SHARD], np.zeros(0, np.int64), 2**62)


def test_unaligned_shards():
    raw = b"\xff" + np.arange(1000, 1010, dtype=np.uint32).tobytes()
    shard = np.frombuffer(raw, np.uint32, 10, 1)
    x, y = _core.gather_windows([shard], np.array([2]), 7)
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
