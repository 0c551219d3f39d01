"""The report about a store: its numbers, what it does with hostile files, its page and command."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import regex
import store_layouts
from store_parts import write

from bytestride import FormatError, Tokenizer, _core, open_tokens
from bytestride.cli import main
from bytestride.report import corpus_lengths, corpus_report
from bytestride.report.corpus_lengths import LengthBin, measure_lengths
from bytestride.report.corpus_sample import PIECE_TOKENS, take_pieces
from bytestride.report.corpus_scripts import NONE, OTHER, SCRIPTS, count_letters, script_of
from bytestride.report.corpus_sources import read_sources
from bytestride.report.corpus_text import plain
from bytestride.store.layout import find_layout

HOSTILE = "<script>alert(1)</script>\x1b[31m\n\u202e & \"'"
TEXTS = ["low lower <lowest>", "", "новый текст и ещё", "日本語のテキスト", "12, 34!"]
END = "<|end|>"


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(" ".join(TEXTS), 300, "gpt2", special_tokens=[END])


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def source(name, documents, tokens, text_bytes, rejects=0):
    return {
        "name": name,
        "documents": documents,
        "tokens": tokens,
        "text_bytes": text_bytes,
        "rejects": rejects,
        "more": [1],
    }


def reject(reason="invalid-utf8", **members):
    row = {"file": "a", "offset": 7, "reason": reason, "detail": "byte 3 is FF", "sample": "x"}
    return {**row, **members}


@pytest.fixture
def store(tmp_path, tokenizer):
    """What `tokenize` leaves: shards, metadata, lists."""
    end = tokenizer.special_tokens[END]
    documents = [[*tokenizer.encode_ordinary(text), end] for text in TEXTS]
    sizes = [len(text.encode()) for text in TEXTS]
    metadata = {
        "tokenizer": {"name": None, "fingerprint": tokenizer.definition.fingerprint()},
        "reading": {"format": "jsonl", "column": "text", "separator": None, "may_cut": True},
        "end_of_document": END,
        "n_text_bytes": sum(sizes),
        "rejects": {"broken-json": 1, "invalid-utf8": 4, "too-long": 0},
        "sources": {"n_files": 3, "n_bytes": 1234, "fingerprint": "f00"},
        "parts": {"anything": 1},
    }
    path = write(tmp_path / "s", documents, vocab_size=400, shard_tokens=15, metadata=metadata)
    n = [len(document) for document in documents]
    rows = [
        source("in/a.jsonl", 2, n[0] + n[1], sizes[0] + sizes[1], 4),
        source(f"in/{HOSTILE}/b\udcff", 2, n[2] + n[3], sizes[2] + sizes[3]),
        source("in/c.jsonl", 1, n[4], sizes[4], 1),
    ]
    lines(path / "sources.jsonl", rows)
    lines(
        path / "rejects.jsonl",
        [
            reject(),
            reject("broken-json", file=HOSTILE, detail=HOSTILE, sample=HOSTILE + "\x00\ud800"),
        ]
        + [reject(offset=k) for k in range(9)],
    )
    return path


def test_the_numbers(store, tokenizer):
    report = corpus_report(store, tokenizer=tokenizer)
    with open_tokens(store) as opened:
        lengths = np.diff(opened.document_offsets).tolist()
        assert len(opened.shards) > 1
    n_bytes = sum(len(text.encode()) for text in TEXTS)
    totals = report.totals
    assert (totals.n_documents, totals.n_tokens) == (5, sum(lengths))
    assert (totals.n_text_bytes, totals.bytes_per_token) == (n_bytes, n_bytes / sum(lengths))
    assert (totals.dtype, totals.n_bytes, totals.vocab_size) == ("uint16", 2 * sum(lengths), 400)
    assert (totals.end_of_document, totals.n_source_files, totals.n_source_bytes) == (END, 3, 1234)
    reading = {"format": "jsonl", "column": "text", "separator": "null", "may_cut": "true"}
    assert totals.reading == reading
    assert report.warnings == ("50.00 % of the documents were left out (5 of 10).",)
    assert report.unknown == ()

    sources = report.sources
    assert (sources.grouped_by, sources.others, sources.n_others) == ("file", None, 0)
    tokens = {row.name: row.n_tokens for row in sources.rows}
    assert [*tokens.values()] == sorted(tokens.values(), reverse=True)
    assert tokens["in/c.jsonl"] == lengths[4]
    first = next(row for row in sources.rows if row.name == "in/a.jsonl")
    assert first.bytes_per_token == len(TEXTS[0]) / (lengths[0] + lengths[1])
    assert (sources.total.n_files, sources.total.n_rejects) == (3, 5)

    assert (report.rejects.n_rejects, report.rejects.share) == (5, 0.5)
    assert report.rejects.by_reason == {"invalid-utf8": 4, "broken-json": 1}
    assert report.rejects.n_kept == 11
    assert [row.offset for row in report.rejects.samples] == [7, 7, 0, 1, 2, 3]

    sample = report.sample
    rows = {row.script: row for row in sample.scripts}
    assert [*rows] == ["Latin", "Cyrillic", "Kana", NONE]
    for script, i in (("Latin", 0), ("Cyrillic", 2), ("Kana", 3), (NONE, 4)):
        n_text = len(TEXTS[i].encode())
        row = rows[script]
        assert (row.n_pieces, row.n_tokens, row.n_text_bytes) == (1, lengths[i] - 1, n_text)
        assert row.bytes_per_token == n_text / (lengths[i] - 1)
        assert row.share == pytest.approx(lengths[i] / (sum(lengths) - 1))
    assert (sample.n_pieces, sample.n_tokens, sample.n_text_bytes) == (4, sum(lengths) - 5, n_bytes)
    ids = np.concatenate([tokenizer.encode_ordinary(text) for text in TEXTS]).astype(int)
    assert sample.n_distinct == len({*ids})
    counts = np.bincount(ids)
    expected = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], i))
    assert [token.id for token in sample.frequent] == expected[:40]
    assert [token.n for token in sample.frequent] == counts[expected[:40]].tolist()


def test_json_is_the_same_numbers(store, tokenizer):
    report = corpus_report(store, tokenizer=tokenizer)
    said = json.loads(report.to_json())
    assert said == json.loads(json.dumps(report.as_dict()))
    assert report == corpus_report(store, tokenizer=tokenizer)
    assert (said["format"], said["version"]) == ("bytestride corpus report", 1)
    assert [*said] == [
        *("format", "version", "path", "totals", "sources", "sample", "lengths", "rejects"),
        *("warnings", "unknown"),
    ]
    assert said["lengths"]["quantiles"]["50"] == report.lengths.quantiles["50"]
    assert said["sources"]["rows"][0]["n_tokens"] == report.sources.rows[0].n_tokens


class _Tags(HTMLParser):
    """All tags, and the text beside style."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):  # of SVG
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += "" if self._open[-1:] == ["style"] else data


