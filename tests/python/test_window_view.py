"""What is shown of a row is what the reference says of each of its places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from windows_parts import ragged

from bytestride import Tokenizer, Windows, reference
from bytestride.report import window_view
from bytestride.report.token_text import short
from bytestride.report.window_view import shown_parts, text_of_ids, view_rows

BOS, EOS, PAD = 500, 501, 502


@st.composite
def cases(draw):
    sizes = draw(st.lists(st.integers(0, 9), max_size=12))
    count = iter(range(100))
    documents = [[next(count) for _ in range(size)] for size in sizes]
    options = {
        "max_length": draw(st.integers(1, 9)),
        "stride": draw(st.integers(1, 9)),
        "per_document": draw(st.booleans()),
        "tail": draw(st.sampled_from(["drop", "pad", "anchor"])),
        "mask_overlap": draw(st.booleans()),
        "mask_boundaries": draw(st.booleans()),
    }
    if options["per_document"]:
        options["bos_id"] = draw(st.sampled_from([None, BOS]))
        options["eos_id"] = draw(st.sampled_from([None, EOS]))
    return documents, options


def check(windows, expected, documents):
    """Hold all rows to those of the reference."""
    tokens = [token for document in documents for token in document]
    views = view_rows(windows, np.arange(len(windows)))
    assert len(views) == len(expected)
    for view, places in zip(views, expected, strict=True):
        rest = windows.max_length + 1 - len(places)
        assert view.ids.tolist() == [place.token for place in places] + [PAD] * rest
        assert view.documents.tolist() == [place.document for place in places] + [-1] * rest
        assert view.scored.tolist() == [place.scored for place in places] + [False] * rest
        assert sum(piece.n_tokens for piece in view.pieces) == len(places)
        for stretch in view.stretches:
            for place in range(stretch.first, stretch.last):
                token = int(view.ids[place])
                text = view.text_at(place, str)
                if stretch.document < 0:
                    assert (token, text) == (PAD, "░")
                elif token == BOS:
                    assert text == f"▷{BOS}"
                elif token == EOS:
                    assert text == f"{EOS}◁"
                else:
                    assert text == str(token)
                    assert tokens[stretch.position + place - stretch.first] == token
        for one, other in zip(view.stretches, view.stretches[1:], strict=False):
            assert (
                one.document == other.document
                or one.colour != other.colour
                or -1
                in (
                    one.document,
                    other.document,
                )
            )


@settings(max_examples=60)
@given(cases())
def test_rows_are_the_references(case):
    documents, options = case
    windows = Windows(ragged(documents), pad_id=PAD, **options)
    tokens, offsets = ragged(documents)
    expected = reference.window_rows(tokens.tolist(), offsets.tolist(), **options)
    check(windows, expected, documents)
    if options["per_document"]:
        ends = {name: options[name] for name in ("bos_id", "eos_id")}
        expected = reference.packed_rows(
            tokens.tolist(), offsets.tolist(), options["max_length"], **ends
        )
        check(windows.packed(), expected, documents)


@pytest.mark.parametrize(
    ("tokens", "documents"),
    [
        ([5, 6, 7], [0, 0, 0]),
        (np.array([5, 6, 7], np.uint16), [0, 0, 0]),
        (
            [np.array([5, 6], np.uint16), np.array([], np.uint16), np.array([7], np.uint16)],
            [0, 0, 2],
        ),
    ],
)
def test_tokens_in_memory(tokens, documents):
    (view,) = view_rows(Windows(tokens, 2), np.array([0]))
    assert view.documents.tolist() == documents


def test_neighbours_of_a_packed_row_differ_in_colour():
    # Documents 0 and 6 have the same colour by number, and are packed side by side.
    documents = [[1] * 5, *[[2] * 8] * 5, [3] * 3]
    packed = Windows(ragged(documents), 7, per_document=True).packed()
    (row,) = [
        row
        for row in view_rows(packed, np.arange(len(packed)))
        if [stretch.document for stretch in row.stretches] == [0, 6]
    ]
    assert [stretch.colour for stretch in row.stretches] == [0, 1]


def test_too_long(monkeypatch):
    monkeypatch.setattr(window_view, "MAX_LENGTH", 2)
    with pytest.raises(ValueError, match="too long to be shown"):
        view_rows(Windows([1, 2, 3, 4], 3), np.array([0]))


@pytest.mark.parametrize(("n", "most", "shown"), [(4, 4, [0, 1, 2, 3]), (9, 3, [0, 1, 8])])
def test_shown_parts(n, most, shown):
    assert [place for part in shown_parts(n, most) for place in part] == shown


@pytest.mark.parametrize(
    ("token", "written"),
    [
        (b"a" * 32, "a" * 32),
        (b"a" * 33, "a" * 31 + "…"),
        (b" " * 10**6, "·" * 31 + "…"),
        ("\u0301x".encode(), "◌\u0301x"),
        ("\u202eabc".encode(), "\\u202eabc"),
        (b"", ""),
    ],
)
def test_short(token, written):
    assert short(token) == written


def test_text_of_ids():
    assert text_of_ids(None)(12) == "12"
    tokenizer = Tokenizer.train("", 257, special_tokens=["x" * 40])
    assert text_of_ids(tokenizer)(256) == "x" * 31 + "…"
    assert text_of_ids(tokenizer, whole=True)(256) == "x" * 40
    assert text_of_ids(tokenizer)(257) == "⟨257⟩"
