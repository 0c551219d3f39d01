"""What counts as documents: the two forms for the core, without a copy where none is needed."""

import itertools
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


@pytest.fixture(scope="module")
def pa():
    return pytest.importorskip("pyarrow")


def documents_of(source, offsets):
    data = bytes(memoryview(source))
    return [data[a:b] for a, b in itertools.pairwise(offsets)]


TEXTS = ["low", "", "é漢", "🙂"]


@pytest.mark.parametrize("kind", ["string", "large_string", "binary", "large_binary"])
def test_arrow_is_not_copied(pa, kind):
    array = pa.array(TEXTS, getattr(pa, kind)())
    for start, stop in ((0, 4), (1, 3), (2, 2), (3, 4)):
        part = array[start:stop]
        source, offsets = for_core(part)
        assert documents_of(source, offsets) == [text.encode() for text in TEXTS[start:stop]]
        assert offsets.dtype == np.int64
        if start < stop:
            assert source.address == array.buffers()[2].address


def test_chunks_are_put_together(pa):
    chunked = pa.chunked_array([TEXTS[:1], [], TEXTS[1:]], pa.string())
    source, offsets = for_core(chunked)
    assert documents_of(source, offsets) == [text.encode() for text in TEXTS]


def test_arrow_of_other_libraries(pa):
    # Anything that speaks Arrow's C protocol, not pyarrow's own classes only.
    class Foreign:
        def __init__(self, array):
            self.array = array

        def __arrow_c_array__(self, schema=None):
            return self.array.__arrow_c_array__(schema)

    source, offsets = for_core(Foreign(pa.array(TEXTS)))
    assert documents_of(source, offsets) == [text.encode() for text in TEXTS]


def test_nulls_are_refused(pa):
    with pytest.raises(ValueError, match=r"2 documents .* null, the first at 1; drop them or fill"):
        for_core(pa.array(["a", None, None]))


def test_other_types_are_refused(pa):
    for array in (
        pa.array([1]),
        pa.array([["a"]]),
        pa.array([None]),
        pa.array(["a"]).dictionary_encode(),
    ):
        with pytest.raises(ValueError, match="holds strings or binaries, not"):
            for_core(array)


def test_arrow_is_imported_for_arrow_only():
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
