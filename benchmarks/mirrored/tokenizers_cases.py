"""The mirror of the tokenizers library beside it: batches, one short text at a time, decoding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mirrored.case import Case, Texts, short_texts

VOCABULARIES = ("llama3", "qwen3")
# Ids of a batch, and with them all that is worked out when it is read.
WANTED_OF_IDS = 8.0
WANTED_OF_ALL = 1.0
WANTED_OF_SHORT_TEXTS = 2.0
N_SHORT_TEXTS = 2_000
N_SHORT_BYTES = 100
MOST_BYTES_OF_ALL = 1_000_000


def cases(texts: Texts, vocabularies: list[str] | None) -> Iterator[Case]:
    """Yield the cases of every vocabulary and corpus."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread on either side
    for name in vocabularies or VOCABULARIES:
        ours, theirs = _tokenizers(str(texts.data / "vocab" / f"{name}.tokenizer.json"))
        clear_cache = ours._mine.settings.pipeline.engine.clear_cache
        for corpus, documents in texts:
            few = _first(documents, MOST_BYTES_OF_ALL)
            short = short_texts(documents, N_SHORT_TEXTS, N_SHORT_BYTES)
            ids = [encoding.ids for encoding in theirs.encode_batch_fast(few)]
            for what, wanted, items, unit, work in (
                ("ids of a batch", WANTED_OF_IDS, documents, "byte", _ids),
                ("all of a batch", WANTED_OF_ALL, few, "byte", _all),
                (f"ids of {N_SHORT_BYTES} B", WANTED_OF_SHORT_TEXTS, short, "text", _one_by_one),
                ("decode_batch", WANTED_OF_SHORT_TEXTS, ids, "document", _decode),
            ):
                n_bytes = sum(len(item.encode()) for item in items) if unit == "byte" else 0
                yield Case(
                    "tokenizers",
                    f"tokenizers {name} {corpus}: {what}",
                    wanted,
                    n_bytes or len(items),
                    unit,
                    lambda w=work, t=ours, i=items: w(t, i),
                    lambda w=work, t=theirs, i=items: w(t, i),
                    before=clear_cache,
                )


def _ids(tokenizer: Any, documents: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(documents)]


def _all(tokenizer: Any, documents: list[str]) -> list[Any]:
    return [
        (encoding.ids, encoding.tokens, encoding.offsets, encoding.word_ids)
        for encoding in tokenizer.encode_batch(documents)
    ]


def _one_by_one(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return [tokenizer.encode(text).ids for text in texts]


def _decode(tokenizer: Any, ids: list[list[int]]) -> list[str]:
    texts: list[str] = tokenizer.decode_batch(ids)
    return texts


def _first(documents: list[str], n_bytes: int) -> list[str]:
    """Documents of about so many bytes."""
    kept = []
    for document in documents:
        n_bytes -= len(document.encode())
        if n_bytes < 0:
            break
        kept.append(document)
    return kept


def _tokenizers(path: str) -> tuple[Any, Any]:
    """Load a vocabulary here and there."""
    import tokenizers

    from bytestride.tokenizers import Tokenizer

    return Tokenizer.from_file(path), tokenizers.Tokenizer.from_file(path)
