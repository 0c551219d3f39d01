"""Every published vocabulary through every format that can hold it, and back: nothing is lost."""

import dataclasses
import functools

import pytest
import tiktoken
import tokenizers
from interchange_parts import hf_ids, samples

from bytestride import Tokenizer, formats
from bytestride.formats import tokenizer_json
from bytestride.published import PATTERNS

NAMES = ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"]
NAMES += ["llama3", "qwen3", "gptoss", "deepseek_v3"]

# What the format says of itself where it cannot hold a vocabulary.
NOT_HELD = {
    "tiktoken": {"qwen3": "no NFC normaliser", "deepseek_v3": "is not special"},
    "vocab.json": dict.fromkeys(
        ["cl100k_base", "o200k_base", "llama3", "gptoss", "deepseek_v3"], "how to split text"
    ),
    "tekken.json": {
        **dict.fromkeys(NAMES, "has special tokens at the ids from 0 on"),
        "qwen3": "no NFC normaliser",
        "deepseek_v3": "is not special",
    },
}


@functools.cache
def _plain(path):
    """A definition that knows nothing of its file, so that a new document is written."""
    return dataclasses.replace(formats.read(path), source=None)


KINDS = ["tokenizer.json", "tiktoken", "vocab.json", "tekken.json"]
# Large documents take seconds; one vocabulary of each kind is enough for every commit.
QUICK = {("r50k_base", kind) for kind in KINDS} | {("llama3", "tiktoken")}
QUICK |= {(name, kind) for kind, names in NOT_HELD.items() for name in names}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, marks=() if (name, kind) in QUICK else pytest.mark.slow)
        for name in NAMES
        for kind in KINDS
    ],
)
def test_through_a_format_and_back(name, kind, vocab_file, corpus_text, tmp_path):
    definition = _plain(vocab_file(name))
    path = tmp_path / f"{name}.out"
    if name in NOT_HELD.get(kind, {}):
        with pytest.raises(ValueError, match=NOT_HELD[kind][name]) as raised:
            formats.write(definition, path, kind)
        assert "save it as" in str(raised.value)
        assert not path.exists()
        return
    formats.write(definition, path, kind)
    arguments = {}
    if kind == "tiktoken":
        special = {token.content: token.id for token in definition.added_tokens}
        arguments = {"pattern": definition.pattern, "special_tokens": special}
    again = formats.read(path, **arguments)
    by_merges = {"merges": again.merges, "whole_pieces": again.whole_pieces}
    pattern = PATTERNS["gpt2"] if kind == "vocab.json" and "50k" in name else definition.pattern
    added = tuple(sorted(definition.added_tokens, key=lambda token: token.id))
    expected = dataclasses.replace(definition, pattern=pattern, added_tokens=added, **by_merges)
    assert (
        dataclasses.replace(
            again, added_tokens=tuple(sorted(again.added_tokens, key=lambda t: t.id))
        )
        == expected
    )
    # The same merges fire, in the same order, and so ids are the same; on text, too.
    assert (again.vocab().merges()[:, :2] == definition.vocab().merges()[:, :2]).all()
    assert again.vocab().unreachable().tolist() == definition.vocab().unreachable().tolist()
    ours, theirs = Tokenizer(again), Tokenizer(definition)
    for text in samples(corpus_text):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    # Written again it is the same, byte for byte.
    second = tmp_path / "second"
    formats.write(again, second, kind)
    for file in [path] if path.is_file() else path.iterdir():
        other = second if second.is_file() else second / file.name
        assert other.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:4])]
)
def test_a_living_encoding_and_back(name, vocab_file, corpus_text):
    definition = formats.read(vocab_file(name))
    theirs = Tokenizer(definition).to_tiktoken()
    assert isinstance(theirs, tiktoken.Encoding)
    assert theirs.name == name
    ours = Tokenizer.from_tiktoken(theirs)
    assert ours.definition == definition
    assert ours.name == name
    for text in samples(corpus_text):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    special = "<|endoftext|>"
    assert ours.encode(special, allowed_special="all") == [ours.special_tokens[special]]


