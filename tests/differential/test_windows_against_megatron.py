"""Windows against Megatron's sample index, from its PyPI package where that is installed.

It is built by a compiled helper, which is loaded by itself: the package around it asks for a GPU's
libraries.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from bytestride import reference


@pytest.fixture(scope="module")
def build_sample_idx():
    for folder in sys.path:
        for path in Path(folder).glob("megatron/core/datasets/helpers_cpp*.so"):
            spec = importlib.util.spec_from_file_location("helpers_cpp", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.build_sample_idx_int32
    pytest.skip("megatron-core is not installed: pip install --no-deps megatron-core")


def test_samples_over_documents_in_order_are_our_windows(build_sample_idx):
    random = np.random.default_rng(6)
    for _ in range(200):
        sizes = random.integers(1, random.integers(2, 40), random.integers(1, 30)).astype(np.int32)
        n_tokens = int(sizes.sum())
        sequence_length = int(random.integers(2, 20))
        if n_tokens < sequence_length + 1:
            continue
        index = build_sample_idx(
            sizes,
            np.arange(len(sizes), dtype=np.int32),
            sequence_length,
            1,  # epoch
            n_tokens,
            True,  # without the last sequence if it is partial
            1,  # token more than a sequence has
        )
        begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        starts = begins[index[:, 0]] + index[:, 1]
        # One row more than there are samples: where the next would start.
        expected = reference.window_starts(n_tokens, sequence_length, sequence_length)
        assert starts[:-1].tolist() == expected
        assert starts[-1] == len(expected) * sequence_length
