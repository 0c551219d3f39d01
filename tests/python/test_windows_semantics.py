"""The engine's windows against the reference's: every small case, and documents of every kind."""

import itertools
import random

import numpy as np
import pytest
from store_parts import write
from windows_parts import by_engine, by_reference, of_engine, of_reference, ragged

from bytestride import Mixture, Ragged, Windows, open_tokens, reference

TAILS = ("drop", "pad", "anchor")
NO_TOKEN, NO_TARGET = 99, -7


def spans_of(windows):
    return [tuple(span) for span in windows.spans(np.arange(len(windows))).tolist()]


def check_one_stream(n, length, stride, tail, mask_overlap):
    """One plain array is one document, and one segment whatever `per_document` says."""
    tokens = np.arange(1, n + 1, dtype=np.uint8)
    case = (n, length, stride, tail, mask_overlap)
    expected = reference.segment_spans(n, length, stride, tail, mask_overlap)
    rows = reference.window_rows(
        tokens.tolist(), [0, n], length, stride, tail=tail, mask_overlap=mask_overlap
    )
    per_document = (n + length + stride) % 2 == 1
    windows = Windows(
        tokens,
        length,
        stride,
        tail=tail,
        mask_overlap=mask_overlap,
        per_document=per_document,
        pad_id=NO_TOKEN,
        ignore_index=NO_TARGET,
    )
    assert len(windows) == len(expected), case
    assert windows.to_numpy().tolist() == [span.start for span in expected], case
    assert spans_of(windows) == expected, case
    made = of_reference(rows, length, pad_id=NO_TOKEN, ignore_index=NO_TARGET)
    indices = np.arange(len(windows))
    x, y = windows.batch(indices)
    assert x.tolist() == made.x, case
    assert y.tolist() == made.y, case
    assert windows.loss_mask(indices).tolist() == made.loss_mask, case
    assert windows.rows(indices).tolist() == made.rows, case


def cases(most_tokens, most_length, most_stride):
    return itertools.product(
        range(most_tokens),
        range(1, most_length),
        range(1, most_stride),
        TAILS,
        (False, True),
    )


def test_small_streams():
    for case in cases(14, 5, 7):
        check_one_stream(*case)


@pytest.mark.slow
def test_all_streams_up_to_40_tokens():
    for case in cases(41, 12, 16):
        check_one_stream(*case)


def random_documents(rng, most=12):
    """Documents of few tokens; many of them empty or of one."""
    return [
        [rng.randrange(250) for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5, 8, 13]))]
        for _ in range(rng.randrange(most))
    ]


def random_rule(rng):
    per_document = rng.random() < 0.6
    virtual = [None, 251, 252] if per_document else [None]
    return {
        "max_length": rng.randrange(1, 9),
        "stride": rng.choice([None, *range(1, 11)]),
        "per_document": per_document,
        "tail": rng.choice(TAILS),
        "mask_overlap": rng.random() < 0.5,
        "mask_boundaries": rng.random() < 0.5,
        "bos_id": rng.choice(virtual),
        "eos_id": rng.choice(virtual),
    }


def random_fill(rng):
    return {"pad_id": rng.choice([0, 7, 253]), "ignore_index": rng.choice([-100, -1, 0, 254])}


def reference_rows(documents, rule):
    offsets = [0, *itertools.accumulate(map(len, documents))]
    tokens = [token for document in documents for token in document]
    return reference.window_rows(tokens, offsets, **rule)


def check_all(windows, rows, max_length, fill, rng):
    """Every method over all windows, and over some of them in any order."""
    assert len(windows) == len(rows)
    assert of_engine(windows) == of_reference(rows, max_length, **fill)
    if not rows:
        return
    some = [rng.randrange(-len(rows), len(rows)) for _ in range(rng.randrange(7))]
    picked = of_reference([rows[i] for i in some], max_length, **fill)
    assert of_engine(windows, np.array(some, np.int64)) == picked
    x, y = windows[some[0] if some else 0]
    assert (x.tolist(), y.tolist()) == (
        reference.inputs(rows[some[0] if some else 0], max_length, fill["pad_id"]),
        reference.targets(rows[some[0] if some else 0], max_length, fill["ignore_index"]),
    )


