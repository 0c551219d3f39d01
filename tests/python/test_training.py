"""Training against the plain reference, whatever the source, the pieces and the threads."""

import gzip
import itertools
import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import AddedToken, FormatError, Tokenizer, _core, reference
from bytestride.corpus import sources
from bytestride.formats.bytelevel import BYTES_IN_ORDER
from bytestride.published import PATTERNS

OTHER_PATTERN = r"[a-z]+|\p{Lu}|\s"
LINE = "It's low lower lowest, aaaa aaaa! 1234567 naïve 漢字漢字 🙂🙂\r\n  new\n\n"


def train(source, vocab_size, pattern="gpt2", **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*goes through the regex package", UserWarning)
        return Tokenizer.train(source, vocab_size, pattern, **options)


def merges_of(tokenizer):
    return list(map(tuple, tokenizer.definition.merges.tolist()))


# Runs, ties, nothing, one byte, CRLF, ill-formed UTF-8; few letters, so that pairs come back.
texts = (
    st.text(st.sampled_from("aab bcA'sS12 \t\r\n.\u0301é漢"), max_size=30)
    | st.lists(st.sampled_from(["low", "lower", " ", "\r\n", "aaaa", "a", "'S", "🙂"])).map("".join)
    | st.binary(max_size=6)
    | st.lists(st.sampled_from([b"\xff", b"\xc3", b"\xa9", b"a", b" ", b"\r\n", b"\xf0\x9f"])).map(
        b"".join
    )
)


@pytest.mark.parametrize("name", [*PATTERNS, "another"])
@given(documents=st.lists(texts, max_size=5), n_merges=st.integers(0, 40))
@settings(max_examples=60)
def test_against_the_reference(name, documents, n_merges):
    pattern = PATTERNS.get(name, OTHER_PATTERN)
    # The reference's tables are newer than ours: they disagree on characters of later versions,
    # which random bytes rarely make.
    expected = reference.train(documents, 256 + n_merges, pattern)
    tokenizer = train(documents, 256 + n_merges, pattern)
    assert merges_of(tokenizer) == expected
    assert [tokenizer.token_bytes(i) for i in range(256 + len(expected))] == reference.token_bytes(
        expected
    )
    ours = reference.Tokenizer.from_merges(expected, pattern)
    for document in documents:
        encode = tokenizer.encode_bytes if isinstance(document, bytes) else tokenizer.encode
        assert encode(document) == ours.encode(document)


@given(st.binary(max_size=200), st.integers(0, 20))
def test_bytes_in_one_word(data, n_merges):
    # A pattern that cuts nothing: the merge loop alone, on long words with any bytes in them.
    pattern = r"[\s\S]+"
    expected = reference.train([data], 256 + n_merges, pattern)
    assert merges_of(train([data], 256 + n_merges, pattern)) == expected


@pytest.mark.parametrize("seed", range(6))
def test_long_words_of_few_letters(seed):
    # Overlapping occurrences, runs that meet, pairs of a token with itself.
    rng = random.Random(seed)
    letters = "abcd"[: 1 + seed % 4]
    words = ["".join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(40)]
    text = " ".join(rng.choices(words, k=200))
    expected = reference.train([text], 256 + 120, PATTERNS["gpt2"])
    assert merges_of(train(text, 256 + 120)) == expected
    counts = []
    counts_of_words = counted([text], "gpt2").finish()
    loop = _core.MergeLoop(counts_of_words, base_ids())
    loop.run(120)
    # The counts with which the merges were chosen: those of the reference, merge by merge.
    words_now = [
        ([BYTES_IN_ORDER.index(byte) for byte in word], count)
        for word, count in rows_of(counts_of_words)
    ]
    for number, pair in enumerate(expected):
        counts.append(reference.count_pairs_in_words(words_now)[pair])
        words_now = [
            (reference.apply_merge(ids, pair, 256 + number), count) for ids, count in words_now
        ]
    assert loop.counts().tolist() == counts


def base_ids():
    ids = np.empty(256, np.uint32)
    ids[list(BYTES_IN_ORDER)] = np.arange(256, dtype=np.uint32)
    return ids


def rows_of(words):
    data, offsets, counts, _ = words.arrays()
    bounds = itertools.pairwise(offsets)
    return [
        (data[begin:end].tobytes(), int(n)) for (begin, end), n in zip(bounds, counts, strict=True)
    ]


def counted(documents, pattern, special_tokens=(), **options):
    rows = [(token, 0, True) for token in special_tokens]
    counter = _core.WordCounter(_core.Splitter(PATTERNS[pattern], rows, None))
    counter.add(documents, **options)
    return counter


@given(st.lists(texts, max_size=6), st.sampled_from([*PATTERNS]))
def test_words_against_the_reference(documents, pattern):
    words = rows_of(counted(documents, pattern).finish())
    assert dict(words) == reference.count_words(documents, PATTERNS[pattern])
    assert len(dict(words)) == len(words)
    assert words == sorted(words, key=lambda row: (-row[1], row[0]))


def test_words_of_many_calls_add_up():
    counter = counted([LINE, LINE.encode()], "cl100k")
    data, offsets = (LINE * 2).encode(), np.array([0, len(LINE.encode()), 2 * len(LINE.encode())])
    counter.add(data, offsets)
    counter.add([LINE], num_threads=7)
    assert dict(rows_of(counter.finish())) == reference.count_words([LINE] * 5, PATTERNS["cl100k"])


@pytest.mark.parametrize("pattern", ["gpt2", "o200k", OTHER_PATTERN])
def test_the_number_of_threads_does_not_matter(pattern):
    # One text in several chunks, and small ones.
    documents = [
        LINE * (8_000 if pattern == OTHER_PATTERN else 30_000),
        *[f"{i} {i} " + LINE for i in range(300)],
    ]
    trained = [train(documents, 700, pattern, num_threads=n) for n in (1, 2, 3, 7, 16)]
    assert len({tokenizer.definition.fingerprint() for tokenizer in trained}) == 1


def test_the_order_of_documents_does_not_matter():
    documents = [f"{LINE} w{i}" * (1 + i % 3) for i in range(50)]
    rng = random.Random(3)
    first = train(documents, 500)
    rng.shuffle(documents)
    assert train(documents, 500).definition == first.definition


# Sources.

DOCUMENTS = [LINE * 5, "naïve low\n" * 9, "", "🙂 the end of it"]


def sample_sources(folder):
    texts = [document.encode() for document in DOCUMENTS]
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.txt")
        paths[-1].write_bytes(text)
    packed = []
    for i, text in enumerate(texts):
        packed.append(folder / f"{i}.txt.gz")
        packed[-1].write_bytes(gzip.compress(text))
    return {
        "list of str": DOCUMENTS,
        "tuple of bytes": tuple(texts),
        "generator": (document for document in DOCUMENTS),
        "paths": paths,
        "gz": packed,
        "mixed": [DOCUMENTS[0], texts[1], packed[2], paths[3]],
    }


@pytest.mark.parametrize(
    "kind", ["list of str", "tuple of bytes", "generator", "paths", "gz", "mixed"]
)
def test_every_source_gives_the_same(kind, tmp_path):
    source = sample_sources(tmp_path)[kind]
    expected = reference.train(DOCUMENTS, 400, PATTERNS["gpt2"])
    assert merges_of(train(source, 400)) == expected


def test_one_text_and_one_file(tmp_path):
    text = "".join(DOCUMENTS)
    path = tmp_path / "one.txt"
    path.write_bytes(text.encode())
    expected = reference.train([text], 400, PATTERNS["gpt2"])
    for source in (text, text.encode(), path, [path]):
        assert merges_of(train(source, 400)) == expected


def test_a_file_compressed_by_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    text = "".join(DOCUMENTS)
    path = tmp_path / "one.txt.zst"
    path.write_bytes(zstandard.compress(text.encode()))
    assert merges_of(train(path, 400)) == reference.train([text], 400, PATTERNS["gpt2"])


@pytest.mark.parametrize("small", [1, 7, 64, 1000])
@pytest.mark.parametrize("pattern", [*PATTERNS, OTHER_PATTERN])
def test_a_file_in_pieces_is_the_whole_file(pattern, small, tmp_path, monkeypatch):
    rng = random.Random(small)
    parts = [
        LINE,
        "a b",
        "\n",
        " ",
        "  \n",
        "x\ny",
        "1\n2",
        "\r\n",
        "!\n",
        "it's\n's",
        "漢 字\n",
        "/\n/a",
    ]
    text = "".join(rng.choices(parts, k=300))
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    whole = train(text, 400, pattern)
    read_chunks = sources.read_chunks
    n_pieces = []

    def in_small_pieces(inputs, ranges, reading, *, chunk_bytes, within):
        chunks = list(read_chunks(inputs, ranges, reading, chunk_bytes=small, within=within))
        n_pieces.append(len(chunks))
        return chunks

    monkeypatch.setattr(sources, "read_chunks", in_small_pieces)
    assert train(path, 400, pattern).definition == whole.definition
    # A pattern that only regex knows may not be cut for; with the others pieces are small indeed.
    assert n_pieces == [1] if pattern == OTHER_PATTERN else n_pieces[0] > 2


def test_batches_of_a_long_stream(monkeypatch):
    monkeypatch.setattr(sources, "_BATCH_BYTES", 50)
    assert merges_of(train(DOCUMENTS * 3, 400)) == reference.train(
        DOCUMENTS * 3, 400, PATTERNS["gpt2"]
    )


# Special tokens and sizes.


def test_special_tokens_are_never_learned_from():
    text = "<|end|>low<|end|> lower<|end|><|end|>" * 20
    special = ["<|end|>", "<s>"]
    tokenizer = train(text, 256 + 2 + 60, special_tokens=special)
    merges = reference.train([text], 256 + 2 + 60, PATTERNS["gpt2"], special)
    assert merges_of(tokenizer) == merges
    n = 256 + len(merges)
    assert tokenizer.added_tokens == (AddedToken("<|end|>", n), AddedToken("<s>", n + 1))
    assert tokenizer.vocab_size == n + 2
    learned = {tokenizer.token_bytes(i) for i in range(256, n)}
    assert learned
    assert not any(b"<" in token or b"|" in token or b"end" in token for token in learned)
    assert tokenizer.encode("low<|end|>", allowed_special="all")[-1] == n


def test_a_special_token_that_spans_where_files_may_be_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_BATCH_BYTES", 16)
    text = "low a b lower\n" * 30
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    special = ["w a b l"]
    tokenizer = train(path, 300, special_tokens=special)
    assert merges_of(tokenizer) == reference.train([text], 300, PATTERNS["gpt2"], special)


@pytest.mark.parametrize("n_special", [0, 1, 3])
def test_the_smallest_vocabulary(n_special):
    special = [f"<{i}>" for i in range(n_special)]
    tokenizer = train(LINE, 256 + n_special, special_tokens=special)
    assert tokenizer.vocab_size == 256 + n_special
    assert merges_of(tokenizer) == []
    assert tokenizer.decode(tokenizer.encode(LINE)) == LINE
    for size in (255 + n_special, 0, -1):
        with pytest.raises(ValueError, match=f"need at least {256 + n_special}"):
            train(LINE, size, special_tokens=special)


def test_more_tokens_than_there_are_pairs():
    tokenizer = train("low low", 10_000, special_tokens=["<s>"])
    # " low" is one token, and "low" another that it is made of: l+o, lo+w, space+low.
    assert tokenizer.vocab_size == 256 + 3 + 1
    assert tokenizer.encode("low low") == [257, 258]
    assert tokenizer.special_tokens == {"<s>": 259}


@pytest.mark.parametrize("source", ["", b"", [], [""], iter(()), "a", b"\xff", ["a", "b", "c"]])
def test_a_source_without_pairs(source):
    tokenizer = train(source, 1000)
    assert tokenizer.vocab_size == 256
    assert tokenizer.decode(tokenizer.encode(LINE)) == LINE


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()
    assert train(path, 1000).vocab_size == 256


def test_ties_go_to_the_smaller_ids():
    # Every pair stands once. "!" is id 0, so the pair that starts with it comes first.
    tokenizer = train("ba zy !x", 300, r"\S+")
    assert tokenizer.token_bytes(256) == b"!x"
    assert [tokenizer.token_bytes(i) for i in (257, 258)] == [b"ba", b"zy"]


# Progress.


def test_progress():
    calls = []
    text = LINE * 200
    tokenizer = train(text, 256 + 40, progress=lambda *call: calls.append(call))
    n_merges = tokenizer.vocab_size - 256
    counting = [call for call in calls if call[0] == "count"]
    merging = [call for call in calls if call[0] == "merge"]
    assert calls == counting + merging
    assert counting[-1][1] > 0
    assert merging[-1] == ("merge", n_merges, 40)
    for stage in (counting, merging):
        assert [done for _, done, _ in stage] == sorted(done for _, done, _ in stage)


@pytest.mark.parametrize("stage", ["count", "merge"])
def test_an_exception_from_progress_stops_the_training(stage):
    def progress(now, done, total):
        if now == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(LINE, 300, progress=progress)


# What is refused.


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        train(tmp_path / "nothing.txt", 300)
    with pytest.raises(FileNotFoundError, match="no files are in the folder"):
        train(tmp_path, 300)
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(b"this is no gzip file")
    with pytest.raises(FormatError, match="no gzip file"):
        train(damaged, 300)


@pytest.mark.parametrize("source", [[1], [None], ["a", 1.5], [["a"]], [bytearray(b"a")]])
def test_items_that_are_no_text(source):
    with pytest.raises(
        TypeError, match=r"a source holds str, bytes, paths .* and Arrow arrays, not "
    ):
        train(source, 300)


def test_sources_that_are_none():
    for source in (None, 1, 1.5):
        with pytest.raises(TypeError):
            train(source, 300)


def test_wrong_special_tokens():
    with pytest.raises(TypeError, match="a list of texts, not one str"):
        train("a", 300, special_tokens="<s>")
    with pytest.raises(ValueError, match="twice"):
        train("a", 300, special_tokens=["<s>", "<s>"])
    with pytest.raises(ValueError, match="empty"):
        train("a", 300, special_tokens=[""])
    with pytest.raises((TypeError, ValueError)):
        train("a", 300, special_tokens=[1])
    with pytest.raises((UnicodeEncodeError, ValueError)):
        train("a", 300, special_tokens=["\ud800"])


def test_wrong_patterns():
    with pytest.raises(ValueError, match="no known pattern"):
        train("a", 300, "gpt5")
    with pytest.raises(ValueError, match=r"pattern '\(a'"):
        train("a", 300, "(a")
    with pytest.raises(TypeError):
        train("a", 300, 1)


def test_another_pattern_says_so_once():
    with pytest.warns(UserWarning, match="regex package, exactly but slowly") as caught:
        tokenizer = Tokenizer.train(LINE, 300, OTHER_PATTERN)
    # Where the call stands, not somewhere inside of the package.
    assert {warning.filename for warning in caught} == {__file__}
    assert len(caught) == 1
    assert merges_of(tokenizer) == reference.train([LINE], 300, OTHER_PATTERN)


def test_wrong_sizes_and_threads():
    for size in (None, "300", 300.5):
        with pytest.raises(TypeError):
            train("a", size)
    for n_threads in (0, -1):
        with pytest.raises(ValueError, match="num_threads must be at least 1"):
            train("a", 300, num_threads=n_threads)
