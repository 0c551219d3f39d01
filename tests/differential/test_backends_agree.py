"""Pretokens and ids of real text on every backend that this machine has, against the scalar one.

A process keeps the backend that it began with, so each backend has a process of its own, which
tells how long each pretoken of each known pattern is, and what a vocabulary that it learns from
the text makes of that.
"""

import os
import subprocess
import sys

import pytest

from bytestride import _core

BACKENDS = ["avx2", "avx512", "neon"]
N_BYTES = 2_000_000
WHOLE = {"en": 69_900_000, "code": 45_500_000, "multi": 49_900_000}

# Reads documents from standard input, with \0 between them; prints, a pattern a line, how many
# pretokens there are and a hash of their lengths; then the same of ids, from str and from bytes.
PROGRAM = r"""
import hashlib, sys
import numpy as np
import bytestride
from bytestride import _core

documents = sys.stdin.buffer.read().split(b"\0")
print(bytestride.backend())
for name, pattern in _core.known_patterns():
    pieces = _core.Splitter(pattern, [], None).pieces
    digest = hashlib.sha256()
    n = 0
    for document in documents:
        lengths = np.fromiter(map(len, pieces(document)), np.uint64)
        n += len(lengths)
        assert int(lengths.sum()) == len(document)
        digest.update(lengths)
    print(name, n, digest.hexdigest())
for name in ("gpt2", "o200k"):
    tokenizer = bytestride.Tokenizer.train([d.decode() for d in documents[:50]], 1000, name)
    for given in ([d.decode() for d in documents], documents):
        ids = tokenizer.encode_ragged(given).tokens
        print("ids of", name, len(ids), hashlib.sha256(ids.astype("<u4")).hexdigest())
"""


def lengths_on(backend, data):
    """Run PROGRAM with a backend; None where the machine lacks it."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=data,
        env={**os.environ, "BYTESTRIDE_BACKEND": backend},
        capture_output=True,
        check=False,
    )
    if b"BYTESTRIDE_BACKEND is" in result.stderr:
        return None
    assert result.returncode == 0, result.stderr.decode()
    used, *lines = result.stdout.decode().splitlines()
    assert used == backend
    return lines


def compare_backends(text):
    data = text.replace("\0", "").replace("<|endoftext|>", "\0").encode()
    expected = lengths_on("scalar", data)
    assert len(expected) == len(_core.known_patterns()) + 4
    assert expected[-4:-2] == [expected[-4]] * 2  # a str and its bytes have the same ids
    assert expected[-2:] == [expected[-2]] * 2
    found = {backend: lengths_on(backend, data) for backend in BACKENDS}
    available = {backend: lines for backend, lines in found.items() if lines is not None}
    if not available:
        pytest.skip("this machine has the scalar backend only")
    for lines in available.values():
        assert lines == expected


@pytest.mark.parametrize("corpus", WHOLE)
def test_some_text(corpus, corpus_text):
    compare_backends(corpus_text(corpus, N_BYTES))


@pytest.mark.slow
@pytest.mark.parametrize("corpus", WHOLE)
def test_whole_corpora(corpus, corpus_text):
    compare_backends(corpus_text(corpus, WHOLE[corpus]))
