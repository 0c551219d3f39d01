"""The budget of the word caches: settable, kept, and without influence on ids."""

import os
import subprocess
import sys

import pytest

import bytestride

TEXT = " ".join(f"word{i} sub{i * 7}word unbelievably{i} 文字{i}" for i in range(3000))


@pytest.fixture
def tokenizer():
    return bytestride.Tokenizer.train(TEXT, 400)


@pytest.fixture
def budget():
    before = bytestride.cache_budget()
    yield before
    bytestride.set_cache_budget(before)


def test_the_default_is_64_mebibytes():
    assert bytestride.cache_budget() == 64 << 20


def test_ids_are_the_same_under_every_budget(tokenizer, budget):
    expected = tokenizer.encode_ragged([TEXT]).tokens.tolist()
    for n_bytes in (0, 1, 100_000, 1 << 20, 10**30):
        bytestride.set_cache_budget(n_bytes)
        tokenizer.clear_cache()
        for _ in range(2):
            assert tokenizer.encode_ragged([TEXT]).tokens.tolist() == expected


def test_caches_stay_within_the_budget_and_give_it_back(budget):
    bytestride.set_cache_budget(8 << 20)
    before = bytestride.cache_bytes_in_use()
    tokenizers = [bytestride.Tokenizer.train("low lower lowest " * 9, 262) for _ in range(6)]
    for tokenizer in tokenizers:
        tokenizer.encode_ragged([TEXT] * 4, num_threads=2)
        assert bytestride.cache_bytes_in_use() <= max(8 << 20, before)
    assert bytestride.cache_bytes_in_use() > before or before > 4 << 20
    del tokenizer, tokenizers
    assert bytestride.cache_bytes_in_use() == before


def test_clearing_gives_memory_back(tokenizer, budget):
    # Tokenizers of other tests may have all of the default budget.
    bytestride.set_cache_budget(bytestride.cache_bytes_in_use() + (16 << 20))
    tokenizer.encode(TEXT)
    before = bytestride.cache_bytes_in_use()
    tokenizer.clear_cache()
    assert bytestride.cache_bytes_in_use() < before


@pytest.mark.parametrize("wrong", [-1, -(10**30)])
def test_a_negative_budget_is_refused(wrong):
    with pytest.raises(ValueError, match="must not be negative"):
        bytestride.set_cache_budget(wrong)
    with pytest.raises(TypeError):
        bytestride.set_cache_budget("much")


def _ids_with_backend(name):
    code = (
        "import bytestride, sys\n"
        "t = bytestride.Tokenizer.train('low lower lowest ' * 9, 262)\n"
        "print(bytestride.backend(), t.encode('lower 文字 don\\'t  1234\\n\\n stop'))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BYTESTRIDE_BACKEND": name},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_chooses_the_backend():
    default = _ids_with_backend("")
    scalar = _ids_with_backend("scalar")
    assert scalar.stdout.startswith("scalar [")
    assert scalar.stdout.split(" ", 1)[1] == default.stdout.split(" ", 1)[1]


def test_a_backend_that_is_not_there_is_an_error_that_names_those_that_are():
    result = _ids_with_backend("sparc")
    assert result.returncode != 0
    assert "BYTESTRIDE_BACKEND is 'sparc'" in result.stderr
    assert "scalar" in result.stderr
