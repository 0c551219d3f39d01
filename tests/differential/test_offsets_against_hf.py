"""Offsets where added tokens take white space and spaces are put before words, against theirs."""

import random
import time

import pytest
from hf_documents import FLAGS, both, byte_level, encoding_of, entry, nfc

from bytestride import reference
from bytestride.formats import bytelevel
from bytestride.published import PATTERNS

LLAMA3 = {
    "type": "Split",
    "pattern": {"Regex": PATTERNS["llama3"]},
    "behavior": "Isolated",
    "invert": False,
}
PRE_TOKENIZERS = {
    "plain": byte_level(),
    "space": byte_level(add_prefix_space=True),
    "space before all": byte_level(add_prefix_space=True, use_regex=False),
    "space before each digit": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            byte_level(add_prefix_space=True),
        ],
    },
    "space before each word": {
        "type": "Sequence",
        "pretokenizers": [LLAMA3, byte_level(add_prefix_space=True, use_regex=False)],
    },
}
# Tokens of a space and what follows it, in whole and in part, and of parts of characters.
JOINS = [
    *(b" a", b" \n", b"\n\n", b"  ", b"\xc3\xa9", b" \xc3", b" \xe2", b"\xcc\x81", b"e\xcc", b"11")
]
ALPHABET = [
    *("a", "b", "<", " ", " ", "\n", "\u3000", "\u2000", "\u2001", "\u0301", "\u0323", "e", "é"),
    *("\u0344", "\u1e69", "\u2126", "\u1112\u1161", "\u11ab", "\uac00", "'s", ".", "\u0085", "1"),
    *("漢", "🙂", "\u0958", "\U0001d15e", "_", "\u212b"),
]


def joined(data):
    return "".join(bytelevel.ALPHABET[byte] for byte in data)


def merged():
    """Vocabulary and merges of the joins."""
    vocab = {joined(data): 256 + i for i, data in enumerate(JOINS)}
    return {"vocab": vocab, "merges": [f"{joined(data[:1])} {joined(data[1:])}" for data in JOINS]}


def random_entries(rng, alphabet):
    contents = {"".join(rng.choices(alphabet, k=rng.randint(1, 3))) for _ in range(3)}
    likely = rng.choice([0.0, 0.3, 0.6])
    return [
        entry(content, **{flag: rng.random() < likely for flag in FLAGS})
        for content in sorted(contents - {"é"})  # in the vocabulary that is the form of a byte
    ]


def are_distinct(entries, normalizer):
    normal = [nfc(e["content"].encode()) for e in entries if e["normalized"]]
    return not normalizer or len(set(normal)) == len(normal)


def slow_twin(ours):
    return reference.Tokenizer(
        ours.definition.tokens,
        ours.definition.merges.tolist(),
        ours.pattern,
        added_tokens=ours.added_tokens,
    )


def check_bytes(ours, text, offsets, slow):
    """Byte offsets are in the characters of the others, and the slow twin's where it has any."""
    characters = reference.characters_of_bytes(text)
    _, in_bytes = ours.encode_with_offsets(text, unit="byte", allowed_special="all")
    for (begin, end), in_characters in zip(in_bytes.tolist(), offsets, strict=True):
        assert (begin, end) == in_characters or characters[begin][0] == in_characters[0]
        assert begin == end or characters[end - 1][1] == in_characters[1]
    if slow is not None:
        expected = slow.encode_with_offsets(text, "byte", ours.special_tokens)[1]
        assert [tuple(row) for row in in_bytes.tolist()] == expected


@pytest.mark.parametrize("pre_tokenizer", PRE_TOKENIZERS)
@pytest.mark.parametrize("normalizer", [None, "NFC"])
def test_random_tokens_in_random_texts(pre_tokenizer, normalizer, capfd):
    rng = random.Random(f"{pre_tokenizer} {normalizer}")
    n_compared = n_added = n_overlapping = n_put = 0
    for _ in range(150):
        alphabet = rng.sample(ALPHABET, rng.randint(3, 9))
        entries = random_entries(rng, [*alphabet, " ", "\n"])
        if not are_distinct(entries, normalizer):
            continue
        theirs, ours = both(
            entries, normalizer, pre_tokenizer=PRE_TOKENIZERS[pre_tokenizer], **merged()
        )
        slow = slow_twin(ours) if normalizer is None else None
        contents = [e["content"] for e in entries]
        for _ in range(20):
            text = "".join(rng.choices([*alphabet, *contents, " "], k=rng.randint(0, 10)))
            encoding = encoding_of(theirs, text)
            if encoding is None:
                continue
            ids, offsets = ours.encode_with_offsets(text, allowed_special="all")
            assert ids == encoding.ids
            assert [tuple(row) for row in offsets.tolist()] == encoding.offsets, (entries, text)
            check_bytes(ours, text, encoding.offsets, slow)
            n_compared += 1
            n_added += max(ids, default=0) >= 256 + len(JOINS)
            n_overlapping += (offsets[1:, 0] < offsets[:-1, 1]).any()
            if ids and ids[0] < 256 + len(JOINS):
                n_put += ours.token_bytes(ids[0])[:1] == b" " != text[:1].encode()
    assert n_compared > 2000
    assert n_added > 1000
    assert n_overlapping > 50
    assert (n_put > 0) == ("space" in pre_tokenizer)
    capfd.readouterr()  # their panics


