"""`.tiktoken` files: what is read, what is refused and where, what can be written."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import formats
from bytestride.definition import AddedToken, Definition
from bytestride.errors import FormatError
from bytestride.formats import tiktoken_file

BYTES = {byte: bytes((byte,)) for byte in range(256)}
TOKENS = BYTES | {256: b"ab", 257: b"abc", 300: " é".encode()}


def lines(tokens):
    return [b"%b %d\n" % (base64.b64encode(token), rank) for rank, token in tokens.items()]


def parse(data, pattern="gpt2", **options):
    return tiktoken_file.parse(data, "x.tiktoken", pattern=pattern, **options)


def test_what_is_read():
    definition = parse(b"".join(lines(TOKENS)), special_tokens={"<a>": 400})
    assert definition.tokens == TOKENS
    assert definition.merges is None
    assert definition.whole_pieces
    assert definition.normalizer is None
    assert definition.added_tokens == (AddedToken("<a>", 400),)
    assert definition.name is None


@pytest.mark.parametrize(
    "layout",
    [
        lambda rows: b"".join(rows),
        lambda rows: b"".join(rows).rstrip(),
        lambda rows: b"".join(rows).replace(b"\n", b"\r\n"),
        lambda rows: b"\n".join(rows),
        lambda rows: b"".join(rows).replace(b" ", b"\t "),
        lambda rows: b"".join(reversed(rows)),
        lambda rows: b"".join(rows).replace(b" 97\n", b" 0097\n"),
    ],
)
def test_every_layout_is_read_alike_and_written_again_as_it_was(layout, tmp_path):
    data = layout(lines(TOKENS))
    path = tmp_path / "x.tiktoken"
    path.write_bytes(data)
    definition = formats.read(path, pattern="gpt2")
    assert definition.tokens == TOKENS
    formats.write(definition, tmp_path / "y.tiktoken")
    assert (tmp_path / "y.tiktoken").read_bytes() == data


def _line(number, rows):
    return rf"x\.tiktoken, line {number} \(byte {sum(map(len, rows[: number - 1]))}\)"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"QQ\n", "a line holds base64, a space and a rank"),
        (b"QQ== 5 6\n", "a line holds base64, a space and a rank"),
        (b" 5\n", "a line holds base64, a space and a rank"),
        (b"QQ= 500\n", "is not base64"),
        (b"QQ==QQ== 500\n", "is not base64"),
        (b"Q=Q= 500\n", "is not base64"),
        (b"Q\xff== 500\n", "is not base64"),
        (b"YWI* 500\n", "is not base64"),
        (b"YWE= -5\n", "the rank b'-5' is not a whole number"),
        (b"YWE= +5\n", r"the rank b'\+5' is not"),
        (b"YWE= 5=\n", "the rank b'5=' is not"),
        (b"YWE= 5.0\n", r"the rank b'5\.0' is not"),
        (b"YWE= 1_0\n", "the rank b'1_0' is not"),
        (b"YWE= \xc2\xb2\n", "the rank .* is not"),
        (b"YWE= 99999999999\n", "the rank b'99999999999' is not"),
        (b"YWE= 97\n", "rank 97 is already that of the token on line 98"),
        (b"YWI= 700\n", "the token b'ab' stands already on line 257"),
    ],
)
@pytest.mark.parametrize("number", [258, 260])
def test_a_wrong_line_is_named(line, message, number):
    rows = lines(TOKENS)
    rows.insert(number - 1, line)
    with pytest.raises(FormatError, match=_line(number, rows) + ".*" + message):
        parse(b"".join(rows))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\x7fELF\x02\x01\x00\x00", r"line 1 \(byte 0\)"),
        (bytes(range(256)) * 50, "line 1 "),
        (b"#version: 0.2\n", "line 1 "),
        (b"".join(lines(TOKENS)[:255]), "1 of the 256 single bytes .* 0xff"),
        (b"".join(lines(TOKENS | {2**31: b"zz"})), r"line 260 .* b'2147483648' is not"),
    ],
)
def test_what_is_no_vocabulary(data, message):
    with pytest.raises(FormatError, match=rf"x\.tiktoken.*{message}"):
        parse(data)


def test_a_pattern_is_needed():
    data = b"".join(lines(TOKENS))
    with pytest.raises(ValueError, match=r"give pattern= .*cl100k"):
        parse(data, pattern=None)
    with pytest.raises(ValueError, match="'cl200k' is no known pattern"):
        parse(data, pattern="cl200k")
    assert parse(data, pattern=r"\S+|\s+").pattern == r"\S+|\s+"


def test_a_special_token_with_the_id_of_another_token():
    with pytest.raises(FormatError, match=r"'<a>' has id 97, .* b'a'"):
        parse(b"".join(lines(TOKENS)), special_tokens={"<a>": 97})


@given(st.data())
def test_the_fast_parser_agrees_with_the_strict_one(data):
    rows = lines(
        dict(random.Random(data.draw(st.integers(0, 9))).sample(sorted(TOKENS.items()), 6))
    )
    text = bytearray(b"".join(rows))
    for _ in range(data.draw(st.integers(0, 3))):
        i = data.draw(st.integers(0, len(text) - 1))
        text[i : i + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"=", b" ", b"\n", b"A", b"5", b"+", b"\r", b"-", b"\x00", b"=="])
        )
    text = bytes(text)
    fast = tiktoken_file._parse_canonical(text)
    if fast is not None:
        assert fast == tiktoken_file._parse_lines(text, "x")


@pytest.mark.parametrize("name", ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"])
def test_published_files(name, tmp_path, vocab_file):
    path = vocab_file(name)
    load = pytest.importorskip("tiktoken.load")
    definition = formats.read(path)
    ranks = load.load_tiktoken_bpe(str(path))
    assert definition.tokens == {rank: token for token, rank in ranks.items()}
    assert definition.name == name
    formats.write(definition, tmp_path / "again.tiktoken")
    assert (tmp_path / "again.tiktoken").read_bytes() == path.read_bytes()
    # Without its source it is written in the order of ids, which is how these are published.
    fresh = Definition(definition.tokens, None, definition.pattern, whole_pieces=True)
    assert tiktoken_file.serialize(fresh) == path.read_bytes()
    # What an argument says is not taken from the record.
    other = formats.read(path, special_tokens={"<x>": 10**6})
    assert other.added_tokens == (AddedToken("<x>", 10**6),)
    assert other.pattern == definition.pattern
    assert other.name is None


def trained(**changes):
    parts = {
        "tokens": BYTES | {256: b"ab", 257: b"abc"},
        "merges": [(97, 98), (256, 99)],
        "pattern": r"\S+|\s+",
        "added_tokens": (AddedToken("<a>", 258),),
    }
    return Definition(**(parts | changes))


def test_merges_in_the_order_of_ids_are_written():
    data = tiktoken_file.serialize(trained())
    assert data.splitlines()[-2:] == [b"YWI= 256", b"YWJj 257"]
    assert parse(data).tokens == trained().tokens


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # Ranks against ids: "abc" would be cut in another way.
        (
            {"tokens": BYTES | {256: b"ab", 257: b"bc"}, "merges": [(98, 99), (97, 98)]},
            "stand in another order",
        ),
        # "bc" has no merge here, but would have one by tiktoken's rule.
        ({"tokens": BYTES | {256: b"ab", 257: b"bc"}, "merges": [(97, 98)]}, "are others"),
        (
            {
                "tokens": BYTES | {256: b"ab", 257: b"bc"},
                "merges": [(97, 98)],
                "whole_pieces": True,
            },
            "are others",
        ),
        # Unreachable by either rule, and a whole pretoken only by tiktoken's.
        ({"tokens": BYTES | {256: b"xyz"}, "merges": []}, "1 tokens are never made .* id 256"),
        ({"tokens": BYTES | {256: b"xyz"}, "merges": None}, "1 tokens are never made .* id 256"),
        ({"normalizer": "NFC"}, "NFC"),
        ({"added_tokens": (AddedToken("<a>", 258, special=False),)}, "'<a>' is not special"),
        ({"added_tokens": (AddedToken("<a>", 258, rstrip=True),)}, "'<a>' has rstrip"),
    ],
)
def test_what_tiktoken_could_not_do_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=f"(?s){message}.*tokenizer.json"):
        formats.write(trained(**changes), tmp_path / "x.tiktoken")
    assert list(tmp_path.iterdir()) == []


def test_unreachable_tokens_are_no_trouble_where_pretokens_are_looked_up():
    tokens = BYTES | {256: b"xyz"}
    definition = trained(tokens=tokens, merges=[], whole_pieces=True)
    assert parse(tiktoken_file.serialize(definition)).tokens == tokens