def test_the_page_holds_hostile_text_as_text(store, tokenizer):
    page = corpus_report(store, tokenizer=tokenizer).to_html()
    page.encode()
    parsed = _Tags(page)
    names = {tag for tag, _ in parsed.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "a"}
    attributes = {name for _, attributes in parsed.tags for name in attributes}
    assert not attributes & {"src", "href", "onload", "onclick", "srcset"}
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", page)
    assert r"<script>alert(1)</script>\x1b[31m\n\u202e & " in parsed.text
    assert r"\x00\ud800" in parsed.text
    assert "b<FF>" in parsed.text
    assert "50.00 % of the documents were left out" in parsed.text
    assert "prefers-color-scheme: dark" in page
    charts = re.findall(r"<svg.*?</svg>", page)
    assert len(charts) == 2
    for chart in charts:
        for bar in ElementTree.fromstring(chart).findall(".//{*}rect"):
            top, height = float(bar.get("y")), float(bar.get("height"))
            assert 0 <= top <= top + height <= 380


def test_few_rejects_are_no_warning(tmp_path):
    for n, warnings in ((1, 0), (2, 1)):
        metadata = {"rejects": {"too-long": n}}
        path = write(tmp_path / str(n), [[1]] * 99, metadata=metadata)
        assert len(corpus_report(path).warnings) == warnings


