"""Documents of `tokenizer.json`, whole and in parts, for the tests that read them."""

import json

from bytestride.formats import bytelevel, tokenizer_json
from bytestride.published import PATTERNS

BYTES = {byte: bytes((byte,)) for byte in range(256)}
LLAMA3 = PATTERNS["llama3"]


def added(content, token_id=300, **flags):
    keys = ("single_word", "lstrip", "rstrip", "normalized")
    return {
        "id": token_id,
        "content": content,
        **dict.fromkeys(keys, False),
        "special": True,
    } | flags


def byte_level(**flags):
    defaults = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"type": "ByteLevel"} | defaults | flags


def split(regex=LLAMA3, **changes):
    defaults = {"pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    return {"type": "Split"} | defaults | changes


def digits(individual_digits):
    return {"type": "Digits", "individual_digits": individual_digits}


def punctuation(**changes):
    return {"type": "Punctuation"} | changes


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def document(*, vocab=(), merges=(), **changes):
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {bytelevel.ALPHABET[byte]: byte for byte in range(256)} | dict(vocab),
        "merges": list(merges),
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": sequence(split(), byte_level(use_regex=False)),
        "post_processor": None,
        "decoder": byte_level(),
        "model": model,
    } | changes


def dump(node):
    return json.dumps(node, ensure_ascii=False).encode()


def parse(node):
    return tokenizer_json.parse(dump(node), "x.json")


def with_model(**changes):
    node = document()
    node["model"] |= changes
    return node
