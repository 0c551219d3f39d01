"""Byte-level BPE: learn a vocabulary, encode corpora with it, serve sliding next-token windows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytestride._core import (
        StreamDecoder,
        apply_merge,
        backend,
        cache_budget,
        cache_bytes_in_use,
        count_pairs,
        cut_documents,
        set_cache_budget,
    )
    from bytestride.corpus.finding import find_inputs
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.definition import AddedToken, Definition
    from bytestride.errors import FormatError
    from bytestride.jobs import tokenize_corpus
    from bytestride.ragged import Ragged
    from bytestride.store import (
        TokenStore,
        TokenStoreWriter,
        convert_store,
        merge_stores,
        open_tokens,
        split_store,
    )
    from bytestride.tokenizer import Tokenizer
    from bytestride.training import LearnedVocabulary, WordCounts, count_words, learn_vocabulary
    from bytestride.windows import Mixture, Order, PackedWindows, Windows, window_starts
    from bytestride.words import WordTokenizer

__version__ = "0.1.0"

# A name is imported when it is first asked for, so that a program that uses one of them does not
# wait for the others.
_HOMES = {
    "_core": (
        "StreamDecoder",
        "apply_merge",
        "backend",
        "cache_budget",
        "cache_bytes_in_use",
        "count_pairs",
        "cut_documents",
        "set_cache_budget",
    ),
    "corpus.finding": ("find_inputs",),
    "corpus.inputs": ("Inputs",),
    "corpus.reading": ("Reading",),
    "definition": ("AddedToken", "Definition"),
    "errors": ("FormatError",),
    "jobs": ("tokenize_corpus",),
    "ragged": ("Ragged",),
    "store": (
        "TokenStore",
        "TokenStoreWriter",
        "convert_store",
        "merge_stores",
        "open_tokens",
        "split_store",
    ),
    "tokenizer": ("Tokenizer",),
    "training": ("LearnedVocabulary", "WordCounts", "count_words", "learn_vocabulary"),
    "windows": ("Mixture", "Order", "PackedWindows", "Windows", "window_starts"),
    "words": ("WordTokenizer",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddedToken",
    "Definition",
    "FormatError",
    "Inputs",
    "LearnedVocabulary",
    "Mixture",
    "Order",
    "PackedWindows",
    "Ragged",
    "Reading",
    "StreamDecoder",
    "TokenStore",
    "TokenStoreWriter",
    "Tokenizer",
    "Windows",
    "WordCounts",
    "WordTokenizer",
    "__version__",
    "apply_merge",
    "backend",
    "cache_budget",
    "cache_bytes_in_use",
    "convert_store",
    "count_pairs",
    "count_words",
    "cut_documents",
    "find_inputs",
    "learn_vocabulary",
    "merge_stores",
    "open_tokens",
    "set_cache_budget",
    "split_store",
    "tokenize_corpus",
    "window_starts",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'bytestride' has no attribute {name!r}")
    value = getattr(import_module(f"bytestride.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