# Stores of which less is known


def test_a_store_without_more(tmp_path):
    report = corpus_report(write(tmp_path / "s", [[1, 2], [], [3]]))
    assert (report.sources, report.sample) == (None, None)
    assert (report.rejects.n_rejects, report.totals.n_text_bytes) == (None, None)
    unknown = "\n".join(report.unknown)
    for said in ("no sources.jsonl", "names no tokenizer", "how much text", "left out"):
        assert said.lower() in unknown.lower()
    parsed = _Tags(report.to_html())
    assert "What is not known" in parsed.text
    assert "names no tokenizer" in parsed.text
    assert json.loads(report.to_json())["lengths"]["bins"][0]["n_documents"] == 1


def test_stores_of_others(tmp_path):
    np.arange(9, dtype="u2").tofile(tmp_path / "train.bin")
    report = corpus_report(tmp_path / "train.bin", "uint16")
    assert not report.lengths.documents_known
    assert "each of its files counts as one" in _Tags(report.to_html()).text
    report = corpus_report(store_layouts.llmc(tmp_path / "a.bin"))
    assert report.totals.layout == "llmc"
    with pytest.raises(ValueError, match="dtype"):
        corpus_report(tmp_path / "train.bin")
    with pytest.raises(FileNotFoundError):
        corpus_report(tmp_path / "gone")
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        corpus_report(tmp_path / "a.bin", n_samples=0)


def test_an_empty_store(tmp_path, tokenizer):
    path = write(tmp_path / "s", [], metadata={"rejects": {}, "n_text_bytes": 0})
    (path / "sources.jsonl").touch()
    (path / "rejects.jsonl").touch()
    report = corpus_report(path, tokenizer=tokenizer)
    assert (report.totals.n_documents, report.totals.bytes_per_token) == (0, None)
    assert (report.lengths.quantiles, report.sample.n_pieces) == ({}, 0)
    assert (report.rejects.n_rejects, report.rejects.share) == (0, None)
    assert report.sources.rows == ()
    assert "</html>" in report.to_html()
    json.loads(report.to_json())


@pytest.mark.parametrize(
    "metadata",
    [
        {"tokenizer": "cl100k_base", "rejects": [1], "sources": 3, "reading": "x"},
        {"tokenizer": {"name": 1, "fingerprint": {}}, "rejects": {"a": "many"}, "n_text_bytes": -1},
        {
            "tokenizer": {"name": "../../etc/passwd"},
            "rejects": {"a": True},
            "sources": {"n_files": 1.5},
        },
        {"n_text_bytes": 10**300, "rejects": {"a": 10**300}, "end_of_document": [HOSTILE]},
    ],
)
def test_metadata_of_other_kinds(tmp_path, metadata):
    report = corpus_report(write(tmp_path / "s", [[1], [2, 3]], metadata=metadata))
    assert report.rejects.n_rejects is None
    assert report.totals.n_text_bytes is None
    assert "no published vocabulary" in report.unknown[-1] or "no tokenizer" in report.unknown[-1]
    assert "</html>" in report.to_html()


def test_many_reasons_and_readings(tmp_path):
    metadata = {
        "rejects": {f"{HOSTILE} {k}": k for k in range(100)},
        "reading": {f"{HOSTILE} {k}": [HOSTILE] for k in range(100)},
    }
    path = write(tmp_path / "s", [[1]], metadata=metadata)
    lines(path / "rejects.jsonl", [reject(f"r{k}") for k in range(100)])
    report = corpus_report(path)
    assert report.rejects.n_rejects == 99 * 50
    assert sum(report.rejects.by_reason.values()) == 99 * 50
    assert len(report.rejects.by_reason) == 33
    assert len(report.rejects.samples) == 32
    assert len(report.totals.reading) == 20
    assert "<script" not in report.to_html()


