"""The training benchmark: units of a text, merges compared, what its tables say."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from side_by_side.record import Record
from training import cases
from training.cases import text_file, views_of_documents
from training.contenders import by_rank, joined
from training.plan import first_difference
from training.summary import tables

SEPARATOR = "<|endoftext|>"


def test_first_difference():
    ours = [b"th", b"he", b" t"]
    assert first_difference([b"th", b"he", b" t"], ours) == "same"
    # A smaller alphabet leaves room for more merges.
    assert first_difference([*ours, b"in"], ours) == "same"
    assert first_difference([b"th", b" t"], ours) == "differs from merge 1: ' t' and ours 'he'"
    assert first_difference([], ours) == "nothing to compare"


def test_learned_tokens():
    assert joined([("Ġ", "t"), ["Ġt", "Ċ"]]) == [b" t", b" t\n"]
    ranks = [(b"ab", 256), *((bytes([byte]), byte) for byte in range(256)), (b"abc", 257)]
    assert by_rank(ranks) == [b"ab", b"abc"]


@pytest.fixture
def given(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "CACHE", tmp_path / "cache")
    path = tmp_path / "mine.txt"
    path.write_text(f"first\nof two{SEPARATOR}{SEPARATOR}é{SEPARATOR}the end")
    return path


def test_units_of_a_text(given):
    assert text_file("mine", "documents", None, given) == given
    assert [*views_of_documents(given)] == [b"first\nof two", "é".encode(), b"the end"]
    lines = text_file("mine", "lines", None, given)
    assert lines.read_text() == "first\nof two\né\nthe end"


def test_the_first_megabytes_are_whole_documents(given):
    first = text_file("mine", "documents", 15e-6, given)
    assert [*views_of_documents(first)] == [b"first\nof two", "é".encode()]
    # One document is there, however long.
    first = text_file("mine", "documents", 1e-6, given)
    assert [*views_of_documents(first)] == [b"first\nof two"]


def test_dna_is_one_line_and_always_the_same(given):
    text = text_file("dna", "one line", 0.001, None).read_bytes()
    assert len(text) == 1000
    assert {*text} == {*b"ACGT"}
    first = text[:100]
    text_file("dna", "one line", 0.001, None).unlink()
    assert text_file("dna", "one line", 0.001, None).read_bytes()[:100] == first


def test_an_unknown_text(given):
    with pytest.raises(SystemExit, match="no text is called theirs"):
        text_file("theirs", "documents", None, given)


def test_tables(tmp_path):
    record = Record(tmp_path / "record.json", [])
    record.begin([], {"slowbpe": "no wheel"}, Path(__file__).parents[2])

    def add(contender, way, seconds, merges="same", status="ok", rule="hf"):
        row = record.row(
            case="gpt2-32k", text="en", threads=2, contender=contender, way=way, rule=rule
        )
        above = [10 * 2**20] * len(seconds)
        values = {"seconds": seconds, "above_bytes": above}
        row |= {"n_bytes": 10**7, "status": status, "merges": merges, "values": values}

    add("bytestride", "documents", [1.0, 2.0, 1.0])
    add("bytestride", "lines", [2.0, 2.0, 2.0])
    add("gigabpe", "lines", [8.0, 6.0, 4.0])
    add("rustbpe", "documents", [9.0], "differs from merge 3: 'a' and ours 'b'", rule="rustbpe")
    add("tokenizers", "lines", [], status="failed: not done after 600 s")
    text = tables(record.content)
    assert "| bytestride, documents | 1 s · 10 MiB | same |" in text
    # Against ours by the same unit, round by round.
    assert "| gigabpe, lines | 6 s · 3.0× · 10 MiB | same |" in text
    assert "| rustbpe, documents | 9 s · 9.0× · 10 MiB | differ: en (preset rustbpe) |" in text
    assert "| tokenizers, lines | – | – |" in text
    assert "- tokenizers, lines, gpt2-32k, en, 2 thread(s): failed: not done after 600 s" in text
    assert "- rustbpe, documents, gpt2-32k, en, 2 thread(s): differs from merge 3" in text
    assert "- slowbpe: no wheel" in text
