import numpy as np
import pytest

from bytestride import Ragged

RAGGED = Ragged(np.arange(6, dtype=np.uint16), np.array([0, 2, 2, 6]))


def test_documents():
    assert RAGGED.n_documents == 3
    assert [RAGGED.document(i).tolist() for i in range(3)] == [[0, 1], [], [2, 3, 4, 5]]
    assert [RAGGED.document(i).tolist() for i in (-3, -2, -1)] == [[0, 1], [], [2, 3, 4, 5]]


def test_a_document_is_a_view():
    assert RAGGED.document(2).base is RAGGED.tokens
    assert RAGGED.document(2).dtype == np.uint16


@pytest.mark.parametrize("index", [3, -4, 10**9])
def test_a_document_that_is_not_there(index):
    with pytest.raises(IndexError, match=f"document {index} of 3"):
        RAGGED.document(index)


def test_no_documents():
    empty = Ragged(np.empty(0, np.uint32), np.zeros(1, np.int64))
    assert empty.n_documents == 0
    for index in (0, -1):
        with pytest.raises(IndexError, match="of 0"):
            empty.document(index)


def test_it_unpacks():
    tokens, offsets = RAGGED
    assert tokens is RAGGED.tokens
    assert offsets is RAGGED.offsets
