"""The page of a text's tokens, and tokens made visible."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride.report.token_text import visible
from bytestride.report.tokens_page import tokens_page


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (b" the", "·the"),
        (b"\r\n", "␍↵"),
        (b"\t", "→"),
        ("é漢🙂".encode(), "é漢🙂"),
        (b"\xe2\x82", "<E2><82>"),
        (b"a\xff", "a<FF>"),
        (b"\x00", "\\x00"),
        ("\u200b".encode(), "\\u200b"),
    ],
)
def test_visible(token, shown):
    assert visible(token) == shown


@given(st.binary(max_size=20))
def test_visible_is_one_printable_line(token):
    assert visible(token).isprintable()


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.spans, self.text, self.open_tags = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "span":
            self.spans.append(dict(attrs))
        if tag not in {"meta"}:
            self.open_tags.append(tag)
        assert tag not in {"script", "link", "img"}

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if self.open_tags and self.open_tags[-1] == "span":
            self.text.append(data)


def test_page():
    tokens = [(5, b"<b>"), (70000, b' "x" & y'), (9, b"\xf0\x9f"), (10, b"\n")]
    page = tokens_page(tokens, "Tokens of <mine>")
    parsed = Page()
    parsed.feed(page)
    assert parsed.open_tags == []
    assert [int(span["data-id"]) for span in parsed.spans] == [5, 70000, 9, 10]
    assert parsed.text == ["<b>", '·"x"·&·y', "<F0><9F>", "↵"]
    assert "F0 9F" in parsed.spans[2]["title"]
    assert "4 tokens, 14 bytes" in page
    assert "<mine>" not in page
    assert "http" not in page


def test_page_of_nothing():
    assert "0 tokens, 0 bytes" in tokens_page([], "none")
