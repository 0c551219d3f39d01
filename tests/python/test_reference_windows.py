"""The reference's windows, rows and packing: against formulas, and what must hold of them."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import reference

TAILS = ("drop", "pad", "anchor")


def small_rules():
    yield from itertools.product(range(24), range(1, 7), range(1, 9))


def ceil_div(a, b):
    return -(-a // b)


# Where windows lie.


def test_how_many_windows_there_are():
    for n, length, stride in small_rules():
        full = 0 if n < length + 1 else (n - 1 - length) // stride + 1
        if n < 2:
            padded = 0
        elif stride <= length:
            padded = 1 + max(0, ceil_div(n - 1 - length, stride))
        else:
            padded = ceil_div(n - 1, stride)
        if n < 2:
            anchored = 0
        elif full == 0:
            anchored = 1
        else:
            anchored = full + ((full - 1) * stride + length < n - 1)
        found = [len(reference.segment_spans(n, length, stride, tail)) for tail in TAILS]
        assert found == [full, padded, anchored], (n, length, stride)


@pytest.mark.parametrize("mask_overlap", [False, True])
@pytest.mark.parametrize("tail", TAILS)
def test_spans_lie_in_their_segment(tail, mask_overlap):
    for n, length, stride in small_rules():
        spans = reference.segment_spans(n, length, stride, tail, mask_overlap)
        for w, span in enumerate(spans):
            assert 2 <= span.n_tokens <= length + 1
            assert 0 <= span.start <= span.start + span.n_tokens <= n
            assert 0 <= span.first_target < span.n_tokens - 1
            if tail != "anchor" or w < len(spans) - 1:
                assert span.start == w * stride
            if tail == "drop":
                assert span.n_tokens == length + 1
            if not mask_overlap and (tail != "anchor" or w < len(spans) - 1):
                assert span.first_target == 0
        # Only the last window of a segment may be short with small strides, and none is anchored
        # but at the end.
        if tail == "pad" and stride <= length:
            assert all(span.n_tokens == length + 1 for span in spans[:-1])
        if tail == "anchor" and n > length:
            assert all(span.n_tokens == length + 1 for span in spans)
            assert spans[-1].start + length == n - 1


def scored_targets(spans):
    return [
        span.start + 1 + i for span in spans for i in range(span.first_target, span.n_tokens - 1)
    ]


def test_every_target_counts_exactly_once_where_overlaps_are_masked():
    for n, length, stride in small_rules():
        for tail in TAILS:
            targets = scored_targets(reference.segment_spans(n, length, stride, tail, True))
            reach = max(targets, default=0) if tail == "drop" else n - 1
            if stride <= length:
                assert targets == list(range(1, reach + 1)), (n, length, stride, tail)
            else:
                # Windows do not touch: what lies between is skipped, and nothing comes twice.
                assert sorted(set(targets)) == targets


def test_masking_takes_away_only_what_came_before():
    for n, length, stride in small_rules():
        for tail in TAILS:
            plain = reference.segment_spans(n, length, stride, tail)
            masked = reference.segment_spans(n, length, stride, tail, True)
            assert [s[:2] for s in plain] == [s[:2] for s in masked]
            assert set(scored_targets(plain)) == set(scored_targets(masked))
            for w, span in enumerate(masked):
                if w and not (tail == "anchor" and w == len(masked) - 1):
                    assert span.first_target == max(0, length - stride)


def test_an_anchored_window_never_scores_twice():
    # The second window has targets 4 to 7; of the third, 6 to 9, two are left.
    assert reference.segment_spans(10, 4, 3, "anchor") == [(0, 5, 0), (3, 5, 0), (5, 5, 2)]
    assert reference.segment_spans(10, 4, 3, "anchor", True) == [(0, 5, 0), (3, 5, 1), (5, 5, 2)]
    assert reference.segment_spans(8, 4, 3, "anchor") == [(0, 5, 0), (3, 5, 0)]
    assert reference.segment_spans(3, 4, 3, "anchor") == [(0, 3, 0)]
    # With a gap the anchored window may have nothing that was scored.
    assert reference.segment_spans(20, 4, 15, "anchor") == [(0, 5, 0), (15, 5, 0)]
    assert reference.segment_spans(19, 4, 15, "anchor") == [(0, 5, 0), (14, 5, 0)]
    assert reference.segment_spans(7, 4, 15, "anchor") == [(0, 5, 0), (2, 5, 2)]


def test_spans_of_documents():
    offsets = [0, 3, 3, 4, 9]
    spans = reference.window_spans(offsets, 3, per_document=True, tail="pad")
    assert spans == [((0, 3, 0), 0), ((4, 4, 0), 3), ((7, 2, 0), 3)]
    with_both = reference.window_spans(
        offsets, 3, per_document=True, tail="pad", has_bos=True, has_eos=True
    )
    assert with_both == [
        ((-1, 4, 0), 0),
        ((2, 2, 0), 0),
        ((2, 2, 0), 1),
        ((2, 3, 0), 2),
        ((3, 4, 0), 3),
        ((6, 4, 0), 3),
    ]
    whole = reference.window_spans(offsets, 3)
    assert whole == [((0, 4, 0), -1), ((3, 4, 0), -1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_length": 0}, "max_length"),
        ({"max_length": 2, "stride": 0}, "stride"),
        ({"max_length": 2, "tail": "keep"}, "tail"),
        ({"max_length": 2, "has_bos": True}, "per_document"),
        ({"max_length": 2, "has_eos": True}, "per_document"),
        ({"max_length": 0, "per_document": True}, "max_length"),
    ],
)
@pytest.mark.parametrize("offsets", [[0], [0, 5]])
def test_bad_arguments(arguments, message, offsets):
    with pytest.raises(ValueError, match=message):
        reference.window_spans(offsets, **arguments)


# What a model is given of them.


def offsets_of(lengths):
    return [0, *itertools.accumulate(lengths)]


@st.composite
def rules(draw, *, per_document=None):
    """Arguments of `window_rows`, over tokens 1000, 1001, … of which each tells its position."""
    lengths = draw(st.lists(st.integers(0, 9), max_size=6))
    if per_document is None:
        per_document = draw(st.booleans())
    virtual = st.none() | st.sampled_from([7, 8]) if per_document else st.none()
    return {
        "tokens": list(range(1000, 1000 + sum(lengths))),
        "offsets": offsets_of(lengths),
        "max_length": draw(st.integers(1, 8)),
        "stride": draw(st.none() | st.integers(1, 10)),
        "per_document": per_document,
        "tail": draw(st.sampled_from(TAILS)),
        "mask_overlap": draw(st.booleans()),
        "mask_boundaries": draw(st.booleans()),
        "bos_id": draw(virtual),
        "eos_id": draw(virtual),
    }


@settings(max_examples=40)
@given(rules())
def test_a_target_is_what_follows_its_input(rule):
    length = rule["max_length"]
    rows = reference.window_rows(**rule)
    for row in rows:
        x = reference.inputs(row, length, -1)
        y = reference.targets(row, length, -100)
        whole = reference.tokens_and_padding(row, length, -1)
        mask = reference.loss_mask(row, length)
        n = len(row) - 1
        assert x == whole[:-1]
        assert whole[n + 1 :] == [-1] * (length - n)
        assert y[n:] == [-100] * (length - n)
        assert [t for t, scored in zip(whole[1:], mask, strict=True) if scored] == [
            t for t in y if t != -100
        ]
        assert [t != -100 for t in y] == mask
        for token, following in itertools.pairwise(whole[: n + 1]):
            if token >= 1000 and following >= 1000:
                assert following == token + 1
        # A document's virtual tokens stand at its ends only.
        if rule["bos_id"] != rule["eos_id"]:
            assert rule["eos_id"] is None or rule["eos_id"] not in whole[:n]
            assert rule["bos_id"] is None or rule["bos_id"] not in whole[1:]


@settings(max_examples=40)
@given(rules(per_document=False))
def test_documents_in_a_stream(rule):
    length, offsets = rule["max_length"], rule["offsets"]
    begins = {1000 + begin for begin in offsets[:-1]}
    with_boundaries = reference.window_rows(**rule | {"mask_boundaries": False})
    for row, other in zip(reference.window_rows(**rule), with_boundaries, strict=True):
        x = reference.inputs(row, length, -1)
        documents = reference.document_ids(row, length)
        positions = reference.position_ids(row, length)
        for i, (token, document, position) in enumerate(zip(x, documents, positions, strict=True)):
            if token == -1:
                assert (document, position) == (-1, i - len(row))
                continue
            assert offsets[document] <= token - 1000 < offsets[document + 1]
            assert position == min(i, token - 1000 - offsets[document])
        y = reference.targets(row, length)
        plain = reference.targets(other, length)
        if rule["mask_boundaries"]:
            assert y == [-100 if token in begins else token for token in plain]
        else:
            assert y == plain


@settings(max_examples=40)
@given(rules(per_document=True))
def test_windows_never_cross_documents(rule):
    length, offsets = rule["max_length"], rule["offsets"]
    for row in reference.window_rows(**rule):
        documents = {place.document for place in row}
        assert len(documents) == 1
        (document,) = documents
        for place in row:
            if place.token >= 1000:
                assert offsets[document] <= place.token - 1000 < offsets[document + 1]
        n = min(len(row), length)
        assert reference.position_ids(row, length) == [*range(n), *range(length - n)]
        assert reference.document_ids(row, length) == [document] * n + [-1] * (length - n)
    assert reference.window_rows(**rule) == reference.window_rows(
        **rule | {"mask_boundaries": not rule["mask_boundaries"]}
    )


@settings(max_examples=40)
@given(rules(per_document=True), st.sampled_from(["pad", "anchor"]))
def test_each_document_is_predicted_once(rule, tail):
    stride = min(rule["stride"] or rule["max_length"], rule["max_length"])
    rule = rule | {"tail": tail, "mask_overlap": True, "stride": stride}
    predicted = []
    for row in reference.window_rows(**rule):
        predicted += [(place.document, place.token) for place in row if place.scored]
    expected = []
    for document, (begin, end) in enumerate(itertools.pairwise(rule["offsets"])):
        ids = rule["tokens"][begin:end]
        if rule["bos_id"] is not None:
            ids = [rule["bos_id"], *ids]
        if rule["eos_id"] is not None:
            ids = [*ids, rule["eos_id"]]
        expected += [(document, token) for token in ids[1:]]
    assert predicted == expected


@settings(max_examples=40)
@given(rules())
def test_sequences_for_attention(rule):
    length = rule["max_length"]
    rows = reference.window_rows(**rule)
    cuts, longest = reference.cu_seqlens(rows, length)
    assert cuts[0] == 0
    assert cuts[-1] == len(rows) * length
    assert all(a < b for a, b in itertools.pairwise(cuts))
    assert longest == max((b - a for a, b in itertools.pairwise(cuts)), default=0)
    keys = []
    for number, row in enumerate(rows):
        keys += [(number, document) for document in reference.document_ids(row, length)]
    # Two neighbours are of one sequence exactly if they are of one row and one document.
    assert cuts[1:-1] == [i for i in range(1, len(keys)) if keys[i] != keys[i - 1]]


def test_rows_by_hand():
    # Documents "a b c", "" and "d e"; windows of 4 inputs.
    rows = reference.window_rows([1, 2, 3, 4, 5], [0, 3, 3, 5], 4, mask_boundaries=True)
    (row,) = rows
    assert reference.inputs(row, 4) == [1, 2, 3, 4]
    assert reference.targets(row, 4) == [2, 3, -100, 5]
    assert reference.position_ids(row, 4) == [0, 1, 2, 0]
    assert reference.document_ids(row, 4) == [0, 0, 0, 2]
    assert reference.cu_seqlens(rows, 4) == ([0, 3, 4], 3)
    first, second = reference.window_rows(
        [1, 2, 3, 4, 5], [0, 3, 3, 5], 4, per_document=True, tail="pad", bos_id=0
    )
    assert reference.inputs(first, 4, 9) == [0, 1, 2, 3]
    assert reference.targets(first, 4, -1) == [1, 2, 3, -1]
    assert reference.inputs(second, 4, 9) == [0, 4, 5, 9]
    assert reference.targets(second, 4, -1) == [4, 5, -1, -1]
    assert reference.tokens_and_padding(second, 4, 9) == [0, 4, 5, 9, 9]
    assert reference.position_ids(second, 4) == [0, 1, 2, 0]
    assert reference.document_ids(second, 4) == [2, 2, 2, -1]
    assert reference.cu_seqlens([first, second], 4) == ([0, 4, 7, 8], 4)


# Packing.


def test_packing_by_hand():
    # 7 opens a bin, 5 one more; 3 fits into the first, and fuller, one; 2 only into the second.
    assert reference.pack([2, 3, 5, 7], 10) == [[3, 1], [2, 0]]
    # Of equals the first goes first, into the bin that came to be as full as others last.
    assert reference.pack([5, 5, 5, 5, 5], 10) == [[0, 1], [2, 3], [4]]
    assert reference.pack([6, 6, 4, 4], 10) == [[0, 3], [1, 2]]
    assert reference.pack([6, 6, 4, 4, 1], 11) == [[0, 3, 4], [1, 2]]
    # The fullest that it fits into, not the first: 2 joins the 8.
    assert reference.pack([7, 8, 2], 10) == [[1, 2], [0]]
    assert reference.pack([6, 7, 2], 9) == [[1, 2], [0]]
    assert reference.pack([], 10) == []
    assert reference.pack([10], 10) == [[0]]
    with pytest.raises(ValueError, match="piece 1 of length 11"):
        reference.pack([1, 11], 10)


@settings(max_examples=40)
@given(st.integers(1, 30).flatmap(lambda c: st.tuples(st.lists(st.integers(1, c)), st.just(c))))
def test_packing_holds_what_it_must(pieces):
    lengths, capacity = pieces
    bins = reference.pack(lengths, capacity)
    reference.check_packing(lengths, capacity, bins)
    if lengths:
        needed = -(-sum(lengths) // capacity)
        assert len(bins) < 2 * needed
    # Each piece lies in the fullest bin that had room when its turn came.
    filled, since = [0] * len(bins), [0] * len(bins)
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    for turn, piece in enumerate(order):
        (here,) = [b for b, pieces in enumerate(bins) if piece in pieces]
        for other, amount in enumerate(filled):
            if amount and amount + lengths[piece] <= capacity:
                assert (filled[here], since[here]) >= (amount, since[other])
        filled[here] += lengths[piece]
        since[here] = turn


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ([[0, 1], [2, 3], []], "bin 2 is empty"),
        ([[0, 1], [2]], "hold 3 pieces, not each of 4"),
        ([[0, 1], [2, 2]], "not each of 4"),
        ([[0, 1, 2], [3]], "bin 0 holds 13, more than 10"),
        ([[2], [0, 1], [3]], "bin 1 begins with a longer piece"),
        ([[1, 0], [2, 3]], "in bin 0 a piece comes before a longer one"),
        ([[0, 1], [2], [3]], "the first piece of bin 2 fits into a bin before it"),
    ],
)
def test_a_bad_packing_is_noticed(bins, message):
    with pytest.raises(ValueError, match=message):
        reference.check_packing([6, 4, 3, 3], 10, bins)
    reference.check_packing([6, 4, 3, 3], 10, [[0, 1], [2, 3]])


@settings(max_examples=40)
@given(rules(per_document=True))
def test_packed_rows(rule):
    length = rule["max_length"]
    arguments = {name: rule[name] for name in ("tokens", "offsets", "bos_id", "eos_id")}
    rows = reference.packed_rows(max_length=length, **arguments)
    pieces = reference.window_rows(max_length=length, per_document=True, tail="pad", **arguments)
    # The same predictions as of the pieces one by one, from the same inputs.
    assert sorted(pair for row in rows for pair in predictions(row)) == sorted(
        pair for piece in pieces for pair in predictions(piece)
    )
    for row in rows:
        assert 2 <= len(row) <= length + 1
    # A sequence for attention is a piece, or padding.
    cuts, _ = reference.cu_seqlens(rows, length)
    n_padded = sum(len(row) < length for row in rows)
    assert len(cuts) - 1 == len(pieces) + n_padded


def predictions(row):
    """What is predicted, from what and at which position of its piece."""
    return [
        (b.document, a.token, a.position, b.token) for a, b in itertools.pairwise(row) if b.scored
    ]


def test_packed_rows_by_hand():
    # Documents of 3, 2, 1, 6 and 2 tokens, rows of 5: the one token alone predicts nothing.
    tokens = [*range(10, 13), 20, 21, 30, *range(40, 46), 50, 51]
    rows = reference.packed_rows(tokens, [0, 3, 5, 6, 12, 14], 4)
    ids = [reference.tokens_and_padding(row, 4) for row in rows]
    assert ids == [[40, 41, 42, 43, 44], [10, 11, 12, 20, 21], [44, 45, 50, 51, 0]]
    assert [reference.inputs(row, 4) for row in rows] == [
        [40, 41, 42, 43],
        [10, 11, 12, 20],
        [44, 45, 50, 51],
    ]
    assert [reference.targets(row, 4) for row in rows] == [
        [41, 42, 43, 44],
        [11, 12, -100, 21],
        [45, -100, 51, -100],
    ]
    assert reference.position_ids(rows[2], 4) == [0, 1, 0, 1]
    assert reference.document_ids(rows[2], 4) == [3, 3, 4, 4]
    assert reference.cu_seqlens(rows, 4) == ([0, 4, 7, 8, 10, 12], 4)
