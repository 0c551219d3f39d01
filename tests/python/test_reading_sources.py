"""What is read together: many small files, files of several kinds, stdin, and URLs."""

import gzip
import io
import json
import subprocess
import sys

import pytest
from reading_parts import inputs_of, read, whole

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.finding import find_inputs
from bytestride.corpus.input_files import InputChangedError
from bytestride.corpus.reading import Reading, read_chunks, splittable

# Many small files.


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_many_small_files(tmp_path, suffix):
    texts = [f"text {i}" for i in range(5000)]
    for i, text in enumerate(texts):
        line = json.dumps({"text": text})
        if i % 3 == 0:
            line = f"\ufeff{line}\n \n"
        (tmp_path / f"{i:04}{suffix}").write_text(text if suffix == ".txt" else line, "utf-8")
    inputs = find_inputs([tmp_path])
    chunks = list(read_chunks(inputs, whole(inputs), Reading()))
    assert len(chunks) == 2  # as many files as a chunk holds at most, and the rest
    assert [chunk.end for chunk in chunks] == [(4096, 0), (5000, 0)]
    assert sum(chunk.n_file_bytes for chunk in chunks) == inputs.sizes.sum()
    documents, rejects = read(inputs, whole(inputs), Reading(), 100_000)
    assert [document.decode() for document in documents.values()] == texts
    assert [place.source for place in documents] == list(range(5000))
    assert not rejects


def test_small_files_of_lines(tmp_path):
    datas = [b"", b'{"text": "a"}\n\n{"text": "b"}', b"no\n", b'\n\n{"text": "c"}\n{}', b"\n"] * 3
    paths = []
    for number, data in enumerate(datas):
        paths.append(tmp_path / f"{number:02}.jsonl")
        paths[-1].write_bytes(data)
    inputs = inputs_of(*paths)
    answers = [read(inputs, whole(inputs), Reading(), size) for size in (1, 60, 100_000)]
    assert answers[0] == answers[1] == answers[2]
    documents, rejects = answers[0]
    assert [(*place, text) for place, text in documents.items()][:4] == [
        (1, 0, b"a"),
        (1, 15, b"b"),
        (3, 2, b"c"),
        (6, 0, b"a"),
    ]
    assert [tuple(place) for place in rejects][:3] == [(2, 0), (3, 16), (7, 0)]


def test_kinds_are_read_in_order(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "1.txt").write_bytes(b"one")
    (tmp_path / "2.jsonl").write_bytes(b'{"text": "two"}')
    parquet.write_table(pyarrow.table({"text": ["three", "four"]}), tmp_path / "3.parquet")
    (tmp_path / "4.jsonl.gz").write_bytes(gzip.compress(b'{"text": "five"}\n'))
    (tmp_path / "5.txt").write_bytes(b"six")
    inputs = find_inputs([tmp_path])
    documents, _ = read(inputs, whole(inputs), Reading())
    assert list(documents.values()) == [b"one", b"two", b"three", b"four", b"five", b"six"]
    assert list(documents)[3] == (2, 1)
    documents, _ = read(inputs, [Range(Place(2, 1), Place(4, 0))], Reading())
    assert list(documents.values()) == [b"four", b"five"]


# What comes otherwise than from files.


def test_stdin(monkeypatch):
    data = b"one two\nthree\n" * 1000
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)))
    monkeypatch.setattr("sys.stdin", stdin)
    inputs = find_inputs(["-"])
    documents, _ = read(inputs, whole(inputs), Reading(separator=b"\n"), 100)
    assert b"".join(text + b"\n" for text in documents.values()) == data
    assert not stdin.closed


def test_stdin_of_a_pipe(tmp_path):
    # A pipe gives less than it is asked for.
    script = (
        "import sys\n"
        "from bytestride.corpus.finding import find_inputs\n"
        "from bytestride.corpus.reading import *\n"
        "inputs = find_inputs(['-'])\n"
        "chunks = read_chunks(inputs, [Range(Place(0, 0), Place(1, 0))], Reading())\n"
        "print(sum(chunk.texts().n_text_bytes for chunk in chunks))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"a b\n" * 600_000, capture_output=True, check=True
    )
    assert int(done.stdout) == 2_400_000


@pytest.fixture
def memory():
    fsspec = pytest.importorskip("fsspec")
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.rm("/corpus", recursive=True)


def test_urls(memory):
    lines = b"one two\nthree\n" * 1000
    memory.pipe("/corpus/a/1.txt", lines)
    memory.pipe("/corpus/a/2.txt.gz", gzip.compress(lines))
    memory.pipe("/corpus/b.jsonl", b'{"text": "x"}\n')
    memory.pipe("/corpus/.hidden/c.txt", b"no")
    inputs = find_inputs(["memory://corpus"])
    assert inputs.names == [
        f"memory:///corpus/{name}" for name in ("a/1.txt", "a/2.txt.gz", "b.jsonl")
    ]
    assert inputs.sizes.tolist()[0] == len(lines)
    documents, _ = read(inputs, whole(inputs), Reading(separator=b"\n"), 500)
    assert len(documents) == 4001
    assert splittable(inputs, 0, Reading(separator=b"\n"))
    first, _ = read(inputs, [Range(Place(0, 0), Place(0, 777))], Reading(separator=b"\n"), 500)
    rest, _ = read(inputs, [Range(Place(0, 777), Place(3, 0))], Reading(separator=b"\n"), 500)
    assert first | rest == documents
    assert find_inputs(["memory://corpus/*/*.txt"]).names == ["memory:///corpus/a/1.txt"]
    memory.pipe("/corpus/a/1.txt", lines + b"more")
    with pytest.raises(InputChangedError, match=r"memory:///corpus/a/1\.txt was changed"):
        read(inputs, whole(inputs), Reading(), 500)
