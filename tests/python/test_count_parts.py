"""Word counts in parts add up to those of the whole, wherever documents are cut."""

import json
import random
from pathlib import Path

import pytest
from corpora import random_texts

from bytestride import count_words
from bytestride.corpus.bad_documents import BadDocumentError
from bytestride.corpus.finding import find_inputs
from bytestride.corpus.reading import Reading
from bytestride.jobs.count import (
    count_shard,
    left_out,
    make_count_plan,
    path_of,
    sum_of_counts,
)
from bytestride.training.count_settings import CountSettings

SETTINGS = CountSettings("gpt2")


@pytest.mark.parametrize("part_bytes", [300, 2**20])
def test_parts_add_up(tmp_path: Path, part_bytes):
    texts = random_texts(random.Random(part_bytes), 20)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "in.jsonl").write_text(lines)
    inputs = find_inputs([tmp_path / "in.jsonl"])
    plan = make_count_plan(tmp_path, inputs, Reading(), SETTINGS, part_bytes=part_bytes)
    assert (len(plan.parts) == 1) == (part_bytes == 2**20)
    paths = [count_shard(plan, i) for i in range(len(plan.parts))]
    assert sum_of_counts(paths, SETTINGS) == count_words(texts, pattern="gpt2")
    # A part that is there is not counted again; a plan of other settings shares nothing with it.
    before = paths[0].stat().st_mtime_ns
    assert count_shard(plan, 0).stat().st_mtime_ns == before
    other = CountSettings("cl100k")
    assert make_count_plan(tmp_path, inputs, Reading(), other).work != plan.work
    with pytest.raises(ValueError, match="made in different ways"):
        sum_of_counts(paths, other)


def test_a_bad_document_ends_the_count(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "low"}\n{broken\n')
    plan = make_count_plan(tmp_path, find_inputs([tmp_path / "in.jsonl"]), Reading(), SETTINGS)
    with pytest.raises(BadDocumentError, match="at 16: broken-json"):
        count_shard(plan, 0)
    assert not path_of(plan, 0).exists()


def test_bad_documents_are_left_out_and_told_of(tmp_path):
    lines = ['{"text": "low lower"}', "{broken", '{"text": "lowest"}', '{"other": 1}', "[]"] * 9
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    inputs = find_inputs([tmp_path / "in.jsonl"])
    plan = make_count_plan(tmp_path, inputs, Reading(), SETTINGS, part_bytes=150, on_bad="skip")
    assert len(plan.parts) > 3
    paths = [count_shard(plan, i) for i in reversed(range(len(plan.parts)))]
    expected = count_words(["low lower", "lowest"] * 9, pattern="gpt2")
    assert sum_of_counts(paths, SETTINGS) == expected
    bad = left_out(plan)
    summary = bad.summary
    assert summary.startswith("27 documents were left out (")
    assert "18 broken-json, 9 missing-field" in summary
    assert "in.jsonl, at 22: broken-json" in summary
    # They are told of again by who goes on where all is counted.
    assert [count_shard(plan, i) for i in range(len(plan.parts))] == paths[::-1]
    assert left_out(plan).summary == summary
    # Counts without them are of no use to who wants none left out.
    assert make_count_plan(tmp_path, inputs, Reading(), SETTINGS, part_bytes=150).work != plan.work
