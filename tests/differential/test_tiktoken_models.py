"""`.tiktoken` files of models: Llama 3's and Qwen's, rebuilt from what is at hand, and Kimi's."""

import base64
import json
import unicodedata

import pytest
import tiktoken
from interchange_parts import samples

from bytestride import FormatError, Tokenizer, formats
from bytestride.formats import tiktoken_file
from bytestride.published import PATTERNS

RANKS = {bytes((byte,)): byte for byte in range(256)} | {b"he": 256, b"llo": 257, b"hello": 258}


def lines(ranks):
    rows = (b"%b %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items())
    return b"".join(rows)


def test_llama3_is_known_by_its_content(published, tmp_path, corpus_text):
    theirs = published("llama3")
    data = tiktoken_file.lines_of(theirs.definition.tokens)
    (tmp_path / "tokenizer.model").write_bytes(data)
    ours = Tokenizer.load(tmp_path)
    # Every special token has the name and the id that it has in the tokenizer.json.
    assert ours.special_tokens == theirs.special_tokens
    assert len(ours.special_tokens) == 256
    for text in samples(corpus_text):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    ours.save(tmp_path / "again.tiktoken")
    assert (tmp_path / "again.tiktoken").read_bytes() == data
    # What is given comes first.
    given = Tokenizer.load(tmp_path, special_tokens={"<x>": 128000})
    assert given.special_tokens == {"<x>": 128000}
    assert given.pattern == PATTERNS["llama3"]


def test_qwen_is_known_by_its_content(published, tmp_path, corpus_text):
    theirs = published("qwen3")
    tokens = theirs.definition.tokens
    (tmp_path / "qwen.tiktoken").write_bytes(tiktoken_file.lines_of(tokens))
    ours = Tokenizer.load(tmp_path)
    assert ours.pattern == PATTERNS["qwen2"]
    assert ours.special_tokens["<|im_end|>"] == theirs.special_tokens["<|im_end|>"] == 151645
    assert ours.special_tokens["<|extra_204|>"] == 151850
    assert ours.vocab_size == 151851
    encoding = tiktoken.Encoding(
        "qwen",
        pat_str=PATTERNS["qwen2"],
        mergeable_ranks={token: rank for rank, token in tokens.items()},
        special_tokens=ours.special_tokens,
    )
    for text in [*samples(corpus_text), "e\u0301 <|im_end|>\u0338 x <|im_end|>e\u0301"]:
        # What `tokenization_qwen.py` does.
        normal = unicodedata.normalize("NFC", text)
        assert ours.encode(text, allowed_special="all") == encoding.encode(
            normal, allowed_special="all"
        )
    with pytest.raises(ValueError, match="no NFC normaliser; save it as"):
        ours.save(tmp_path / "again.tiktoken")


@pytest.fixture
def kimi(tmp_path):
    (tmp_path / "tiktoken.model").write_bytes(lines(RANKS))
    config = {
        "tokenizer_class": "TikTokenTokenizer",
        "added_tokens_decoder": {
            "259": {"content": "[BOS]", "special": True},
            "260": {"content": "[EOS]", "special": True},
            "514": {"content": "[PAD]", "special": True},
        },
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    return tmp_path


def test_kimi_is_known_by_what_lies_beside_it(kimi):
    ours = Tokenizer.load(kimi)
    assert ours.pattern == PATTERNS["kimi_k2"]
    special = ours.special_tokens
    assert len(special) == 256
    assert (special["[BOS]"], special["[PAD]"]) == (259, 514)
    assert special["<|reserved_token_300|>"] == 300
    theirs = tiktoken.Encoding(
        "kimi", pat_str=ours.pattern, mergeable_ranks=RANKS, special_tokens=special
    )
    for text in (
        "hello 中文English混合 12345 [BOS] hello<|reserved_token_300|>",
        "漢字かな hello's",
    ):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
        assert ours.encode(text, allowed_special="all") == theirs.encode(
            text, allowed_special="all"
        )
    assert formats.read(kimi / "tiktoken.model") == ours.definition


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[]", "tokenizer_config.json: the document must be an object"),
        ("{", "tokenizer_config.json: not JSON"),
        ('{"tokenizer_class": 5}', "tokenizer_class must be a string"),
        (
            '{"tokenizer_class": "TikTokenTokenizer", '
            '"added_tokens_decoder": {"9": {"content": "x"}}}',
            "added_tokens_decoder.9 is outside the 256 special tokens behind the 259",
        ),
    ],
)
def test_what_is_wrong_beside_it_is_named(config, message, kimi):
    (kimi / "tokenizer_config.json").write_text(config)
    with pytest.raises(FormatError, match=message):
        formats.read(kimi)
    # With a pattern given, nothing beside the file is looked at.
    assert formats.read(kimi, pattern="gpt2").added_tokens == ()


def test_an_unknown_file_needs_a_pattern(kimi):
    (kimi / "tokenizer_config.json").unlink()
    with pytest.raises(ValueError, match=r"does not say how to split text, .* give pattern="):
        formats.read(kimi)
