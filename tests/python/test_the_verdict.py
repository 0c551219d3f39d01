"""A short story through the whole way: the counts that chapter 2 of a textbook gives for it."""

import numpy as np
import pytest

from bytestride import TokenStoreWriter, Windows, open_tokens


@pytest.fixture(scope="module")
def text(data_file):
    return data_file("fixtures/the-verdict.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ids(text, published):
    return published("r50k_base").encode_to_numpy(text)


def test_tokens(text, ids, published):
    assert len(text) == 20_479
    assert len(ids) == 5145
    assert published("r50k_base").decode(ids) == text
    assert published("r50k_base").count(text) == 5145


def test_the_first_batch(ids):
    x, y = Windows(ids, max_length=4, stride=4).batch(range(8))
    assert x.shape == y.shape == (8, 4)
    assert x[0].tolist() == [40, 367, 2885, 1464]
    assert y[0].tolist() == [367, 2885, 1464, 1807]
    # Windows that lie side by side read the text in order.
    assert x.ravel().tolist() == ids[:32].tolist()
    assert y.ravel().tolist() == ids[1:33].tolist()


@pytest.mark.parametrize(
    ("max_length", "stride", "n_windows"),
    [(4, 1, 5141), (4, 4, 1286), (256, 128, 39), (256, 256, 20)],
)
def test_how_many_windows(ids, max_length, stride, n_windows):
    windows = Windows(ids, max_length, stride)
    assert len(windows) == n_windows
    x, y = windows[-1]
    start = (n_windows - 1) * stride
    assert x.tolist() == ids[start : start + max_length].tolist()
    assert y.tolist() == ids[start + 1 : start + max_length + 1].tolist()


def test_from_a_store(ids, tmp_path):
    with TokenStoreWriter(tmp_path / "store", dtype=np.uint16) as writer:
        writer.append(ids.astype(np.uint16), np.array([len(ids)]))
    x, y = Windows(open_tokens(tmp_path / "store"), 4, 4).batch(range(8))
    assert x[0].tolist() == [40, 367, 2885, 1464]
    assert y[0].tolist() == [367, 2885, 1464, 1807]
