"""The whole of bytestride in plain Python: slow, obvious, complete.

This is the specification that can be run, the oracle of the tests, and the baseline of the
benchmarks. Read its files in this order: `merging` (count pairs, merge one), `texts`, `splitting`
(a text becomes pretokens), `added_tokens`, `training`, `tokenizer` (encode and decode), `sliding`
(cut windows). Nothing here is fast and nothing here should become so.

A token id stands for some bytes. The first 256 ids are the single bytes, in ByteLevel order; each
merge adds one id, 256, 257, and so on; special tokens come last.
"""

from bytestride.reference.added_tokens import (
    Segment,
    find_added_tokens,
    split_at_added_tokens,
    split_at_special_tokens,
)
from bytestride.reference.merging import (
    BYTELEVEL_ORDER,
    Pair,
    apply_merge,
    count_pairs,
    count_pairs_in_words,
    encode_word,
    merge_word,
    token_bytes,
)
from bytestride.reference.sliding import window_starts, windows
from bytestride.reference.splitting import places_of_bytes, split, split_bytes
from bytestride.reference.texts import STAND_IN, characters_of_bytes, cut_documents, to_utf8
from bytestride.reference.tokenizer import Tokenizer
from bytestride.reference.training import count_words, learn_merges, train

__all__ = [
    "BYTELEVEL_ORDER",
    "STAND_IN",
    "Pair",
    "Segment",
    "Tokenizer",
    "apply_merge",
    "characters_of_bytes",
    "count_pairs",
    "count_pairs_in_words",
    "count_words",
    "cut_documents",
    "encode_word",
    "find_added_tokens",
    "learn_merges",
    "merge_word",
    "places_of_bytes",
    "split",
    "split_at_added_tokens",
    "split_at_special_tokens",
    "split_bytes",
    "to_utf8",
    "token_bytes",
    "train",
    "window_starts",
    "windows",
]
