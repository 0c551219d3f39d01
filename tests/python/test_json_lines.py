"""Lines of JSON: what json.loads says of each, however the chunk is parsed."""

import itertools
import json
import random
import re

import pytest

from bytestride import _core
from bytestride.corpus.chunks import Place
from bytestride.corpus.json_lines import DEEP, json_texts
from bytestride.corpus.reading import Reading

GOOD = b'{"text": "good"}'
BAD = b'{"text": 1}'

CASES = [
    # Members.
    b'{"text": "a"}',
    b'{"text": ""}',
    b'{"text": "a", "text": "b"}',
    b'{"text": null, "text": "b"}',
    b'{"text": "b", "text": null}',
    b'{"text": 1, "text": "b"}',
    b'{"x": 1, "x": 2, "text": "b"}',
    b'{"x": {"text": "q"}, "text": "a"}',
    b'{"text": "a", "x": {"text": "q", "text": 1}}',
    b'{"x": [{"text": 1}], "text": "a"}',
    b'{"te\\u0078t": "a"}',
    b'{"text\\u0000": "b", "text": "a"}',
    b'{"": 1, "text": "a"}',
    b'{"text": 1}',
    b'{"text": -1.5e3}',
    b'{"text": NaN}',
    b'{"text": [1]}',
    b'{"text": {"a": 1}}',
    b'{"text": true}',
    b'{"text": null}',
    b'{"Text": "a"}',
    b"{}",
    b'{"text": "2020-01-01"}',
    # Not an object, or not one.
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b"}",
    b'[{"text": "a"}]',
    b'{"text": "a"}{"text": "b"}',
    b'{"text": "a"} {"text": "b"}',
    b'{"text": "a"} null {"text": "b"}',
    b'{"text": "a"}\rnull {"text": "b"}',
    b'{"text": "a"} x}',
    b'{"text": "a"}]}',
    b'{"text": "a"},',
    b'{"text": "a"}/**/',
    b'{"text": "a"',
    b'{"text": "a}',
    # White space and control characters.
    b' \t\r{"text": "a"}\r \t',
    b' \t {"text":\r"a"\t}',
    b" " * 20 + GOOD + b"\t" * 20,
    b"",
    b" ",
    b"\r",
    b"\x0c",
    b'\x0b{"text": "a"}',
    b'\xc2\xa0{"text": "a"}',
    b'{"text": "a\tb"}',
    b'{"x": "a\tb", "text": "a"}',
    b'{"text": "a\x0bb"}',
    b'{"text": "a\x7fb"}',
    b'{"text": "a\x00"}',
    b'{"text": "\\u0000"}',
    b'{"text": "a"}\x00',
    b'{"text": "a"}\x00}',
    b'{"text": "a"}\x00{"text": "b"}',
    b'{"x":\x00, "text": "a"}',
    b'\xef\xbb\xbf{"text": "a"}',
    # Escapes and surrogates.
    b'{"text": "\\/\\b\\f\\n\\r\\t\\"\\\\"}',
    b'{"text": "\\uD83D\\uDE00\\u00e9\\uFEFF"}',
    b'{"text": "\\ud800"}',
    b'{"text": "\\udc00x"}',
    b'{"text": "\\ud800\\ud800"}',
    b'{"text": "\\ude00\\ud83d"}',
    b'{"y": "\\ud800", "text": "s"}',
    b'{"\\udc00": 1, "text": "s"}',
    b'{"text": "\\u12g4"}',
    b'{"text": "\\u+123"}',
    b'{"text": "\\U0001"}',
    b'{"x": "\\x41", "text": "a"}',
    b"{'text': 'a'}",
    # Not UTF-8.
    b'{"text": "a\xff"}',
    b'{"text": "\xed\xa0\x80"}',
    b'{"text": "\xc3"}',
    b'{"x": "\xff", "text": "a"}',
    b'{"\xff": 1, "text": "a"}',
    b'{"text": "\\ud83d\xed\xb8\x80"}',
    # Numbers and other values.
    *(
        b'{"x": %s, "text": "a"}' % value
        for value in b"NaN Infinity -Infinity nan inf Infi NaNx -I 1e999 01 -0 -01 - 1. .5 +1 1E+ "
        b"1e5 0x10 1.5e-3 --1 true tru True null [1,] [,1] [] {} {1:2}".split()
    ),
    b'{"x": ' + b"1" * 5000 + b', "text": "a"}',
    b'{"text": "a",}',
    b'{,"text": "a"}',
    b'{"text" "a"}',
    b'{"text": "a" "x": 1}',
]


def by_the_interpreter(line: bytes) -> bytes | None:
    """The document of a line, by json.loads alone."""
    try:
        # Only the digits of an int have a limit in it.
        record = json.loads(line.decode(), parse_int=float)
    except ValueError:
        return None
    text = record.get("text") if isinstance(record, dict) else None
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode() if isinstance(text, str) else None


BEGIN = Place(3, 70)


def parse(data: bytes, begin: Place = BEGIN, column: str = "text"):
    return json_texts(memoryview(data), begin, Reading(column=column))


