"""What the tests of interchange share: a sample of real text, and ids of the other libraries."""

SAMPLE_BYTES = 20_000
CORPORA = ("en", "code", "multi")


def samples(corpus_text):
    return [corpus_text(name, SAMPLE_BYTES) for name in CORPORA]


def hf_ids(tokenizer, text):
    """Ids of a `tokenizers.Tokenizer` with special tokens as ordinary text."""
    tokenizer.encode_special_tokens = True
    return tokenizer.encode(text, add_special_tokens=False).ids
