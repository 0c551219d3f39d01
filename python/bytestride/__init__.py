"""Byte-level BPE: learn a vocabulary, encode corpora with it, serve sliding next-token windows."""

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
from bytestride.definition import AddedToken, Definition
from bytestride.errors import FormatError
from bytestride.ragged import Ragged
from bytestride.store import TokenStore, TokenStoreWriter, open_tokens
from bytestride.tokenizer import Tokenizer
from bytestride.training import LearnedVocabulary, WordCounts, count_words, learn_vocabulary
from bytestride.windows import Windows, window_starts
from bytestride.words import WordTokenizer

__version__ = "0.1.0"

__all__ = [
    "AddedToken",
    "Definition",
    "FormatError",
    "LearnedVocabulary",
    "Ragged",
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
    "count_pairs",
    "count_words",
    "cut_documents",
    "learn_vocabulary",
    "open_tokens",
    "set_cache_budget",
    "window_starts",
]
