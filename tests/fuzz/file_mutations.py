"""Small files of every format, and random damage to them: the same for a seed, on every machine.

Run as a script it is a fuzzer: `file_mutations.py BEGIN END` reads the files of these seeds, under
limits of time and memory, and prints a line of JSON for each that ended in anything but a tokenizer
or a `FormatError` with a short message.
"""

import base64
import copy
import json
import random
import struct
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

SECONDS = 5.0
MESSAGE_CHARS = 2000
CPU_SECONDS = 1200
MEMORY_BYTES = 3 * 2**30
TEXT = "hello 12 <x>\n <|end|> ab"
PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"

PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
ALPHABET = {byte: chr(byte) for byte in PRINTABLE}
ALPHABET |= {
    byte: chr(0x100 + i) for i, byte in enumerate(b for b in range(256) if b not in ALPHABET)
}
VOCAB = {ALPHABET[byte]: byte for byte in range(256)} | {"he": 256, "ll": 257, "hell": 258}
MERGES = [["h", "e"], ["l", "l"], ["he", "ll"]]
RANKS = {bytes((byte,)): byte for byte in range(256)} | {b"he": 256, b"ll": 257, b"hell": 258}


def added(content, token_id, **flags):
    keys = ("special", "single_word", "lstrip", "rstrip", "normalized")
    return {"id": token_id, "content": content, **dict.fromkeys(keys, False)} | flags


def tokenizer_json():
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    stages = [
        {"type": "Digits", "individual_digits": True},
        {
            "type": "Split",
            "pattern": {"Regex": PATTERN},
            "behavior": "Isolated",
            "invert": False,
        },
        byte_level | {"use_regex": False},
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added("<|end|>", 259, special=True), added("<x>", 260, lstrip=True)],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": stages},
        "post_processor": None,
        "decoder": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": VOCAB,
            "merges": MERGES,
        },
    }


