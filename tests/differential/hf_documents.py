"""Small tokenizer.json documents, and the tokenizers that both libraries make of them."""

import json

import tokenizers

from bytestride import Tokenizer
from bytestride.formats import bytelevel, tokenizer_json

BYTE_VOCAB = {bytelevel.ALPHABET[byte]: byte for byte in range(256)}
FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


def entry(content, **flags):
    return {"id": 0, "content": content} | dict.fromkeys(FLAGS, False) | flags


def byte_level(**flags):
    defaults = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"type": "ByteLevel"} | defaults | flags


def document(entries, normalizer=None, vocab=(), merges=(), pre_tokenizer=None, **model):
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": entries,
            "normalizer": normalizer and {"type": normalizer},
            "pre_tokenizer": pre_tokenizer or byte_level(),
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": False,
                "vocab": BYTE_VOCAB | dict(vocab),
                "merges": list(merges),
            }
            | model,
        }
    )


def both(*arguments, **options):
    text = document(*arguments, **options)
    theirs = tokenizers.Tokenizer.from_str(text)
    return theirs, Tokenizer(tokenizer_json.parse(text.encode(), "x"))


def encoding_of(theirs, text):
    """Their encoding; None where they panic."""
    try:
        return theirs.encode(text, add_special_tokens=False)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return None


def ids_of(theirs, text):
    """Their ids; None where they panic."""
    encoding = encoding_of(theirs, text)
    return None if encoding is None else encoding.ids


def nfc(data):
    """The normal form that `tokenizers` makes."""
    return tokenizers.normalizers.NFC().normalize_str(data.decode()).encode()
