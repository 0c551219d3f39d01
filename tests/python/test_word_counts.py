"""Tables of word counts: what is in them, adding up, Arrow and Parquet, damage."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import FormatError, Tokenizer, WordCounts, count_words
from bytestride.published import PATTERNS
from bytestride.stages import Digits, Punctuation, SpaceBefore, Split
from bytestride.training import CountSettings
from bytestride.training.word_counts import weighted_sum

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

GPT2 = CountSettings("gpt2")
TEXT = "low lower low\n naïve low 漢字"


def counted(text=TEXT, **options):
    return count_words(text, **{"pattern": "gpt2", **options})


def test_what_is_in_it():
    counts = counted()
    assert next(iter(counts)) == (b" low", 2)
    assert len(counts) == 6
    assert counts.total == 7
    assert counts.n_text_bytes == len(TEXT.encode())
    assert dict(counts)[" 漢字".encode()] == 1
    assert counts.fingerprint == GPT2.fingerprint() == CountSettings(PATTERNS["gpt2"]).fingerprint()
    assert "6 words" in repr(counts)
    assert counts == pickle.loads(pickle.dumps(counts)) == WordCounts(dict(counts), GPT2)
    assert counts != counted(TEXT + "!")
    assert counts != counted(unit="line")
    assert WordCounts({}, GPT2).n_text_bytes == 0


words = st.dictionaries(st.binary(min_size=1, max_size=4), st.integers(1, 2**62), max_size=8)


@given(words, words)
def test_addition(left, right):
    total = WordCounts(left, GPT2) + WordCounts(right, GPT2)
    expected = {word: left.get(word, 0) + right.get(word, 0) for word in {*left, *right}}
    assert list(total) == sorted(expected.items(), key=lambda row: (-row[1], row[0]))
    assert total.n_text_bytes == sum(len(word) * n for word, n in expected.items())


def test_addition_in_order_of_first_sight():
    left, right = "b a", " c a b" * 3
    both = count_words([left, right], pattern="gpt2", first_offsets=True)
    parts = [counted(text, first_offsets=True) for text in (left, right)]
    assert parts[0] + parts[1] == both
    assert parts[1] + parts[0] != both
    words_, offsets, _, firsts = both.arrays()
    text = (left + right).encode()
    for i, first in enumerate(firsts.tolist()):
        word = words_[offsets[i] : offsets[i + 1]].tobytes()
        assert text[first : first + len(word)] == word
    with pytest.raises(ValueError, match="the second of these counts does not know where"):
        parts[0] + counted("a")
    with pytest.raises(ValueError, match="the first of these counts"):
        counted("a") + parts[0]


def test_what_does_not_belong_together():
    others = {
        "pattern 'gpt2' and 'cl100k'": {"pattern": "cl100k"},
        "unit 'document' and 'line'": {"unit": "line"},
        r"special_tokens \(\) and \('<s>',\)": {"special_tokens": ["<s>"]},
        "normalizer None and 'NFC'": {"normalizer": "NFC"},
    }
    for said, options in others.items():
        with pytest.raises(ValueError, match=said) as refused:
            counted() + counted(**options)
        assert counted().fingerprint[:12] in str(refused.value)
        assert counted(**options).fingerprint[:12] in str(refused.value)
    with pytest.raises(ValueError, match="specials_in_text 'drop' and 'hf'"):
        counted(special_tokens=["<s>"]) + counted(special_tokens=["<s>"], specials_in_text="hf")
    # The same text is cut in the same way.
    assert len(counted(special_tokens=["<s>"], specials_in_text="text") + counted()) == 6
    assert len(counted(special_tokens=["a", "b"]) + counted(special_tokens=["b", "a"])) > 0
    with pytest.raises(TypeError):
        counted() + {}


def test_counts_that_are_too_large():
    large = WordCounts({b"a": 2**64 - 1}, GPT2)
    with pytest.raises(ValueError, match=r"2\^64|18446744073709551615"):
        large + large
    assert WordCounts({b"ab": 2**64 - 1}, GPT2).n_text_bytes == 2 * (2**64 - 1)
    with pytest.raises(ValueError, match="outside 0"):
        WordCounts({b"a": 2**64}, GPT2)
    with pytest.raises(ValueError, match="outside 0"):
        WordCounts({b"a": -1}, GPT2)
    with pytest.raises(TypeError, match="a word must be bytes"):
        WordCounts({"a": 1}, GPT2)
    with pytest.raises(ValueError, match="empty"):
        WordCounts({b"": 1}, GPT2)
    with pytest.raises(TypeError, match="settings must be"):
        WordCounts({}, "gpt2")
    with pytest.raises(ValueError, match="the same words"):
        WordCounts({b"a": 1}, GPT2, firsts={})
    assert len(WordCounts({b"a": 0, b"b": 1}, GPT2)) == 1


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**64 - 1)), max_size=5))
def test_weighted_sum(rows):
    lengths = np.array([length for length, _ in rows], np.int64)
    counts = np.array([count for _, count in rows], np.uint64)
    assert weighted_sum(lengths, counts) == sum(length * count for length, count in rows)


# Arrow and Parquet.


@pytest.mark.parametrize("first_offsets", [False, True])
def test_arrow_out_and_in(first_offsets):
    counts = counted(first_offsets=first_offsets)
    table = counts.to_arrow()
    names = ["word", "count", "first"][: 2 + first_offsets]
    assert table.column_names == names
    assert table.schema.field("word").type == pa.large_binary()
    assert table.schema.field("count").type == pa.uint64()
    assert WordCounts.from_arrow(table) == counts
    assert WordCounts.from_arrow(counts) == counts  # through the C stream
    reader = pa.RecordBatchReader.from_stream(counts)
    assert WordCounts.from_arrow(reader) == counts
    # In chunks, in another order, words in several rows.
    pieces = [table.slice(i, 1) for i in reversed(range(len(table)))]
    assert WordCounts.from_arrow(pa.concat_tables(pieces)) == counts
    twice = WordCounts.from_arrow(pa.concat_tables([table, table]))
    assert dict(twice) == {word: 2 * n for word, n in counts}
    empty = counted("", first_offsets=first_offsets)
    assert WordCounts.from_arrow(empty.to_arrow()) == empty


def test_arrow_of_other_tools():
    table = pa.table({"word": ["low", "er", "low"], "count": [1, 2, 3], "more": [1.5, None, 0]})
    counts = WordCounts.from_arrow(table, settings=GPT2)
    assert list(counts) == [(b"low", 4), (b"er", 2)]
    with pytest.raises(ValueError, match="does not say how its words were counted"):
        WordCounts.from_arrow(table)
    with pytest.raises(ValueError, match="other settings than those given: unit"):
        WordCounts.from_arrow(counted().to_arrow(), settings=CountSettings("gpt2", "line"))
    wrong = {
        "one column 'count'; its columns are word": pa.table({"word": [b"a"]}),
        "one column 'word'; its columns are count": pa.table({"count": [1]}),
        "must be large_binary, not int64": pa.table({"word": [1], "count": [1]}),
        "must be uint64, not double": pa.table({"word": [b"a"], "count": [1.0]}),
        "'count' holds 1 nulls": pa.table({"word": [b"a", b"b"], "count": [1, None]}),
        "'word' holds 1 nulls": pa.table({"word": [b"a", None], "count": [1, 1]}),
        "holds what is no count": pa.table({"word": [b"a"], "count": [-1]}),
        "empty": pa.table({"word": [b""], "count": [1]}),
    }
    for said, table in wrong.items():
        with pytest.raises(FormatError, match=said):
            WordCounts.from_arrow(table, settings=GPT2)


@pytest.mark.parametrize(
    "pattern",
    [
        "o200k",
        r"[a-z]+|\s",
        (),
        (SpaceBefore(), Digits(True), Punctuation(), Split("a", "contiguous")),
    ],
)
def test_parquet(tmp_path, pattern):
    settings = CountSettings(pattern, "line", ("é", "<s>"), "hf", "NFC")
    counts = WordCounts({b"a\xff": 2**63, b" b": 3}, settings)
    path = tmp_path / "counts.parquet"
    counts.write_parquet(path)
    assert WordCounts.read_parquet(path) == counts
    assert WordCounts.read_parquet(str(path)).settings == settings
    assert [p.name for p in tmp_path.iterdir()] == ["counts.parquet"]


def test_files_that_are_no_counts(tmp_path):
    path = tmp_path / "counts.parquet"
    with pytest.raises(FileNotFoundError):
        WordCounts.read_parquet(path)
    with pytest.raises(IsADirectoryError, match="is a directory"):
        WordCounts.read_parquet(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        counted().write_parquet(tmp_path / "nowhere" / "counts.parquet")
    path.write_bytes(b"no such thing")
    with pytest.raises(FormatError, match=r"counts\.parquet is damaged or no Parquet file"):
        WordCounts.read_parquet(path)
    counted().write_parquet(path)
    whole = path.read_bytes()
    for n in (len(whole) - 1, len(whole) // 2, 10, 0):
        path.write_bytes(whole[:n])
        with pytest.raises(FormatError, match="damaged or no Parquet file"):
            WordCounts.read_parquet(path)


def test_damaged_metadata(tmp_path):
    path = tmp_path / "counts.parquet"
    table = counted().to_arrow()
    document = json.loads(table.schema.metadata[b"bytestride.word_counts"])
    settings = document["settings"]
    wrong = {
        "no JSON object": "[1]",
        "is damaged": "{",
        "of version 2": {**document, "version": 2},
        "must have the parts pattern, unit": {**document, "settings": {"pattern": "gpt2"}},
        "the file was changed": {**document, "settings": {**settings, "unit": "line"}},
        "make no sense: unit must be": {**document, "settings": {**settings, "unit": "word"}},
        "make no sense: .*stage": {**document, "settings": {**settings, "pattern": [["cut"]]}},
        "make no sense": {**document, "settings": {**settings, "special_tokens": 1}},
    }
    for said, value in wrong.items():
        text = value if isinstance(value, str) else json.dumps(value)
        changed = table.replace_schema_metadata({b"bytestride.word_counts": text.encode()})
        pq.write_table(changed, path)
        with pytest.raises(FormatError, match=said) as refused:
            WordCounts.read_parquet(path)
        assert str(path) in str(refused.value)


def test_training_from_a_file(tmp_path):
    counts = count_words([TEXT * 9, TEXT], special_tokens=["low"])
    counts.write_parquet(tmp_path / "counts.parquet")
    read = WordCounts.read_parquet(tmp_path / "counts.parquet")
    expected = Tokenizer.train([TEXT * 9, TEXT], 300, special_tokens=["low"])
    assert Tokenizer.train(read, 300).definition == expected.definition