# The tokenizer that the store names


def test_the_named_tokenizer(tmp_path, published, monkeypatch, data_folder):
    gpt2 = published("r50k_base")
    monkeypatch.setenv("BYTESTRIDE_VOCAB_DIR", str((data_folder / "vocab").resolve()))
    named = {"name": gpt2.name, "fingerprint": gpt2.definition.fingerprint()}
    ids = gpt2.encode("Some words.")
    path = write(tmp_path / "a", [ids], vocab_size=50_257, metadata={"tokenizer": named})
    sample = corpus_report(path).sample
    assert (sample.tokenizer, sample.n_text_bytes, sample.n_tokens) == ("r50k_base", 11, len(ids))
    named["fingerprint"] = "0" * 64
    path = write(tmp_path / "b", [ids], vocab_size=50_257, metadata={"tokenizer": named})
    report = corpus_report(path)
    assert report.sample is None
    assert "written with another r50k_base" in report.unknown[-1]
    assert "another tokenizer (r50k_base)" in corpus_report(path, tokenizer=gpt2).warnings[0]


def test_a_vocabulary_that_is_not_here(tmp_path, monkeypatch):
    for name in (
        "BYTESTRIDE_VOCAB_DIR",
        "TIKTOKEN_CACHE_DIR",
        "DATA_GYM_CACHE_DIR",
        "XDG_CACHE_HOME",
    ):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    path = write(tmp_path / "s", [[1]], metadata={"tokenizer": {"name": "o200k_base"}})
    report = corpus_report(path)
    assert report.sample is None
    assert "'o200k_base' is not on this machine" in report.unknown[-1]
    assert "\n" not in report.unknown[-1]


def test_ids_that_the_tokenizer_does_not_know(tmp_path, tokenizer):
    path = write(tmp_path / "s", [[1], [2], [40_000]])
    with pytest.raises(FormatError, match=r"document 2 .*id 40000 .*is no token's.*name the token"):
        corpus_report(path, tokenizer=tokenizer)


# Lists beside the shards


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("sources.jsonl", b'{"name": "a", "docum', "line 2: expected a JSON object"),
        ("sources.jsonl", b"[1]\n", r"line 2: expected a JSON object, found \[1\]"),
        ("sources.jsonl", b"\n", "line 2: expected a JSON object"),
        ("sources.jsonl", b'{"name": "\xff"}\n', "bytes that are not UTF-8 .byte 10 "),
        ("sources.jsonl", b"[" * 60_000, "line 2: expected a JSON object"),
        ("sources.jsonl", b"9" * 60_000, "line 2: expected a JSON object"),
        ("sources.jsonl", b" " * 70_000, "at most 65,536 bytes"),
        ("sources.jsonl", b'{"name": 7}\n', "'name' to be a string, found 7"),
        ("sources.jsonl", b'{"name": "a"}\n', "'documents' to be a whole number.*found nothing"),
        ("sources.jsonl", b'{"name": "a", "documents": -1}\n', "'documents'.*found -1"),
        ("sources.jsonl", b'{"name": "a", "documents": true}\n', "'documents'.*found True"),
        ("sources.jsonl", b'{"name": "a", "documents": 1e3}\n', "'documents'.*found 1000.0"),
        ("rejects.jsonl", b'{"file": "a", "offset": null}\n', "'offset'.*found None"),
        ("rejects.jsonl", b"nothing", "line 2: expected a JSON object"),
    ],
)
def test_broken_lists(tmp_path, name, broken, message):
    path = write(tmp_path / "s", [[1]])
    good = reject() if name == "rejects.jsonl" else source("a", 1, 1, 1)
    (path / name).write_bytes(json.dumps(good).encode() + b"\n" + broken)
    with pytest.raises(FormatError, match=message) as raised:
        corpus_report(path)
    assert str(path / name) in str(raised.value)


