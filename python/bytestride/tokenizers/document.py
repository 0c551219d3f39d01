"""A whole `tokenizer.json`: read to a tokenizer, and written as tokenizers 0.23 writes it."""

from __future__ import annotations

import json
from typing import Any

from bytestride.formats.added_tokens import entry_of
from bytestride.formats.json_text import compact
from bytestride.tokenizers.byte_level import ByteLevelTokenizer, Settings
from bytestride.tokenizers.limits import Padding, Truncation
from bytestride.tokenizers.live import NODES
from bytestride.tokenizers.pipeline import Pipeline


def read_tokenizer(data: bytes, where: str) -> ByteLevelTokenizer:
    """Read a document; `where` names it in messages.

    Raises
    ------
    FormatError
        It is damaged, or asks for something that bytestride does not do.
    """
    pipeline, document = Pipeline.parse(data, where)
    return ByteLevelTokenizer(
        Settings(
            pipeline,
            Truncation.from_json(document.get("truncation")),
            Padding.from_json(document.get("padding")),
        )
    )


def write_tokenizer(settings: Settings, *, pretty: bool) -> str:
    """Write the text of a document, with two spaces a level or without white space."""
    model = settings.pipeline.model
    if pretty:
        return json.dumps(_document(settings, model.to_json()), ensure_ascii=False, indent=2)
    # The model is most of the text, and does not change.
    before_model = compact(_document(settings, None)).removesuffix("null}")
    return f"{before_model}{model.compact_json}}}"


def _document(settings: Settings, model: Any) -> dict[str, Any]:
    """Members in the order of tokenizers 0.23."""
    pipeline = settings.pipeline
    return {
        "version": "1.0",
        "truncation": settings.truncation and settings.truncation.to_json(),
        "padding": settings.padding and settings.padding.to_json(),
        "added_tokens": [entry_of(token) for token in pipeline.added.by_id.values()],
        **{name: pipeline.nodes[name] for name in NODES},
        "model": model,
    }