@pytest.mark.parametrize("seed", range(4))
def test_documents_in_memory(seed):
    rng = random.Random(seed)
    for _ in range(60):
        documents, rule, fill = random_documents(rng), random_rule(rng), random_fill(rng)
        rows = reference_rows(documents, rule)
        source = ragged(documents, rng.choice([np.uint16, np.uint32, np.int32, np.uint8]))
        check_all(Windows(source, **rule, **fill), rows, rule["max_length"], fill, rng)


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_documents_of_a_store(tmp_path, dtype):
    rng = random.Random(dtype)
    for number in range(6):
        documents = random_documents(rng, 30)
        shard_tokens = rng.choice([1, 3, 10, 1000])
        path = write(
            tmp_path / str(number),
            documents,
            vocab_size=None,
            dtype=dtype,
            shard_tokens=shard_tokens,
        )
        with open_tokens(path) as store:
            for _ in range(15):
                rule, fill = random_rule(rng), random_fill(rng)
                rows = reference_rows(documents, rule)
                windows = Windows(store, **rule, **fill)
                check_all(windows, rows, rule["max_length"], fill, rng)
                assert windows.rows([]).dtype == dtype


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int32"])
def test_bare_payloads_of_every_type(tmp_path, dtype):
    tokens = np.random.default_rng(3).integers(0, 2**7, 40).astype(dtype)
    payload = tmp_path / "tokens.bin"
    tokens.tofile(payload)
    with open_tokens(payload, dtype=dtype) as store:
        for per_document in (False, True):  # a payload without an index is one document
            windows = Windows(store, 7, 3, tail="pad", mask_overlap=True, per_document=per_document)
            expected = by_reference([tokens.tolist()], 7, 3, tail="pad", mask_overlap=True)
            assert of_engine(windows) == expected
            assert windows.rows([0]).dtype == dtype


def test_shards_in_memory():
    """A window may begin in one shard and end in any later one, of another type."""
    rng = random.Random(5)
    for _ in range(40):
        sizes = [rng.randrange(6) for _ in range(rng.randrange(1, 9))]
        kinds = [rng.choice([np.uint8, np.uint16, np.uint32, np.int32]) for _ in sizes]
        shards = [
            np.array([rng.randrange(200) for _ in range(size)], kind)
            for size, kind in zip(sizes, kinds, strict=True)
        ]
        stream = [int(token) for shard in shards for token in shard]
        rule = {
            "max_length": rng.randrange(1, 12),
            "stride": rng.randrange(1, 12),
            "tail": rng.choice(TAILS),
            "mask_overlap": rng.random() < 0.5,
        }
        windows = Windows(shards, **rule)
        expected = of_reference(reference_rows([stream], rule), rule["max_length"])
        x, y = windows.batch(np.arange(len(windows)))
        assert (x.tolist(), y.tolist()) == (expected.x, expected.y)
        assert windows.rows(np.arange(len(windows)), dtype=np.int64).tolist() == expected.rows


def test_many_documents():
    """More than fit into the places between which documents are counted."""
    rng = random.Random(8)
    documents = [[rng.randrange(250)] * rng.choice([0, 1, 2, 3, 9]) for _ in range(700)]
    for rule in (
        {"max_length": 3, "per_document": True, "tail": "drop"},
        {"max_length": 4, "stride": 2, "per_document": True, "tail": "pad", "bos_id": 255},
        {"max_length": 4, "stride": 2, "per_document": True, "tail": "anchor", "eos_id": 254},
        {"max_length": 40, "mask_boundaries": True, "tail": "pad"},
    ):
        assert by_engine(documents, **rule) == by_reference(documents, **rule)
    # Only at the very end is there anything.
    documents = [[]] * 1000 + [[1, 2, 3]]
    for tail in TAILS:
        rule = {"max_length": 2, "per_document": True, "tail": tail}
        assert by_engine(documents, **rule) == by_reference(documents, **rule)


def test_a_long_document_among_short_ones():
    documents = [[1], list(range(200)), [], [5, 6], list(range(150))]
    for length, stride in [(7, 3), (64, 64), (64, 1), (5, 40)]:
        for tail in TAILS:
            rule = {"stride": stride, "per_document": True, "tail": tail, "mask_overlap": True}
            assert by_engine(documents, length, **rule) == by_reference(documents, length, **rule)


# Outputs.


@pytest.fixture
def padded():
    """Windows of two documents, with padding, masks and a virtual token."""
    return Windows(
        ragged([[1, 2, 3], [4], [5, 6, 7, 8, 9, 10]]),
        4,
        2,
        per_document=True,
        tail="pad",
        bos_id=200,
        pad_id=50,
        ignore_index=-3,
        mask_overlap=True,
    )


