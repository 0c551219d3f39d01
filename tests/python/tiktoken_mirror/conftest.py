"""Vocabularies for the mirror of tiktoken, and a home for it without any."""

from pathlib import Path

import pytest

from bytestride.tiktoken import registry

CACHES = ("BYTESTRIDE_VOCAB_DIR", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No vocabulary anywhere, and no encoding made yet."""
    for variable in CACHES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(registry, "ENCODINGS", {})
    return tmp_path


@pytest.fixture
def no_network(monkeypatch):
    """Nothing can be fetched."""

    def refuse(address, timeout):
        raise OSError(f"no network for {address} in {timeout} s")

    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.fixture
def with_vocabularies(nowhere, no_network, vocab_file, monkeypatch) -> Path:
    """Published vocabularies in a folder that a variable names."""
    folder = vocab_file("r50k_base").parent
    monkeypatch.setenv("BYTESTRIDE_VOCAB_DIR", str(folder))
    return folder