def check_cuts(ours, text, max_tokens, overlap):
    """What is cut is what the slow twin cuts."""
    slow = slow_twin(ours)
    allowed = ours.special_tokens
    cut = ours.truncate(text, max_tokens, allowed_special=allowed)
    assert cut == slow.truncate(text, max_tokens, allowed)
    try:
        expected = slow.chunk(text, max_tokens, overlap, allowed)
    except ValueError:
        with pytest.raises(ValueError, match=r"the character at index \d+ takes \d+ tokens"):
            ours.chunk(text, max_tokens, overlap, allowed_special=allowed)
    else:
        assert ours.chunk(text, max_tokens, overlap, allowed_special=allowed) == expected


def test_pieces_are_cut_between_places():
    rng = random.Random(5)
    for _ in range(200):
        alphabet = rng.sample(ALPHABET, 6)
        entries = random_entries(rng, [*alphabet, " ", "\n"])
        normalizer = rng.choice([None, "NFC"])
        if not are_distinct(entries, normalizer):
            continue
        name = rng.choice(list(PRE_TOKENIZERS))
        _, ours = both(entries, normalizer, pre_tokenizer=PRE_TOKENIZERS[name], **merged())
        for _ in range(20):
            text = "".join(rng.choices([*alphabet, " ", "\n"], k=rng.randint(0, 10)))
            n_tokens = len(ours.encode(text, allowed_special="all"))
            max_tokens = rng.randint(1, 5)
            if normalizer is None:
                check_cuts(ours, text, max_tokens, rng.randrange(max_tokens))
            try:
                chunks = ours.chunk(text, max_tokens, allowed_special="all")
            except ValueError as error:
                assert "max_tokens must be at least that" in str(error)  # noqa: PT017
                continue
            assert "".join(chunks) == text
            assert all(chunks)
            assert len(chunks) >= n_tokens / max_tokens
            cut = ours.truncate(text, max_tokens, allowed_special="all")
            assert chunks[:1] == ([cut] if text else [])


def test_by_hand():
    _, ours = both([entry("<a>", lstrip=True, rstrip=True), entry("\n\n")])
    ids, offsets = ours.encode_with_offsets("é <a>\n\n\nx")
    assert ids == [0xC3, 0xA9, 256, 257, 10, 120]
    assert offsets.tolist() == [[0, 1], [0, 1], [1, 8], [5, 7], [7, 8], [8, 9]]
    assert ours.chunk("é <a>\n\n\nx", 2) == ["é", " <a>\n\n", "\nx"]
    assert ours.truncate("é <a>\n\n\nx", 3) == "é"
    with pytest.raises(ValueError, match="character at index 0 takes 2 tokens"):
        ours.chunk("<a>\n\n\nx", 1)
    _, ours = both([], pre_tokenizer=byte_level(add_prefix_space=True))
    assert ours.encode_with_offsets("éa")[1].tolist() == [[0, 1], [0, 1], [0, 1], [1, 2]]
    by_bytes = ours.encode_with_offsets("éa", unit="byte")[1]
    assert by_bytes.tolist() == [[0, 2], [0, 1], [1, 2], [2, 3]]
    assert ours.truncate("ab", 1) == ""
    assert ours.chunk("abc", 2) == ["a", "bc"]
    with pytest.raises(ValueError, match="character at index 0 takes 2 tokens"):
        ours.chunk("abc", 1)


def test_overlapping_tokens_take_linear_time():
    entries = [entry("\n", rstrip=True), entry("\t"), entry("\u2000", normalized=True, rstrip=True)]
    _, ours = both(entries, "NFC")
    text = "é" + "\n\t" * 200_000 + "é" + "\u2000 " * 200_000
    start = time.perf_counter()
    _, offsets = ours.encode_with_offsets(text)
    assert time.perf_counter() - start < 20
    half = 1 + 400_000
    assert offsets[2:6].tolist() == [[1, half], [2, 3], [3, half], [4, 5]]
    assert offsets[-1, 1] == len(text)


@pytest.mark.parametrize("text", ["x \ud83d\ude42<a> \ud83d y", "\ude42 <a>"])
def test_surrogates(text):
    theirs, ours = both(
        [entry("<a>", lstrip=True, rstrip=True)], pre_tokenizer=byte_level(add_prefix_space=True)
    )
    ids, offsets = ours.encode_with_offsets(text)
    expected = theirs.encode(reference.to_utf8(text).decode())
    assert ids == expected.ids
    assert offsets[-1, 1] == len(text)
