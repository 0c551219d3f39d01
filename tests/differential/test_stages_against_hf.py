"""Splits one after the other against tokenizers: pieces, and the ids of whole tokenizers."""

import itertools
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import Tokenizer, reference
from bytestride.definition import AddedToken
from bytestride.formats import bytelevel, tokenizer_json
from bytestride.formats.pre_tokenizer import read_pattern, write_pattern
from bytestride.published import PATTERNS
from bytestride.splitting import make_splitter
from bytestride.stages import SEQUENCES, Digits, Punctuation, SpaceBefore, Split

tokenizers = pytest.importorskip("tokenizers")

NO_TOKENS: list[AddedToken] = []
BEHAVIORS = ["isolated", "contiguous", "merged_with_previous", "merged_with_next"]


def their_pre_tokenizer(node):
    """Their pre-tokenizer of a node of a file, through a file, as there is no other way in."""
    document = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": node,
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    return tokenizers.Tokenizer.from_str(json.dumps(document)).pre_tokenizer


class Both:
    """Two functions from a text to its pieces, in bytes: ours and theirs; and the plain one."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.theirs = their_pre_tokenizer(write_pattern(pattern))
        splitter = make_splitter(pattern, NO_TOKENS, dialect="oniguruma", stacklevel=None)
        self.ours = splitter.pieces

    def check(self, text):
        expected = [bytelevel.to_bytes(piece) for piece, _ in self.theirs.pre_tokenize_str(text)]
        assert self.ours(text) == expected, repr(text)
        return expected


# A character of every kind that the two grammars tell apart, and two where it matters.
CHARACTERS = {
    PATTERNS["deepseek_v3"]: [
        "a", "é", "中", "か", "゙", "・", "\u3040", "゛", "7", "Ⅷ", " ", "\t", "\n", "\r", "!", "-",
        "€", "\u0301", "\x01", "\u0378", "\u3000", "㐀", "\U00010d40", "\U00011de0",
    ],
    PATTERNS["starcoder"]: [
        "a", "é", "中", "'", "s", "l", "7", "Ⅷ", "½", " ", "\t", "\n", "!", "€", "\u0301", "\x01",
        "\u3000", "\U00010d40", "\U00011de0", "\U00016ff4",
    ],
}  # fmt: skip
# The fewest of them that tell all rules apart, for longer strings.
CLASSES = {
    PATTERNS["deepseek_v3"]: [
        "a",
        "é",
        "中",
        "・",
        "\u3040",
        "7",
        " ",
        "\n",
        "!",
        "\u0301",
        "\x01",
    ],
    PATTERNS["starcoder"]: ["a", "'", "s", "7", " ", "\n", "!"],
}


@pytest.fixture(params=SEQUENCES, ids=["deepseek_v3", "starcoder"])
def fused(request):
    """A grammar and the stages that it is the same as, as their library follows those."""
    both = Both(request.param)
    assert both.theirs.__getstate__().count(b'"type"') > 2
    return both


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_grammar_is_its_stages_on_all_short_strings(fused, length):
    n = 0
    for characters in itertools.product(CHARACTERS[fused.pattern], repeat=length):
        fused.check("".join(characters))
        n += 1
    assert n == len(CHARACTERS[fused.pattern]) ** length


@pytest.mark.parametrize("length", [4, 5])
def test_a_grammar_is_its_stages_on_longer_strings(fused, length):
    alphabet = CLASSES[fused.pattern]
    strings = list(itertools.product(alphabet, repeat=length))
    if len(strings) > 40_000:
        strings = random.Random(19).sample(strings, 40_000)
    for characters in strings:
        fused.check("".join(characters))


@pytest.mark.parametrize("corpus", ["en", "code", "multi"])
def test_a_grammar_is_its_stages_on_documents(fused, corpus, corpus_text):
    text = corpus_text(corpus, 2_000_000)
    assert len(fused.check(text[: len(text) // 4])) > 10_000


LLAMA3, GPT2 = Split(PATTERNS["llama3"]), Split(PATTERNS["gpt2"])
some_stages = st.one_of(
    st.sampled_from([LLAMA3, GPT2, Split(PATTERNS["kimi_k2"]), Split(PATTERNS["deepseek_v3"])]),
    st.builds(Digits, st.booleans()),
    st.builds(Punctuation, st.sampled_from(BEHAVIORS)),
    st.builds(
        Split, st.sampled_from([" ", r"\s+", "[a-c]", r"\p{L}+\.?"]), st.sampled_from(BEHAVIORS)
    ),
)
sequences = st.tuples(
    st.lists(some_stages, max_size=4),
    st.sampled_from([(), (SpaceBefore(),), (SpaceBefore(), GPT2)]),
).map(lambda parts: (*parts[0], *parts[1]))
texts = st.text(
    st.sampled_from("abc'sL 12٣½. ,!-_«。 \t\n\n  \u3000é中か\u0301\x01€\u2e43"), max_size=30
)


@given(stages=sequences, text=texts)
@settings(max_examples=400)
def test_any_stages(stages, text):
    expected = Both(stages).check(text)
    assert reference.split_bytes(text.encode(), stages) == expected


@given(stages=sequences, text=texts)
@settings(max_examples=100)
def test_what_is_written_is_read_as_the_same(stages, text):
    again = read_pattern(json.loads(their_pre_tokenizer(write_pattern(stages)).__getstate__()))
    assert Both(again).ours(text) == Both(stages).ours(text)


@pytest.mark.parametrize("text", ["", "a.b", ".", "<", "a-b c", "\n", " ", "()"])
@pytest.mark.parametrize("behavior", ["Isolated", "MergedWithPrevious"])
def test_a_text_to_split_by_that_is_no_expression(text, behavior):
    node = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"String": text}, "behavior": behavior, "invert": False},
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": False,
            },
        ],
    }
    pattern = read_pattern(node)
    if text == "" and behavior != "Isolated":
        with pytest.raises(ValueError, match="may match an empty text"):
            make_splitter(pattern, NO_TOKENS, dialect="oniguruma", stacklevel=None)
        return
    ours = make_splitter(pattern, NO_TOKENS, dialect="oniguruma", stacklevel=None).pieces
    theirs = their_pre_tokenizer(node)
    for sample in ("a.b.c", "a-b c a-b", "<<a>>", "(())()", "\n\n a", "", "..", "x"):
        expected = [bytelevel.to_bytes(piece) for piece, _ in theirs.pre_tokenize_str(sample)]
        assert ours(sample) == expected


@pytest.mark.parametrize("behavior", BEHAVIORS)
def test_ill_formed_bytes_are_no_digits_and_no_punctuation(behavior):
    stages = (Punctuation(behavior), SpaceBefore(), GPT2)
    splitter = make_splitter(stages, NO_TOKENS, stacklevel=None)
    rng = random.Random(20)
    for _ in range(2000):
        parts = rng.choices(["a", ".", ",", " ", "1", b"\xff", b"\xe4\xb8", b"\xf0\x9f"], k=7)
        data = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        assert splitter.pieces(data) == reference.split_bytes(data, stages)


# Tokens that cross every boundary there is, so that a wrong one shows in the ids.
TEXTS = [
    "In 2024, 17 of 365 days (4.7%) were 'wet': don't ask 12345678 times!  \n\n",
    "x = [1,2,3]; y={'a':0.5}  # 10% -- ok...\n\tif x[0]==1: return 'it''s'\n" * 2,
    "café naïve 中文 \u0663\u0664 Ⅷ ½ 。、 カタカナ  ",
    "\U00010d40\U00010d41 a\U00010d42b \U00011de0\U00011de1 c\U00011de2 1\U00011de3 \U00016ff4x",
    " lead", "lead", "\n", "1", ".", "", "  ", "a.1.b", "\u3000a", "\ta",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """Their tokenizer without any split, as a document: merges go across all boundaries."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=1200,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text[i:] for text in TEXTS for i in range(0, 60, 3)], trainer)
    return json.loads(tokenizer.to_str())