def documents(texts) -> list[bytes]:
    spans = texts.offsets
    if spans.ndim == 1:
        spans = itertools.pairwise(spans)
    found = [bytes(texts.documents[begin:end]) for begin, end in spans]
    assert texts.n_documents == len(found)
    assert texts.text_lengths().tolist() == [len(text) for text in found]
    assert texts.text_lengths().dtype == "int64"
    assert texts.n_text_bytes == sum(map(len, found))
    return found


def check(lines: list[bytes], expected: list[bytes | None], ends_with_newline: bool = True) -> None:
    """Both what is there and what is rejected, each at its place."""
    data = b"\n".join(lines) + (b"\n" if ends_with_newline else b"")
    texts = parse(data)
    places, bad, offset = [], [], 70
    for line, document in zip(lines, expected, strict=True):
        if document is not None:
            places.append((Place(3, offset), document))
        elif line.strip(b" \t\r"):
            bad.append((3, offset, line[:200]))
        offset += len(line) + 1
    found = documents(texts)
    assert [(texts.place_of(i), text) for i, text in enumerate(found)] == places, data
    assert [(r.source, r.offset, r.sample) for r in texts.rejects] == bad, data


@pytest.mark.parametrize("line", CASES)
def test_a_line_is_what_the_interpreter_says(line):
    document = by_the_interpreter(line)
    check([line], [document])
    check([line], [document], ends_with_newline=False)
    check([GOOD, line, GOOD], [b"good", document, b"good"])
    check([GOOD, line], [b"good", document], ends_with_newline=False)
    check([BAD, line], [None, document])
    check([b"", line, BAD], [None, document, None])


def test_lines_that_are_no_lines():
    # As many rows as lines, and every line wrong.
    for whole in (
        b'{"text": "a"}{"text":\n"c"}',
        b'{"text": "a"}{"text": "b"}\n{"text":\n"c"}',
        b'{"b": {}\n, "text": {"c": "d"}}{}',
        b'{"text": "a\n"}{"text": "b"}',
        b'{"text": [{}\n,{}]}{"text": "b"}',
    ):
        lines = whole.split(b"\n")
        check(lines, [by_the_interpreter(line) for line in lines])


TOKENS = [
    *b"{ } [ ] : , \\ \" ' / 1 01 1e999 -1.5e3 null true NaN Infinity -Infinity {} []".split(),
    *(b" ", b"\t", b"\r", b"\x0b", b"\0", b"\x7f", b"\xff", b"\xef\xbb\xbf", b"\xc3\xa9"),
    *b'"text" "text": "text":"a" {"text":"abc"} {"text":null} {"text":1}'.split(),
    *b'{"x":1,"text":"e"} "te\\u0078t":"z" "\\ud800" "\\ude00" "\\ud83d\\ude00"'.split(),
    *b'"\\n\\u0041" ,"b":{"text":"q"} "b":[1,{"text":2}] Inf -Inf -NaN "Inf"'.split(),
    b'"text":"' + b"g" * 40 + b'"',
]


def random_line(rng: random.Random) -> bytes:
    kind = rng.random()
    soup = b"".join(rng.choice(TOKENS) for _ in range(rng.randrange(8)))
    if kind < 0.5:
        record = {"id": rng.randrange(9), "text": rng.choice(["a", "é\n", "", "x" * 50, "🙂 Inf"])}
        line = json.dumps(record, ensure_ascii=rng.random() < 0.5).encode()
    elif kind < 0.6:
        line = b'{"text":"a"' + soup + b"}"
    elif kind < 0.8:
        line = b"{" + soup + b"}"
    else:
        line = soup
    if rng.random() < 0.1:
        at = rng.randrange(len(line) + 1)
        line = line[:at] + rng.choice([b"", rng.choice(TOKENS)]) + line[at + rng.randrange(2) :]
    return line.replace(b"\n", b"")


def check_random_lines(seed: int, n_chunks: int) -> None:
    rng = random.Random(seed)
    n_fast = 0
    for _ in range(n_chunks):
        lines = [random_line(rng) for _ in range(rng.randrange(1, 4))]
        if rng.random() < 0.2:
            at = rng.randrange(30)
            two = b'{"text":"a"}{"b":{},"text":{"c":"d"}}'
            lines += [two[:at], two[at:]]
        check(
            lines,
            [by_the_interpreter(line) for line in lines],
            ends_with_newline=rng.random() < 0.7,
        )
        n_fast += not len(_core.json_line_texts(b"\n".join(lines), b"text")[3])
    assert n_fast > n_chunks / 8


def test_random_lines():
    check_random_lines(1, 1000)


@pytest.mark.slow
def test_many_random_lines():
    for seed in range(2, 10):
        check_random_lines(seed, 20_000)


