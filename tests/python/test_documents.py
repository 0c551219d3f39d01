"""What counts as documents: the two forms for the core, without a copy where none is needed."""

import subprocess
import sys

import numpy as np
import pytest

from bytestride.corpus.documents import for_core


@pytest.mark.parametrize(
    "documents", [["a", b"b"], ("a",), iter(["a"]), [], ("a", "b"), (b"a", [0])]
)
def test_an_iterable_stays_what_it_is(documents):
    source, offsets = for_core(documents)
    assert source is documents
    assert offsets is None


def test_a_pair_of_texts_is_no_buffer_with_offsets():
    for documents in (("a", "b"), (b"a", b"b"), (b"a", np.array(["b"])), (b"a", np.array([0.5]))):
        assert for_core(documents) == (documents, None)


def test_a_buffer_with_offsets():
    buffer, offsets = bytearray(b"abc"), np.array([0, 1, 3])
    source, given = for_core((buffer, offsets))
    assert source is buffer
    assert given is offsets
    for other in (offsets.astype("u2"), offsets.astype(">i8"), np.repeat(offsets, 2)[::2]):
        source, given = for_core((buffer, other))
        assert source is buffer
        assert given.dtype == np.int64
        assert given.flags.c_contiguous
        assert given.tolist() == [0, 1, 3]


def test_begins_and_ends():
    spans = np.array([[0, 1], [2, 3]], np.int64)
    assert for_core((b"abc", spans)) == (b"abc", spans)


def test_arrow_goes_as_it_is():
    class Foreign:
        def __arrow_c_array__(self, schema=None):
            raise AssertionError

    array = Foreign()
    assert for_core(array) == (array, None)


def test_nothing_heavy_is_imported():
    code = (
        "import sys, numpy as np, bytestride\n"
        "tokenizer = bytestride.Tokenizer.train('low lower', 258)\n"
        "tokenizer.encode_ragged(['low']), tokenizer.encode_ragged((b'low', np.array([0, 3])))\n"
        "heavy = {'pyarrow', 'torch', 'regex', 'rich', 'zstandard', 'tokenizers', 'tiktoken'}\n"
        "sys.exit(f'imported: {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
