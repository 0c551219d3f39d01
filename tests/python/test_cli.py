"""The commands, run in this process; signals and pipes in another."""

import contextlib
import errno
import gzip
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from job_parts import hear_ctrl_c

from bytestride import Tokenizer, __version__, open_tokens
from bytestride.cli import demo, main
from bytestride.cli.progress import Stages
from bytestride.report.token_text import visible

TEXT = "The cat sat on the mat; the cat's 12 mats, größer and 漢字.\n" * 30
EOS = "<|endoftext|>"


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture
def vocabulary(tmp_path, corpus):
    path = tmp_path / "tokenizer.json"
    Tokenizer.train(TEXT, 300, special_tokens=[EOS]).save(path)
    return path


@pytest.fixture
def store(tmp_path, corpus, vocabulary):
    path = tmp_path / "store"
    assert main(["tokenize", str(corpus), "-o", str(path), "--tokenizer", str(vocabulary)]) == 0
    return path


def fails(capsys, *arguments):
    """The one line that a command says when it fails."""
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    (line,) = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in captured.err
    return line


def test_version_and_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert __version__ in capsys.readouterr().out
    for wrong in ([], ["dance"], ["train"], ["windows", "x", "--max-length", "0"]):
        with pytest.raises(SystemExit) as stopped:
            main(wrong)
        assert stopped.value.code == 2


def test_train_is_tokenizer_train(tmp_path, corpus, capsys):
    out = tmp_path / "t.json"
    arguments = ["train", str(corpus), "-o", str(out), "--vocab-size", "280", "--special", EOS]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "280 tokens in" in said
    expected = Tokenizer.train(TEXT, 280, special_tokens=[EOS])
    left, right = expected.definition.merges[-1].tolist()
    last = visible(expected.token_bytes(left)) + "+" + visible(expected.token_bytes(right))
    assert said.splitlines()[1].endswith(last)
    assert Tokenizer.load(out).definition == expected.definition
    assert "--force" in fails(capsys, *arguments)
    assert main([*arguments, "--force"]) == 0


def test_train_on_compressed_text_to_tiktoken(tmp_path, capsys):
    packed = tmp_path / "corpus.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    out = tmp_path / "t.tiktoken"
    assert main(["train", str(packed), "-o", str(out), "--vocab-size", "280"]) == 0
    again = Tokenizer.load(out, pattern="cl100k")
    assert again.encode(TEXT) == Tokenizer.train(TEXT, 280).encode(TEXT)
    packed.write_bytes(gzip.compress(TEXT.encode())[:-9])
    assert "end is missing" in fails(capsys, "train", packed, "-o", out, "--force")


def test_tokenize_documents(tmp_path, vocabulary, capsys):
    first, second = tmp_path / "1.txt", tmp_path / "2.txt"
    first.write_text(f"one{EOS}two{EOS}")
    second.write_text("")
    tokenizer = Tokenizer.load(vocabulary)
    common = ["--tokenizer", str(vocabulary), str(first), str(second)]

    out = tmp_path / "files"
    assert main(["tokenize", "-o", str(out), *common]) == 0
    with open_tokens(out, verify=True) as whole:
        texts = [tokenizer.decode(whole.document(i)) for i in range(whole.n_documents)]
    assert texts == [f"one{EOS}two{EOS}", ""]

    out = tmp_path / "separated"
    arguments = ["--separator", EOS, "--append-eos", "--shard-tokens", "2"]
    assert main(["tokenize", "-o", str(out), *arguments, *common]) == 0
    with open_tokens(out, verify=True) as cut:
        ids = [cut.document(i).tolist() for i in range(cut.n_documents)]
        assert len(cut.shards) == 2
        assert cut.manifest.metadata["end_of_document"] == EOS
    end = tokenizer.special_tokens[EOS]
    assert ids == [[*tokenizer.encode("one"), end], [*tokenizer.encode("two"), end]]
    assert "2 documents" in capsys.readouterr().out

    out = tmp_path / "lines"
    first.write_text("a\n\nb")
    assert main(["tokenize", "-o", str(out), "--lines", *common]) == 0
    with open_tokens(out) as lines:
        assert [tokenizer.decode(lines.document(i)) for i in range(3)] == ["a", "", "b"]
    assert "--force" in fails(capsys, "tokenize", "-o", out, *common)
    assert main(["tokenize", "-o", str(out), "--force", *common]) == 0


