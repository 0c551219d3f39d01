"""A pytest plugin: what the tokenizers library's own tests import as theirs is the mirror's.

    python -m pytest -p tokenizers_mirror …    (with this folder on PYTHONPATH)

`Encoding` stays: a tokenizer that is not byte-level BPE gives the library's, which pickles by name.
"""

import tokenizers
import tokenizers.decoders
import tokenizers.implementations

from bytestride.tokenizers import Tokenizer
from bytestride.tokenizers.decoders import DecodeStream

tokenizers.Tokenizer = Tokenizer
tokenizers.decoders.DecodeStream = DecodeStream
for name in ("base_tokenizer", "byte_level_bpe", "char_level_bpe", "sentencepiece_bpe"):
    module = getattr(tokenizers.implementations, name)
    if hasattr(module, "Tokenizer"):
        module.Tokenizer = Tokenizer
