"""Added tokens with flags: what `tokenizers` finds, the engine finds, and the reference too."""

import dataclasses
import json
import random

import pytest
import tokenizers
from hf_documents import FLAGS, both, entry, ids_of, nfc

from bytestride import Tokenizer, _core, formats, reference
from bytestride.formats import added_tokens, tokenizer_json


def assert_same(theirs, ours, texts):
    for text in texts:
        assert ours.encode(text, allowed_special="all") == ids_of(theirs, text), text


ALPHABET = [
    *("a", "b", "<", ">", " ", "\n", "\u3000", "\u0301", "e", "é", "1", "_", "\u200d", "\u24b6"),
    *("\u2126", "\u03a9", "\u1100\u1161", "\uac00", "'s", ".", "\u001c", "\u0085", "，", "漢"),
]


@pytest.mark.parametrize("normalizer", [None, "NFC"])
@pytest.mark.parametrize("seed", range(4))
def test_random_tokens_in_random_texts(normalizer, seed, capfd):
    rng = random.Random(f"{normalizer} {seed}")
    n_compared = n_matched = n_cuttable = 0
    for _ in range(120):
        alphabet = rng.sample(ALPHABET, rng.randint(3, 8))
        contents = {"".join(rng.choices(alphabet, k=rng.randint(1, 3))) for _ in range(3)}
        contents.discard("é")  # in the vocabulary it is the printable form of a byte
        likely = rng.choice([0.2, 0.5])
        entries = [
            entry(content, **{flag: rng.random() < likely for flag in FLAGS})
            for content in sorted(contents)
        ]
        normal = [nfc(e["content"].encode()) for e in entries if e["normalized"]]
        if normalizer and len(set(normal)) < len(normal):
            with pytest.raises(ValueError, match="the same text once normalised"):
                both(entries, normalizer)
            continue
        theirs, ours = both(entries, normalizer)
        slow = reference.Tokenizer(
            ours.definition.tokens,
            [],
            ours.pattern,
            added_tokens=ours.added_tokens,
            normalise=nfc if normalizer else bytes,
        )
        n_cuttable += ours.may_cut
        for _ in range(20):
            text = "".join(rng.choices([*alphabet, *contents], k=rng.randint(0, 9)))
            expected = ids_of(theirs, text)
            ids = ours.encode(text, allowed_special="all")
            assert slow.encode(text, ours.special_tokens) == ids, (entries, text)
            if expected is None:
                continue
            assert ids == expected, (entries, text)
            n_compared += 1
            n_matched += max(ids, default=0) >= 256
            ordinary = slow.encode(text)
            assert ours.encode_ordinary(text) == ordinary
            assert ours.encode(text, disallowed_special=()) == ordinary
    assert n_compared > 2000
    assert n_matched > 1000
    assert n_cuttable > 10
    capfd.readouterr()  # their panics


def test_bytes_that_are_no_utf8_against_the_reference():
    rng = random.Random(3)
    parts = [b"<a>", b"<b>", b" ", b"\xe3\x80", b"\xe3\x80\x80", b"\xff", b"a", b"\xcc\x81", b"e"]
    entries = [
        entry("<a>", lstrip=True, rstrip=True),
        entry("<b>", single_word=True, normalized=True),
        entry("e\u0301", normalized=True, rstrip=True),
    ]
    _, ours = both(entries, "NFC")
    slow = reference.Tokenizer(
        ours.definition.tokens,
        [],
        ours.pattern,
        added_tokens=ours.added_tokens,
        normalise=_core.normalize_nfc,
    )
    for _ in range(3000):
        data = b"".join(rng.choices(parts, k=rng.randint(0, 9)))
        assert ours.encode_bytes(data) == slow.encode(data), data


SOME_BLOCKS = [(0, 0x300), (0x1680, 0x1A00), (0x2000, 0x2500), (0x3000, 0x3100), (0x1F100, 0x1F200)]


@pytest.mark.parametrize(
    "blocks",
    [
        SOME_BLOCKS,
        pytest.param([(0, 0xD800), (0xE000, 0x110000)], marks=pytest.mark.slow),
    ],
    ids=["some", "all"],
)
def test_white_space_and_word_characters_are_the_same_set(blocks):
    strip = both([entry("QZ", lstrip=True, rstrip=True)])
    single = both([entry("QZ", single_word=True)])
    for begin, end in blocks:
        for start in range(begin, end, 1 << 14):
            characters = map(chr, range(start, min(start + (1 << 14), end)))
            texts = [f"x{character}QZ{character}x" for character in characters]
            for theirs, ours in (strip, single):
                expected = [
                    encoding.ids
                    for encoding in theirs.encode_batch_fast(texts, add_special_tokens=False)
                ]
                assert ours.encode_batch(texts) == expected


@pytest.mark.parametrize(
    ("entries", "texts"),
    [
        # The rows of what others get wrong.
        (
            [entry("ab", single_word=True)],
            ["ab", "xab", "ab_", "ab ab", "漢ab", "ab\u200d", "(ab)"],
        ),
        (
            [entry("<a>", lstrip=True, rstrip=True), entry("<b>", lstrip=True, rstrip=True)],
            ["x <a> y", "x  <a>\u3000<b>\n y", "<a> <b>", " <a>", "<a>\u0085\u001c", "\u2028<b>"],
        ),
        # White space that one takes and another is made of.
        ([entry("<a>", rstrip=True), entry("\n\n")], ["<a>\n\n x", "<a> \n\n  x", "<a>\n\n\nx"]),
        ([entry("<a>", rstrip=True), entry(" b ", lstrip=True)], ["<a> b x", "<a>   b x"]),
        ([entry("ab", single_word=True), entry("b ")], ["xab ", "ab ", "xb "]),
        ([entry("bc", special=True), entry("abcd", normalized=True)], ["abcd", "abc", "abcdbc"]),
    ],
)
def test_flags(entries, texts):
    assert_same(*both(entries), texts)