def tekken_json():
    return {
        "config": {
            "pattern": PATTERN,
            "num_vocab_tokens": len(RANKS),
            "default_vocab_size": len(RANKS) + 30,
            "default_num_special_tokens": 30,
            "version": "v3",
        },
        "vocab": [
            {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
            for token, rank in RANKS.items()
        ],
        "special_tokens": [{"rank": 0, "token_str": "<unk>", "is_control": True}],
    }


def kimi_config():
    entries = {"259": {"content": "[BOS]", "special": True}}
    return {"tokenizer_class": "TikTokenTokenizer", "added_tokens_decoder": entries}


def gpt2_config():
    entries = {"300": {"content": "<x>", "special": True, "lstrip": True}}
    return {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "bos_token": {"content": "<x>"},
        "added_tokens_decoder": entries,
    }


def tiktoken_lines():
    return b"".join(b"%b %d\n" % (base64.b64encode(t), rank) for t, rank in RANKS.items())


def merges_lines():
    return ("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in MERGES)).encode()


def gguf():
    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def pair(key, kind, data):
        return text(key) + struct.pack("<I", kind) + data

    def array(kind, items):
        return struct.pack("<IQ", kind, len(items)) + b"".join(items)

    tokens = [*VOCAB, "<x>"]
    pairs = [
        pair("tokenizer.ggml.model", 8, text("gpt2")),
        pair("tokenizer.ggml.pre", 8, text("llama-bpe")),
        pair("general.numbers", 9, array(6, [struct.pack("<f", 1.5)] * 3)),
        pair("general.flag", 7, b"\x01"),
        pair("tokenizer.ggml.tokens", 9, array(8, [text(token) for token in tokens])),
        pair(
            "tokenizer.ggml.token_type",
            9,
            array(5, [struct.pack("<i", 1 if token in VOCAB else 3) for token in tokens]),
        ),
        pair("tokenizer.ggml.merges", 9, array(8, [text(f"{a} {b}") for a, b in MERGES])),
    ]
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)


# Of each kind: the file to read, what may be damaged, and the files that lie beside it.
KINDS = {
    "tokenizer.json": ("tokenizer.json", {"tokenizer.json": tokenizer_json}),
    "tekken.json": ("tekken.json", {"tekken.json": tekken_json}),
    "x.tiktoken": ("x.tiktoken", {"x.tiktoken": tiktoken_lines}),
    "tiktoken.model": (
        "tiktoken.model",
        {"tiktoken.model": tiktoken_lines, "tokenizer_config.json": kimi_config},
    ),
    "vocab.json": (
        "vocab.json",
        {
            "vocab.json": lambda: VOCAB,
            "merges.txt": merges_lines,
            "tokenizer_config.json": gpt2_config,
        },
    ),
    "model.gguf": ("model.gguf", {"model.gguf": gguf}),
}

VALUES = [
    *(None, True, False, 0, -1, 255, 256, 2**24, 2**31 - 1, 2**31, 2**63, 1.5, 1e308),
    *("", "a", "he", "\ud800", "\u0301", "a" * 20_000, "<x>", "#version", " ", "1" * 30),
    *([], {}, [[]], {"": {}}, ["a", "b"], [0] * 2000, {"type": "Sequence", "pretokenizers": []}),
    *(
        "(",
        "(?:a|aa)+[bc]",
        "a{99999999}",
        "(?i:ß)",
        r"\p{L}" * 100,
        r"\X",
        "(((((a)))))*",
        "[a&&b]",
    ),
]
BYTES = [
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\ud800", b"\\u0061", b"1e400", b"-1", b"NaN"),
    *(b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b'"', b"{", b"}", b",", b"\n", b" ", b"=" * 5),
    *(b"\xff" * 8, b"\x7f" + b"\x00" * 7, struct.pack("<Q", 2**40), struct.pack("<I", 9)),
]


def places(node, path=()):
    """Paths of all containers' members."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list) and len(path) < 12:
            yield from places(value, (*path, key))


def parent_of(node, path):
    for key in path[:-1]:
        node = node[key]
    return node, path[-1]


def deep(choose):
    node = choose.choice([[], {}, "x"])
    for _ in range(choose.choice([10, 150])):  # BYTES nest deeper
        node = [node] if choose.random() < 0.5 else {"normalizers": node}
    return node


def damage_structure(node, choose):
    """Damage to a JSON document, a few places at once; the places of large tables are rarer."""
    node = copy.deepcopy(node)
    for _ in range(choose.choice([1, 1, 1, 2, 5])):
        everything = list(places(node))
        if not everything:
            return node
        few = [path for path in everything if len(path) < 4 and "vocab" not in path]
        path = choose.choice(few if few and choose.random() < 0.8 else everything)
        parent, key = parent_of(node, path)
        kind = choose.randrange(6)
        if kind == 0:
            del parent[key]
        elif kind == 1:
            parent[key] = copy.deepcopy(choose.choice(VALUES))
        elif kind == 2:
            parent[key] = deep(choose)
        elif kind == 3:
            other, other_key = parent_of(node, choose.choice(everything))
            parent[key] = copy.deepcopy(other[other_key])
        elif kind == 4 and isinstance(parent, list):
            parent.extend(copy.deepcopy(parent[:50]) * choose.choice([1, 20]))
        elif kind == 5 and isinstance(parent, dict):
            parent[str(choose.choice(VALUES))[:100]] = parent[key]
    return node


def damage_bytes(data, choose):
    """Damage to bytes, a few places at once."""
    data = bytearray(data)
    for _ in range(choose.choice([1, 1, 1, 2, 5])):
        at = choose.randrange(len(data) + 1)
        end = min(at + choose.choice([1, 1, 2, 8, 50, 2000]), len(data))
        kind = choose.randrange(6)
        if kind == 0:
            del data[at:end]
        elif kind == 1:
            data[at:at] = choose.choice(BYTES)
        elif kind == 2:
            data[at:end] = choose.choice(BYTES)
        elif kind == 3 and at < len(data):
            data[at] ^= 1 << choose.randrange(8)
        elif kind == 4:
            data[at:at] = data[at:end] * choose.choice([1, 3, 50])
        elif kind == 5 and choose.random() < 0.3:
            del data[at:]
    return bytes(data)


def files_of(seed):
    """Name of the file to read, and the content of all files, for a seed."""
    choose = random.Random(seed)
    name, makers = KINDS[list(KINDS)[seed % len(KINDS)]]
    target = choose.choice([*makers, name])
    contents = {}
    for part, make in makers.items():
        content = make()
        if not isinstance(content, bytes):
            if part == target and choose.random() < 0.6:
                content = damage_structure(content, choose)
                contents[part] = json.dumps(content).encode()
                continue
            content = json.dumps(content).encode()
        contents[part] = damage_bytes(content, choose) if part == target else content
    return name, contents


def read(folder, seed):
    """Read the files of a seed; what went wrong, or None."""
    from bytestride import FormatError, Tokenizer

    name, contents = files_of(seed)
    for part, data in contents.items():
        (folder / part).write_bytes(data)
    begin = time.process_time()
    try:
        tokenizer = Tokenizer.load(folder / name, pattern=PATTERN if name == "x.tiktoken" else None)
        strips = any(token.lstrip or token.rstrip for token in tokenizer.added_tokens)
        if isinstance(tokenizer.pattern, str) and not strips:
            ids = tokenizer.encode_ordinary(TEXT)
            if tokenizer.decode(ids) != TEXT:
                return f"{TEXT!r} became {tokenizer.decode(ids)!r}"
    except FormatError as error:
        if len(str(error)) > MESSAGE_CHARS:
            return f"a message of {len(str(error))} characters: {str(error)[:200]}"
    except ValueError as error:
        # Without a pattern, the file is asked for one; the argument given is no fault of the file.
        if "give pattern=" not in str(error) and "has its own pattern" not in str(error):
            return f"{type(error).__name__}: {str(error)[:300]}"
    except Exception:
        return traceback.format_exc()[-1500:]
    seconds = time.process_time() - begin
    return None if seconds < SECONDS else f"took {seconds:.1f} s"


def main(begin, end):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    warnings.simplefilter("ignore")
    n_read = 0
    with tempfile.TemporaryDirectory() as name:
        for seed in range(begin, end):
            wrong = read(Path(name), seed)
            n_read += 1
            if wrong is not None:
                print(json.dumps({"seed": seed, "wrong": wrong}), flush=True)
    print(json.dumps({"n_read": n_read}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
