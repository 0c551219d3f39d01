"""The arithmetic of the side-by-side benchmark: differences, ratios, what a record keeps."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from side_by_side.marks import Mark, anybody, ratios
from side_by_side.plan import first_difference
from side_by_side.record import Record
from side_by_side.summary import Summary


def arrays(*documents):
    ends = np.cumsum([0, *map(len, documents)])
    return np.array([token for ids in documents for token in ids], dtype=np.uint32), ends


def as_letters(ids):
    return bytes(ids.tolist())


def test_first_difference_names_the_document_and_the_text():
    ours = arrays(b"same", b"abcdefgh", b"end")
    theirs = arrays(b"same", b"abcdXfgh", b"eXd")
    said = first_difference(theirs, ours, as_letters)
    assert said.startswith("2 of 3 documents, first in document 1 at 'efgh' after 'abcd'")
    assert str(list(b"Xfgh")) in said


def test_first_difference_of_a_document_that_ends_early():
    said = first_difference(arrays(b"abc"), arrays(b"abcd"), as_letters)
    assert "at 'd' after 'abc': [], ours [100]" in said


def test_first_difference_counts_documents():
    said = first_difference(arrays(b"ab"), arrays(b"a", b"b"), as_letters)
    assert said == "1 documents of 2"


@pytest.fixture
def record(tmp_path):
    record = Record(tmp_path / "record.json", [])
    record.begin([], {}, Path(__file__).parents[2])
    return record


def add(record, contender, way, seconds, n_bytes=10, status="ok"):
    row = record.row(
        case="cold", vocab="gpt2", corpus="en", threads=1, contender=contender, way=way
    )
    row |= {"bytes": n_bytes, "status": status, "values": {"cold_seconds": seconds}}


def test_ratio_is_the_median_of_rounds_for_each_byte_against_the_best_rival(record):
    add(record, "bytestride", "strings", [1.0, 2.0, 1.0])
    add(record, "slow", "strings", [9.0, 9.0, 9.0])
    add(record, "quick", "strings", [1.5, 4.0, 2.5], n_bytes=5)
    add(record, "quick", "wrong", [0.1, 0.1, 0.1], status="wrong ids")
    mark = Mark("", "cold_seconds", 1, 2, {"case": "cold"}, anybody)
    assert ratios(Summary(record.content), mark) == [(4.0, "gpt2 en strings")]


def test_a_group_is_measured_anew_as_a_whole_and_stands_when_whole(record):
    group = {"case": "cold", "vocab": "gpt2", "corpus": "en", "threads": 1}
    add(record, "bytestride", "strings", [1.0, 1.0])
    add(record, "broken", "strings", [], status="failed: crash")
    assert record.holds_group({"bytestride", "broken"}, 2, **group)
    assert not record.holds_group({"bytestride", "broken"}, 3, **group)
    assert not record.holds_group({"bytestride", "another"}, 2, **group)
    record.save()
    again = Record(record.path, [])
    again.begin([], {}, Path(__file__).parents[2])
    assert again.holds_group({"bytestride", "broken"}, 2, **group)
    again.begin_group(**group | {"vocab": "cl100k"})
    assert len(again.content["rows"]) == 2
    again.begin_group(**group)
    assert again.content["rows"] == []
