"""Counting words against the plain reference: sources, units, limits, what goes wrong midway."""

import gzip
import os
import signal
import sys
import threading
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import FormatError, WordCounts, count_words, reference
from bytestride.corpus import sources
from bytestride.published import PATTERNS
from bytestride.stages import Digits, Split
from bytestride.training import count_words_to_parquet, counting
from bytestride.training.checkpoint import uninterrupted

TEXT = "It's low, lower\nand  lowest.\r\n\n  New line! 漢字 a b\n"
GPT2 = PATTERNS["gpt2"]


def words_of(source, **options):
    return dict(count_words(source, **{"pattern": "gpt2", **options}))


def lines_of(text):
    data = text if isinstance(text, bytes) else reference.to_utf8(text)
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [data.split(b"\n")[-1]]


texts = st.text(st.sampled_from("ab 1\n\r.漢\ud800"), max_size=20) | st.binary(max_size=6)


@given(st.lists(texts, max_size=5), st.sampled_from(["gpt2", "cl100k", "qwen35"]))
@settings(max_examples=200)
def test_documents_and_lines(documents, pattern):
    expected = reference.count_words(documents, PATTERNS[pattern])
    assert words_of(documents, pattern=pattern) == expected
    lines = [line for text in documents for line in lines_of(text)]
    expected = reference.count_words(lines, PATTERNS[pattern])
    assert words_of(documents, pattern=pattern, unit="line") == expected


def test_sources(tmp_path):
    path, packed = tmp_path / "1.txt", tmp_path / "2.txt.gz"
    path.write_bytes(TEXT.encode())
    packed.write_bytes(gzip.compress(TEXT.encode()))
    pyarrow = pytest.importorskip("pyarrow")
    expected = words_of([TEXT] * 4)
    for unit in ("document", "line"):
        expected = words_of([TEXT] * 4, unit=unit)
        for source in (
            [path, packed, TEXT, TEXT.encode()],
            iter([path, packed, TEXT, TEXT.encode()]),
            pyarrow.array([TEXT] * 4),
            pyarrow.chunked_array([[TEXT], [TEXT] * 3]),
            [pyarrow.array([TEXT.encode()]), TEXT, pyarrow.array([TEXT] * 2, "large_string")],
        ):
            assert words_of(source, unit=unit) == expected
        assert words_of(path, unit=unit) == words_of(TEXT, unit=unit) == words_of([TEXT], unit=unit)


def test_special_tokens():
    text = "low<s>er<s> low"
    dropped = words_of(text, special_tokens=["<s>"])
    assert dropped == {b"low": 1, b"er": 1, b" low": 1}
    assert words_of(text, special_tokens=["<s>"], specials_in_text="hf") == {**dropped, b"<s>": 2}
    as_text = words_of(text, special_tokens=["<s>"], specials_in_text="text")
    assert as_text == words_of(text)


def test_normal_form_and_stages():
    assert words_of("e\u0301") != words_of("é")
    assert words_of("e\u0301", normalizer="NFC") == words_of("é")
    stages = (Digits(individual=True), Split(GPT2))
    assert words_of("a 12", pattern=stages) == reference.count_words(["a 12"], stages)
    assert words_of("a b\nc", pattern=(), unit="line") == {b"a b\n": 1, b"c": 1}


@pytest.mark.parametrize("num_threads", [1, 2, 3, 7, 16])
def test_threads_and_memory(num_threads, tmp_path):
    text = "".join(f"word{i % 70_000} {i} " for i in range(200_000))
    expected = count_words(text, pattern="gpt2", num_threads=1)
    options = {"pattern": "gpt2", "num_threads": num_threads}
    assert count_words(text, **options) == expected
    assert count_words(text, memory_bytes=4 << 20, **options) == expected
    assert count_words([text[:1000], text[1000:]], **options).total > 0
    pytest.importorskip("pyarrow")
    path = tmp_path / "counts.parquet"
    n_words = count_words_to_parquet(text, path, memory_bytes=4 << 20, **options)
    assert n_words == len(expected)
    assert WordCounts.read_parquet(path) == expected


