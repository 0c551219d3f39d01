"""Word counts of files of every kind: those of the documents in them, wherever it was stopped."""

import gzip
import json
import warnings

import pytest

from bytestride import FormatError, Reading, Tokenizer, count_words, find_inputs
from bytestride.cli import main
from bytestride.corpus import sources
from bytestride.corpus.bad_documents import BadDocumentError
from bytestride.training import count_words_to_parquet, estimate_counting

TEXTS = [
    f"The cat {i} sat\non the mat; größer, 漢字 and {'low ' * (i % 9)}lower.\n" for i in range(90)
]
END = "<|end|>"


@pytest.fixture
def folder(tmp_path):
    """The same documents in files of several kinds: each a third of them."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    lines = "".join(json.dumps({"id": 1, "body": text}) + "\n" for text in TEXTS[:30])
    (folder / "1.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    parquet.write_table(pyarrow.table({"body": TEXTS[30:60]}), folder / "2.parquet")
    (folder / "3.txt").write_text(END.join(TEXTS[60:]), "utf-8", newline="")
    return folder


READING = Reading(column="body", separator=END.encode())


@pytest.mark.parametrize("unit", ["document", "line"])
@pytest.mark.parametrize("batch_bytes", [50, 1000, 2**21])
def test_counts_of_every_kind(folder, monkeypatch, unit, batch_bytes):
    expected = count_words(TEXTS, pattern="gpt2", unit=unit)
    monkeypatch.setattr(sources, "_BATCH_BYTES", batch_bytes)
    monkeypatch.setattr(sources, "_SMALL_BYTES", batch_bytes // 8)
    for source in (folder, [folder], find_inputs([folder]), sorted(folder.iterdir())):
        assert count_words(source, pattern="gpt2", unit=unit, reading=READING) == expected
    mixed = [TEXTS[0], folder, find_inputs([folder]), TEXTS[0]]
    counts = count_words(mixed, pattern="gpt2", unit=unit, reading=READING)
    assert counts == count_words([TEXTS[0], *TEXTS, *TEXTS, TEXTS[0]], pattern="gpt2", unit=unit)


def test_a_vocabulary_of_every_kind(folder, tmp_path, capsys):
    expected = Tokenizer.train(TEXTS, 320, "gpt2").definition
    assert Tokenizer.train(folder, 320, "gpt2", reading=READING).definition == expected
    half = Tokenizer.train(TEXTS, 290, "gpt2")
    assert half.extend(folder, 320, reading=READING).definition.merges is not None
    out, counts = tmp_path / "t.json", tmp_path / "c.parquet"
    how = ["--pattern", "gpt2", "--column", "body", "--separator", END]
    assert main(["train", str(folder), "-o", str(out), "--vocab-size", "320", *how]) == 0
    assert Tokenizer.load(out).definition == expected
    names = tmp_path / "names"
    names.write_text("".join(f"{path}\n" for path in sorted(folder.iterdir())))
    listed = ["--files-from", str(names), *how]
    assert main(["count-words", "-o", str(counts), *listed]) == 0
    assert (
        main(["train", "--counts", str(counts), "-o", str(out), "--force", "--vocab-size", "320"])
        == 0
    )
    assert Tokenizer.load(out).definition == expected
    capsys.readouterr()
    assert main(["train", str(folder / "3.txt"), "-o", str(out), "--force", *how]) == 1
    assert "--column is for lines of JSON and tables" in capsys.readouterr().err


@pytest.mark.parametrize("unit", ["document", "line"])
def test_counting_goes_on_anywhere(folder, tmp_path, monkeypatch, unit):
    monkeypatch.setattr(sources, "_BATCH_BYTES", 150)
    monkeypatch.setattr(sources, "_SMALL_BYTES", 40)
    # One document that comes in many pieces, and more behind it.
    (folder / "4.txt").write_text(f"{'a few words ' * 200}{END}the end of it", "utf-8")
    options = {"pattern": "gpt2", "unit": unit, "reading": READING}
    source = [TEXTS[0], folder, TEXTS[0]]
    expected = count_words(source, **options)
    checkpoint = tmp_path / "checkpoint.parquet"
    n_stops = 0
    while True:
        n_calls = 0

        def stop(stage, done, total):
            nonlocal n_calls
            n_calls += 1
            if n_calls == 3:
                raise KeyboardInterrupt

        try:
            counts = count_words(source, checkpoint=checkpoint, progress=stop, **options)
            break
        except KeyboardInterrupt:
            n_stops += 1
    assert n_stops > 15
    assert counts == expected


def test_bad_documents(tmp_path, capsys):
    path, out = tmp_path / "a.jsonl", tmp_path / "c.parquet"
    path.write_text('{"text": "one"}\n{"text": \n{"body": 1}\n{"text": "two two"}\n')
    with pytest.raises(BadDocumentError, match=r"a\.jsonl, at 16: broken-json: .*on_bad='skip'"):
        count_words(path)
    with pytest.warns(UserWarning, match=r"2 documents were left out \(1 broken-json, 1 missing"):
        counts = count_words(path, on_bad="skip")
    assert counts == count_words(["one", "two two"])
    with pytest.warns(UserWarning, match="2 documents were left out"):
        assert count_words_to_parquet(path, out, on_bad="skip") == 3
    with pytest.warns(UserWarning, match="2 documents were left out"):
        Tokenizer.train(path, 300, on_bad="skip")
    with pytest.raises(ValueError, match="on_bad is 'drop'; it is 'stop' or 'skip'"):
        count_words(path, on_bad="drop")
    with pytest.raises(ValueError, match="the source is word counts"):
        Tokenizer.train(counts, 300, reading=Reading())
    out.unlink()
    assert main(["count-words", str(path), "-o", str(out)]) == 1
    assert "--on-bad skip" in capsys.readouterr().err


def test_a_damaged_file_is_counted_up_to_there(tmp_path):
    text = b"a few words, " * 50_000
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(text)[:-200])
    with pytest.raises(FormatError, match="its end is missing"):
        count_words(path)
    with pytest.warns(UserWarning, match="1 document was left out .1 damaged-file"):
        counts = count_words(path, on_bad="skip")
    assert counts.n_text_bytes < len(text)


def test_text_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"caf\xe9 caf\xe9")
    assert dict(count_words(path, pattern="gpt2"))[b" caf"] == 1
    with pytest.raises(BadDocumentError, match="invalid-utf8"):
        count_words(path, reading=Reading())


def test_an_estimate_of_every_kind(folder):
    expected = count_words(TEXTS, pattern="gpt2")
    estimate = estimate_counting([folder], pattern="gpt2", reading=READING)
    assert estimate.n_text_bytes == expected.n_text_bytes
    assert estimate.n_words == len(expected)
    rough = estimate_counting(find_inputs([folder]), reading=READING, sample_bytes=2000)
    assert 0 < rough.n_words < 5000
    with pytest.raises(ValueError, match="- is of no known size"):
        estimate_counting(find_inputs(["-"]))


def test_no_warning_where_nothing_is_bad(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        count_words(folder, reading=READING, on_bad="skip")
