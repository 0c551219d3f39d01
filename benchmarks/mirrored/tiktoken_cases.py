"""The mirror of tiktoken beside tiktoken: many documents, and one short text at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mirrored.case import Case, Texts, short_texts

VOCABULARIES = ("r50k_base", "cl100k_base", "o200k_base")
WANTED_OF_BATCHES = 8.0
WANTED_OF_SHORT_TEXTS = 2.0
N_SHORT_TEXTS = 2_000
N_SHORT_BYTES = 100


def cases(texts: Texts, vocabularies: list[str] | None) -> Iterator[Case]:
    """Yield the cases of every vocabulary and corpus."""
    for name in vocabularies or VOCABULARIES:
        ours, theirs = _encodings(name, texts.data / "vocab")
        for corpus, documents in texts:
            n_bytes = sum(len(document.encode()) for document in documents)
            yield Case(
                "tiktoken",
                f"tiktoken {name} {corpus}: encode_ordinary_batch",
                WANTED_OF_BATCHES,
                n_bytes,
                "byte",
                lambda e=ours, d=documents: e.encode_ordinary_batch(d, num_threads=1),
                lambda e=theirs, d=documents: e.encode_ordinary_batch(d, num_threads=1),
                before=ours._core_bpe.engine.clear_cache,
            )
            short = short_texts(documents, N_SHORT_TEXTS, N_SHORT_BYTES)
            for method in ("encode", "encode_ordinary"):
                our_method, their_method = getattr(ours, method), getattr(theirs, method)
                yield Case(
                    "tiktoken",
                    f"tiktoken {name} {corpus}: {method} of {N_SHORT_BYTES} B",
                    WANTED_OF_SHORT_TEXTS,
                    len(short),
                    "text",
                    lambda f=our_method, s=short: [f(text) for text in s],
                    lambda f=their_method, s=short: [f(text) for text in s],
                )


def _encodings(name: str, folder: Path) -> tuple[Any, Any]:
    """Make our encoding and theirs from the same file."""
    import tiktoken

    from bytestride import published
    from bytestride import tiktoken as mirror

    file = published.FILES[published.published(name).file_name]
    with tempfile.TemporaryDirectory() as cache:
        (Path(cache) / file.cache_name).symlink_to((folder / file.name).resolve())
        with patch.dict(os.environ, {"TIKTOKEN_CACHE_DIR": cache}):
            return mirror.get_encoding(name), tiktoken.get_encoding(name)
