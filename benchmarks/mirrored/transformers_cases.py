"""The mirror of transformers beside transformers: a batch of documents, padded, as tensors."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mirrored.case import Case, Texts

VOCABULARIES = ("gpt2", "llama3", "qwen3")
WANTED = 8.0
N_DOCUMENTS = 1_000
# Padding makes every row as long as the longest.
N_CHARACTERS = 4_000
OPTIONS: dict[str, dict[str, Any]] = {
    "padded, as torch tensors": {"padding": True, "return_tensors": "pt"},
    "cut at 512 and padded, as arrays": {
        "padding": True,
        "truncation": True,
        "max_length": 512,
        "return_tensors": "np",
    },
    "as lists": {},
}


class Result:
    """A batch, compared by all of its columns."""

    def __init__(self, batch: Any) -> None:
        self.columns = dict(batch)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result) or list(self.columns) != list(other.columns):
            return NotImplemented
        pairs = zip(self.columns.values(), other.columns.values(), strict=True)
        return all(
            ours == theirs
            if isinstance(ours, list)
            else ours.dtype == theirs.dtype
            and ours.shape == theirs.shape
            and bool((ours == theirs).all())
            for ours, theirs in pairs
        )

    __hash__ = None  # type: ignore[assignment]


def cases(texts: Texts, vocabularies: list[str] | None) -> Iterator[Case]:
    """Yield the cases of every vocabulary and corpus."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread on either side
    for name in vocabularies or VOCABULARIES:
        ours, theirs = _tokenizers(name, texts.data / "vocab")
        engine = ours.backend_tokenizer._mine.settings.pipeline.engine
        for corpus, documents in texts:
            batch = _pieces(documents)
            for what, options in OPTIONS.items():
                options = options | {"verbose": False}
                yield Case(
                    "transformers",
                    f"transformers {name} {corpus}: {len(batch)} documents {what}",
                    WANTED,
                    len(batch),
                    "document",
                    lambda t=ours, b=batch, o=options: Result(t(b, **o)),
                    lambda t=theirs, b=batch, o=options: Result(t(b, **o)),
                    before=engine.clear_cache,
                )


def _pieces(documents: list[str]) -> list[str]:
    pieces = [
        document[begin : begin + N_CHARACTERS]
        for document in documents
        for begin in range(0, len(document), N_CHARACTERS)
    ]
    if len(pieces) < N_DOCUMENTS:
        raise ValueError(f"the text makes only {len(pieces)} documents; take more of it (--mb)")
    return pieces[:N_DOCUMENTS]


def _tokenizers(name: str, vocab: Path) -> tuple[Any, Any]:
    """Load a vocabulary here and in transformers; GPT-2 is made of r50k_base's ranks."""
    import transformers

    import bytestride
    from bytestride.transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        if name == "gpt2":
            bytestride.Tokenizer.load(vocab / "r50k_base.tiktoken").save(folder / "tokenizer.json")
            config = {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"}
            (folder / "tokenizer_config.json").write_text(json.dumps(config))
        else:
            for file in ("tokenizer.json", "tokenizer_config.json"):
                (folder / file).symlink_to((vocab / f"{name}.{file}").resolve())
        both = AutoTokenizer.from_pretrained(work), transformers.AutoTokenizer.from_pretrained(work)
    for tokenizer in both:
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return both