def test_a_list_of_another_store(tmp_path):
    path = write(tmp_path / "s", [[1]])
    lines(path / "sources.jsonl", [source("a", 2, 5, 9)])
    report = corpus_report(path)
    assert "lists 2 documents and 5 tokens, but the store has 1 and 1" in report.warnings[0]
    assert (report.totals.n_text_bytes, report.totals.n_source_files) == (9, 1)


def grouped(tmp_path, names, n_rows=4):
    lines(tmp_path / "list", [source(name, 1, k + 1, 3) for k, name in enumerate(names)])
    found = read_sources(tmp_path / "list", n_rows)
    shown = [*found.rows, *([found.others] if found.others else [])]
    assert sum(row.n_tokens for row in shown) == found.total.n_tokens
    assert sum(row.n_files for row in shown) == found.total.n_files == len(names)
    return found


def test_files_by_folder(tmp_path):
    names = [f"/data/{a}/{b}/{c}.txt" for a in "xy" for b in "12" for c in "abc"]
    found = grouped(tmp_path, names)
    assert found.grouped_by == "folder"
    assert [(row.name, row.n_tokens, row.n_files) for row in found.rows] == [
        ("/data/y/2/", 33, 3),
        ("/data/y/1/", 24, 3),
        ("/data/x/2/", 15, 3),
        ("/data/x/1/", 6, 3),
    ]
    assert found.others is None
    assert [row.name for row in found.largest_files] == [*reversed(names[-4:])]
    assert [row.name for row in grouped(tmp_path, names, 3).rows] == ["/data/y/", "/data/x/"]
    found = grouped(tmp_path, names, 1)  # already the first level with several has too many
    assert [row.name for row in found.rows] == ["/data/y/"]
    assert (found.n_others, found.others.n_tokens) == (1, 21)


def test_files_of_one_folder(tmp_path):
    for names in ([f"{k}" for k in range(9)], [f"s3://bucket/a/{k}" for k in range(9)]):
        found = grouped(tmp_path, names)
        assert found.grouped_by == "file"
        assert [row.name for row in found.rows] == [names[k] for k in (8, 7, 6, 5)]
        assert (found.n_others, found.others.n_files) == (5, 5)
        assert grouped(tmp_path, names, 9).others is None
    assert grouped(tmp_path, ["a", *(f"b/{k}" for k in range(8))]).rows[1].name == "./"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for its peak")
