"""What an installed wheel must be able to do, where it is installed; plain Python and numpy.

For `.ci/run wheel` and cibuildwheel: takes seconds, needs no file of the project and no network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

import bytestride
from bytestride import (
    Tokenizer,
    TokenStoreWriter,
    Windows,
    WordTokenizer,
    _core,
    open_tokens,
)

TEXTS = ["low lower lowest, newer newest wider. " * 30, "naïve façade: 東京 🙂\n" * 20, "", "low"]
END = "<|endoftext|>"


def learn() -> Tokenizer:
    """Train, and take what was learned through a file."""
    for pattern, n_tokens, expected in (
        ("gpt2", 296, [257, 256, 261, 292]),
        ("cl100k", 297, [257, 256, 261, 293]),
    ):
        trained = Tokenizer.train(TEXTS, vocab_size=300, pattern=pattern, special_tokens=[END])
        assert trained.vocab_size == n_tokens, pattern  # no pair is left to merge
        assert trained.encode("lowest 東京") == expected, pattern
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        trained.save(path)
        loaded = Tokenizer.load(path)
    for text in TEXTS:
        assert loaded.encode(text) == trained.encode(text)
    return trained


def encode(tokenizer: Tokenizer) -> None:
    """Everything comes back, by every way in, and with any number of threads."""
    for text in [*TEXTS, "a" * 5000, "\r\n\t  x \u2003y", "x\U0001f468\u200d\U0001f469"]:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert list(tokenizer.encode_bytes(text.encode())) == ids
    raw = bytes(range(256)) * 3
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(raw)) == raw
    one, two = (tokenizer.encode_ragged(TEXTS * 200, num_threads=n) for n in (1, 4))
    assert (one.tokens == two.tokens).all()
    assert (one.offsets == two.offsets).all()


def serve(tokenizer: Tokenizer) -> None:
    """Write a store and serve windows of it, mapped and read."""
    batch = tokenizer.encode_ragged(TEXTS)
    assert batch.offsets.tolist() == [0, 241, 341, 341, 342]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens"
        for overwrite in (False, True):
            with TokenStoreWriter(path, vocab_size=297, overwrite=overwrite) as writer:
                writer.append(batch.tokens, batch.offsets[1:])
        for access in ("map", "read"):
            with open_tokens(path, access=access) as store:
                assert store.n_tokens == batch.tokens.size
                windows = Windows(store, max_length=16, stride=8)
                x, y = windows.batch(np.arange(len(windows)))
                for i in range(len(windows)):
                    expected = batch.tokens[8 * i : 8 * i + 17].astype(np.int64)
                    assert (x[i] == expected[:-1]).all()
                    assert (y[i] == expected[1:]).all()
                del x, y, windows


def words() -> None:
    """The simple vocabulary tokenizer."""
    tokenizer = WordTokenizer.train("the cat, the hat")
    assert tokenizer.encode("the hat, the dog") == [3, 2, 0, 3, 7]
    assert tokenizer.decode(tokenizer.encode("the hat, the cat")) == "the hat, the cat"


def commands() -> None:
    """The command line, as users start it."""
    program = [sys.executable, "-m", "bytestride"]
    version = subprocess.run([*program, "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.split() == ["bytestride", bytestride.__version__]
    demo = [*program, "demo", "--vocab-size", "512"]
    subprocess.run(demo, check=True, capture_output=True, timeout=300)


def main() -> None:
    """Run all of it."""
    tokenizer = learn()
    encode(tokenizer)
    serve(tokenizer)
    words()
    threads = [threading.Thread(target=encode, args=(tokenizer,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commands()
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        print("the GIL stayed off")
    print(f"bytestride {bytestride.__version__}: all well, {_core.__file__}")


if __name__ == "__main__":
    main()
