"""The vocabulary in GGUF files, written here by hand, and by the `gguf` package where it is."""

import struct

import pytest
from interchange_parts import samples

from bytestride import AddedToken, FormatError, Tokenizer, formats
from bytestride.formats import bytelevel
from bytestride.published import PATTERNS

NUMBERS = {"I": 4, "f": 6, "?": 7, "Q": 10}
BYTES = list(bytelevel.ALPHABET)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(value):
    if isinstance(value, str | bytes):
        return 8, text(value)
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    kind = typed(value[0])[0]
    kind = 5 if kind == 4 else kind
    items = [struct.pack("<i", v) if kind == 5 else typed(v)[1] for v in value]
    return 9, struct.pack("<IQ", kind, len(value)) + b"".join(items)


def gguf(pairs, version=3, n_pairs=None):
    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs) if n_pairs is None else n_pairs)
    body = b""
    for key, value in pairs.items():
        kind, data = typed(value)
        body += text(key) + struct.pack("<I", kind) + data
    return head + body


def vocabulary(**changes):
    values = {
        "model": "gpt2",
        "pre": "qwen2",
        "tokens": [*BYTES, "he", "hello", "llo", "lo", "<|end|>", "<think>", "[PAD0]"],
        "token_type": [1] * 260 + [3, 4, 5],
        "merges": ["h e", "l o", "l lo", "he llo"],
        "eos_token_id": 260,
        "scores": [0.5, 1.5],
        "add_bos_token": True,
    } | changes
    pairs = {"general.name": "x", "general.languages": ["en", "de"], "general.sizes": [1, 2]}
    return pairs | {f"tokenizer.ggml.{key}": value for key, value in values.items()}


def test_what_is_read(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(gguf(vocabulary()) + b"tensors" * 1000)
    definition = formats.read(path)
    assert definition.pattern == PATTERNS["qwen2"]
    assert definition.normalizer is None
    assert not definition.whole_pieces
    assert definition.tokens[257] == b"hello"
    assert definition.added_tokens == (
        AddedToken("<|end|>", 260),
        AddedToken("<think>", 261, special=False),
    )
    ours = Tokenizer(definition)
    assert ours.encode_ordinary("hello<|end|>"[:5]) == [257]
    assert ours.encode("hello<think><|end|>", allowed_special="all") == [257, 261, 260]
    # Saved as what it was not read from.
    ours.save(tmp_path / "tokenizer.json")
    assert formats.read(tmp_path / "tokenizer.json") == definition
    assert formats.read(path, pattern="gpt2").pattern == PATTERNS["gpt2"]
    with pytest.raises(ValueError, match="is a GGUF file, which has its own added tokens"):
        formats.read(path, special_tokens={})


@pytest.mark.parametrize(
    ("pre", "whole"), [("llama-bpe", True), ("tekken", True), ("gpt-4o", False)]
)
def test_ways_of_splitting(pre, whole, tmp_path):
    (tmp_path / "x").write_bytes(gguf(vocabulary(pre=pre)))
    definition = formats.read(tmp_path / "x")
    assert definition.whole_pieces == whole
    assert definition.pattern in PATTERNS.values()


def damaged():
    whole = gguf(vocabulary())
    many = b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60)
    key = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    return [
        (whole[:100], "the file ends inside"),
        (whole[:4], "the file ends inside the version"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 1), "GGUF version 50331648; 2 and 3"),
        (many, "1152921504606846976 pairs of metadata"),
        (key + struct.pack("<Q", 2**62), "key 0 would have 4611686018427387904 bytes"),
        (key + text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2**61), "would have 2305"),
        (key + text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 9, 1), "unknown type 9"),
        (key + text("x") + struct.pack("<I", 77), "'x' has the unknown type 77"),
        (key + text(b"\xff"), "byte 32: key 0 is not UTF-8 text"),
        (gguf(vocabulary(model="llama")), "tokenizer.ggml.model is 'llama'; only gpt2"),
        (gguf(vocabulary(pre="falcon")), "pre is 'falcon', whose pattern is not known; give patt"),
        (gguf(vocabulary(pre=7)), "pre is 7; it must be of type str"),
        (gguf({"a": 1}), "tokenizer.ggml.model is missing"),
        (gguf(vocabulary(tokens=[1, 2])), "tokens must hold strings"),
        (gguf(vocabulary(token_type=[1, 1])), "token_type has 2 items, and .* 263"),
        (gguf(vocabulary(token_type=[6] * 263)), r"token_type\[0\] is 6, which no such token has"),
        (gguf(vocabulary(tokens=["!"] * 263)), r"tokens\[1\] is '!', as is 0"),
        (gguf(vocabulary(merges=["a b c"])), "holds 'a b c', which is not two tokens"),
        (gguf(vocabulary(merges=["q r s t"])), "not two tokens"),
    ]


@pytest.mark.parametrize(("data", "message"), damaged())
def test_what_is_damaged_is_named(data, message, tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=f"x.gguf: .*{message}"):
        formats.read(path)


@pytest.mark.parametrize("name", ["r50k_base", pytest.param("llama3", marks=pytest.mark.slow)])
def test_files_of_the_gguf_package(name, published, corpus_text, tmp_path):
    package = pytest.importorskip("gguf")
    theirs = published(name)
    definition = theirs.definition
    names = {"r50k_base": "gpt-2", "llama3": "llama-bpe"}
    tokens = {i: bytelevel.to_text(token) for i, token in definition.tokens.items()}
    types = dict.fromkeys(tokens, 1)
    for token in definition.added_tokens:
        tokens[token.id], types[token.id] = token.content, 3
    merges = definition.vocab().merges()[:, :2].tolist()
    path = tmp_path / "x.gguf"
    writer = package.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(names[name])
    writer.add_token_list([tokens[i] for i in range(len(tokens))])
    writer.add_token_types([types[i] for i in range(len(tokens))])
    writer.add_token_merges([f"{tokens[a]} {tokens[b]}" for a, b in merges])
    writer.add_eos_token_id(50256)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ours = Tokenizer.load(path)
    assert ours.definition.tokens == definition.tokens
    assert set(ours.added_tokens) == set(definition.added_tokens)
    for sample in samples(corpus_text):
        assert ours.encode_ordinary(sample) == theirs.encode_ordinary(sample)
