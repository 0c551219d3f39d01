"""The page about a training, and how tokens are used in a text."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from bytestride import Tokenizer, count_words, learn_vocabulary
from bytestride.report.svg_charts import Series, bar_chart, line_chart
from bytestride.report.training_page import training_page
from bytestride.training.token_use import token_use

TEXT = "low lower lowest <newer> newest, aaaa aaaaaa; naïve 漢字 & the lower the newer! " * 5
OTHER = "the other text; newer words, aaaaa, zzz. "


@pytest.mark.parametrize("special", [[], ["low"]])
@pytest.mark.parametrize("preset", ["bytestride", "hf", "rustbpe"])
def test_token_use_is_what_encoding_gives(preset, special):
    options = {"preset": preset, "special_tokens": special, "specials_in_text": "text"}
    tokenizer = Tokenizer.train(TEXT, 300, "gpt2", **options)
    for text in (TEXT, OTHER, ""):
        use = token_use(tokenizer.training, count_words(text, pattern="gpt2"))
        ids = tokenizer.encode_ordinary(text)
        found = np.bincount(ids, minlength=len(use.token_counts))
        assert np.array_equal(found[: len(use.token_counts)], use.token_counts)
        assert use.n_text_bytes == len(text.encode())
        for n_merges in range(len(tokenizer.training.merges)):
            size = tokenizer.training.start.n_fixed
            size += int(tokenizer.training.is_new[:n_merges].sum())
            smaller = tokenizer.with_vocab_size(size)
            if len(smaller.training.merges) == n_merges:
                assert len(smaller.encode_ordinary(text)) == use.n_text_tokens[n_merges]
    with pytest.raises(ValueError, match="other words"):
        token_use(tokenizer.training, count_words(TEXT, pattern="cl100k"))


def test_token_use_of_more_tokens_later():
    small = Tokenizer.train(TEXT, 280, "gpt2")
    counts = count_words(OTHER * 3, pattern="gpt2")
    larger = small.extend(counts, 295)
    use = token_use(larger.training, counts)
    assert np.array_equal(use.n_text_tokens, larger.training.n_text_tokens)
    assert use.n_text_tokens[0] == small.count(OTHER * 3)


def test_the_page():
    counts = count_words(TEXT, pattern="gpt2")
    learned = learn_vocabulary(counts, 310)
    page = training_page(
        learned, counts, "a <title>", groups={"other & more": count_words(OTHER, pattern="gpt2")}
    )
    assert "a &lt;title&gt;" in page
    assert "other &amp; more" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=|url\(", page)
    n = learned.n_text_tokens[-1]
    assert f"{n:,} tokens, {learned.n_text_bytes / n:.3f} bytes each" in page
    charts = re.findall(r"<svg.*?</svg>", page)
    assert len(charts) == 2
    lines = ElementTree.fromstring(charts[0]).findall(".//{*}polyline")
    assert len(lines) == 2


def test_pages_of_nothing():
    for text in ("", "a"):
        counts = count_words(text)
        assert "</html>" in training_page(learn_vocabulary(counts, 300), counts, "x")


def test_charts():
    assert line_chart([], "x", "y") == ""
    assert line_chart([Series("empty", [], [])], "x", "y") == ""
    assert bar_chart([], [], "x", "y") == ""
    for x, y in (([1], [0]), ([256, 1_000_000], [1, 5]), ([300, 301], [2, 2])):
        chart = line_chart([Series("<a>", x, y)], "x & x", "y")
        root = ElementTree.fromstring(chart)
        points = root.find(".//{*}polyline").get("points").split()
        assert len(points) == len(x)
        for point in points:
            left, top = map(float, point.split(","))
            assert 0 <= left <= 880
            assert 0 <= top <= 380
    ElementTree.fromstring(bar_chart(["1", "2+"], [("a", [1, 2])], "x", "y"))