def of_regex(pattern):
    regex = {"Regex": pattern}
    return {"type": "Split", "pattern": regex, "behavior": "Isolated", "invert": False}


def byte_level(use_regex, add_prefix_space=False):
    flags = {"add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}
    return {"type": "ByteLevel"} | flags


DIGITS = {"type": "Digits", "individual_digits": True}
DIGIT_RUNS = {"type": "Digits", "individual_digits": False}
ROWS = {
    "Split+Digits": [of_regex(PATTERNS["llama3"]), DIGITS, byte_level(False)],
    "Digits+Split": [DIGIT_RUNS, of_regex(PATTERNS["llama3"]), byte_level(False)],
    "Split+ByteLevel regex": [of_regex(PATTERNS["qwen2"]), byte_level(True)],
    "Digits+ByteLevel regex": [DIGITS, byte_level(True)],
    "Punctuation+Split": [{"type": "Punctuation"}, of_regex(PATTERNS["llama3"]), byte_level(False)],
    "add_prefix_space": [byte_level(True, add_prefix_space=True)],
    "Split+add_prefix_space": [of_regex(PATTERNS["llama3"]), byte_level(False, True)],
    "U+10D40, U+11DE0 in a Split": [of_regex(PATTERNS["llama3"]), byte_level(False)],
    "Kimi-K2": [of_regex(PATTERNS["kimi_k2"]), byte_level(False)],
    "no split": [byte_level(False)],
}


@pytest.mark.parametrize("row", ROWS)
def test_ids_of_rows_that_others_get_wrong(row, trained, tmp_path):
    trained = trained | {"pre_tokenizer": {"type": "Sequence", "pretokenizers": ROWS[row]}}
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(trained), encoding="utf-8")
    ours, theirs = Tokenizer.load(path), tokenizers.Tokenizer.from_file(str(path))
    rng = random.Random(21)
    whole = "".join(TEXTS)
    texts = TEXTS + [whole[i : i + rng.randint(1, 40)] for i in range(0, len(whole), 2)]
    for text in texts:
        assert ours.encode_ordinary(text) == theirs.encode(text).ids, text
    expected = [encoding.ids for encoding in theirs.encode_batch(texts)]
    assert ours.encode_batch(texts, num_threads=2) == expected
    ragged = ours.encode_ragged(texts)
    assert ragged.tokens.tolist() == [token for ids in expected for token in ids]
    plain = reference.Tokenizer(
        ours.definition.tokens, ours.definition.merges.tolist(), ours.pattern
    )
    for text in TEXTS[:3]:
        assert plain.encode(text) == ours.encode_ordinary(text)


def test_spaces_can_double_what_is_encoded(trained):
    stages = {"pretokenizers": [DIGITS, byte_level(False, True)], "type": "Sequence"}
    model = trained["model"] | {"merges": []}
    data = json.dumps(trained | {"pre_tokenizer": stages, "model": model})
    ours, theirs = (
        Tokenizer(tokenizer_json.parse(data.encode(), "trained")),
        tokenizers.Tokenizer.from_str(data),
    )
    texts = ["1234567890" * 300] * 40
    ragged = ours.encode_ragged(texts, num_threads=2)
    assert len(ragged.tokens) == 2 * 3000 * 40
    assert ragged.document(7).tolist() == theirs.encode(texts[7]).ids
    assert ours.decode(ragged.document(7)) == " " + " ".join(texts[7])