def test_first_offsets_through_memory_limits():
    text = "".join(f"word{i % 30_000} " for i in range(100_000))
    expected = count_words(text, pattern="gpt2", first_offsets=True)
    limited = count_words(text, pattern="gpt2", first_offsets=True, memory_bytes=4 << 20)
    assert limited == expected


# What is refused or warned of.


def test_a_limit_that_is_too_small():
    with pytest.raises(ValueError, match="4 MiB"):
        count_words("a", memory_bytes=1000)


def test_patterns_that_cannot_be_meant():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pattern in ("a*", r"\s*", "(?:)"):
            with pytest.raises(ValueError, match="matches an empty text"):
                count_words("a b", pattern=pattern)
        with pytest.raises(ValueError, match="matches nothing in any of 2 texts"):
            count_words(["some text " * 100] * 2, pattern="Q+")
        assert count_words("some text " * 100 + "Q", pattern="Q+").total == 2
        assert count_words("some text", pattern="Q+").total == 1  # too little to judge
        assert count_words(["some", "text"] * 500, pattern="[a-z]+").total == 1000
    with pytest.raises(ValueError, match="no known pattern"):
        count_words("a", pattern="")


def test_wrong_arguments():
    with pytest.raises(ValueError, match="unit must be 'document' or 'line', not 'word'"):
        count_words("a", unit="word")
    with pytest.raises(ValueError, match="specials_in_text must be 'drop' or 'hf' or 'text'"):
        count_words("a", specials_in_text="keep")
    with pytest.raises(ValueError, match="normalizer"):
        count_words("a", normalizer="NFD")


def test_a_giant_word():
    text = "A" * (counting.GIANT_WORD_BYTES + 1)
    with pytest.warns(UserWarning, match=r"a word of 1,048,577 bytes, .* b'AAAA") as caught:
        assert count_words(text).total == 1
    assert {warning.filename for warning in caught} == {__file__}


def test_unreadable_files_are_found_before_counting(tmp_path):
    path = tmp_path / "1.txt"
    path.write_bytes(TEXT.encode())
    calls = []

    def progress(*call):
        calls.append(call)

    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        count_words([path, tmp_path / "nothing.txt"], progress=progress)
    assert calls == []


def test_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_BATCH_BYTES", 20)
    path, packed = tmp_path / "1.txt", tmp_path / "2.txt.gz"
    path.write_bytes(TEXT.encode())
    packed.write_bytes(gzip.compress(TEXT.encode()))

    def calls_of(source):
        calls = []
        count_words(source, progress=lambda *call: calls.append(call))
        assert {stage for stage, _, _ in calls} == {"count"}
        done = [done for _, done, _ in calls]
        assert done == sorted(done)
        return done[-1], {total for _, _, total in calls}

    n = len(TEXT.encode())
    assert calls_of([path, path]) == (2 * n, {2 * n})
    assert calls_of([path, packed]) == (2 * n, {None})
    assert calls_of(iter([path])) == (n, {None})


# A stream that dies.


def dying(n):
    for i in range(n):
        yield f"text {i} {TEXT}"
    raise OSError("the disk is gone")


def test_a_stream_that_dies(monkeypatch):
    monkeypatch.setattr(sources, "_BATCH_BYTES", 100)
    with pytest.raises(OSError, match="the disk is gone") as failed:
        count_words(dying(5))
    if sys.version_info >= (3, 11):
        assert "bytes were counted by then, and nothing was kept" in failed.value.__notes__[0]