@pytest.mark.parametrize("dtype", [np.int64, np.int32, "int32", np.dtype("int64")])
def test_types_of_batches(padded, dtype):
    indices = np.arange(len(padded))
    x, y = padded.batch(indices, dtype=dtype)
    assert x.dtype == y.dtype == dtype
    expected_x, expected_y = padded.batch(indices)
    assert expected_x.dtype == np.int64
    assert np.array_equal(x, expected_x)
    assert np.array_equal(y, expected_y)
    rows = padded.rows(indices, dtype=dtype)
    assert rows.dtype == dtype
    assert rows.shape == (len(padded), 5)
    assert np.array_equal(rows, padded.rows(indices))


def test_types_of_the_other_outputs(padded):
    for indices in (np.arange(len(padded)), []):
        n = len(indices)
        assert padded.spans(indices).dtype == np.int64
        assert padded.spans(indices).shape == (n, 3)
        for method, dtype in (
            (padded.loss_mask, np.bool_),
            (padded.position_ids, np.int64),
            (padded.document_ids, np.int64),
        ):
            assert method(indices).dtype == dtype
            assert method(indices).shape == (n, 4)
        cuts, longest = padded.cu_seqlens(indices)
        assert cuts.dtype == np.int32
        assert cuts[-1] == n * 4
        assert type(longest) is int
        x, y = padded.batch(indices)
        assert x.shape == y.shape == (n, 4)
        assert padded.rows(indices).shape == (n, 5)
    assert padded.to_numpy().dtype == np.int64


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_outputs_that_are_given(padded, dtype):
    indices = [2, 0, -1]
    out = np.full((3, 4), 77, dtype), np.full((3, 4), 77, dtype)
    x, y = padded.batch(indices, dtype=dtype, out=out)
    assert x is out[0]
    assert y is out[1]
    assert [x.tolist(), y.tolist()] == [part.tolist() for part in padded.batch(indices)]
    rows = np.full((3, 5), 77, dtype)
    assert padded.rows(indices, dtype=dtype, out=rows) is rows
    assert rows.tolist() == padded.rows(indices).tolist()


@pytest.mark.parametrize(
    "out",
    [
        (np.zeros((2, 4), np.int64), np.zeros((3, 4), np.int64)),
        (np.zeros((3, 4), np.int32), np.zeros((3, 4), np.int32)),
        (np.zeros((3, 4), np.int64), np.zeros((3, 4), np.float64)),
        (np.zeros((4, 3), np.int64).T, np.zeros((3, 4), np.int64)),
        (np.zeros((3, 4), np.int64),) * 2,
        (np.zeros((3, 4), np.int64),),
        np.zeros((3, 4), np.int64),
    ],
)
def test_outputs_that_do_not_fit(padded, out):
    with pytest.raises((ValueError, TypeError)):
        padded.batch([0, 1, 2], out=out)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, "nonsense", np.uint64])
def test_types_that_batches_do_not_have(padded, dtype):
    with pytest.raises((ValueError, TypeError)):
        padded.batch([0], dtype=dtype)


