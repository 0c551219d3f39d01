"""What every room's tests share: the test data, where there is some, and hypothesis profiles."""

import codecs
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from bytestride import Tokenizer

ROOT = Path(__file__).resolve().parents[1]
SEPARATOR = "<|endoftext|>"

settings.register_profile("default", deadline=None, max_examples=100)
# The same examples every time, and more of them.
settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of vocabularies, corpora and fixtures; it may not be there."""
    return Path(os.environ.get("BYTESTRIDE_TEST_DATA", ROOT / ".." / "shared"))


@pytest.fixture(scope="session")
def data_file(data_folder: Path) -> Callable[[str], Path]:
    """Give the path of a file in the data folder, or skip."""

    def find(name: str) -> Path:
        path = data_folder / name
        if not path.is_file():
            pytest.skip(f"no {path}; BYTESTRIDE_TEST_DATA names the folder of the test data")
        return path

    return find


@pytest.fixture(scope="session")
def vocab_file(data_file: Callable[[str], Path]) -> Callable[[str], Path]:
    """Give the file of a published vocabulary ("r50k_base", "llama3"), or skip."""

    def find(name: str) -> Path:
        suffix = "tiktoken" if name.endswith("_base") else "tokenizer.json"
        return data_file(f"vocab/{name}.{suffix}")

    return find


@pytest.fixture(scope="session")
def corpus_text(data_file: Callable[[str], Path]) -> Callable[[str, int], str]:
    """Give about the first `n_bytes` of a corpus ("en", "code", "multi"), or skip.

    Documents in it end with `SEPARATOR`.
    """

    @functools.cache
    def read(name: str, n_bytes: int) -> str:
        path = data_file(f"corpora/{name}.txt.zst")
        zstandard = pytest.importorskip("zstandard", reason=f"reading {path} needs zstandard")
        with zstandard.open(path, "rb") as file:
            data = file.read(n_bytes)
        assert len(data) == n_bytes
        # The last character may be cut in two: such a decoder waits for the rest of it.
        return codecs.getincrementaldecoder("utf-8")().decode(data)

    return read


@pytest.fixture(scope="session")
def published(vocab_file: Callable[[str], Path]) -> Callable[[str], Tokenizer]:
    """Give the tokenizer of a published vocabulary, loaded once, or skip."""

    @functools.cache
    def load(name: str) -> Tokenizer:
        return Tokenizer.load(vocab_file(name))

    return load


@pytest.fixture(scope="session")
def pretrained_folder(data_file, vocab_file, tmp_path_factory) -> Callable[[str], Path]:
    """Give a folder that transformers loads a tokenizer from ("llama3", "gpt2"), or skip.

    GPT-2 is what we make of r50k_base's ranks.
    """

    @functools.cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        if name == "gpt2":
            Tokenizer.load(vocab_file("r50k_base")).save(folder / "tokenizer.json")
            end = "<|endoftext|>"
            config = {
                "add_prefix_space": False,
                "bos_token": end,
                "eos_token": end,
                "unk_token": end,
                "model_max_length": 1024,
                "tokenizer_class": "GPT2Tokenizer",
            }
            (folder / "tokenizer_config.json").write_text(json.dumps(config))
        else:
            for file in ("tokenizer.json", "tokenizer_config.json"):
                (folder / file).symlink_to(data_file(f"vocab/{name}.{file}").resolve())
        return folder

    return make