@pytest.mark.parametrize("name", ["llama3", pytest.param("gptoss", marks=pytest.mark.slow)])
def test_a_tokenizer_of_theirs_as_an_encoding(name, published, corpus_text):
    ours = published(name)
    theirs = ours.to_tiktoken("mine")
    assert theirs.name == "mine"
    for text in samples(corpus_text):
        assert theirs.encode_ordinary(text) == ours.encode_ordinary(text)
        assert theirs.encode(text, allowed_special="all") == ours.encode(
            text, allowed_special="all"
        )


@pytest.mark.parametrize(("name", "why"), [("qwen3", "no NFC"), ("deepseek_v3", "not special")])
def test_what_no_encoding_can_do(name, why, published):
    with pytest.raises(ValueError, match=f"tiktoken.Encoding .*{why}|{why}"):
        published(name).to_tiktoken()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qwen3", "llama3"])
def test_a_living_tokenizer_and_back(name, vocab_file, corpus_text):
    theirs = tokenizers.Tokenizer.from_file(str(vocab_file(name)))
    ours = Tokenizer.from_hf(theirs)
    assert ours.definition == formats.read(vocab_file(name))
    again = ours.to_hf()
    assert again.to_str() == theirs.to_str()
    for text in samples(corpus_text):
        assert hf_ids(again, text) == hf_ids(theirs, text) == ours.encode_ordinary(text)


def test_a_fast_tokenizer_of_transformers():
    transformers = pytest.importorskip("transformers")
    learned = Tokenizer.train("the cat sat on the mat " * 9, 270, special_tokens=["<|eot|>"])
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_object=learned.to_hf())
    ours = Tokenizer.from_hf(theirs)
    assert Tokenizer.from_hf(learned.to_hf()).definition == learned.definition
    text = "the <|eot|> cat"
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, add_special_tokens=False)


def test_what_is_no_living_tokenizer():
    with pytest.raises(TypeError, match=r"a tiktoken\.Encoding is needed, not str"):
        Tokenizer.from_tiktoken("cl100k_base")
    with pytest.raises(TypeError, match=r"a tokenizers\.Tokenizer .* is needed, not dict"):
        Tokenizer.from_hf({})


BYTES = {bytes((byte,)): byte for byte in range(256)}


@pytest.mark.filterwarnings("ignore:the pattern .* goes through the regex package:UserWarning")
def test_a_pattern_that_drops_text_is_refused():
    encoding = tiktoken.Encoding(
        "x", pat_str=r"\p{L}+|\s+", mergeable_ranks=BYTES, special_tokens={}
    )
    assert encoding.encode("a1b") == [97, 98]
    with pytest.raises(ValueError, match=r"does not match '.*, so tiktoken leaves it out"):
        Tokenizer.from_tiktoken(encoding)
    whole = tiktoken.Encoding(
        "x", pat_str=r"\p{L}+|\s+|[\s\S]", mergeable_ranks=BYTES, special_tokens={}
    )
    assert Tokenizer.from_tiktoken(whole).encode("a1b") == [97, 49, 98]


@pytest.mark.filterwarnings("ignore:the pattern .* goes through the regex package:UserWarning")
def test_a_pattern_is_written_only_where_it_reads_back_as_the_same():
    ranks = BYTES | {b"11": 256, b"1111": 257}
    possessive = r"\p{N}{1,2}+|[^\p{N}]+"
    encoding = tiktoken.Encoding("x", pat_str=possessive, mergeable_ranks=ranks, special_tokens={})
    ours = Tokenizer.from_tiktoken(encoding)
    assert ours.encode("1111") == encoding.encode("1111") == [256, 256]
    with pytest.raises(ValueError, match="means something else to the tokenizers library"):
        ours.to_hf()
    portable = possessive.replace("}+", "}")
    encoding = tiktoken.Encoding("x", pat_str=portable, mergeable_ranks=ranks, special_tokens={})
    ours = Tokenizer.from_tiktoken(encoding)
    assert hf_ids(ours.to_hf(), "1111") == ours.encode("1111") == [256, 256]
    # And the other way: what their file says is possessive in ours.
    document = tokenizer_json.serialize(ours.definition).replace(b"{1,2}", b"{1,2}+")
    theirs = Tokenizer(tokenizer_json.parse(document, "x"))
    assert theirs.encode("1111") == hf_ids(theirs.to_hf(), "1111") == [257]
    with pytest.raises(ValueError, match="means something else to tiktoken"):
        theirs.to_tiktoken()