def test_a_list_of_200_000_files_takes_no_more_memory(tmp_path):
    """10,000 folders are too many to keep apart; so the level above them is given."""
    n = 200_000
    row = json.dumps(source("corpus/NAME", 1, 10, 30)) + "\n"
    with (tmp_path / "list").open("w") as file:
        file.writelines(row.replace("NAME", f"{k % 7}/{k % 10_000}/{k}") for k in range(n))
    code = """if True:
        import re, sys
        from pathlib import Path
        from bytestride.report.corpus_sources import read_sources

        def peak():
            return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

        before = peak()
        found = read_sources(Path(sys.argv[1]))
        print(peak() - before, found.total.n_tokens, len(found.largest_files))
        print(*(row.name for row in found.rows))
    """
    command = [sys.executable, "-c", code, str(tmp_path / "list")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    grown, n_tokens, n_files, *names = done.stdout.split()
    assert int(grown) < 8 * 1024  # KiB; the file itself has 21 MiB
    assert (int(n_tokens), int(n_files)) == (10 * n, 20)
    assert names == [f"corpus/{k}/" for k in range(7)]


# Lengths


def lengths_of(path):
    return measure_lengths(find_layout(Path(path), None).shards)


def test_lengths(tmp_path):
    sizes = [0, 1, 1, 2, 3, 4, 7, 8, 100]
    found = lengths_of(write(tmp_path / "s", [[5] * n for n in sizes], shard_tokens=7))
    assert (found.least, found.most, found.mean) == (0, 100, 14.0)
    assert found.bins[:5] == (
        LengthBin(0, 0, 1, 0),
        LengthBin(1, 1, 2, 2),
        LengthBin(2, 3, 2, 5),
        LengthBin(4, 7, 2, 11),
        LengthBin(8, 15, 1, 8),
    )
    assert [row.n_documents for row in found.bins[5:]] == [0, 0, 1]
    assert found.bins[-1] == LengthBin(64, 127, 1, 100)
    assert found.quantiles == {"1": 0, "5": 0, "25": 1, "50": 3, "75": 7, "95": 100, "99": 100}


def test_quantiles_are_exact_at_any_length(monkeypatch):
    """Those of numpy, whose "inverted_cdf" is the same definition; lengths far above any corpus."""
    rng = np.random.default_rng(7)
    for top in (10, 2**16 - 1, 2**16, 2**17 + 3, 2**31, 2**40):
        for n in (1, 2, 99, 5000):
            lengths = rng.integers(0, top, n, endpoint=True) >> rng.integers(0, 3, n)
            blocks = np.array_split(lengths, 3)
            monkeypatch.setattr(
                corpus_lengths, "_iter_lengths", lambda _, b=blocks: (x for x in b if x.size)
            )
            found = measure_lengths([])
            expected = np.percentile(lengths, corpus_lengths.PERCENTS, method="inverted_cdf")
            assert [*found.quantiles.values()] == expected.tolist()
            assert sum(row.n_documents for row in found.bins) == n
            for row in found.bins:
                inside = lengths[(lengths >= row.least) & (lengths <= row.most)]
                assert (row.n_documents, row.n_tokens) == (inside.size, inside.sum())


# The sample


def test_pieces_are_spread_evenly(tmp_path):
    path = write(tmp_path / "s", [[k] * (k % 3) for k in range(30)], shard_tokens=4)
    shards = find_layout(path, None).shards
    assert len(shards) > 3
    taken = [*take_pieces(shards, 10)]
    # Of 0, 3, 6, … none has a token; of all 30, 20 have some.
    assert taken == []
    taken = [*take_pieces(shards, 8)]
    assert [piece.document for piece in taken] == [7, 11, 22, 26]
    taken = [*take_pieces(shards, 1000)]
    assert [piece.document for piece in taken] == [k for k in range(30) if k % 3]
    assert all(piece.ids.tolist() == [piece.document] * (piece.document % 3) for piece in taken)
    assert sum(piece.weight for piece in taken) == 30


def test_pieces_of_long_documents(tmp_path):
    n = 10 * PIECE_TOKENS + 5
    path = write(tmp_path / "s", [np.arange(n) % 1000, [7]])
    shards = find_layout(path, None).shards

    def begins(n_pieces):
        taken = [piece for piece in take_pieces(shards, n_pieces) if piece.document == 0]
        assert sum(piece.weight for piece in taken) == pytest.approx(n)
        return [int(piece.ids[0]) for piece in taken], taken[-1].is_last

    assert begins(1) == ([0], False)
    assert begins(6) == ([0, 3 * PIECE_TOKENS % 1000, 7 * PIECE_TOKENS % 1000], False)
    places, is_last = begins(50)
    assert places == [k * PIECE_TOKENS % 1000 for k in range(11)]
    assert is_last


# Scripts


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", NONE),
        ("12 34 -- 😀", NONE),
        ("if (x) { return ñ; }", "Latin"),
        ("Привет, world", "Cyrillic"),
        ("Γειά σου", "Greek"),
        ("مرحبا", "Arabic"),
        ("שלום", "Hebrew"),
        ("नमस्ते", "Devanagari"),
        ("สวัสดี", "Thai"),
        ("你好，世界", "Han"),
        ("日本語の本", "Kana"),  # four Han, one kana
        ("漢" * 10 + "の", "Kana"),
        ("漢" * 11 + "の", "Han"),
        ("ラーメン", "Kana"),
        ("안녕하세요", "Hangul"),
        ("გამარჯობა", OTHER),
        ("abгд", "Latin"),  # as many of each
        ("abгде", "Cyrillic"),
    ],
)
def test_scripts(text, script):
    assert script_of(text.encode()) == script


