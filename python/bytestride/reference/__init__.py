"""The whole of bytestride in plain Python: slow, obvious, complete.

This is the specification that can be run, the oracle of the tests, and the baseline of the
benchmarks. Read its files in this order: `merging` (count pairs, merge one), `texts`, `splitting`
(a text becomes pretokens), `added_tokens`, `training`, `tokenizer` (encode and decode); then, for
what a trainer reads, `sliding` (where windows lie), `rows` (inputs, targets, masks), `packing` and
`mixing`. Nothing here is fast and nothing here should become so.

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
from bytestride.reference.mixing import (
    Sample,
    apportion,
    mixture_blocks,
    mixture_epoch,
    n_blocks,
    reverse_bits,
    temperature_weights,
)
from bytestride.reference.packing import check_packing, pack, packed_rows
from bytestride.reference.rows import (
    Place,
    Row,
    cu_seqlens,
    document_ids,
    inputs,
    loss_mask,
    position_ids,
    targets,
    tokens_and_padding,
    window_rows,
)
from bytestride.reference.sliding import (
    DocumentSpan,
    Span,
    Tail,
    segment_spans,
    window_spans,
    window_starts,
    windows,
)
from bytestride.reference.splitting import places_of_bytes, split, split_bytes
from bytestride.reference.texts import STAND_IN, characters_of_bytes, cut_documents, to_utf8
from bytestride.reference.tokenizer import Tokenizer
from bytestride.reference.training import count_words, learn_merges, train

__all__ = [
    "BYTELEVEL_ORDER",
    "STAND_IN",
    "DocumentSpan",
    "Pair",
    "Place",
    "Row",
    "Sample",
    "Segment",
    "Span",
    "Tail",
    "Tokenizer",
    "apply_merge",
    "apportion",
    "characters_of_bytes",
    "check_packing",
    "count_pairs",
    "count_pairs_in_words",
    "count_words",
    "cu_seqlens",
    "cut_documents",
    "document_ids",
    "encode_word",
    "find_added_tokens",
    "inputs",
    "learn_merges",
    "loss_mask",
    "merge_word",
    "mixture_blocks",
    "mixture_epoch",
    "n_blocks",
    "pack",
    "packed_rows",
    "places_of_bytes",
    "position_ids",
    "reverse_bits",
    "segment_spans",
    "split",
    "split_at_added_tokens",
    "split_at_special_tokens",
    "split_bytes",
    "targets",
    "temperature_weights",
    "to_utf8",
    "token_bytes",
    "tokens_and_padding",
    "train",
    "window_rows",
    "window_spans",
    "window_starts",
    "windows",
]