@pytest.mark.parametrize("depth", [100, DEEP - 1, DEEP, 2000, 50_000])
def test_deep_lines(depth):
    for opens, closes in ((b"[", b"]"), (b'{"x":', b"}")):
        deep = opens * depth + b"1" + closes * depth
        line = b'{"x": "]}[[\\"{", "y": ' + deep + b', "text": "a"}'
        document = b"a" if depth < DEEP else None
        check([line, GOOD], [document, b"good"])
        check([line, BAD], [document, None])
        for bad in (line[:-1], line.replace(b"1", b"x"), line.replace(b'"a"', deep)):
            check([bad], [None])
            check([bad, GOOD], [None, b"good"])
        # Brackets in strings are none.
        flat = b'{"text": "a", "text": "' + b"[{" * depth + b'"}'
        check([flat], [b"[{" * depth])


def test_a_byte_order_mark_is_left_out_at_the_start_of_a_file():
    marked = b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD
    texts = parse(marked, Place(0, 0))
    assert documents(texts) == [b"good", b"good"]
    assert [texts.place_of(i).offset for i in range(2)] == [0, len(GOOD) + 4]
    assert [reject.offset for reject in parse(marked).rejects] == [70]
    assert parse(b"\xef\xbb\xbf", Place(0, 0)).n_documents == 0


def test_other_columns():
    record = {
        "a.b": "dotted",
        "": "empty",
        'q"\n': "quoted",
        "é漢": "letters",
        "\0": "nul",
        "text": 0,
    }
    for escaped in (True, False):
        line = json.dumps(record, ensure_ascii=escaped).encode()
        for column in list(record)[:-1]:
            for data in (line, line + b"\n" + BAD):
                assert documents(parse(data, column=column)) == [record[column].encode()]
    assert parse(GOOD, column="\udcff").rejects[0].reason == "missing-field"


def test_what_is_said_of_bad_lines():
    for line, reason, detail in (
        (b'{"text": 1}', "not-text", "member 'text' is a number, not a text"),
        (b'{"text": null}', "missing-field", "member 'text' is null"),
        (b'{"a": 1, "b": 2}', "missing-field", "no member 'text'; it has 'a', 'b'"),
        (b"[1]", "broken-json", "the line is a list, not an object"),
        ('{"é": "é" 1}'.encode(), "broken-json", "Expecting ',' delimiter at byte 12 of the line"),
        (b'{"text": "a', "broken-json", "Unterminated string starting at byte 9 of the line"),
        (b'{"text": "ab\xff"}', "invalid-utf8", "byte 12 of the line, 0xff, is not UTF-8"),
        (
            b'{"text": "' + b"x" * 400,
            "broken-json",
            "Unterminated string starting at byte 9 of the line",
        ),
    ):
        for lines in ([line], [GOOD, line], [line, BAD]):
            reject = next(
                r for r in parse(b"\n".join(lines)).rejects if r.sample != BAD or line == BAD
            )
            assert (reject.reason, reject.detail) == (reason, detail)
            assert reject.sample == line[:200]
    many = json.dumps({f"member {i} {'x' * 1000}": i for i in range(1000)}).encode()
    assert len(parse(many).rejects[0].detail) < 500


def test_time_is_linear():
    # Seconds each if any step looked at a line's spaces, or at blank lines, one by one again.
    padded = (b" " * 3000 + GOOD + b"\t" * 3000 + b"\n") * 100
    assert parse(padded).n_documents == 100
    assert parse(b" \r\n" * 200_000).n_documents == 0
    long_line = json.dumps({"x": [[]] * 100_000, "text": "\n" * 500_000}).encode()
    assert parse(long_line).n_text_bytes == 500_000
    assert parse(long_line + b"\n" + BAD).n_text_bytes == 500_000


@pytest.mark.parametrize("name", ["en", "code", "multi"])
def test_real_text(corpus_text, name):
    texts = corpus_text(name, 1_000_000).split("<|endoftext|>")
    for escaped in (True, False):
        lines = [
            json.dumps({"id": i, "text": text}, ensure_ascii=escaped)
            for i, text in enumerate(texts)
        ]
        data = "\n".join(lines).encode()
        parsed = parse(data)
        assert not len(_core.json_line_texts(data, b"text")[3])
        assert documents(parsed) == [text.encode() for text in texts]
        assert documents(parse(data + b"\n" + BAD)) == [text.encode() for text in texts]
        for i in (0, len(texts) // 2, len(texts) - 1):
            line = data[parsed.place_of(i).offset - 70 :].split(b"\n", 1)[0]
            assert json.loads(line)["text"] == texts[i]


def test_few_bad_lines_leave_the_rest_to_the_core():
    lines = [GOOD, b'{"text": null}', GOOD, b'{"text": "\xff"}', b"{}", GOOD]
    data = b"\n".join(lines)
    texts = parse(data)
    assert [texts.place_of(i).offset - 70 for i in range(3)] == [0, 32, 66]
    assert [r.reason for r in texts.rejects] == ["missing-field", "invalid-utf8", "missing-field"]
    _, offsets, begins, unclear = _core.json_line_texts(data, b"text")
    assert offsets.tolist() == [0, 4, 8, 12]
    assert begins.tolist() == [0, 32, 66]
    assert [data[begin:end] for begin, end in unclear] == [lines[1], lines[3], lines[4]]
