"""Documents that are no UTF-8, and where, against Python's own strict decoder.

A process keeps the backend that it began with, so each backend has a process of its own.
"""

import os
import random
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import _core

BACKENDS = ["scalar", "avx2", "avx512", "neon"]
EDGES = (
    b"\x00a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf4\xf5\xff"
)

# Writes what is found as numbers, and a hash of what is found in many texts made here.
PROGRAM = r"""
import hashlib, random, sys
import numpy as np
from bytestride import _core

print(_core.backend())
data = sys.stdin.buffer.read()
rng = random.Random(7)
found = []
for n in range(400):
    text = bytearray(data[rng.randrange(len(data)) :][: rng.randrange(5000)])
    for _ in range(rng.randrange(12)):
        if text:
            text[rng.randrange(len(text))] = rng.randrange(100, 256)
    cuts = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(9)))
    offsets = np.array([0, *cuts, len(text)], np.int64)
    rows = _core.ill_formed_documents(text, offsets).tolist()
    expected = []
    for i, (begin, end) in enumerate(zip(offsets[:-1], offsets[1:])):
        try:
            bytes(text[begin:end]).decode("utf-8")
        except UnicodeDecodeError as error:
            expected.append([i, error.start])
    assert rows == expected, (n, rows, expected)
    found += rows
assert _core.ill_formed_documents(data, np.array([0, len(data)], np.int64)).tolist() == []
print(len(found), hashlib.sha256(repr(found).encode()).hexdigest())
"""


def by_python(documents):
    rows = []
    for i, document in enumerate(documents):
        try:
            document.decode("utf-8")
        except UnicodeDecodeError as error:
            rows.append([i, error.start])
    return rows


def check(documents):
    expected = by_python(documents)
    forms = {
        "list": (documents, None),
        "offsets": (b"".join(documents), np.cumsum([0, *map(len, documents)], dtype=np.int64)),
        "arrow": (pa.array(documents, pa.binary()), None),
        "large": (pa.chunked_array([pa.array(documents, pa.large_binary())]), None),
    }
    ends = forms["offsets"][1]
    if len(documents):
        forms["spans"] = (forms["offsets"][0], np.stack([ends[:-1], ends[1:]], axis=1))
    for name, form in forms.items():
        found = _core.ill_formed_documents(*form)
        assert found.dtype == np.int64, name
        assert found.shape == (len(expected), 2), name
        assert found.tolist() == expected, name


pieces = st.sampled_from(["a" * 40, "é", "中" * 7, "🙂"]).map(str.encode) | st.lists(
    st.sampled_from(EDGES), max_size=4
).map(bytes)


@given(st.lists(st.lists(pieces, max_size=8).map(b"".join), max_size=6))
def test_as_python_says(documents):
    check(documents)


def test_text_cut_anywhere():
    text = ("It's naïve 漢字 🙂 " * 9).encode()
    rng = random.Random(3)
    for _ in range(200):
        cuts = sorted(rng.randrange(len(text) + 1) for _ in range(5))
        check([text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)])


@pytest.mark.parametrize("corpus", ["code", "multi"])
def test_real_text_on_every_backend(corpus, corpus_text):
    data = corpus_text(corpus, 1_000_000).encode()
    answers = {}
    for backend in BACKENDS:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=data,
            env={**os.environ, "BYTESTRIDE_BACKEND": backend},
            capture_output=True,
            check=False,
        )
        if b"BYTESTRIDE_BACKEND is" in result.stderr:
            continue
        assert result.returncode == 0, result.stderr.decode()
        used, answers[backend] = result.stdout.decode().splitlines()
        assert used == backend
    assert int(answers["scalar"].split()[0]) > 500
    assert set(answers.values()) == {answers["scalar"]}


def test_what_is_no_document():
    with pytest.raises(TypeError, match="document 1 is a str, which is not UTF-8 yet; pass bytes"):
        _core.ill_formed_documents([b"a", "a"])
    with pytest.raises(TypeError, match="must be str or bytes, not int"):
        _core.ill_formed_documents([1])
    with pytest.raises(ValueError, match="at most 2"):
        _core.ill_formed_documents(b"ab", np.array([0, 3], np.int64))
    with pytest.raises(ValueError, match="null, the first at 1"):
        _core.ill_formed_documents(pa.array(["a", None]))
    assert _core.ill_formed_documents([]).shape == (0, 2)
    assert _core.ill_formed_documents(pa.array([], pa.string())).shape == (0, 2)
