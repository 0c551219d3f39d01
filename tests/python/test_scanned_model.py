"""The core's reading of a `tokenizer.json` gives what `json` and `bpe_model` give, or nothing."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride.errors import FormatError
from bytestride.formats import bytelevel, tokenizer_json
from bytestride.formats.scanned_model import scan

VOCAB = {bytelevel.ALPHABET[byte]: byte for byte in range(256)} | {
    "ab": 256,
    "Ġab": 257,
    '\\"': 258,
    "<｜x y｜>": 300,
    "<v>": 301,
}
MERGES = [("a", "b"), ("Ġ", "ab"), ("\\", '"')]


def document(merges=None, **changes):
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": i, "content": content, "special": True, **flags}
            for i, content in enumerate(("<｜x y｜>", "<v>", "<new>"))
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE",
            "vocab": VOCAB,
            "merges": [list(pair) for pair in MERGES] if merges is None else merges,
            "ignore_merges": True,
        },
    } | changes


def slowly(data):
    return tokenizer_json._parsed(tokenizer_json._document(data), None, data).definition


def outcome(read):
    """What is read, or what is said to be wrong."""
    try:
        return read()
    except FormatError as error:
        return str(error).removeprefix("x: ")


LAYOUTS = [
    {"ensure_ascii": False},
    {"ensure_ascii": True},
    {"ensure_ascii": False, "indent": 2},
    {"ensure_ascii": False, "indent": "\t", "separators": (" ,", "  : ")},
    {"ensure_ascii": False, "separators": (",", ":")},
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("merges", [None, [" ".join(pair) for pair in MERGES], []])
def test_every_layout_is_scanned(layout, merges):
    data = json.dumps(document(merges), **layout).encode()
    scanned = scan(data)
    assert scanned is not None
    assert dict(scanned[1].vocab) == VOCAB
    assert len(scanned[1].vocab) == len(VOCAB)
    definition = tokenizer_json._parsed(*scanned, data).definition
    assert definition == slowly(data)
    assert 300 not in definition.tokens
    assert 301 not in definition.tokens


PLAIN = json.dumps(document(), ensure_ascii=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"model"', '"mod\\u0065l"'),
        ('"vocab"', '"vocab": {}, "vocab"'),
        ('"merges"', '"merges": [], "merges"'),
        ('"ab": 256', '"ab": 7, "ab": 256'),
        ('"ab": 256', '"a\\u0062": 7, "ab": 256'),
        ('"<v>": 301', '"<v>": 300'),
        ('"<v>": 301', '"é▁": 301, "é▁": 302'),
        ('["a", "b"]', '["a", "b"], ["a", "b"]'),
        ('["a", "b"]', '["a", "<｜x y｜>"]'),
        ('"model": {', '"model": {"merges": [],'),
    ],
)
def test_what_is_odd_is_read_in_the_other_way_alike(old, new):
    assert PLAIN.count(old) == 1
    data = PLAIN.replace(old, new).encode()
    scanned = scan(data)
    if scanned is not None:
        with pytest.raises(ValueError, match=r"\S"):
            tokenizer_json._parsed(*scanned, data)
    assert outcome(lambda: tokenizer_json.parse(data, "x")) == outcome(lambda: slowly(data))


PIECES = [b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"0", b"-", b"\xc4", b"\xff"]
PIECES += [b"\n", b"\x00", b"\\u0120", b"\\ud800", b"\\n", b"NaN", b"null", b"1e3", b'"a"', b"[]"]


@settings(max_examples=400)
@given(st.data())
def test_what_is_scanned_is_what_json_reads(data):
    merges = data.draw(st.sampled_from([None, [" ".join(pair) for pair in MERGES]]))
    text = bytearray(json.dumps(document(merges), ensure_ascii=False).encode())
    # Most places are in the vocabulary, so half of the changes are made elsewhere.
    begin = data.draw(st.sampled_from([0, text.find(b'"<v>"'), text.find(b'"merges"')]))
    for _ in range(data.draw(st.integers(0, 3))):
        i = min(begin + data.draw(st.integers(0, 300)), len(text) - 1)
        text[i : i + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(PIECES))
    changed = bytes(text)
    scanned = scan(changed)
    if scanned is None:
        return
    # Well formed, to the last byte.
    whole = json.loads(changed.decode())
    assert dict(scanned[1].vocab) == whole["model"]["vocab"]
    rest = whole | {"model": whole["model"] | {"vocab": {}, "merges": []}}
    assert scanned[0] == rest or "NaN" in str(rest)
    with contextlib.suppress(ValueError):
        definition = tokenizer_json._parsed(*scanned, changed).definition
        assert definition == slowly(changed)


@pytest.mark.parametrize(
    "name",
    [
        "llama3",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("qwen3", "gptoss")),
        "deepseek_v3",
    ],
)
def test_files_of_known_models_are_scanned(name, vocab_file):
    path = vocab_file(name)
    data = path.read_bytes()
    scanned = scan(data)
    assert scanned is not None
    model = json.loads(data)["model"]
    assert dict(scanned[1].vocab) == model["vocab"]
    vocab = model["vocab"]
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"])
    assert scanned[1].merges.tolist() == [[vocab[left], vocab[right]] for left, right in pairs]
