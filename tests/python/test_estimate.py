"""What counting will take, told before it begins."""

import gzip

import pytest

from bytestride import count_words
from bytestride.cli import main
from bytestride.training import estimate_counting


def test_files_below_the_sample_are_told_exactly(tmp_path):
    texts = ["The cat sat on the mat.\n" * 50, "größer und 漢字, 12 mats\n" * 20, ""]
    paths = [tmp_path / name for name in ("a.txt", "b.txt.gz", "c.txt")]
    for path, text in zip(paths, texts, strict=True):
        data = text.encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    for how in ({"pattern": "gpt2"}, {"pattern": "cl100k", "unit": "line"}):
        estimate = estimate_counting(paths, **how)
        counts = count_words(paths, **how)
        assert estimate.n_text_bytes == sum(len(text.encode()) for text in texts)
        assert estimate.n_words == len(counts)
        assert estimate.seconds > 0


@pytest.mark.parametrize("name", ["en", "code", "multi"])
def test_real_text_is_told_within_a_factor_of_one_and_a_half(tmp_path, corpus_text, name):
    text = corpus_text(name, 24_000_000)
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    paths[0].write_text(text[: len(text) // 3], "utf-8", newline="")
    paths[1].write_text(text[len(text) // 3 :], "utf-8", newline="")
    estimate = estimate_counting(paths, pattern="gpt2", sample_bytes=6_000_000)
    counts = count_words(paths, pattern="gpt2")
    assert estimate.n_text_bytes == len(text.encode())
    assert 2 / 3 < estimate.n_words / len(counts) < 3 / 2
    assert 1 / 2 < estimate.memory_bytes / counts.table.memory_bytes < 2


def test_nothing_is_told_of_nothing(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    assert estimate_counting([empty])[:3] == (0, 0, 0)
    with pytest.raises(FileNotFoundError, match="missing"):
        estimate_counting([empty, tmp_path / "missing.txt"])
    with pytest.raises(ValueError, match="unit"):
        estimate_counting([empty], unit="word")


def test_the_command_says_it_and_counts_nothing(tmp_path, capsys):
    text, out = tmp_path / "a.txt", tmp_path / "counts.parquet"
    text.write_text("one two three two\n" * 1000)
    assert main(["count-words", str(text), "-o", str(out), "--dry-run"]) == 0
    assert "0.0 MB of text, 4 different words" in capsys.readouterr().err
    assert not out.exists()
