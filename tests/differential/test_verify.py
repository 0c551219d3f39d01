"""`bytestride verify`: equal where ids are, and the place of a difference that was planted."""

import gzip
import json

import pytest
import tokenizers
import zstandard

from bytestride import Tokenizer, parity
from bytestride.cli import main
from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.finding import inputs_of
from bytestride.corpus.reading import Reading, read_chunks
from bytestride.corpus.sources import listed
from bytestride.originals import reference_of
from bytestride.parity import Document, compare

TEXT = "The cat sat on the mat; the other cat's 12 mats, größer and 漢字.\n"
EOT = "<|endoftext|>"


@pytest.fixture(scope="module")
def learned():
    text = TEXT * 30 + "then he that ate the heat, the other hat at the theatre " * 20
    return Tokenizer.train(text, 300, special_tokens=[EOT])


@pytest.fixture
def document(learned, tmp_path):
    learned.save(tmp_path / "tokenizer.json")
    return json.loads((tmp_path / "tokenizer.json").read_text())


def save(document, path):
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def files(tmp_path):
    texts = [TEXT * (i % 3 + 1) + f"{i} {EOT}" for i in range(40)]
    (tmp_path / "a.txt").write_text(EOT.join(texts))
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.writelines(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts))
    with zstandard.open(tmp_path / "c.txt.zst", "wb") as file:
        file.write(b"".join(text.encode() for text in texts) + b"\xff\xfe bytes")
    paths = [tmp_path / "a.txt", tmp_path / "b.jsonl.gz", tmp_path / "c.txt.zst"]
    try:
        from pyarrow import parquet, table
    except ImportError:
        return paths
    parquet.write_table(table({"text": texts}), tmp_path / "d.parquet")
    return [*paths, tmp_path / "d.parquet"]