def test_decode(store, vocabulary, capsysbinary, monkeypatch):
    def decoded(*arguments):
        assert main(["decode", *arguments, "--tokenizer", str(vocabulary)]) == 0
        return capsysbinary.readouterr().out

    capsysbinary.readouterr()
    assert decoded(str(store)) == TEXT.encode()
    assert decoded(str(store), "--document", "0") == TEXT.encode()
    tokenizer = Tokenizer.load(vocabulary)
    ids = tokenizer.encode(TEXT)
    part = decoded(str(store), "--start", "3", "--stop", "9")
    assert part == tokenizer.decode_bytes(ids[3:9])
    monkeypatch.setattr(sys, "stdin", io.StringIO(" ".join(map(str, ids[:5]))))
    assert decoded("-") == tokenizer.decode_bytes(ids[:5])


def test_decode_refuses(store, vocabulary, capsys, monkeypatch):
    t = ["--tokenizer", vocabulary]
    assert "document 7" in fails(capsys, "decode", store, "--document", "7", *t)
    assert "tokens 5 to 2" in fails(capsys, "decode", store, "--start", "5", "--stop", "2", *t)
    assert "either" in fails(capsys, "decode", store, "--start", "1", "--document", "0", *t)
    monkeypatch.setattr(sys, "stdin", io.StringIO("12 x"))
    assert "'x'" in fails(capsys, "decode", "-", *t)
    monkeypatch.setattr(sys, "stdin", io.StringIO("99999"))
    assert "99999" in fails(capsys, "decode", "-", *t)


def test_inspect(tmp_path, vocabulary, capsys):
    text = f"The cat.{EOS}\n漢"
    assert main(["inspect", text, "--tokenizer", str(vocabulary)]) == 0
    out = capsys.readouterr().out
    ids = Tokenizer.load(vocabulary).encode(text, allowed_special="all")
    assert str(ids[0]) in out
    assert f"{len(ids)} tokens" in out
    assert EOS in out
    page = tmp_path / "page.html"
    assert main(["inspect", text, "--tokenizer", str(vocabulary), "--html", str(page)]) == 0
    assert all(f'data-id="{token}"' in page.read_text("utf-8") for token in ids)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00a")
    assert main(["inspect", "--file", str(binary), "--tokenizer", str(vocabulary)]) == 0
    assert "<FF>" in capsys.readouterr().out
    assert "name the text" in fails(capsys, "inspect", "--tokenizer", vocabulary)


def test_windows(store, vocabulary, capsys):
    assert main(["windows", str(store), "--max-length", "4", "--stride", "2"]) == 0
    out = capsys.readouterr().out
    ids = Tokenizer.load(vocabulary).encode(TEXT)
    assert f"{len(range(0, len(ids) - 4, 2)):,} windows" in out
    (x, *_) = [line for line in out.splitlines() if line.startswith("  x ")]
    assert [int(number) for number in x[4:].split("│")] == ids[:4]
    shown = ["windows", str(store), "--max-length", "4", "--tokenizer", str(vocabulary)]
    assert main(shown) == 0
    assert "The" in capsys.readouterr().out
    assert main(["windows", str(store), "--max-length", "100000"]) == 0
    assert "0 windows" in capsys.readouterr().out


def test_demo_on_a_few_files(tmp_path, capsys):
    files = []
    for i in range(3):
        path = tmp_path / f"{i}.py"
        path.write_bytes(f"def f_{i}(x):\n    return x + {i}  # größer\n".encode() * (40 * i))
        files.append(path)
    files.append(tmp_path / "latin_1.py")  # the standard library has such sources, too
    files[-1].write_bytes("# größer\n".encode("latin-1"))
    with Stages() as stages:
        rows = demo.go(files, tmp_path, 300, 2, stages)
    assert [row.stage.split()[0] for row in rows] == ["read", "train", "encode", "reopen", "8"]
    assert rows[1].ratio > 1
    assert rows[2].ratio > 1
    assert all(row.seconds > 0 for row in rows)
    with open_tokens(tmp_path / "store") as store:
        assert store.n_documents == 4
        assert store.n_tokens == rows[2].n_tokens


def test_demo_finds_the_standard_library():
    files = demo.standard_library()
    assert len(files) > 500
    assert any(path.name == "tokenize.py" for path in files)
    assert not any("site-packages" in path.parts for path in files)


def test_demo_replaces_nothing(tmp_path, capsys):
    kept = tmp_path / "store"
    kept.mkdir()
    assert "is there already" in fails(capsys, "demo", "--output", tmp_path)
    assert list(tmp_path.iterdir()) == [kept]


