"""The reference against results worked out by hand, and against still plainer definitions."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import reference
from bytestride.published import GPT2_TIKTOKEN, PATTERNS

GPT2 = PATTERNS["gpt2"]
A, B, C, D = (reference.BYTELEVEL_ORDER.index(byte) for byte in b"abcd")

# Few different characters, so that pairs, runs and ties are frequent; the last ones make pretokens.
texts = st.text(st.sampled_from("aab bcé🙂\r\n'1\u0301")) | st.text()
# Pieces of UTF-8 and what breaks it, so that every kind of ill-formed sequence comes up.
byte_strings = st.lists(
    st.sampled_from(
        [bytes([b]) for b in b"a \n\x80\xa0\xbf\xc0\xc3\xe0\xe2\xed\xef\xf0\x9f\xf4\xff"]
    )
    | st.binary(max_size=3)
    | st.text(max_size=2).map(str.encode)
).map(b"".join)
patterns = st.sampled_from([*PATTERNS.values(), GPT2_TIKTOKEN])


def test_bytelevel_order_begins_with_visible_characters_and_has_every_byte():
    order = reference.BYTELEVEL_ORDER
    assert sorted(order) == list(range(256))
    assert order[:2] == (0x21, 0x22)
    assert order[93:96] == (0x7E, 0xA1, 0xA2)
    assert order[104:107] == (0xAB, 0xAC, 0xAE)
    assert order[187:191] == (0xFF, 0x00, 0x01, 0x02)
    assert order[187 + 33 :][:3] == (0x20, 0x7F, 0x80)
    assert order[-1] == 0xAD


# The two steps.


@pytest.mark.parametrize("ids", [b"aaaa", [97] * 4, (97,) * 4])
def test_overlapping_pairs_all_count(ids):
    assert reference.count_pairs(ids) == {(97, 97): 3}


def test_pairs_come_in_the_order_in_which_they_first_occur():
    counts = reference.count_pairs([5, 1, 2, 5, 1, 9])
    assert list(counts.items()) == [((5, 1), 2), ((1, 2), 1), ((2, 5), 1), ((1, 9), 1)]


@pytest.mark.parametrize("ids", [b"", b"x"])
def test_less_than_two_ids_have_no_pairs(ids):
    assert reference.count_pairs(ids) == {}
    assert reference.apply_merge(ids, (120, 120), 256) == list(ids)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (b"aa", [256]),
        (b"aaa", [256, 97]),
        (b"aaaa", [256, 256]),
        (b"baab", [98, 256, 98]),
        (b"abab", [97, 98, 97, 98]),
    ],
)
def test_merging_goes_from_left_to_right(ids, expected):
    assert reference.apply_merge(ids, (97, 97), 256) == expected


@given(st.lists(st.integers(0, 2)), st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_a_merge_undone_gives_the_ids_back(ids, pair):
    merged = reference.apply_merge(ids, pair, 3)
    assert [part for i in merged for part in (pair if i == 3 else (i,))] == ids
    assert pair not in reference.count_pairs(merged)


# Pretokens.


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("gpt2", "Hello, world!", ["Hello", ",", " world", "!"]),
        ("gpt2", "it's  a   ", ["it", "'s", " ", " a", "   "]),
        ("gpt2", "a\r\n\r\nb", ["a", "\r\n\r", "\n", "b"]),
        ("cl100k", "a\r\n\r\nb", ["a", "\r\n\r\n", "b"]),
        ("cl100k", "IT'S 12345;\n", ["IT", "'S", " ", "123", "45", ";\n"]),
        ("cl100k", "a \n ", ["a", " \n "]),
        ("llama3", "a \n ", ["a", " \n", " "]),
        ("o200k", "helloWorld's", ["hello", "World's"]),
    ],
)
def test_published_patterns(pattern, text, expected):
    assert reference.split(text, PATTERNS[pattern]) == expected


def test_gaps_between_matches_are_pieces():
    assert reference.split("-ab--c", "[a-z]+") == ["-", "ab", "--", "c"]


def test_an_empty_match_cuts_and_is_no_piece():
    assert reference.split("oneTwoThree", "(?=[A-Z])") == ["one", "Two", "Three"]
    assert reference.split("", "") == []


@given(texts, patterns)
def test_pieces_joined_are_the_text(text, pattern):
    pieces = reference.split(text, pattern)
    assert "".join(pieces) == text
    assert "" not in pieces


@given(byte_strings, patterns)
def test_pieces_of_bytes_joined_are_the_bytes(data, pattern):
    pieces = reference.split_bytes(data, pattern)
    assert b"".join(pieces) == data
    assert b"" not in pieces


@given(texts, patterns)
def test_bytes_that_are_utf8_split_as_their_text(text, pattern):
    data = reference.to_utf8(text)
    expected = [piece.encode() for piece in reference.split(data.decode(), pattern)]
    assert reference.split_bytes(data, pattern) == expected


@given(texts, patterns)
def test_bytes_that_are_no_utf8_split_as_a_character_without_a_class(text, pattern):
    text = text.replace("\uffff", "").encode("utf-8", "replace").decode()
    expected = [piece.encode() for piece in reference.split(f"a{text}\uffff b", pattern)]
    expected = [piece.replace("\uffff".encode(), b"\xff") for piece in expected]
    assert reference.split_bytes(b"a" + text.encode() + b"\xff b", pattern) == expected


@pytest.mark.parametrize(
    ("data", "characters"),
    [
        # The examples of the Unicode Standard 16.0, section 3.9, tables 3-8 to 3-11.
        ("c0 af e0 80 bf f0 81 82 41", "c0/af/e0/80/bf/f0/81/82/41"),
        ("ed a0 80 ed bf bf ed af 41", "ed/a0/80/ed/bf/bf/ed/af/41"),
        ("f4 91 92 93 ff 41 80 bf 42", "f4/91/92/93/ff/41/80/bf/42"),
        ("e1 80 e2 f0 91 92 f1 bf 41", "e180/e2/f09192/f1bf/41"),
        ("e2 82", "e282"),
        ("f0 9f 99 82 f0 9f 99", "f09f9982/f09f99"),
        ("ef bf be ff", "efbfbe/ff"),
    ],
)
def test_each_maximal_ill_formed_sequence_is_one_character(data, characters):
    pieces = reference.split_bytes(bytes.fromhex(data), r"(?s:.)")
    assert [piece.hex() for piece in pieces] == characters.split("/")


def test_ill_formed_bytes_are_neither_letter_nor_number_nor_mark_nor_space():
    assert unicodedata.category(reference.STAND_IN) == "Cn"
    data = b"caf\xe9 12\xff \xffx"
    assert reference.split_bytes(data, GPT2) == [b"caf", b"\xe9", b" 12", b"\xff", b" \xff", b"x"]
    assert reference.split_bytes(b"a\xe2\x82b", r"\p{M}|\s|\w+") == [b"a", b"\xe2\x82", b"b"]


@given(byte_strings)
def test_one_stand_in_for_each_replacement_character_of_python(data):
    # Python's decoder puts one U+FFFD for each maximal ill-formed sequence.
    pieces = reference.split_bytes(data, r"(?s:.)")
    assert [piece.decode(errors="replace") for piece in pieces] == list(
        data.decode(errors="replace")
    )


def test_lone_surrogates_become_the_replacement_character_and_pairs_are_joined():
    assert reference.to_utf8("a\ud800b\udc00") == "a\ufffdb\ufffd".encode()
    assert reference.to_utf8("\ud83d\ude42") == "🙂".encode()
    assert reference.to_utf8("\ufeffa") == "\ufeffa".encode()


def test_special_tokens_are_found_leftmost_and_then_longest():
    segments, found = reference.split_at_special_tokens(
        b"x<a><a>b\xff<a>", ["<a>", "<a><a>", "b\u00ff"]
    )
    assert (segments, found) == ([b"x", b"b\xff", b""], ["<a><a>", "<a>"])


# Training.


def test_wikipedias_example():
    # aaabdaaabac -> ZabdZabac -> ZYdZYac -> XdXac; aa wins by count, ab over Za by its smaller ids.
    assert reference.train(["aaabdaaabac"], 259, GPT2) == [(A, A), (A, B), (256, 257)]
    tokenizer = reference.Tokenizer.from_merges([(A, A), (A, B), (256, 257)], GPT2)
    assert tokenizer.encode("aaabdaaabac") == [258, D, 258, A, C]


def test_training_ends_when_every_word_is_one_token():
    merges = reference.train(["aaabdaaabac"], 10_000, GPT2)
    tail = [(A, C), (D, 258), (258, 260), (261, 259)]
    assert merges == [(A, A), (A, B), (256, 257), *tail]
    assert reference.token_bytes(merges)[-1] == b"aaabdaaabac"


def test_a_run_is_halved_again_and_again():
    assert reference.train(["a" * 8], 400, GPT2) == [(A, A), (256, 256), (257, 257)]
    # Of seven: [aa][aa][aa]a, where the pair ([aa], a) has the smaller ids but the lower count.
    assert reference.train(["a" * 7], 258, GPT2) == [(A, A), (256, 256)]


def test_equal_counts_go_to_the_smaller_ids_in_bytelevel_order():
    # Space has the larger id here, though it is the smaller byte.
    assert reference.train(["xy", " z"], 257, GPT2) == [tuple(map(_id, "xy"))]
    assert reference.train([" z", "xy"], 257, GPT2) == [tuple(map(_id, "xy"))]


def test_words_are_weighted_by_how_often_they_occur_and_never_joined():
    assert reference.train(["ab"] * 2 + ["ba"] * 3, 257, GPT2) == [(B, A)]
    assert reference.train(["a a a a"], 400, GPT2) == [(_id(" "), A)]
    assert reference.train(["a", "a", b"a"], 400, GPT2) == []


def test_crlf_is_learned_from_as_it_stands():
    carriage_return, line_feed = _id("\r"), _id("\n")
    # The scanner gives the last white space to the next line: \r\n\r | \n.
    merges = reference.train(["a\r\n\r\nb"], 400, GPT2)
    first = (line_feed, carriage_return)
    assert merges == [first, (carriage_return, 256)]
    assert reference.train(["a\r\n\r\nb"], 257, PATTERNS["cl100k"]) == [
        (carriage_return, line_feed)
    ]


def test_invalid_utf8_is_learned_from_as_bytes():
    # One pretoken \xff\xff, one \xfe: nothing is lost, replaced or joined to the letters.
    merges = reference.train([b"a\xff\xff b\xff\xff"], 400, GPT2)
    assert reference.token_bytes(merges)[256:] == [b"\xff\xff", b" b"]


def test_nothing_is_learned_from_special_tokens():
    special = ["<s>", "<s><s>"]
    merges = reference.train(["ab<s>ab<s><s>ab"], 256 + 10 + 2, GPT2, special)
    assert reference.token_bytes(merges)[256:] == [b"ab"]
    assert reference.count_words(["<s>"], GPT2, special) == {}


@pytest.mark.parametrize("texts", [[], [""], ["a"], [b"", b"\xff"]])
def test_texts_without_pairs_give_no_merges(texts):
    assert reference.train(texts, 1000, GPT2) == []


def test_bad_training_arguments():
    assert reference.train(["ab"], 257, GPT2, ["<s>"]) == []
    with pytest.raises(ValueError, match="at least 258"):
        reference.train(["ab"], 257, GPT2, ["<s>", "<e>"])
    with pytest.raises(ValueError, match="twice"):
        reference.train(["ab"], 300, GPT2, ["<s>", "<s>"])
    with pytest.raises(ValueError, match="empty"):
        reference.train(["ab"], 300, GPT2, [""])
    with pytest.raises(TypeError, match="list"):
        reference.train("ab", 300, GPT2)
    with pytest.raises(TypeError, match="not int"):
        reference.train([3], 300, GPT2)


@given(st.lists(st.text(st.sampled_from("abc "), max_size=12) | byte_strings, max_size=4))
def test_each_merge_is_the_best_of_a_recount_of_all_words(texts):
    merges = reference.train(texts, 266, GPT2)
    for n, pair in enumerate(merges):
        tokenizer = reference.Tokenizer.from_merges(merges[:n], GPT2)
        counts = {}
        for text in texts:
            for word in reference.split_bytes(reference.to_utf8(text), GPT2):
                ids = tokenizer.encode_word(word)
                for i in range(len(ids) - 1):
                    counts[ids[i], ids[i + 1]] = counts.get((ids[i], ids[i + 1]), 0) + 1
        best = max(counts.values())
        assert pair == sorted(pair for pair, count in counts.items() if count == best)[0]


# Encoding.

TRAINING_TEXTS = ["low lower lowest newer wider", "the bottle's 1,234 cafés; 🙂🙂\r\n", b"\xff\xff"]
MERGES = reference.train(TRAINING_TEXTS, 320, GPT2)
BY_MERGES = reference.Tokenizer.from_merges(MERGES, GPT2, ["<s>", "<s>low"])
RANKS = {token: i for i, token in enumerate(reference.token_bytes(MERGES))}
BY_RANKS = reference.Tokenizer.from_ranks(RANKS, GPT2, BY_MERGES.special_tokens)


@given(texts | st.text(st.sampled_from("low ersnidth🙂é'")), st.booleans())
def test_decoding_gives_the_text_back(text, allow):
    allowed = ["<s>"] if allow else []
    data = reference.to_utf8(text)
    ids = BY_MERGES.encode(text, allowed)
    assert BY_MERGES.decode(ids) == data
    assert ids == BY_MERGES.encode(data, allowed)


@given(byte_strings | st.text(st.sampled_from("low ersnidth🙂é'")).map(str.encode))
def test_both_rules_agree_on_a_vocabulary_that_was_learned(data):
    ids = BY_MERGES.encode(data)
    assert BY_RANKS.encode(data) == ids
    assert BY_RANKS.decode(ids) == data
    words = reference.split_bytes(data, GPT2)
    assert [i for word in words for i in reference.encode_word(word, RANKS)] == ids


def test_encoding_applies_the_merges_as_training_did():
    words = reference.count_words(TRAINING_TEXTS, GPT2)
    for word in words:
        ids = [reference.BYTELEVEL_ORDER.index(byte) for byte in word]
        for rank, pair in enumerate(MERGES):
            ids = reference.apply_merge(ids, pair, 256 + rank)
        assert BY_MERGES.encode_word(word) == ids


def test_the_lowest_rank_merges_first_and_the_leftmost_of_equals():
    base = {bytes([byte]): byte for byte in range(256)}
    ranks = base | {b"bc": 256, b"ab": 257, b"aa": 258, b"abcd": 259}
    assert reference.encode_word(b"abc", ranks) == [97, 256]
    assert reference.encode_word(b"aaa", ranks) == [258, 97]
    # A whole word is looked up even where merging could not make it.
    assert reference.encode_word(b"abcd", ranks) == [259]
    assert reference.encode_word(b"abcda", ranks) == [97, 256, 100, 97]


def test_merges_with_ids_in_another_order_than_their_ranks():
    tokens = dict(enumerate(bytes([byte]) for byte in range(256)))
    tokens |= {300: b"ab", 290: b"bc", 280: b"abc"}
    merges = [(97, 98), (98, 99)]
    by_merges = reference.Tokenizer(tokens, merges, GPT2)
    assert by_merges.encode("abc bc") == [300, 99, 32, 290]
    whole = reference.Tokenizer(tokens, merges, GPT2, whole_pieces=True)
    assert whole.encode("abc bc") == [280, 32, 290]
    without_merges = reference.Tokenizer(tokens, None, GPT2)
    assert without_merges.encode("abcabc") == [280, 280]
    assert without_merges.encode("bab") == [98, 300]
    assert by_merges.decode([280, 300]) == b"abcab"


def test_special_tokens_are_ids_only_where_allowed():
    ids = BY_MERGES.special_tokens
    assert ids == {"<s>": 256 + len(MERGES), "<s>low": 257 + len(MERGES)}
    low = BY_MERGES.encode("low")
    assert BY_MERGES.encode("<s>low", ["<s>"]) == [ids["<s>"], *low]
    assert BY_MERGES.encode("low<s>low", ["<s>", "<s>low"]) == [*low, ids["<s>low"]]
    ordinary = BY_MERGES.encode("<s>low")
    assert not set(ordinary) & set(ids.values())
    assert BY_MERGES.decode(ordinary) == BY_MERGES.decode([ids["<s>low"]]) == b"<s>low"
    # Of two that share an id, the first is what it decodes to.
    shared = reference.Tokenizer.from_ranks(RANKS, GPT2, {"<a>": 999, "<b>": 999})
    assert shared.decode(shared.encode("<b>", ["<b>"])) == b"<a>"
    with pytest.raises(ValueError, match="<x>"):
        BY_MERGES.encode("low", ["<x>"])


def test_bad_vocabularies_and_ids():
    tokens = dict(enumerate(reference.token_bytes([])))
    with pytest.raises(ValueError, match="256"):
        reference.Tokenizer({0: b"a"}, None, GPT2)
    with pytest.raises(ValueError, match="same bytes"):
        reference.Tokenizer(tokens | {256: b"a"}, None, GPT2)
    with pytest.raises(KeyError, match="9999"):
        BY_MERGES.decode([1, 9999])


# Windows.


@pytest.mark.parametrize(
    ("n_tokens", "max_length", "stride", "starts"),
    [
        (0, 4, 1, []),
        (4, 4, 1, []),
        (5, 4, 1, [0]),
        (8, 4, 1, [0, 1, 2, 3]),
        (9, 4, 1, [0, 1, 2, 3, 4]),
        (9, 4, 2, [0, 2, 4]),
        (9, 4, 100, [0]),
        (2, 1, 1, [0]),
    ],
)
def test_window_starts(n_tokens, max_length, stride, starts):
    assert reference.window_starts(n_tokens, max_length, stride) == starts


@pytest.mark.parametrize(
    ("max_length", "stride", "n"), [(4, 1, 5141), (4, 4, 1286), (256, 128, 39), (256, 256, 20)]
)
def test_window_counts_of_the_verdict(max_length, stride, n):
    assert len(reference.window_starts(5145, max_length, stride)) == n


def test_windows_over_words():
    text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit,"
    words = text.split(" ")
    rows = [(" ".join(x), " ".join(y)) for x, y in reference.windows(words, 4, 1)]
    assert len(rows) == 4
    assert rows[0] == ("Lorem ipsum dolor sit", "ipsum dolor sit amet,")
    assert rows[1] == ("ipsum dolor sit amet,", "dolor sit amet, consectetur")
    assert rows[3] == (
        "sit amet, consectetur adipiscing",
        "amet, consectetur adipiscing elit,",
    )
    nine = reference.windows([*words, "sed"], 4, 1)
    assert len(nine) == 5
    assert nine[4][1][-1] == "sed"
    assert reference.windows([*words, "sed"], 4, 2) == [nine[0], nine[2], nine[4]]


@given(st.lists(st.integers(0, 99), max_size=30), st.integers(1, 6), st.integers(1, 6))
def test_windows_are_all_that_fit(tokens, max_length, stride):
    expected = []
    start = 0
    while start + max_length + 1 <= len(tokens):
        pairs = [(tokens[start + i], tokens[start + i + 1]) for i in range(max_length)]
        expected.append(([x for x, _ in pairs], [y for _, y in pairs]))
        start += stride
    assert reference.windows(tokens, max_length, stride) == expected


@pytest.mark.parametrize(
    ("n_tokens", "max_length", "stride", "name"),
    [
        (9, 4, 0, "stride"),
        (9, 0, 1, "max_length"),
        (-1, 4, 1, "n_tokens"),
        (9, -4, 1, "max_length"),
    ],
)
def test_bad_window_arguments(n_tokens, max_length, stride, name):
    with pytest.raises(ValueError, match=name):
        reference.window_starts(n_tokens, max_length, stride)


def _id(character):
    return reference.BYTELEVEL_ORDER.index(ord(character))