def test_a_damaged_file_in_a_list(tmp_path):
    paths = [tmp_path / "1.txt", tmp_path / "2.txt.gz"]
    paths[0].write_bytes(TEXT.encode())
    paths[1].write_bytes(gzip.compress(TEXT.encode() * 100)[:-9])
    with pytest.raises(FormatError, match=r"2\.txt\.gz"):
        count_words(paths)


@pytest.mark.parametrize("unit", ["document", "line"])
@pytest.mark.parametrize("first_offsets", [False, True])
def test_a_checkpoint(tmp_path, monkeypatch, unit, first_offsets):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(sources, "_BATCH_BYTES", 30)
    monkeypatch.setattr(sources, "_SMALL_BYTES", 15)
    path, packed = tmp_path / "1.txt", tmp_path / "2.txt.gz"
    path.write_bytes(TEXT.encode() * 3)
    packed.write_bytes(gzip.compress(TEXT.encode() * 3))
    source = [TEXT, path, TEXT * 2, packed, path]
    options = {"pattern": "gpt2", "unit": unit, "first_offsets": first_offsets}
    expected = count_words(source, **options)
    checkpoint = tmp_path / "checkpoint.parquet"
    n_stops = 0
    done = []
    for _ in range(100):
        n_calls = 0

        def stop(stage, n_bytes, total):
            nonlocal n_calls
            done.append(n_bytes)
            n_calls += 1
            if n_calls == 2:
                raise KeyboardInterrupt

        try:
            counts = count_words(source, checkpoint=checkpoint, progress=stop, **options)
        except KeyboardInterrupt:
            n_stops += 1
            # What is there may be trained from as it is.
            assert 0 < WordCounts.read_parquet(checkpoint).n_text_bytes <= expected.n_text_bytes
        else:
            break
    assert n_stops > 3
    assert done == sorted(done)
    assert counts == expected
    assert not checkpoint.exists()


def test_a_checkpoint_of_a_stream_that_dies(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(sources, "_BATCH_BYTES", 200)
    checkpoint = tmp_path / "checkpoint.parquet"
    with pytest.raises(OSError, match="gone"):
        count_words(dying(10), pattern="gpt2", checkpoint=checkpoint)
    again = (f"text {i} {TEXT}" for i in range(12))
    counts = count_words(again, pattern="gpt2", checkpoint=checkpoint)
    assert counts == count_words([f"text {i} {TEXT}" for i in range(12)], pattern="gpt2")


def test_checkpoints_that_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    checkpoint = tmp_path / "checkpoint.parquet"
    with pytest.raises(FileNotFoundError, match="no folder"):
        count_words("a", checkpoint=tmp_path / "nowhere" / "checkpoint.parquet")
    count_words("a").write_parquet(checkpoint)
    with pytest.raises(FormatError, match="is a file of counts and no checkpoint"):
        count_words("a", checkpoint=checkpoint)
    checkpoint.unlink()

    def stop(*call):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_words(["a" * 100, "b"], progress=stop, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match="pattern 'cl100k' and 'gpt2'"):
        count_words("a", pattern="gpt2", checkpoint=checkpoint)
    with pytest.raises(ValueError, match="counted without first offsets"):
        count_words("a", first_offsets=True, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == before


@pytest.fixture
def python_handles_ctrl_c():
    # A shell makes what it starts in the background ignore it.
    at_first = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, at_first)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.usefixtures("python_handles_ctrl_c")
def test_ctrl_c_waits_for_the_end_of_a_batch():
    done = []

    def interrupted(n_signals):
        with uninterrupted(active=True) as interrupts:
            for _ in range(n_signals):
                os.kill(os.getpid(), signal.SIGINT)
            done.append(n_signals)
            interrupts.let_through()
            done.append("more")

    with pytest.raises(KeyboardInterrupt):
        interrupted(1)
    with pytest.raises(KeyboardInterrupt):  # the second time it does not wait
        interrupted(2)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ran = []

    def elsewhere():
        with uninterrupted(active=True):
            ran.append(1)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ran == [1]
