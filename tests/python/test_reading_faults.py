"""Files that are damaged, changed midway, or hold what is too long: told, in bounded memory."""

import gzip
import itertools
import os
import random
import tracemalloc

import pytest
from reading_parts import documents_of, inputs_of, read, whole, write

from bytestride.corpus.chunks import Place
from bytestride.corpus.input_files import InputChangedError
from bytestride.corpus.reading import Reading, read_chunks
from bytestride.corpus.rejects import DAMAGED_FILE, TOO_LONG

# Packed files that are damaged.


def packed_with(suffix, data):
    if suffix == ".gz":
        return gzip.compress(data, 1)
    zstandard = pytest.importorskip("zstandard")
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("separator", [b"|", None])
@pytest.mark.parametrize("how", ["cut", "flipped", "tail"])
def test_damage(tmp_path, suffix, separator, how):
    random_words = random.Random(1).choices(["a b c", "long " * 9, "x\n"], k=30_000)
    data = "".join(f"{word}{i}|" for i, word in enumerate(random_words)).encode()
    packed = bytearray(packed_with(suffix, data))
    middle = len(packed) // 2
    if how == "cut":
        del packed[middle:]
    elif how == "flipped":
        packed[middle : middle + 40] = bytes(40)
    else:
        packed += b"no such frame"
    path = tmp_path / f"text{suffix}"
    path.write_bytes(packed)
    inputs = inputs_of(path, *write(tmp_path, b"behind it"))
    reading = Reading(separator=separator)
    answers = [read(inputs, whole(inputs), reading, size) for size in (3000, 100_000, 10**7)]
    assert answers[0] == answers[1] == answers[2]
    documents, rejects = answers[0]
    (reject,) = rejects.values()
    assert reject.reason == DAMAGED_FILE
    assert reject.detail.startswith(str(path))
    assert documents.pop(Place(1, 0)) == b"behind it"
    if (how, suffix) == ("flipped", ".gz"):
        return  # nothing tells where the damage begins; only that there is some
    everything = {Place(0, begin): text for begin, text in documents_of(data, separator)}
    assert documents == dict(itertools.islice(everything.items(), len(documents)))
    begins = [*(place.offset for place in everything), len(data)]
    assert reject.offset == begins[len(documents)]
    if separator is None:
        assert not documents
    else:
        assert len(documents) > (29_000 if how == "tail" else 10_000)


def test_a_damaged_file_of_lines(tmp_path):
    data = b'{"text": "some words"}\n' * 50_000
    packed = gzip.compress(data, 1)
    path = tmp_path / "text.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    inputs = inputs_of(path)
    documents, rejects = read(inputs, whole(inputs), Reading(), 100_000)
    (reject,) = rejects.values()
    assert (reject.reason, reject.offset) == (DAMAGED_FILE, 23 * len(documents))
    assert set(documents.values()) == {b"some words"}
    assert len(documents) > 15_000


# Files that are not what they were.


@pytest.mark.parametrize("size", [40, 500_000])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("separator", [b"\n", None])
def test_changed_files(tmp_path, size, suffix, separator):
    data = b"a b c d\n" * (size // 8)
    (path,) = write(tmp_path, data, suffix=suffix)
    inputs = inputs_of(path)
    reading = Reading(separator=separator)

    def read_it():
        return read(inputs, whole(inputs), reading, 10_000)

    before = path.stat()
    read_it()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputChangedError, match=r"0\.txt.* was changed since it was found: it had"):
        read_it()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(0, before.st_mtime_ns + 10))
    with pytest.raises(InputChangedError, match="it was written to, and its size is the same"):
        read_it()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"0\.txt"):
        read_it()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_is_changed_while_it_is_read(tmp_path, suffix):
    data = " ".join(random.Random(3).choices(["abc", "de", "f"], k=400_000)).encode()
    (path,) = write(tmp_path, data, suffix=suffix)
    inputs = inputs_of(path)
    stored = path.read_bytes()
    # Shorter, longer, and of the same size.
    for changed in (stored[:-1000], stored + b"|", stored[:-1] + b"?"):
        path.write_bytes(stored)
        os.utime(path, ns=(0, int(inputs.mtimes[0])))
        chunks = read_chunks(inputs, whole(inputs), Reading(), chunk_bytes=10_000)
        next(chunks)
        with path.open("r+b") as file:
            file.write(changed)
            file.truncate()
        with pytest.raises(InputChangedError, match="was changed since it was found"):
            list(chunks)


def test_a_file_that_grows_as_fast_as_it_is_read(tmp_path):
    (path,) = write(tmp_path, b"some words " * 1000)
    inputs = inputs_of(path)

    def read_and_write():
        with path.open("ab") as file:
            for _ in read_chunks(inputs, whole(inputs), Reading(), chunk_bytes=2000):
                file.write(b"some words " * 1000)
                file.flush()

    with pytest.raises(InputChangedError, match="it had 11,000 bytes, and has more"):
        read_and_write()


# Memory.


@pytest.mark.parametrize(
    ("data", "reading"),
    [
        (b"=", Reading(max_uncut_bytes=300_000)),
        (b"=", Reading(separator=b"<|end|>", max_uncut_bytes=300_000)),
        (b"a b ", Reading(separator=b"|", may_cut=False, max_document_bytes=300_000)),
        (b"a b ", Reading(may_cut=False, max_document_bytes=300_000)),
        (b"x", Reading(format="jsonl", max_document_bytes=300_000)),
    ],
    ids=["uncut", "uncut-separated", "whole-separated", "whole", "line"],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_is_too_long_is_not_held(tmp_path, data, reading, suffix):
    long = data * (12_000_000 // len(data))
    is_lines = reading.format == "jsonl"
    separator = b"\n" if is_lines else reading.separator or b""
    good = b'{"text": "good"}' if is_lines else b"good"
    texts = [good, long, good] if separator else [long]
    (path,) = write(tmp_path, separator.join(texts), suffix=suffix)
    inputs = inputs_of(path)
    del texts, long
    tracemalloc.start()
    try:
        documents, rejects = read(inputs, whole(inputs), reading, 50_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_500_000
    begin = len(good) + len(separator) if separator else 0
    assert [(place.offset, reject.reason) for place, reject in rejects.items()] == [
        (begin, TOO_LONG)
    ]
    assert next(iter(rejects.values())).sample == (data * 200)[:200]
    assert list(documents.values()) == ([b"good"] * 2 if separator else [])


def test_a_long_document_takes_a_few_chunks(tmp_path):
    (path,) = write(tmp_path, b"some words of a text. " * 1_000_000)
    inputs = inputs_of(path)
    n_bytes = n_chunks = 0
    tracemalloc.start()
    try:
        for chunk in read_chunks(inputs, whole(inputs), Reading(), chunk_bytes=100_000):
            n_bytes += chunk.texts().n_text_bytes
            n_chunks += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_bytes == 22_000_000
    assert 220 <= n_chunks < 230
    assert peak < 1_000_000
