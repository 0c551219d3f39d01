"""A store split by document is read in place, and its parts are what `split_store` would write."""

import pickle

import numpy as np
import pytest

from bytestride import TokenStoreWriter, Windows, open_tokens, split_store


@pytest.fixture
def store(tmp_path):
    random = np.random.default_rng(3)
    lengths = random.integers(0, 12, 300)
    with TokenStoreWriter(tmp_path / "store", vocab_size=2**16, shard_tokens=200) as writer:
        writer.append(np.arange(lengths.sum()), np.cumsum(lengths))
    with open_tokens(tmp_path / "store") as opened:
        yield opened


def documents_of(part):
    return [part.document(i).tolist() for i in range(part.n_documents)]


@pytest.mark.parametrize("seed", [None, 0, 7])
@pytest.mark.parametrize("validation", [0.1, 0.5, 1e-9])
def test_parts_are_what_split_store_writes(store, tmp_path, validation, seed):
    parts = store.split(validation, seed)
    paths = split_store(store.path, tmp_path / "parts", validation=validation, seed=seed)
    for part, path in zip(parts, paths, strict=True):
        with open_tokens(path) as written:
            assert part.n_documents == written.n_documents
            assert part.n_tokens == written.n_tokens
            assert documents_of(part) == [
                written.document(i).tolist() for i in range(written.n_documents)
            ]


@pytest.mark.parametrize("seed", [None, 5])
def test_windows_of_the_parts_are_those_of_their_documents(store, seed):
    for part in store.split(40, seed):
        windows = Windows(part, 4, 2, per_document=True, tail="pad")
        expected_x, numbers = [], []
        for i, document in enumerate(documents_of(part)):
            alone = Windows(np.array(document, np.uint16), 4, 2, tail="pad")
            expected_x += alone[:][0].tolist()
            numbers += [part.document_number(i)] * len(alone)
        assert windows[:][0].tolist() == expected_x
        found = windows.document_ids(range(len(windows)))
        assert found[:, 0].tolist() == numbers


def test_a_part_in_order_has_windows_across_documents(store):
    train, validation = store.split(0.25)
    assert train.n_tokens + validation.n_tokens == store.n_tokens
    x, _ = Windows(train, 16)[:]
    assert x[:, 0].tolist() == list(range(0, 16 * len(x), 16))
    x, y = Windows(validation, 16)[:]
    assert x[0, 0] == validation.first_token == train.n_tokens
    assert y.max() < store.n_tokens
    copy = pickle.loads(pickle.dumps(Windows(validation, 16)))
    assert copy[:][0].tolist() == x.tolist()
    copy.stores[0].close()


def test_documents_picked_by_a_seed_are_no_stretch_of_tokens(store):
    train, _ = store.split(0.25, seed=1)
    with pytest.raises(ValueError, match="per_document=True"):
        Windows(train, 16)


@pytest.mark.parametrize("validation", [0, 300, -1, 0.0, 1.0, 2.5, float("nan")])
def test_shares_that_are_refused(store, validation):
    with pytest.raises(ValueError, match="validation"):
        store.split(validation)


def test_seeds_that_are_refused(store):
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            store.split(0.5, seed)


def test_begins_of_documents_are_their_offsets(store):
    offsets = store.document_offsets
    assert [store.document_begin(i) for i in range(301)] == offsets.tolist()
    with pytest.raises(IndexError):
        store.document_begin(302)