def test_ids_that_do_not_fit_are_refused():
    large = Windows(np.array([2**31 + 5, 2**32 - 1, 3], np.uint32), 2, 1)
    assert large[0][0].tolist() == [2**31 + 5, 2**32 - 1]
    for given in (large.batch, large.rows):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            given([0], dtype=np.int32)
    wide = Windows([1, 2, 3], 2, 1, ignore_index=2**40)
    assert wide.batch([0], dtype=np.int64)[1].tolist() == [[2, 3]]
    with pytest.raises((ValueError, TypeError, OverflowError)):
        wide.batch([0], dtype=np.int32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tail": "keep"}, "tail"),
        ({"on_empty": "maybe"}, "on_empty"),
        ({"bos_id": 1}, "per_document"),
        ({"eos_id": 1}, "per_document"),
        ({"stride": 0}, "stride"),
        ({"max_length": 0}, "max_length"),
        ({"per_document": True, "bos_id": -1}, "bos_id"),
        ({"per_document": True, "eos_id": 2**40}, "eos_id"),
        ({"ignore_index": 2**70}, "ignore_index"),
        ({"pad_id": 2**70}, "pad_id"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises((ValueError, OverflowError), match=message):
        Windows(np.arange(9, dtype=np.uint16), **{"max_length": 2} | arguments)


def test_documents_of_bare_shards_are_not_known():
    shards = [np.arange(3, dtype=np.uint16), np.arange(3, dtype=np.uint16)]
    with pytest.raises((ValueError, TypeError), match="per_document"):
        Windows(shards, 2, per_document=True)


def test_offsets_that_are_no_documents_are_refused():
    tokens = np.arange(9, dtype=np.uint16)
    for offsets in ([0, 5], [0, 10], [1, 9], [0, 6, 4, 9], [], [0, -1, 9]):
        with pytest.raises((ValueError, TypeError), match="offsets"):
            Windows(Ragged(tokens, np.array(offsets, np.int64)), 2, per_document=True)


def test_no_windows():
    source = ragged([[1], [], [2]])
    for tail in TAILS:
        assert len(Windows(source, 2, per_document=True, tail=tail)) == 0
        with pytest.raises(ValueError, match="window"):
            Windows(source, 2, per_document=True, tail=tail, on_empty="error")
    assert len(Windows(source, 2, per_document=True, tail="pad", bos_id=9, on_empty="error")) == 2
    assert len(Windows(source, 2, per_document=True, tail="pad", bos_id=9, eos_id=8)) == 3
    assert len(Windows(ragged([]), 2, per_document=True, tail="pad", bos_id=9)) == 0


@pytest.mark.parametrize("method", ["spans", "batch", "rows", "loss_mask", "position_ids"])
def test_indices_that_there_are_not(padded, method):
    n = len(padded)
    for bad in ([n], [-n - 1], [0, 2**62]):
        with pytest.raises(IndexError):
            getattr(padded, method)(bad)
    with pytest.raises(TypeError):
        getattr(padded, method)([0.5])


# Packing and mixtures give the same, through the same methods.


@pytest.mark.parametrize("seed", range(3))
def test_packed_documents(seed):
    rng = random.Random(seed)
    for _ in range(25):
        documents, fill = random_documents(rng), random_fill(rng)
        length = rng.randrange(1, 9)
        virtual = {"bos_id": rng.choice([None, 251]), "eos_id": rng.choice([None, 252])}
        offsets = [0, *itertools.accumulate(map(len, documents))]
        tokens = [token for document in documents for token in document]
        rows = reference.packed_rows(tokens, offsets, length, **virtual)
        windows = Windows(
            ragged(documents), length, per_document=True, tail="pad", **virtual, **fill
        )
        check_all(windows.packed(cache=False), rows, length, fill, rng)


def test_a_large_packing_holds_what_it_must():
    rng = random.Random(2)
    lengths = [min(int(rng.paretovariate(1.1)), 3000) for _ in range(3000)]
    documents = [[number % 50_000] * length for number, length in enumerate(lengths)]
    windows = Windows(ragged(documents), 256, per_document=True, tail="pad")
    packed = windows.packed(cache=False)
    pieces = [int(n) for n in windows.spans(np.arange(len(windows)))[:, 1]]
    bins = reference.pack(pieces, 257)
    reference.check_packing(pieces, 257, bins)
    assert len(packed) == len(bins)
    mask = packed.loss_mask(np.arange(len(packed)))
    # A piece of n tokens predicts n - 1.
    assert mask.sum(axis=1).tolist() == [sum(pieces[p] - 1 for p in pieces_) for pieces_ in bins]


def test_windows_of_a_mixture():
    """A mixture counts the windows of its parts one part after another, and each stays as it is."""
    rng = random.Random(4)
    rules = [
        {"max_length": 5, "tail": "pad", "per_document": True, "bos_id": 250},
        {"max_length": 5, "stride": 2, "mask_overlap": True},
        {"max_length": 5, "stride": 3, "tail": "anchor", "mask_boundaries": True},
    ]
    rows, parts = [], []
    for rule, dtype in zip(rules, [np.uint8, np.uint16, np.int32], strict=True):
        documents = [*random_documents(rng), [1, 2, 3, 4, 5, 6, 7]]
        rows += reference_rows(documents, rule)
        parts.append(Windows(ragged(documents, dtype), **rule))
    mixture = Mixture(parts)
    assert len(mixture) == len(rows) == sum(map(len, parts))
    check_all(mixture, rows, 5, {"pad_id": 0, "ignore_index": -100}, rng)
    every = rng.sample(range(len(rows)), len(rows))
    assert of_engine(mixture, np.array(every)) == of_reference([rows[i] for i in every], 5)
    assert mixture.max_length == 5