def verify(capsys, *arguments):
    """The status and the report of the command."""
    status = main(["verify", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def texts_of(files):
    inputs = inputs_of(files)
    everything = [Range(Place(0, 0), Place(len(inputs), 0))]
    reading = Reading(keep_invalid_utf8=True)
    return [t for c in read_chunks(inputs, everything, reading) for t in listed(c.texts())]


@pytest.mark.parametrize("against", ["tokenizers", "tiktoken"])
@pytest.mark.parametrize("special", [False, True])
def test_the_same_ids_on_files_of_every_kind(against, special, document, files, tmp_path, capsys):
    save(document, tmp_path / "tokenizer.json")
    options = ["--allow-special"] if special else []
    status, report = verify(
        capsys, tmp_path / "tokenizer.json", "--against", against, *options, "--on", *files
    )
    assert status == 0
    assert report["is_equal"]
    assert report["first_difference"] is None
    assert report["special_tokens"] == ("matched" if special else "text like any other")
    # One piece of each text file, and 40 records of each of the others.
    assert report["n_documents"] == 2 + 40 * (len(files) - 2)
    assert report["n_replaced_documents"] == 1
    assert report["against"].startswith(against)
    counts = [
        len(ids)
        for text in texts_of(files)
        for ids in [
            Tokenizer.load(tmp_path / "tokenizer.json").encode(
                text if isinstance(text, str) else text.decode("utf-8", "replace"),
                allowed_special="all" if special else (),
                disallowed_special=(),
            )
        ]
    ]
    assert report["n_tokens"] == sum(counts)
    (ours, theirs, *_) = report["speeds"].values()
    assert ours["mb_per_second"] > 0
    assert theirs["n_bytes"] == ours["n_bytes"]


def test_documents_between_separators(document, files, tmp_path, capsys):
    path = save(document, tmp_path / "tokenizer.json")
    arguments = [path, "--against", "tokenizers", "--on", files[0]]
    _, report = verify(capsys, *arguments, "--separator", EOT)
    assert report["n_documents"] == 79  # each text ends with one, too
    _, report = verify(capsys, *arguments, "--lines")
    assert report["n_documents"] > 79


def swapped(document):
    """The document with two of its merges in the other order, such that ids change."""
    merges = document["model"]["merges"]
    # Where the second begins with what the first ends with, either may take that part.
    i, j = next(
        (i, j)
        for i, (_, shared) in enumerate(merges)
        for j, (first, _) in enumerate(merges)
        if i < j and first == shared
    )
    merges[i], merges[j] = merges[j], merges[i]
    return document


def test_a_planted_difference_is_found(document, files, tmp_path, capsys, learned):
    original = save(document, tmp_path / "original.json")
    changed = save(swapped(document), tmp_path / "changed.json")
    arguments = [changed, "--against", "tokenizers", "--reference", original, "--on", files[0]]
    status, report = verify(capsys, *arguments, "--separator", EOT)
    assert status == 1
    assert not report["is_equal"]
    first = report["first_difference"]
    assert report["n_differing_documents"] > 1
    # What it says is so: where the ids differ, and that they do not before.
    ours, theirs = Tokenizer.load(changed), tokenizers.Tokenizer.from_file(str(original))
    texts = files[0].read_text().split(EOT)
    differing = [
        number
        for number, text in enumerate(texts, 1)
        if ours.encode_ordinary(text) != theirs.encode(text).ids
    ]
    assert first["document"] == differing[0]
    assert report["n_differing_documents"] == len(differing)
    text = texts[differing[0] - 1]
    a, b, n = ours.encode_ordinary(text), theirs.encode(text).ids, first["n_equal_ids"]
    assert a[:n] == b[:n]
    assert a[n] != b[n]
    assert [i for i, _ in first["ours"]] == a[max(n - 5, 0) : n + 5]
    assert [i for i, _ in first["theirs"]] == b[max(n - 5, 0) : n + 5]
    at = len(ours.decode(a[:n]))
    assert first["character"] == at
    assert text[:at].endswith(first["before"])
    assert text[at:].startswith(first["after"])
    # And for people.
    assert main(["verify", *map(str, arguments), "--separator", EOT]) == 1
    said = capsys.readouterr().out
    assert "DIFFERENT ids" in said
    assert f"a.txt, document {first['document']}, character {at}, after {n:,} equal ids" in said


def test_a_difference_only_in_special_tokens(document, tmp_path, capsys):
    original = save(document, tmp_path / "original.json")
    document["added_tokens"][0]["id"] = 299
    document["added_tokens"][0]["lstrip"] = True
    changed = save(document, tmp_path / "changed.json")
    (tmp_path / "a.txt").write_text(f"the cat {EOT} sat")
    arguments = [changed, "--against", "tokenizers", "--reference", original]
    arguments += ["--on", tmp_path / "a.txt"]
    assert verify(capsys, *arguments)[0] == 0
    status, report = verify(capsys, *arguments, "--allow-special")
    assert status == 1
    assert report["first_difference"]["character"] == len("the cat")


@pytest.mark.filterwarnings("error")
def test_what_is_left_out_or_falls_back_is_named(document, files, tmp_path, capsys):
    document["truncation"] = {
        "direction": "Right",
        "max_length": 8,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    document["padding"] = {
        "strategy": {"Fixed": 64},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "!",
    }
    document["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": EOT, "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [
            {"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 1}},
        ],
        "special_tokens": {EOT: {"id": EOT, "ids": [299], "tokens": [EOT]}},
    }
    (split, _) = document["pre_tokenizer"]["pretokenizers"]
    split["pattern"]["Regex"] = r"\p{L}+|\s+|[^\p{L}\s]"
    path = save(document, tmp_path / "tokenizer.json")
    status, report = verify(capsys, path, "--against", "tokenizers", "--on", files[0])
    assert status == 0
    notes = "\n".join(report["notes"])
    for what in ("regex package", "truncation", "padding", "post-processor", "TemplateProcessing"):
        assert what in notes
    learned_notes = verify(capsys, path, "--against", "tiktoken", "--on", files[0])[1]["notes"]
    assert any("tiktoken got" in note for note in learned_notes)


def test_what_the_library_raises_is_a_difference(learned):
    class Broken:
        name = "broken 1.0"
        notes = ()

        def encode(self, texts, *, num_threads, allow_special):
            if any("bad" in text for text in texts):
                raise BaseException("panicked")  # as pyo3's
            return [learned.encode_ordinary(text) for text in texts]

    documents = [Document("x", i, text) for i, text in enumerate(["good", "bad", "good"], 1)]
    *_, report = compare(learned, Broken(), documents, name="x", num_threads=2)
    assert report.n_documents == 3
    assert report.n_differing_documents == 1
    assert report.first_difference.document == 2
    assert report.first_difference.error == "broken 1.0 raised BaseException: panicked"


def test_batches_are_compared_on_one_and_on_many_threads(learned, monkeypatch):
    monkeypatch.setattr(parity, "_BATCH_CHARS", 10_000)
    reference = reference_of("tokenizers", learned.definition, "x")
    documents = [Document("x", i, TEXT * 20) for i in range(60)]
    *_, report = compare(learned, reference, documents, name="x", num_threads=2)
    assert report.is_equal
    assert report.n_documents == 60
    sizes = {name: speed.n_bytes for name, speed in report.speeds.items()}
    assert min(sizes.values()) > 0
    assert sizes["ours, 1 thread"] + sizes["ours, 2 threads"] == report.n_bytes
    assert sizes["theirs, 2 threads"] == sizes["ours, 2 threads"]


def fails(capsys, *arguments):
    assert main(["verify", *map(str, arguments)]) == 1
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error: ")]
    return line


def test_what_cannot_be_compared(document, files, tmp_path, capsys):
    path = save(document, tmp_path / "tokenizer.json")
    tokens = ["--against", "tokenizers", "--on"]
    (tmp_path / "none.jsonl").write_bytes(b"\n")
    assert "hold no documents" in fails(capsys, path, *tokens, tmp_path / "none.jsonl")
    (tmp_path / "x.jsonl").write_text('{"text": "a"}\n\n{"body": "b"}\n')
    said = fails(capsys, path, *tokens, tmp_path / "x.jsonl")
    assert "x.jsonl, at 15: missing-field: no member 'text'" in said
    (tmp_path / "x.jsonl").write_text('{"text": "a"}\n{')
    assert "x.jsonl, at 14: broken-json" in fails(capsys, path, *tokens, tmp_path / "x.jsonl")
    _, report = verify(capsys, path, *tokens, tmp_path / "x.jsonl", "--on-bad", "skip")
    assert report["n_documents"] == 1
    if files[-1].suffix == ".parquet":
        line = fails(capsys, path, *tokens, files[-1], "--column", "body")
        assert "has no column 'body'; its columns are 'text'" in line
    for options, why in (
        (["--column", "body"], "--column is for"),
        (["--encoding", "gpt2", "--reference", path], "give one"),
    ):
        assert why in fails(capsys, path, *options, *tokens, files[0])
    assert "cut text files" in fails(capsys, path, *tokens, files[1], "--lines")
    arguments = [*tokens[:2], "--encoding", "gpt2", "--on", files[0]]
    assert "goes with --against tiktoken" in fails(capsys, path, *arguments)
    document["normalizer"] = {"type": "NFC"}
    save(document, path)
    assert "no NFC" in fails(capsys, path, "--against", "tiktoken", "--on", files[0])
