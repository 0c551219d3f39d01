"""Memory that goes round: what is in use is nobody else's."""

import gc

import numpy as np
import pytest

from bytestride import Tokenizer, _core, tokenize_corpus

TOKENIZER = Tokenizer.train("low lower lowest " * 20, 270)


@pytest.mark.parametrize("n_bytes", [0, 1, 100_000, 3_000_000, 2**21, 2**26 + 1])
def test_bytes_are_ones_own(n_bytes):
    arrays = []
    for round in range(3):
        arrays += [_core.recycled_bytes(n_bytes) for _ in range(5)]
        for i, array in enumerate(arrays):
            assert (array.dtype, array.size) == (np.uint8, n_bytes)
            array[:] = i
        assert all((array == i).all() for i, array in enumerate(arrays))
        del arrays[round::2]
    del arrays, array
    gc.collect()
    assert _core.recycled_bytes(n_bytes).size == n_bytes


def test_ids_that_are_kept_stay_what_they_are():
    texts = [f"low {i} lower " * (500 * i) for i in range(1, 30)]
    expected = [TOKENIZER._encode_flat([text], None, 1, None)[0] for text in texts]
    kept = []
    for text in texts:
        kept.append(TOKENIZER._encode_flat([text], None, 1, None, recycled=True)[0])
        if len(kept) % 3 == 0:
            kept[-2] = kept[-2].copy()  # one goes back
    assert all(np.array_equal(a, b) for a, b in zip(kept, expected, strict=True))


def test_a_view_holds_the_memory():
    view = _core.recycled_bytes(100_000)[10:20]
    view[:] = 7
    others = [_core.recycled_bytes(100_000) for _ in range(4)]
    for other in others:
        other[:] = 9
    assert view.tolist() == [7] * 10


def test_a_job_keeps_its_share_and_no_more(tmp_path):
    (tmp_path / "in.txt").write_text("low lower " * 1000)
    seen = []
    before = _core.recycled_budget(), _core.cache_budget()

    def progress(_):
        seen.append((_core.recycled_budget(), _core.cache_budget()))

    tokenize_corpus(
        tmp_path / "in.txt",
        tmp_path / "out",
        tokenizer=TOKENIZER,
        memory_bytes=16_000_000,
        progress=progress,
    )
    assert set(seen) == {(1_000_000, 4_000_000)}
    assert (_core.recycled_budget(), _core.cache_budget()) == before
