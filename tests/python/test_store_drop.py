"""A document that was begun and dropped leaves no trace in any file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_parts import write

from bytestride import TokenStoreWriter, open_tokens
from bytestride.store.durable import PendingFile
from bytestride.store.pending_shard import PendingShard

documents_strategy = st.lists(
    st.tuples(
        st.lists(st.integers(0, 65_535), max_size=9),
        st.booleans(),  # whether it is dropped
        st.integers(0, 4),  # after how many more calls
    ),
    max_size=14,
)


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(deadline=None, max_examples=25)
@given(documents=documents_strategy, shard_tokens=st.integers(1, 20), joined=st.booleans())
def test_the_files_of_a_writer_that_never_saw_them(
    tmp_path_factory, documents, shard_tokens, joined
):
    folder = tmp_path_factory.mktemp("stores")
    kept = [ids for ids, is_dropped, _ in documents if not is_dropped]
    options = {"vocab_size": 65_536, "shard_tokens": shard_tokens, "emit": ["olmo"]}
    write(folder / "one", kept, **options)
    with TokenStoreWriter(folder / "two", **options) as writer:
        tokens, ends = [], []  # whole documents that wait to be handed over with what comes next
        for ids, is_dropped, n_more in documents:
            if not is_dropped:
                tokens += ids
                ends.append(len(tokens))
                if joined:
                    continue
                writer.append(tokens, ends)
            else:
                writer.append(tokens + ids, ends)
                for more in range(n_more):
                    writer.append(ids[more:], [])
                n_ids = len(ids) + sum(len(ids[more:]) for more in range(n_more))
                n_tokens = writer.n_tokens
                assert writer.drop_open_document() == n_ids
                assert writer.n_tokens == n_tokens - n_ids
                assert writer.drop_open_document() == 0
            tokens, ends = [], []
        writer.append(tokens, ends)
        assert (writer.n_tokens, writer.n_documents) == (sum(map(len, kept)), len(kept))
    assert files_of(folder / "one") == files_of(folder / "two")


def test_a_long_document_and_what_follows_it(tmp_path):
    """Longer than what a file holds back: it has been on the disk."""
    long = np.full(3_000_000, 7)
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        writer.append([1, 2, 3], [2])
        writer.append(long, [])
        assert writer.drop_open_document() == 3_000_001
        assert (tmp_path / "s/shard-00000.bin.tmp").stat().st_size == 4
        writer.append([4], [])
        writer.append([5], [1])
    with open_tokens(tmp_path / "s", verify=True) as store:
        assert [store.document(i).tolist() for i in range(2)] == [[1, 2], [4, 5]]


def test_nothing_is_open(tmp_path):
    with TokenStoreWriter(tmp_path / "s", vocab_size=300) as writer:
        assert writer.drop_open_document() == 0
        writer.append([1], [1])
        assert writer.drop_open_document() == 0
    with pytest.raises(ValueError, match="closed"):
        writer.drop_open_document()
    assert open_tokens(tmp_path / "s", verify=True).n_tokens == 1


def test_a_disk_that_refuses_ends_the_writer(tmp_path, monkeypatch):
    writer = TokenStoreWriter(tmp_path / "s", vocab_size=300)
    writer.append([1, 2], [1])

    def refuse(*_):
        raise OSError("mocked")

    with monkeypatch.context() as patch:
        patch.setattr(PendingFile, "rewind", refuse)
        with pytest.raises(OSError, match="mocked"):
            writer.drop_open_document()
    with pytest.raises(RuntimeError, match="nothing was stored"):
        writer.append([1], [1])
    assert not (tmp_path / "s").exists()


def test_a_shard_of_any_name(tmp_path):
    """As a job makes them in its work folder."""
    shard = PendingShard(tmp_path, "part-00012.000", np.dtype("<u2"))
    shard.append(np.array([1, 2, 3, 4]), np.array([2, 1]))
    with pytest.raises(ValueError, match="a document of 1 tokens is still open"):
        shard.seal()
    assert shard.drop_open() == 1
    entry = shard.seal()
    shard.commit()
    assert (entry.name, entry.n_tokens, entry.n_documents) == ("part-00012.000", 3, 2)
    assert (entry.bin_bytes, entry.idx_bytes) == (6, 34 + 12 * 2 + 8 * 3)
    write(tmp_path / "s", [[1, 2], [3]])
    (same,) = open_tokens(tmp_path / "s").manifest.shards
    assert (entry.bin_xxh3, entry.idx_xxh3) == (same.bin_xxh3, same.idx_xxh3)
    for suffix in (".bin", ".idx"):
        one, two = tmp_path / f"part-00012.000{suffix}", tmp_path / f"s/shard-00000{suffix}"
        assert one.read_bytes() == two.read_bytes()
    assert not list(tmp_path.glob("*.tmp"))