def test_bytes_that_are_no_text_have_no_letters():
    assert script_of(b"\xff\xfe\xe3\x81") == NONE
    assert count_letters(b"\xffa\xe3\x81b").tolist() == [2, *[0] * (len(SCRIPTS) - 2), 2]


def test_every_letter_is_of_the_script_that_unicode_says():
    """`regex` knows a later Unicode: characters that are letters in ours are the same in it."""
    points = [c for first, last in _core.category_ranges("L") for c in range(first, last + 1)]
    text = "".join(map(chr, points))
    left = np.ones(len(points), bool)
    for number, script in enumerate(SCRIPTS):
        names = {"Kana": ("Hiragana", "Katakana"), NONE: ("Common", "Inherited")}.get(
            script, (script,)
        )
        if script == OTHER:
            continue
        wanted = regex.compile("|".join(rf"\p{{Script={name}}}" for name in names))
        places = [found.start() for found in wanted.finditer(text)]
        expected = len(places)
        assert count_letters("".join(text[i] for i in places).encode())[number] == expected > 0
        left[places] = False
    rest = "".join(np.array(list(text))[left])
    assert count_letters(rest.encode())[SCRIPTS.index(OTHER)] == len(rest) > 0


def test_plain():
    assert plain("a b·é日") == "a b·é日"
    assert plain("\t\x00\x7f\u200b\u2028\ud800") == r"\t\x00\x7f\u200b\u2028\ud800"
    assert plain("x\udcff") == "x<FF>"
    assert plain("abcd", 3) == "abc…"
    assert plain("abc", 3) == "abc"


# The command


@pytest.fixture
def run(capsys):
    def call(*arguments, status=0):
        assert main(["report", *map(str, arguments)]) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    return call


def test_the_command(store, tokenizer, run, tmp_path, capsys):
    tokenizer.save(tmp_path / "t.json")
    page = tmp_path / "report.html"
    with_text = [store, "--tokenizer", tmp_path / "t.json"]
    said = run(*with_text, "--html", page)
    report = corpus_report(store, tokenizer=Tokenizer.load(tmp_path / "t.json"))
    assert f"{report.totals.n_tokens:,} tokens in 5 documents, " in said
    assert "left out: 5 documents (50.00 %): invalid-utf8 4, broken-json 1" in said
    assert "warning: 50.00 %" in said
    assert "Cyrillic" in said
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", said)
    assert said.endswith(f"wrote {page}\n")
    assert page.read_text("utf-8") == report.to_html()
    assert "--force" in run(*with_text, "--html", page, status=1)
    assert json.loads(run(*with_text, "--json")) == json.loads(report.to_json())
    assert main(["report", *map(str, with_text), "--json", "--html", str(page), "--force"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["path"] == str(store)
    assert printed.err == f"wrote {page}\n"
    said = run(store)
    assert "not known: What the text is like: the store names no tokenizer" in said


def test_the_command_fails_in_one_line(store, run, tmp_path):
    assert "--pattern goes with --tokenizer" in run(store, "--pattern", "gpt2", status=1)
    assert "--force goes with --html" in run(store, "--force", status=1)
    assert "no such file" in run(tmp_path / "gone", status=1)
    (store / "sources.jsonl").write_text("{")
    said = run(store, status=1)
    assert len(said.splitlines()) == 1
    assert "sources.jsonl: line 1" in said
    with pytest.raises(SystemExit):
        main(["report", str(store), "--samples", "0"])
