"""An encoding of the live tiktoken beside ours, and what a call of each gives."""

import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from bytestride import tiktoken as ours
from bytestride.published import FILES
from bytestride.tiktoken import _gpt2_files

theirs = pytest.importorskip("tiktoken")

NAMES = ours.list_encoding_names()


def pair_of(name: str, vocab_file: Callable[[str], Path]):
    """Our encoding and theirs, from the same cache of tiktoken's."""
    stems = [file.removesuffix(".tiktoken") for file in FILES if file.endswith(".tiktoken")]
    return _pair_of(name, tuple((f"{stem}.tiktoken", vocab_file(stem)) for stem in stems))


@functools.cache
def _pair_of(name: str, files: tuple[tuple[str, Path], ...]):
    with tempfile.TemporaryDirectory() as folder:
        for file, path in files:
            (Path(folder) / FILES[file].cache_name).symlink_to(path.resolve())
        with patch.dict(os.environ, {"TIKTOKEN_CACHE_DIR": folder}):
            for file in ("vocab.bpe", "encoder.json"):
                data = _gpt2_files.rebuild(FILES[file])
                (Path(folder) / FILES[file].cache_name).write_bytes(data)
            return ours.get_encoding(name), theirs.get_encoding(name)


def outcome(function: Callable[..., object], *args, **options) -> tuple[str, object]:
    """What a call gives, or the type and the arguments of what it raises."""
    try:
        result = function(*args, **options)
    except Exception as error:
        return type(error).__name__, error.args
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return "panic", None
    if isinstance(result, np.ndarray):
        return "array", (result.tolist(), result.dtype, result.flags.writeable)
    return "result", result