def test_demo_without_sources(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo.sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    assert "no .py files" in fails(capsys, "demo")


def test_missing_and_wrong_inputs(tmp_path, corpus, vocabulary, capsys):
    out = tmp_path / "out"
    missing = tmp_path / "missing.txt"
    train = ["train", "-o", out]
    tokenize = ["tokenize", "-o", out, "--tokenizer"]
    assert "missing.txt" in fails(capsys, *train, missing)
    (tmp_path / "empty").mkdir()
    assert "no files are in the folder" in fails(capsys, *train, tmp_path / "empty")
    assert "need at least 257" in fails(
        capsys, *train, corpus, "--vocab-size", "256", "--special", EOS
    )
    assert "cl100k" in fails(capsys, *train, corpus, "--pattern", "cl1000k")
    assert "no folder" in fails(capsys, "train", corpus, "-o", tmp_path / "no" / "t.json")
    assert "missing.txt" in fails(capsys, *tokenize, vocabulary, missing)
    assert "nonsense" in fails(capsys, *tokenize, "nonsense", corpus)
    assert "corpus.txt" in fails(capsys, *tokenize, corpus, corpus)
    assert "no special token" in fails(capsys, *tokenize, vocabulary, corpus, "--append-eos", "<x>")
    assert "missing" in fails(capsys, "windows", tmp_path / "missing", "--max-length", "4")
    assert "holds no special tokens" in fails(
        capsys, "train", corpus, "-o", tmp_path / "t.tiktoken", "--special", EOS
    )
    assert "is a directory" in fails(capsys, *train[:2], tmp_path, corpus, "--force")
    assert "is a file" in fails(capsys, "tokenize", corpus, "-o", corpus, *tokenize[3:], vocabulary)
    assert not out.exists()


def test_empty_and_binary_inputs(tmp_path, vocabulary, capsys):
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_bytes(b"")
    binary.write_bytes(bytes(range(256)) * 40 + b"\xe2\x82")
    learned, out = tmp_path / "t.json", tmp_path / "out"
    assert main(["train", str(empty), "-o", str(learned)]) == 0
    assert Tokenizer.load(learned).vocab_size == 256
    assert main(["train", str(binary), "-o", str(learned), "--force", "--vocab-size", "300"]) == 0
    for path in (vocabulary, learned):
        capsys.readouterr()
        arguments = ["--tokenizer", str(path), "-o", str(out), "--force"]
        assert main(["tokenize", str(binary), str(empty), *arguments]) == 0
        assert "1 documents were left out: 1 invalid-utf8" in capsys.readouterr().err
        with open_tokens(out) as store:
            assert (store.n_documents, store.n_tokens) == (1, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_unwritable_output(tmp_path, corpus, vocabulary, capsys, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if os.geteuid() == 0:  # nothing is closed to root: refuse as the system would
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: path != locked and real(path, mode))

        def refused(self, *_, **__):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

        monkeypatch.setattr(pathlib.Path, "mkdir", refused)
    assert "no right to write" in fails(capsys, "train", corpus, "-o", locked / "t.json")
    line = fails(capsys, "tokenize", corpus, "-o", locked / "out", "--tokenizer", vocabulary)
    assert line == f"error: {locked / 'out'}: Permission denied"


def test_arguments_that_would_be_ignored(store, corpus, vocabulary, capsys):
    windows = ["windows", store, "--max-length", "4", "--pattern", "cl100k"]
    assert "--tokenizer" in fails(capsys, *windows)
    tokenize = ["tokenize", str(corpus), "-o", "x", "--tokenizer", str(vocabulary)]
    with pytest.raises(SystemExit) as stopped:
        main([*tokenize, "--workers", "9" * 30])
    assert stopped.value.code == 2


def test_another_tokenizer_is_told(tmp_path, store, vocabulary, capsys):
    other = tmp_path / "other.json"
    Tokenizer.train(TEXT[:900], 300, special_tokens=["<|other|>"]).save(other)
    for path, told in ((vocabulary, False), (other, True)):
        for command in (["decode"], ["windows", "--max-length", "4"]):
            capsys.readouterr()
            assert main([*command, str(store), "--tokenizer", str(path)]) == 0
            assert ("another tokenizer" in capsys.readouterr().err) == told


def test_damaged_store(store, vocabulary, capsys):
    shard = store / "shard-00000.bin"
    shard.write_bytes(shard.read_bytes()[:-2])
    assert "shard-00000" in fails(capsys, "windows", store, "--max-length", "4")
    (store / "manifest.json").unlink()
    assert "manifest" in fails(capsys, "decode", store, "--tokenizer", vocabulary)


def test_full_disk(tmp_path, corpus, vocabulary, capsys, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_room)
    out = tmp_path / "out"
    tokenize = ["tokenize", str(corpus), "-o", str(out), "--tokenizer", str(vocabulary)]
    assert "No space left" in fails(capsys, *tokenize)
    assert not (out / "manifest.json").exists()
    monkeypatch.undo()
    assert main(tokenize) == 0
    with open_tokens(out, verify=True) as store:
        assert store.document(0).tolist() == Tokenizer.load(vocabulary).encode(TEXT)


@pytest.fixture
def start():
    """Run a command in a process of its own, which hears signals, and is gone afterwards."""
    started = []

    def start(*arguments, stdin=None):
        process = subprocess.Popen(
            [sys.executable, "-m", "bytestride", *map(str, arguments)],
            stdin=stdin,
            stderr=subprocess.PIPE,
            preexec_fn=hear_ctrl_c,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def stopped(process, how=signal.SIGINT):
    """End it by a signal; give its status and what it said."""
    process.send_signal(how)
    process.wait(30)
    return process.returncode, process.stderr.read().decode()


def wait_for(is_so, process):
    """Wait until something is so, while the process is at work."""
    for _ in range(600):
        if is_so():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError("it took more than half a minute")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_leaves_nothing_of_a_training(tmp_path, start):
    # A pipe that never ends keeps the command at work until the signal comes.
    pipe = tmp_path / "endless.txt"
    os.mkfifo(pipe)
    out = tmp_path / "out"
    process = start("train", pipe, "-o", out)
    with pipe.open("wb") as writer:  # waits until the command has opened it
        writer.write(TEXT.encode())
        writer.flush()
        time.sleep(0.3)
        status, said = stopped(process)
    assert status == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["endless.txt", "-"])
def test_a_signal_ends_a_job_that_waits_for_a_pipe(tmp_path, vocabulary, capsys, start, how, name):
    pipe, out = tmp_path / name, tmp_path / "out"
    is_stdin = name == "-"
    if not is_stdin:
        os.mkfifo(pipe)
    arguments = ["tokenize", "-" if is_stdin else pipe, "-o", out, "--tokenizer", vocabulary]
    process = start(*arguments, stdin=subprocess.PIPE if is_stdin else None)
    with process.stdin if is_stdin else pipe.open("wb") as writer:
        writer.write(TEXT.encode())
        writer.flush()
        wait_for(lambda: list(out.glob(".tokenize/attempt-*")), process)
        time.sleep(0.1)
        status, said = stopped(process, how)
    assert status == (130 if how == signal.SIGINT else 143)
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert "Fatal" not in said
    assert not list(out.glob(".tokenize/attempt-*"))
    assert "manifest" in fails(capsys, "decode", out, "--tokenizer", vocabulary)


def write_until_it_ends(pipe):
    with contextlib.suppress(BrokenPipeError), pipe.open("wb", buffering=0) as writer:
        while True:
            writer.write(TEXT.encode() * 100)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_keeps_the_old_store(tmp_path, store, vocabulary, start):
    def files():
        return {path.name: path.read_bytes() for path in store.iterdir() if path.is_file()}

    before = files()
    pipe = tmp_path / "endless.txt"
    os.mkfifo(pipe)
    lines = ["--lines", "--shard-tokens", "100000"]
    process = start("tokenize", pipe, "-o", store, "--tokenizer", vocabulary, "--force", *lines)
    with ThreadPoolExecutor(1) as thread:
        written = thread.submit(write_until_it_ends, pipe)
        try:
            wait_for(lambda: list(store.glob(".tokenize/part-*.json")), process)
            status, said = stopped(process)
        finally:
            process.kill()  # or the thread would write for ever
        written.result(30)
    assert status == 130
    assert "Traceback" not in said
    assert files() == before
    assert list(store.glob(".tokenize/part-*.json"))  # what was finished is there to go on from


def test_closed_stdout(store, vocabulary):
    command = [sys.executable, "-m", "bytestride", "decode", str(store)]
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command, "--tokenizer", str(vocabulary)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: stdout is closed")


def test_broken_pipe(store, vocabulary):
    process = subprocess.Popen(
        [sys.executable, "-m", "bytestride", "decode", str(store), "--tokenizer", str(vocabulary)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert b"Traceback" not in said


def test_manifest_names_the_tokenizer(store, vocabulary):
    manifest = json.loads((store / "manifest.json").read_text())
    fingerprint = Tokenizer.load(vocabulary).definition.fingerprint()
    assert manifest["metadata"]["tokenizer"]["fingerprint"] == fingerprint
