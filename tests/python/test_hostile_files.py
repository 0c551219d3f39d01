"""Files that mean harm: a `FormatError` with its place, in bounded time and memory.

What takes memory or time by itself runs in another process, under limits of both.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizer_json_parts import added, byte_level, document, dump, sequence, split

from bytestride import FormatError, Tokenizer, formats
from bytestride.formats import files, rank_tokens
from bytestride.formats.json_text import parse_json

FUZZER = Path(__file__).resolve().parents[1] / "fuzz" / "file_mutations.py"

READ = """
import resource, sys, warnings
from bytestride import FormatError, Tokenizer
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
try:
    print(Tokenizer.load(sys.argv[1], pattern=sys.argv[2] if len(sys.argv) > 2 else None))
except FormatError as error:
    print("FormatError", error)
"""


def read_under_limits(path, *pattern):
    """What another process says that reads it, with 2 GiB of memory and 20 s."""
    command = [sys.executable, "-c", READ, str(path), *pattern]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout) < 2000
    return done.stdout


def ranks(*tokens):
    rows = [(bytes((byte,)), byte) for byte in range(256)] + list(tokens)
    return b"".join(b"%b %d\n" % (base64.b64encode(token), rank) for token, rank in rows)


def raw(old, new, node=None):
    data = dump(document() if node is None else node)
    assert old in data
    return data.replace(old, new)


NORMALIZER = b'"normalizer": null'
AB = {"vocab": {"ab": 256}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a":' * 1_000_000, "JSON nested too deeply"),
        (
            raw(NORMALIZER, b'"normalizer": ' + b'{"type":"Sequence","normalizers":[' * 300)
            + b"]}" * 300,
            "not JSON",
        ),
        (
            raw(
                NORMALIZER,
                b'"normalizer": '
                + b'{"type":"Sequence","normalizers":[' * 200
                + b'{"type":"NFD"}'
                + b"]}" * 200,
            ),
            "normalizer: sequences nested too deeply",
        ),
        (
            raw(b'"merges": []', b'"merges": [' + b"[" * 300 + b"]" * 300 + b"]"),
            r"merges\[0\] must",
        ),
        (raw(b'"ab": 256', b'"ab": 1e400', document(**AB)), "the number '1e400' is too large"),
        (raw(b'"ab": 256', b'"ab": NaN', document(**AB)), "NaN is no JSON number"),
        (raw(b'"ab": 256', b'"ab": -Infinity', document(**AB)), "-Infinity is no JSON number"),
        (raw(b'"dropout": null', b'"dropout": NaN'), "NaN is no JSON number"),
        (raw(b'"ab": 256', b'"ab": ' + b"1" * 1_000_000, document(**AB)), "has 1000000 digits"),
        (raw(b'"version"', b'"version": "1.0", "version"'), "the key 'version' stands twice"),
        (raw(b'"vocab"', b'"vocab": {}, "vocab"'), "the key 'vocab' stands twice"),
        (raw(b'"ab": 256', b'"ab": 256, "ab": 257', document(**AB)), "the key 'ab' stands twice"),
        (raw(b'"ab"', b'"\\ud800"', document(**AB)), r"lone surrogate.* at byte \d+"),
        (raw(b'"ab"', b'"\xff"', document(**AB)), r"not UTF-8 text at byte \d+"),
        (raw(b'"ab": 256', b'"ab": 2147483647', document(**AB)), "2147483647 is above the largest"),
        (
            dump(
                document(
                    pre_tokenizer=json.loads(
                        '{"type": "Sequence", "pretokenizers": [' * 200 + "]}" * 200
                    )
                )
            ),
            "pre_tokenizer: sequences nested too deeply",
        ),
        (dump(document())[:-500], "not JSON"),
        (b"\xef\xbb\xbf" + dump(document()), "BOM"),
        (dump(document()) + b"x", "not JSON: Extra data"),
        (
            dump(document(pre_tokenizer=sequence(split("a|" * 50_000), byte_level()))),
            "has 100000 characters; at most 16384",
        ),
        (
            dump(document(pre_tokenizer=sequence(split("\\p{L}|" * 500 + "a"), byte_level()))),
            "at most 64 classes are read",
        ),
        (
            dump(document(pre_tokenizer=sequence(split("a{1," + "9" * 5000 + "}"), byte_level()))),
            "a bound has more than 9 digits",
        ),
        (
            dump(document(pre_tokenizer=sequence(split("(?:a{9999}){999999}"), byte_level()))),
            "at most 100000 repetitions",
        ),
        (
            dump(document(pre_tokenizer=sequence(*[split("a")] * 5000, byte_level()))),
            "Split .* 32 at most",
        ),
        (dump(document(vocab={"x" * 100_000 + " ": 256})), "holds ' ', which stands for no byte"),
        (dump(document(added_tokens=[added("a" * 10**6)] * 2)), "stands twice in added_tokens"),
        (
            dump(document(added_tokens=[added(c * 10**6) for c in "abcde"])),
            "added tokens have more than 4,194,304 bytes together, up to 'eeee",
        ),
    ],
)
def test_a_tokenizer_json_that_means_harm(data, message, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=f"^{path}.*({message})") as raised:
        Tokenizer.load(path)
    assert len(str(raised.value)) < 1000


def test_time_is_linear_in_what_is_long(tmp_path):
    path = tmp_path / "tokenizer.json"
    long = "a" * 200_000
    # Each cut of a long added token is no merge to try.
    path.write_bytes(dump(document(vocab={long: 256}, added_tokens=[added(long, 256)])))
    assert "<Tokenizer vocab_size=257>" in read_under_limits(path)
    names = [f"<{i:06}>" for i in range(4000)]
    path.write_bytes(dump(document(added_tokens=[added(name) for name in names])))
    assert "<Tokenizer vocab_size=4256>" in read_under_limits(path)


def test_a_long_added_token_that_a_merge_makes(tmp_path):
    # The same rule as for short ones, by another way.
    half = "ab" * 200
    vocab = {half: 256, half * 2: 257, half + "c" * 300: 258}
    merges = [["a", "b"], [half, half]]
    node = document(vocab=vocab | {"ab": 259}, merges=merges)
    node["added_tokens"] = [added(half * 2, 257), added(half + "c" * 300, 258)]
    path = tmp_path / "tokenizer.json"
    path.write_bytes(dump(node))
    definition = formats.read(path)
    assert 257 in definition.tokens
    assert 258 not in definition.tokens


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ranks((b"a" * 40_000, 256)), "the tokens are too long .* has 40,000 bytes, id 256"),
        (ranks(*((b"a" * n, 5000 - n) for n in range(2, 2000))), "the tokens are too long"),
        (ranks((b"ab", 2**31 - 1)), "2147483647 is above the largest id"),
        (ranks((b"ab", 2**31)), r"line 257 \(byte 2194\): the rank b'2147483648' is not a whole"),
        (ranks() + b"YWI= " + b"1" * 5000, r"line 257 \(byte 2194\): the rank b'1111"),
        (ranks() + b"A" * 5_000_000, r"line 257 \(byte 2194\): a line holds base64"),
        (ranks() + b"YWI= 256 9\n", r"line 257 \(byte 2194\)"),
        (ranks((b"ab", 256), (b"ab", 257)), "stands already on line 257"),
        (ranks((b"ab", 256), (b"cd", 256)), "rank 256 is already that"),
        (b"\x00" * 1_000_000, r"line 1 \(byte 0\)"),
    ],
)
def test_a_tiktoken_file_that_means_harm(data, message, tmp_path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as raised:
        Tokenizer.load(path, pattern="gpt2")
    assert len(str(raised.value)) < 1000


def test_a_rank_of_many_zeros(tmp_path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(ranks() + b"YWI= " + b"0" * 5000 + b"256\n")
    assert formats.read(path, pattern="gpt2").tokens[256] == b"ab"


def test_tokens_up_to_the_limit_are_read_in_time(tmp_path):
    # Ids against the order of the merges, which is the slow way.
    n_tokens = 300
    tokens = [(b"a" * n, 5000 - n) for n in range(2, n_tokens)]
    assert sum(len(token) ** 2 for token, _ in tokens) < rank_tokens.MAX_SQUARED_BYTES
    path = tmp_path / "x.tiktoken"
    path.write_bytes(ranks(*tokens))
    assert "<Tokenizer" in read_under_limits(path, "gpt2")


def test_what_is_no_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(FormatError, match=f"{path} is a pipe or a device"):
            Tokenizer.load(path)
    with pytest.raises(IsADirectoryError, match="is a directory"):
        Tokenizer.load(tmp_path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(2**34)  # of holes
    with pytest.raises(FormatError, match="has more than 268,435,456 bytes"):
        Tokenizer.load(large)
    (tmp_path / "tokenizer.json").symlink_to("/dev/zero")
    with pytest.raises(FormatError, match="is a pipe or a device"):
        Tokenizer.load(tmp_path / "tokenizer.json")


def test_a_file_that_grows_or_says_another_size(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100)
    monkeypatch.setattr(files.os, "fstat", lambda _: os.stat_result((0o100644, *[0] * 9)))
    assert files.read_file(path) == b"x" * 100
    with pytest.raises(FormatError, match="has more than 50 bytes"):
        files.read_file(path, at_most=50)


@pytest.mark.parametrize("end", ["", "\\", '"'])
def test_pairs_of_surrogates_are_characters(end):
    text = "\U0001f642 \\ud800 \u0061" + end
    assert parse_json(json.dumps(text).encode()) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (r'"\ud800"', 1),
        (r'"x\udc00"', 2),
        (r'"\ud83d\ude42\ud83d"', 13),
        (r'"\ud800\u0061"', 1),
        (r'"\ude42\ud83d"', 1),
        (r'"\\\ud800"', 3),
        (r'["\ud800", "\udc00"]', 2),
    ],
)
def test_lone_surrogates_are_placed(text, at):
    with pytest.raises(FormatError, match=f"lone surrogate, half a character, at byte {at}$"):
        parse_json(text.encode())


def fuzz(begin, end):
    command = [sys.executable, str(FUZZER), str(begin), str(end)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-3000:]}"
    *wrong, last = map(json.loads, done.stdout.splitlines())
    assert not wrong
    assert last == {"n_read": end - begin}


def test_damaged_files_end_in_a_tokenizer_or_an_error():
    fuzz(0, 100)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_damaged_files_end_in_a_tokenizer_or_an_error(part):
    fuzz(100 + part * 2500, 100 + (part + 1) * 2500)