def test_normalized_tokens_and_nfc():
    entries = [entry("café", normalized=True), entry("\u2126"), entry("<n\u0303>", normalized=True)]
    texts = ["cafe\u0301", "café!", "\u2126 \u03a9", "<ñ> <n\u0303>", "cafe\u0301\u0301"]
    theirs, ours = both(entries, "NFC")
    assert_same(theirs, ours, texts)
    assert ours.encode("cafe\u0301") == ours.encode("café") == [256]


def test_nfc_is_that_of_unicode_9():
    # These two compose since Unicode 13, and stay two here.
    theirs, ours = both([entry("\U00011935\U00011930", normalized=True)], "NFC")
    assert_same(theirs, ours, ["\U00011935\U00011930", "a\U00011935\U00011930b"])
    assert ours.encode("\U00011935\U00011930") == [256]


@pytest.mark.parametrize("ignore_merges", [False, True])
def test_ignore_merges(ignore_merges):
    # "abc" is a token that no merge makes.
    theirs, ours = both(
        [], vocab={"abc": 256, "bc": 257}, merges=["b c"], ignore_merges=ignore_merges
    )
    assert_same(theirs, ours, ["abc", "abcabc", "x abc abc"])
    assert ours.encode("abc") == ([256] if ignore_merges else [97, 257])


def test_a_token_whose_white_space_is_gone_is_nothing():
    # Where the other library panics there is no answer to match; ours is that of its empty matches.
    theirs, ours = both([entry("<a>", rstrip=True), entry("\n\n", lstrip=True)])
    assert_same(theirs, ours, ["<a>\n\n"])
    assert ours.encode("<a>\n\n x") == [256, 120]


def test_what_is_refused_is_the_text_itself():
    _, ours = both([entry("<s>", special=True, single_word=True, lstrip=True)])
    for text in ("a<s>", " <s>"):
        with pytest.raises(ValueError, match="special token '<s>' at byte 1"):
            ours.encode(text)
    assert ours.encode("a<s>", allowed_special="all") == list(b"a<s>")
    assert ours.encode(" <s>", allowed_special="all") == [256]
    assert ours.encode(" <s>", disallowed_special=()) == list(b" <s>")


def test_flags_are_written_and_read_back():
    entries = [entry("<a>", lstrip=True), entry("<b>", rstrip=True, special=True)]
    entries += [entry("<c>", single_word=True), entry("<d>", normalized=True)]
    theirs, ours = both(entries, "NFC")
    data = tokenizer_json.serialize(dataclasses.replace(ours.definition, source=None))
    assert tokenizer_json.parse(data, "x").added_tokens == ours.added_tokens
    again = tokenizers.Tokenizer.from_str(data.decode())
    for text in ("x <a> y", "<b> <c> d x<c>", "<c>d<d><a>"):
        assert ids_of(again, text) == ids_of(theirs, text)


def test_a_million_tokens_in_white_space_take_linear_time():
    _, ours = both([entry("\n", rstrip=True, normalized=True), entry("<a>", lstrip=True)])
    assert ours.encode("\n" * 1_000_000) == [256] * 1_000_000
    assert ours.count("<a>" + " " * 1_000_000 + "<a>") == 2


def segments(definition_tokens, normalizer, text):
    """Ids of added tokens, and the texts between them, by a pattern that takes all."""
    splitter = _core.Splitter(
        lambda part: [len(part)],
        [
            (t.content, t.id, False, t.lstrip, t.rstrip, t.single_word, t.normalized)
            for t in definition_tokens
        ],
        normalizer,
    )
    return [piece.decode() for piece in splitter.pieces(text)]


@pytest.mark.parametrize(
    "name", ["llama3", "qwen3", pytest.param("gptoss", marks=pytest.mark.slow), "deepseek_v3"]
)
def test_added_tokens_of_published_files(name, vocab_file):
    path = vocab_file(name)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    node = json.loads(path.read_bytes())
    tokens = added_tokens.read_added_tokens(node["added_tokens"], node["model"]["vocab"])
    assert [t.id for t in tokens] == [theirs.token_to_id(t.content) for t in tokens]
    rng = random.Random(name)
    between = ["a", " ", "  ", "\n", "x y", "，", "<", "|", "<|", "漢", "cafe\u0301", "\u3000"]
    contents = [token.content for token in tokens]
    texts = ["".join(contents)]
    for _ in range(300):
        parts = [*rng.choices(contents, k=4), *rng.choices(between, k=6)]
        rng.shuffle(parts)
        texts.append("".join(parts))
    known = {token.content for token in tokens}
    for text in texts:
        found = [p for p in segments(tokens, None, text) if p in known]
        encoding = theirs.encode(text, add_special_tokens=False)
        theirs_found = [t for t in encoding.tokens if t in known]
        assert found == theirs_found, text
    if name == "deepseek_v3":  # its pretokens are another matter
        return
    ours = Tokenizer(formats.read(path))
    assert ours.may_cut
    assert_same(theirs, ours, texts)
