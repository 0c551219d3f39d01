"""`bytestride windows`: what it shows, as text, as JSON and as a page."""

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bytestride import Order, Tokenizer, TokenStoreWriter, Windows, open_tokens
from bytestride.cli import main
from bytestride.report import window_html

HOSTILE = [
    "<script>alert(1)</script>",
    "</span></p><img src=x onerror=alert(1)>",
    "\u202eevil\u2066\u200d",
    "\x1b[31mred\x07\x00",
    "\"'&amp;\u2028",
    "\u0301",
]


@pytest.fixture(autouse=True)
def no_colours(monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")


def write_store(path, documents):
    with TokenStoreWriter(path, dtype="uint16") as writer:
        for document in documents:
            writer.append(np.array(document, np.uint16), [len(document)])
    return str(path)


@pytest.fixture
def store(tmp_path):
    return write_store(tmp_path / "store", [[1, 2, 3], [], [40, 50], [600, 7, 8, 9]])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    tokenizer = Tokenizer.train("", 256 + len(HOSTILE), special_tokens=HOSTILE)
    tokenizer.save(folder / "tokenizer.json")
    store = write_store(folder / "store", [range(256, 256 + len(HOSTILE)), range(256)])
    return store, str(folder / "tokenizer.json")


@pytest.fixture
def shown(capsys):
    def show(*arguments):
        capsys.readouterr()
        assert main(["windows", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    return show


def test_text_without_colour(store, shown):
    options = ("--max-length", 4, "--stride", 3, "--tail", "pad")
    assert shown(store, *options, "--mask-overlap", "--mask-boundaries") == (
        "3 windows of 4 tokens every 3, over 9 tokens in 4 documents\n"
        "of the 3 shown: 50.0 % of targets scored, 8.3 % padding\n"
        "x: inputs · y: targets, the token after each · #: document · (in brackets): not scored"
        " · ░: padding\n"
        "\n"
        "window 0: from token 0, 2 documents\n"
        "    #0        #2\n"
        "  x 1 │2│3   │40\n"
        "  y 2 │3│(40)│50\n"
        "\n"
        "window 1: from token 3, 2 documents\n"
        "    #2         #3\n"
        "  x 40  │50   │600│7\n"
        "  y (50)│(600)│7  │8\n"
        "\n"
        "window 2: from token 6, document 3\n"
        "    #3\n"
        "  x 7  │8│9│░\n"
        "  y (8)│9│░│░\n"
    )


def test_per_document_with_ends(store, shown):
    out = shown(store, "--max-length", 4, "--per-document", "--tail", "anchor", "--bos-id", 0)
    assert "(per document)" in out
    assert "▷ ◁: put before and after a document" in out
    assert out.endswith(
        "window 2: from token 5, document 3\n    #3\n  x ▷0 │600│7│8\n  y 600│7  │8│9\n"
    )


def test_packed(store, shown):
    out = shown(store, "--max-length", 6, "--packed", "--eos-id", 9)
    assert "packed rows of 6 tokens (per document)" in out
    assert "row 1: 2 pieces, 2 documents" in out
    assert "  x 1 │2│3 │9◁  │40│50\n  y 2 │3│9◁│(40)│50│9◁\n" in out


def test_lines_fold_and_say_their_document(tmp_path, shown):
    path = write_store(tmp_path / "s", [range(100, 140)])
    lines = shown(path, "--max-length", 30).splitlines()
    assert all(len(line) <= 60 for line in lines[4:])
    assert lines.count("    #0") == 3
    xs = [line[4:] for line in lines if line.startswith("  x ")]
    assert [int(number) for x in xs for number in x.split("│")] == list(range(100, 130))


def test_long_windows_are_cut(tmp_path, shown):
    path = write_store(tmp_path / "s", [range(301)])
    ends, whole = (shown(path, "--max-length", 300, *more) for more in ([], ["--full"]))
    assert "│… 236 more …│" in ends
    assert "more" not in whole
    for out, n in ((ends, 64), (whole, 300)):
        xs = "│".join(line[4:] for line in out.splitlines() if line.startswith("  x "))
        numbers = [int(number) for number in xs.split("│") if number.strip().isdecimal()]
        assert numbers == [*range(n // 2), *range(300 - n // 2, 300)]


def test_colours(store, shown, monkeypatch):
    options = ("--max-length", 4, "--mask-boundaries", "--count", 1)
    monkeypatch.setenv("FORCE_COLOR", "1")
    first, second = "\x1b[38;5;16;48;5;153m", "\x1b[38;5;16;48;5;151m"  # of documents 0 and 2
    out = shown(store, *options)
    assert f"x {first}1 \x1b[0m {first}2\x1b[0m {first}3 \x1b[0m {second}40\x1b[0m\n" in out
    assert f"y {first}2 \x1b[0m {first}3\x1b[0m \x1b[2m40\x1b[0m {second}50\x1b[0m\n" in out
    monkeypatch.setenv("TERM", "xterm")  # eight colours, so named ones
    assert "\x1b[30;46m" in shown(store, *options)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(store, *options)
    assert "48;" not in plain
    assert "(40)" in plain


def test_choice(tmp_path, shown):
    path = write_store(tmp_path / "s", [range(21)])

    def starts(*more):
        out = shown(path, "--max-length", 1, "--json", *more)
        return [json.loads(line)["start"] for line in out.splitlines()]

    assert starts() == [0, 1, 2, 3, 4]
    assert starts("--first", 18) == [18, 19]
    assert starts("--count", 2) == [0, 1]
    assert starts("--batch-size", 8) == list(range(8))
    assert starts("--batch-size", 8, "--batch", 2) == [16, 17, 18, 19]
    with open_tokens(path) as store:
        order = Order(Windows(store, 1), seed=7)
        expected = order.indices(2 * 20 + 3, 4).tolist()
    shuffled = ("--shuffle", "global", "--seed", 7, "--epoch", 2)
    assert starts(*shuffled, "--first", 3, "--count", 4) == expected
    blocks = starts("--shuffle", "block", "--block-windows", 5, "--count", 5)
    assert len({start // 5 for start in blocks}) == 1


KINDS = [
    ["--stride", "3", "--tail", "anchor", "--mask-overlap"],
    ["--mask-boundaries", "--tail", "pad", "--pad-id", "77"],
    ["--per-document", "--tail", "pad", "--bos-id", "70", "--eos-id", "71"],
    ["--packed", "--eos-id", "71"],
    ["--shuffle", "global", "--seed", "3", "--first", "1"],
]


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_the_call_on_the_page(store, shown, tmp_path, kind):
    arguments = [store, "--max-length", "4", *kind]
    rows = [json.loads(line) for line in shown(*arguments, "--json").splitlines()]
    page = tmp_path / "page.html"
    shown(*arguments, "--html", page)
    call = Page(page.read_text("utf-8")).call
    names = {}
    exec(call, names)  # the Python that the page shows
    assert [row["ids"] for row in rows] == names["x"].tolist()
    targets = [[-100 if y is None else y for y in row["targets"]] for row in rows]
    assert targets == names["y"].tolist()
    windows = names["windows"]
    numbers = [row["window"] for row in rows]
    assert [row["document_ids"] for row in rows] == windows.document_ids(numbers).tolist()
    if "--packed" not in kind:
        assert [row["start"] for row in rows] == windows.spans(numbers)[:, 0].tolist()
    for row in rows:
        n_tokens = sum(piece["n_tokens"] for piece in row["pieces"])
        assert n_tokens >= sum(document >= 0 for document in row["document_ids"])


class Page(HTMLParser):
    """What is on a page: that its tags are closed, and the tokens of its rows."""

    VOID = frozenset({"meta"})

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.ids, self.call, self.tags = [], [], [], "", set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        attributes = dict(attrs)
        assert not {"src", "href", "style"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "span" and "data-i" in attributes:
            self.ids += map(int, attributes["data-i"].split())
        if tag == "i":
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "i" in self.open:
            self.cells[-1] += data
        if "pre" in self.open:
            self.call += data


KNOWN_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "p",
    "pre",
    "span",
    "i",
    "em",
    "output",
    "script",
}


def test_page_of_hostile_tokens(hostile, shown, tmp_path):
    store, tokenizer = hostile
    page = tmp_path / "page.html"
    out = shown(
        store, "--max-length", 130, "--tokenizer", tokenizer, "--mask-boundaries", "--html", page
    )
    assert out.startswith(f"wrote {page}: 2 windows, ")
    text = page.read_text("utf-8")
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "http" not in text
    parsed = Page(text)
    assert parsed.tags <= KNOWN_TAGS
    assert text.count("<script>") == 1
    rows = [*range(256, 256 + len(HOSTILE)), *range(256)]
    assert parsed.ids == [*rows[:131], *rows[130:261]]
    texts = parsed.cells[-len(parsed.ids) :]
    assert texts[:3] == [
        HOSTILE[0],
        HOSTILE[1].replace(" ", "·")[:31] + "…",
        "\\u202eevil\\u2066\\u200d",
    ]
    assert texts[5] == "◌\u0301"
    assert text.count('<i class="m">') == 1 + 1  # in the legend, and where a document begins


def test_hostile_tokens_in_a_terminal(hostile, shown):
    store, tokenizer = hostile
    out = shown(store, "--max-length", 6, "--tokenizer", tokenizer)
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "\\x1b[31mred\\x07\\x00" in out


def test_ids_that_are_no_tokens(store, shown, hostile):
    out = shown(store, "--max-length", 8, "--tokenizer", hostile[1])
    assert "⟨600⟩" in out


def test_token_named_by_its_text(store, shown, hostile):
    arguments = (store, "--max-length", 4, "--packed", "--json", "--tokenizer", hostile[1])
    out = shown(*arguments, "--eos-id", HOSTILE[0], "--pad-id", "a")
    rows = [json.loads(line) for line in out.splitlines()]
    assert 256 in rows[0]["ids"] + rows[0]["targets"]
    a = Tokenizer.load(hostile[1]).encode("a")[0]
    assert rows[-1]["ids"][-1] == a
    assert rows[-1]["texts"][-1] == "░"


def test_bare_file(tmp_path, shown):
    path = tmp_path / "tokens.bin"
    np.arange(9, dtype="<u2").tofile(path)
    out = shown(path, "--dtype", "uint16", "--max-length", 4, "--count", 1)
    assert "2 windows of 4 tokens every 4, over 9 tokens in 1 document\n" in out
    page = tmp_path / "page.html"
    shown(path, "--dtype", "uint16", "--max-length", 4, "--html", page)
    assert f"open_tokens({str(path)!r}, dtype='uint16')" in Page(page.read_text("utf-8")).call


def test_a_large_page(tmp_path, shown, monkeypatch):
    path = write_store(tmp_path / "s", [np.arange(1024 * 64 + 1) % 50000])
    page = tmp_path / "page.html"
    arguments = (path, "--max-length", 1024, "--batch-size", 64, "--html", page)
    assert "64 windows, " in shown(*arguments)
    assert 5e5 < page.stat().st_size < 2.5e6
    monkeypatch.setattr(window_html, "PAGE_BYTES", 100_000)
    said = shown(*arguments, "--force")
    n_shown = int(re.search(r": (\d+) windows \(of 64 asked for: no more fit\)", said)[1])
    assert 0 < n_shown < 10
    text = page.read_text("utf-8")
    assert text.count('<p class="row"') == n_shown
    assert f"{64 - n_shown} more were asked for" in text
    whole = (path, "--max-length", 60000, "--full", "--html", page, "--force")
    assert "more than a page" in fails(*whole)
    cut = shown(path, "--max-length", 60000, "--html", page, "--force")
    assert ": 1 window, " in cut
    assert "… 58,976 more …" in page.read_text("utf-8")


def test_no_windows(store, shown, tmp_path):
    assert shown(store, "--max-length", 50) == (
        "0 windows of 50 tokens every 50, over 9 tokens in 4 documents\n"
    )
    assert shown(store, "--max-length", 50, "--json", "--shuffle", "global") == ""
    shown(store, "--max-length", 50, "--html", tmp_path / "page.html")
    assert "0 windows" in (tmp_path / "page.html").read_text("utf-8")


def fails(*arguments):
    """The one line that the command says when it fails."""
    with pytest.MonkeyPatch.context() as patch:
        said = io.StringIO()
        patch.setattr("sys.stderr", said)
        assert main(["windows", *map(str, arguments)]) == 1
    (line,) = said.getvalue().splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--first", "2"], "window 2 is not among the 2 there are"),
        (["--packed", "--stride", "2"], "--stride does not go with --packed"),
        (["--packed", "--mask-overlap"], "--mask-overlap does not go with --packed"),
        (["--bos-id", "1"], "--per-document or --packed"),
        (["--per-document", "--bos-id", "<s>"], "'<s>' is not a number"),
        (["--pad-id", "9" * 30], "must be a token id"),
        (["--batch", "1"], "--batch goes with --batch-size"),
        (["--batch-size", "1", "--count", "1"], "--batch-size goes with --batch"),
        (["--seed", "1"], "--seed goes with --shuffle"),
        (["--shuffle", "none", "--epoch", "1"], "--epoch goes with --shuffle"),
        (["--shuffle", "global", "--block-windows", "1"], "goes with --shuffle block"),
        (["--shuffle", "global", "--seed", "9" * 30], "seed must be from 0"),
        (["--shuffle", "global", "--epoch", "9" * 30], "positions must be"),
        (["--json", "--full"], "leave out --full"),
        (["--force"], "--force goes with --html"),
        (["--html", "missing/page.html"], "no folder missing"),
        (["--stride", "9" * 30], "must fit in 63 bits"),
        (["--dtype", "uint8"], "uint8"),
    ],
)
def test_errors_in_one_line(store, arguments, message):
    assert message in fails(store, "--max-length", "4", *arguments)


def test_more_errors(store, hostile, tmp_path):
    text = ["--max-length", "4", "--tokenizer", hostile[1], "--pad-id", "ab"]
    assert "is 2 tokens of" in fails(store, *text)
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert "--force" in fails(store, "--max-length", "4", "--html", page)
    assert page.read_text() == "mine"
    long = ["--max-length", 10**9, "--tail", "pad"]
    for more in ([], ["--json"], ["--html", tmp_path / "new.html"]):
        assert "too long to be shown" in fails(store, *long, *more)
    for wrong in (["--first", "-1"], ["--tail", "x"], ["--json", "--html", "x"]):
        with pytest.raises(SystemExit) as stopped:
            main(["windows", store, "--max-length", "4", *wrong])
        assert stopped.value.code == 2
