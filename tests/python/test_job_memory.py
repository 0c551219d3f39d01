"""What a job takes of memory, by the largest it ever was, in a process of its own.

Before the job nearly all is imported and the vocabulary is there: what counts is how much higher
the mark is after it than after a job of a few bytes.
"""

import json
import os
import subprocess
import sys
import threading

import pytest
from corpora import small_tokenizer
from job_parts import environment

from bytestride import open_tokens

MIB = 2**20
GIB = 2**30

MEASURED = """
import resource, sys
from pathlib import Path
from bytestride import Tokenizer, tokenize_corpus
from bytestride.corpus.finding import find_inputs
from bytestride.corpus.reading import Reading

name, out, tokenizer, workers, memory, most, form, separator, address_space = sys.argv[1:]

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024

tokenizer = Tokenizer.load(tokenizer)
options = {"tokenizer": tokenizer, "num_workers": int(workers), "shard_tokens": 2**26}
once = Path(out + "-once.jsonl")
once.write_text('{"text": "low lower lowest"}\\n' * 3)
tokenize_corpus(once, out + "-once", **options)
before = peak()
if int(address_space):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    limit = used + int(address_space)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
result = tokenize_corpus(
    name,
    out,
    reading=Reading(
        format=form or None,
        separator=separator.encode() or None,
        max_document_bytes=int(most) if int(most) else Reading().max_document_bytes,
    ),
    memory_bytes=int(memory) or None,
    **options,
)
import json
print(json.dumps([before, peak(), result.n_documents, dict(result.rejects)]))
"""


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    small_tokenizer().save(path)
    return path


@pytest.fixture
def measure(tmp_path, tokenizer_file):
    """Give a function that does a job: how much higher the mark is, all of it, documents, rejects.

    `blocks` come by stdin.
    """

    def run(
        name, blocks=(), *, memory=0, most=0, form="", separator="", address_space=0, workers=2
    ):
        out = str(tmp_path / "out")
        numbers = [workers, memory, most]
        arguments = [str(name), out, str(tokenizer_file), *map(str, numbers)]
        arguments += [form, separator, str(address_space)]
        process = subprocess.Popen(
            [sys.executable, "-c", MEASURED, *arguments],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        try:
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            pass
        said = process.stdout.read()
        reader.join()
        process.stdout.close()
        process.stderr.close()
        assert process.wait() == 0, errors
        before, after, n_documents, rejects = json.loads(said)
        print(f"{(after - before) / MIB:.0f} MiB more, {after / MIB:.0f} MiB in all")
        return after - before, after, n_documents, rejects

    return run


WORDS = b"low lower lowest newer wider the cat don't stop 12345 "


def lines(n_bytes):
    """Lines of JSON of this many bytes, in blocks, and how many lines a block has."""
    record = json.dumps({"id": 1, "text": (WORDS * 20).decode()}).encode() + b"\n"
    block = record * (MIB // len(record))
    return (block for _ in range(0, n_bytes, len(block))), MIB // len(record)


def sized(slow, quick):
    return pytest.mark.parametrize("n_bytes", [quick, pytest.param(slow, marks=pytest.mark.slow)])


@sized(10_000 * MIB, 48 * MIB)
def test_lines_of_json(measure, n_bytes):
    blocks, n_lines = lines(n_bytes)
    more, whole, n_documents, rejects = measure("-", blocks, form="jsonl", address_space=900 * MIB)
    assert n_documents % n_lines == 0
    assert n_documents * 1000 > n_bytes * 0.8
    assert not rejects
    assert more < 120 * MIB
    assert whole < 400 * MIB


def test_the_memory_given(measure):
    blocks, _ = lines(48 * MIB)
    more, *_ = measure("-", blocks, form="jsonl", memory=24 * MIB)
    assert more < 40 * MIB  # also what Arrow, Python and threads' stacks take by and by


@sized(3 * GIB, 48 * MIB)
def test_one_document(measure, tmp_path, n_bytes):
    path = tmp_path / "in.txt"
    block = WORDS * (MIB // len(WORDS))
    with path.open("wb") as file:
        for _ in range(0, n_bytes, len(block)):
            file.write(block)
    more, _, n_documents, rejects = measure(path)
    path.unlink()
    assert (n_documents, rejects) == (1, {})
    assert more < 120 * MIB
    with open_tokens(tmp_path / "out") as store:
        assert store.n_tokens > n_bytes // 8


@sized(3 * GIB, 40 * MIB)
def test_one_line_of_json_too_long(measure, n_bytes):
    def blocks():
        yield b'{"text": "low"}\n{"text": "'
        block = WORDS * (MIB // len(WORDS))
        for _ in range(0, n_bytes, len(block)):
            yield block
        yield b'"}\n{"text": "lower"}\n'

    more, _, n_documents, rejects = measure("-", blocks(), form="jsonl", most=8 * MIB)
    assert (n_documents, rejects) == (2, {"too-long": 1})
    assert more < 60 * MIB


@sized(10**8, 10**7)
def test_documents_of_a_hundred_bytes(measure, tmp_path, n_bytes):
    path = tmp_path / "in.txt"
    path.write_bytes((b"low lower lowest newer wider the cat " * 3)[:99] + b"\n")
    path.write_bytes(path.read_bytes() * (n_bytes // 100))
    more, _, n_documents, rejects = measure(path, separator="\n")
    assert (n_documents, rejects) == (n_bytes // 100, {})
    assert more < 120 * MIB


@pytest.mark.parametrize("n_files", [2_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_files_of_a_line(measure, tmp_path, n_files):
    folder = tmp_path / "in"
    for number in range(n_files):
        if number % 1000 == 0:
            (folder / f"{number:07d}").mkdir(parents=True)
        name = f"{folder}/{number // 1000 * 1000:07d}/{number:07d}.txt"
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, b"low lower lowest\n")
        os.close(descriptor)
    more, _, n_documents, rejects = measure(folder)
    assert (n_documents, rejects) == (n_files, {})
    assert more < 60 * MIB + n_files * 600
    n_lines = (tmp_path / "out" / "sources.jsonl").read_bytes().count(b"\n")
    assert n_lines == n_files
