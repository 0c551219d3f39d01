"""The commands that count words and learn from them."""

import gzip
import os
import signal
import subprocess
import sys
import time

import pytest
from job_parts import hear_ctrl_c

from bytestride import Tokenizer, WordCounts, count_words
from bytestride.cli import main
from bytestride.cli.count_options import n_bytes

TEXT = "The cat sat on the mat; the cat's 12 mats, größer and 漢字.\n" * 30
EOS = "<|endoftext|>"

pytest.importorskip("pyarrow")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT + EOS + TEXT, "utf-8", newline="")
    return path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """The one line that a command says when it fails."""
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    (line,) = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in captured.err
    return line


def test_counts_and_then_training(tmp_path, corpus, capsys):
    counts, out = tmp_path / "counts.parquet", tmp_path / "t.json"
    packed = tmp_path / "more.txt.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    how = ("--pattern", "gpt2", "--special", EOS)
    assert run("count-words", corpus, packed, "-o", counts, *how) == 0
    expected = count_words([corpus, packed], pattern="gpt2", special_tokens=[EOS])
    assert f"{len(expected):,} different words" in capsys.readouterr().out
    assert WordCounts.read_parquet(counts) == expected
    assert "--force" in fails(capsys, "count-words", corpus, "-o", counts)
    assert run("train", "--counts", counts, "-o", out, "--vocab-size", 300) == 0
    assert Tokenizer.load(out).definition == Tokenizer.train(expected, 300).definition
    # Of two tables, and with a limit and a checkpoint that were not needed.
    checkpoint = tmp_path / "checkpoint.parquet"
    assert (
        run("count-words", corpus, "-o", counts, *how, "--force", "--checkpoint", checkpoint) == 0
    )
    assert not checkpoint.exists()
    more = tmp_path / "more.parquet"
    assert run("count-words", packed, "-o", more, *how, "--memory", "8M") == 0
    assert (
        run(
            "train", "--counts", counts, "--counts", more, "-o", out, "--vocab-size", 300, "--force"
        )
        == 0
    )
    assert Tokenizer.load(out).definition == Tokenizer.train(expected, 300).definition


@pytest.mark.parametrize("preset", ["bytestride", "hf", "rustbpe", "minbpe", "cs336"])
def test_presets(tmp_path, corpus, preset, capsys):
    out = tmp_path / "t.json"
    arguments = ["--preset", preset, "--unit", "line", "--special", EOS, "--min-frequency", "2"]
    arguments += ["--max-token-length", "5", "--pattern", "gpt2", "--vocab-size", "290"]
    assert run("train", corpus, "-o", out, *arguments) == 0
    expected = Tokenizer.train(
        [corpus],
        290,
        "gpt2",
        [EOS],
        preset=preset,
        unit="line",
        min_frequency=2,
        max_token_length=5,
    )
    assert Tokenizer.load(out).definition == expected.definition
    # The same from counts that are kept for a report.
    assert (
        run("train", corpus, "-o", out, *arguments, "--force", "--report", tmp_path / "r.html") == 0
    )
    assert Tokenizer.load(out).definition == expected.definition


def test_observed_bytes(tmp_path, corpus):
    out = tmp_path / "t.json"
    options = ("--preset", "hf", "--observed-bytes", "--vocab-size", 60, "--pattern", "gpt2")
    assert run("train", corpus, "-o", out, *options) == 0
    expected = Tokenizer.train([corpus], 60, "gpt2", preset="hf", initial_alphabet=False)
    assert Tokenizer.load(out).definition == expected.definition


def test_a_report(tmp_path, corpus, capsys):
    out, report = tmp_path / "t.json", tmp_path / "report.html"
    small = tmp_path / "small.txt"
    small.write_text("the cat")
    options = ["--vocab-size", 300, "--report", report, "--group", f"small & few={small}"]
    assert run("train", corpus, "-o", out, *options, "--group", f"all={corpus}") == 0
    page = report.read_text("utf-8")
    assert "small &amp; few" in page
    assert ">all<" in page
    assert f"wrote {report}" in capsys.readouterr().out
    assert "--force" in fails(
        capsys, "train", corpus, "-o", tmp_path / "2.json", "--report", report
    )
    assert not (tmp_path / "2.json").exists()


def test_what_is_refused(tmp_path, corpus, capsys):
    out, counts = tmp_path / "t.json", tmp_path / "counts.parquet"
    to = ("-o", out)
    assert "name what to learn from" in fails(capsys, "train", *to)
    assert run("count-words", corpus, "-o", counts, "--pattern", "gpt2") == 0
    assert "name what to learn from" in fails(capsys, "train", corpus, "--counts", counts, *to)
    said = fails(capsys, "train", "--counts", counts, "--pattern", "gpt2", *to)
    assert "--pattern is for counting" in said
    said = fails(capsys, "train", "--counts", counts, "--preset", "minbpe", *to)
    assert "--first-offsets" in said
    assert "need at least 256" in fails(capsys, "train", corpus, "--vocab-size", "255", *to)
    assert "no Parquet file" in fails(capsys, "train", "--counts", corpus, *to)
    assert "nothing.txt" in fails(capsys, "train", corpus, tmp_path / "nothing.txt", *to)
    assert "not NAME=FILE" in fails(capsys, "train", corpus, *to, "--group", "x", "--report", "r")
    said = fails(capsys, "train", corpus, *to, "--group", f"x={corpus}")
    assert "name one with --report" in said
    other = tmp_path / "other.parquet"
    assert run("count-words", corpus, "-o", other, "--unit", "line") == 0
    said = fails(capsys, "train", "--counts", counts, "--counts", other, *to)
    assert "pattern 'gpt2' and 'cl100k'; unit 'document' and 'line'" in said
    assert "4 MiB" in fails(capsys, "count-words", corpus, "-o", other, "--force", "--memory", 1)
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "corpus.txt",
        "counts.parquet",
        "other.parquet",
    ]


def test_sizes():
    assert [n_bytes(text) for text in ("7", "3K", "500M", "2g", "1GiB")] == [
        7,
        3 << 10,
        500 << 20,
        2 << 30,
        1 << 30,
    ]
    for wrong in ("", "M", "-1", "1.5G", "0", "5X"):
        with pytest.raises(Exception, match="is no size"):
            n_bytes(wrong)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("command", ["count-words", "train"])
def test_ctrl_c_and_going_on(tmp_path, corpus, command):
    # A pipe that never ends keeps the command at work until the signal comes.
    pipe, out, checkpoint = tmp_path / "pipe.txt", tmp_path / "out", tmp_path / "c.parquet"
    os.mkfifo(pipe)
    arguments = [command, str(corpus), str(pipe), "-o", str(out), "--checkpoint", str(checkpoint)]
    arguments += ["--vocab-size", "300"] if command == "train" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "bytestride", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    try:
        with pipe.open("wb", buffering=0) as writer:
            # Enough that the first batches are counted while the pipe is still open.
            for _ in range(4000):
                writer.write(TEXT.encode())
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert not out.exists()
    counts = WordCounts.read_parquet(checkpoint)
    assert counts.n_text_bytes > len(TEXT.encode())
    # The pipe has become a file, and the same command goes on.
    pipe.unlink()
    pipe.write_bytes(TEXT.encode() * 4000)
    assert main(arguments) == 0
    assert not checkpoint.exists()
    expected = count_words([corpus, pipe])
    if command == "count-words":
        assert WordCounts.read_parquet(out) == expected
    else:
        assert Tokenizer.load(out).definition == Tokenizer.train(expected, 300).definition
