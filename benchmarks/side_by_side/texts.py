"""What is encoded: slices of the corpora as files, and the forms in which encoders take them."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from side_by_side.environment import CACHE

DATA = Path(os.environ.get("BYTESTRIDE_TEST_DATA", "../shared")).resolve()
SEPARATOR = b"<|endoftext|>"


def corpus_file(name: str, max_mb: float | None) -> Path:
    """Return the file of a corpus, or of its first documents up to about so many megabytes."""
    folder = CACHE / "corpora"
    path = folder / (f"{name}.txt" if max_mb is None else f"{name}-{max_mb:g}MB.txt")
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    if max_mb is None:
        data = _decompressed(DATA / "corpora" / f"{name}.txt.zst")
    else:
        data = corpus_file(name, None).read_bytes()
        limit = int(max_mb * 1e6)
        if limit < len(data):
            end = data.rfind(SEPARATOR, 0, limit)
            # One long document at the beginning is taken whole.
            end = data.find(SEPARATOR) if end < 0 else end
            data = data[: end + len(SEPARATOR)]
    whole = path.with_suffix(".part")
    whole.write_bytes(data)
    whole.replace(path)
    return path


def _decompressed(path: Path) -> bytes:
    import zstandard

    if not path.exists():
        raise SystemExit(f"no {path}; set BYTESTRIDE_TEST_DATA to the folder of the test data")
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def documents(path: Path) -> list[bytes]:
    """Return the documents of a file that are not empty, without the separators."""
    return [document for document in path.read_bytes().split(SEPARATOR) if document]


def as_input(form: str, path: Path) -> Any:
    """Build an input, which is not timed.

    Parameters
    ----------
    form
        "file": the path. "buffer": one bytes object with separators in it. "offsets": the
        documents end to end in one bytes object, and int64[n + 1] offsets. "strings": list of str.
    """
    if form == "file":
        return path
    if form == "buffer":
        return path.read_bytes()
    pieces = documents(path)
    if form == "strings":
        return [piece.decode() for piece in pieces]
    if form == "offsets":
        offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
        np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
        return b"".join(pieces), offsets
    raise ValueError(f"unknown form of input: {form}")


def short_strings(path: Path, n_bytes: int, count: int) -> list[str]:
    """Cut different strings of about so many bytes, spread over a file, at character borders."""
    data = path.read_bytes().replace(SEPARATOR, b"")
    step = len(data) // count
    if step < n_bytes:
        raise ValueError(f"{path.name} does not hold {count} strings of {n_bytes} bytes")
    return [data[i * step : i * step + n_bytes].decode("utf-8", "ignore") for i in range(count)]


def worst_cases(n_bytes: int = 1_000_000) -> dict[str, str]:
    """Texts that have made encoders slow, each of about so many bytes of UTF-8.

    Runs of one thing, words without an end, scripts without spaces, noise. The same every time
    (the generator is seeded), so they are made once and kept. Chinese and Japanese characters are
    those of the whole multilingual corpus, in order.
    """
    path = CACHE / "worst.json"
    if path.exists():
        texts: dict[str, str] = json.loads(path.read_text())
        return texts
    chance = random.Random(3)
    family = ["\U0001f468", "\U0001f469", "\U0001f467", "\U0001f466"]
    ends = ["", "\U0001f44d\U0001f3fd", "\u2764\ufe0f"]
    emoji = "".join(
        "\u200d".join(chance.choices(family, k=chance.randint(2, 4))) + chance.choice(ends)
        for _ in range(n_bytes // 12)
    )
    multi = corpus_file("multi", None).read_text(encoding="utf-8")
    cjk = "".join(re.findall("[\u3041-\u30ff\u4e00-\u9fff]+", multi))
    latin1 = [chr(c) for c in (*range(0x20, 0x7F), *range(0xA0, 0x100))]

    def repeated(piece: str) -> str:
        return piece * (n_bytes // len(piece.encode()) + 1)

    def random_of(pieces: Sequence[str]) -> str:
        return "".join(chance.choices(pieces, k=n_bytes))

    texts = {
        "a": repeated("a"),
        "spaces": repeated(" "),
        "newlines": repeated("\n"),
        "ab": repeated("ab"),
        "=": repeated("="),
        "digits": random_of("0123456789"),
        "one random word": random_of("abcdefghijklmnopqrstuvwxyz"),
        "CJK": repeated(cjk),
        "emoji with joiners": emoji,
        "Latin-1 noise": random_of(latin1),
        "mixed white space": random_of([" ", "\t", "\n", "\r\n", "\u00a0"]),
    }
    texts = {k: text.encode()[:n_bytes].decode("utf-8", "ignore") for k, text in texts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(texts))
    return texts
