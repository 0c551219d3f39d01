"""`bytestride store`: what it prints, what it writes, and what it says when it cannot."""

import json

import numpy as np
import pytest
import store_layouts as make
from store_layouts import DOCUMENTS, FLAT
from store_parts import write

from bytestride import Tokenizer, open_tokens
from bytestride.cli import main


@pytest.fixture
def store(tmp_path):
    metadata = {"tokenizer": {"name": "some", "fingerprint": "f"}}
    return write(tmp_path / "s", DOCUMENTS, shard_tokens=5, metadata=metadata, emit=["olmo"])


@pytest.fixture
def run(capsys):
    """Run one command; give what it printed, or the line of the error it ended with."""

    def call(*arguments, status=0):
        assert main(["store", *map(str, arguments)]) == status
        printed = capsys.readouterr()
        if status:
            return next(line for line in printed.err.splitlines() if line.startswith("error: "))
        return printed.out

    return call


def documents_of(path, dtype=None):
    with open_tokens(path, dtype, verify=True) as opened:
        return [opened.document(i).tolist() for i in range(opened.n_documents)]


def test_info(store, run):
    said = run("info", store)
    assert "bytestride, uint16 ids in 22 bytes" in said
    assert "11 tokens in 5 documents" in said
    assert "vocabulary: 50,000 tokens" in said
    assert 'tokenizer: {"name": "some", "fingerprint": "f"}' in said
    assert "shard-00001.bin: 2 tokens in 1 documents, ends in shard-00001.idx" in said
    assert "beside them: shard-00000.csv.gz, shard-00000.npy, shard-00001" in said


def test_info_for_programs(store, run, tmp_path):
    said = json.loads(run("info", store, "--json"))
    keys = ("layout", "dtype", "n_tokens", "n_documents", "n_bytes", "vocab_size")
    assert [said[key] for key in keys] == ["bytestride", "uint16", 11, 5, 22, 50_000]
    assert said["metadata"]["tokenizer"]["name"] == "some"
    assert [shard["n_documents"] for shard in said["shards"]] == [4, 1]
    said = json.loads(run("info", make.llmc(tmp_path / "a.bin"), "--json"))
    assert (said["layout"], said["shards"][0]["byte_offset"], said["metadata"]) == (
        "llmc",
        1024,
        {},
    )
    assert said["shards"][0]["documents"] == "not known: one document"
    said = json.loads(run("info", make.parquet(tmp_path / "a.parquet"), "--json"))
    assert said["shards"][0]["decoded"]


def test_info_of_many_shards(tmp_path, run):
    said = run("info", write(tmp_path / "m", [[1]] * 13, shard_tokens=1))
    assert said.count("shard-000") == 2 * 10
    assert "and 3 shards more" in said


def test_files_that_do_not_say_their_type(tmp_path, run):
    np.array(FLAT, "u2").tofile(tmp_path / "train.bin")
    assert "name dtype='uint16'" in run("info", tmp_path / "train.bin", status=1)
    assert "bare, uint16 ids" in run("info", tmp_path / "train.bin", "--dtype", "uint16")
    assert "no such file" in run("info", tmp_path / "gone", status=1)


def test_verify(store, run):
    assert "whole (hashes, documents and ids): 11 tokens in 5 documents" in run("verify", store)
    assert "no hashes to compare" in run("verify", store / "shard-00000.bin")
    path = store / "shard-00001.bin"
    path.write_bytes(b"\x01\x00\x02\x00")
    assert "shard-00001.bin: its XXH3" in run("verify", store, status=1)


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], DOCUMENTS),
        (["3"], [DOCUMENTS[3]]),
        (["-1"], [DOCUMENTS[4]]),
        (["1:3", "0"], [*DOCUMENTS[1:3], DOCUMENTS[0]]),
        (["-2:"], DOCUMENTS[-2:]),
        ([":-4"], DOCUMENTS[:1]),
        (["4:99"], DOCUMENTS[4:]),
        (["3:1"], []),
    ],
)
def test_cat_of_ids(store, run, ranges, expected):
    said = run("cat", store, *(f"--documents={text}" for text in ranges))
    assert [
        [int(word) for word in line.split(" ") if word] for line in said.splitlines()
    ] == expected


def test_cat_in_steps(store, run, monkeypatch):
    whole = run("cat", store)
    monkeypatch.setattr("bytestride.cli.store._STEP_TOKENS", 2)
    assert run("cat", store) == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "is not a number"),
        ("1:2:3", "is not a number"),
        ("5", "document 5 is not among the 5"),
    ],
)
def test_cat_of_what_is_not_there(store, run, text, message):
    assert message in run("cat", store, "--documents", text, status=1)


def test_cat_of_text(tmp_path, capfdbinary, vocab_file):
    tokenizer = Tokenizer.load(vocab_file("r50k_base"))
    texts = ["héllo wörld", "", "two\nlines"]
    documents = [tokenizer.encode(text) for text in texts]
    path = write(tmp_path / "s", documents, vocab_size=tokenizer.vocab_size)
    named = ["--tokenizer", str(vocab_file("r50k_base"))]
    assert main(["store", "cat", str(path), *named]) == 0
    assert capfdbinary.readouterr().out == "".join(f"{text}\n" for text in texts).encode()
    more = ["--separator", "<|>", "--documents", "0:2"]
    assert main(["store", "cat", str(path), *named, *more]) == 0
    assert capfdbinary.readouterr().out == "héllo wörld<|><|>".encode()
    assert main(["store", "cat", str(path), "--separator", "x"]) == 1
    assert b"go with --tokenizer" in capfdbinary.readouterr().err


def test_convert(store, run, tmp_path):
    said = run("convert", store, "-o", tmp_path / "x.ds", "--to", "datatrove")
    assert said == f"wrote {tmp_path / 'x.ds'}: datatrove\n"
    assert documents_of(tmp_path / "x.ds") == DOCUMENTS
    again = ("convert", store, "-o", tmp_path / "x.ds", "--to", "datatrove")
    assert "is there already; use --force" in run(*again, status=1)
    assert "more than one file of datatrove" in run(*again, "--force", "--link", status=1)
    assert documents_of(tmp_path / "x.ds") == DOCUMENTS
    run("convert", store, "-o", tmp_path / "y", "--to", "datatrove", "--link")
    assert (tmp_path / "y/shard-00001.ds").samefile(store / "shard-00001.bin")
    run("convert", store, "-o", tmp_path / "t.bin", "--to", "nanogpt", "--append", 0)
    back = ["-o", tmp_path / "b", "--dtype", "uint16", "--ends-with", 0, "--store-as", "int32"]
    run("convert", tmp_path / "t.bin", *back, "--emit", "arrow,olmo", "--shard-tokens", 5)
    assert documents_of(tmp_path / "b") == [[*document, 0] for document in DOCUMENTS]
    assert documents_of(tmp_path / "b/*.arrow") == [[*document, 0] for document in DOCUMENTS]
    assert open_tokens(tmp_path / "b").dtype == np.int32
    assert "no format is named 'x'" in run("convert", store, "-o", "x", "--to", "x", status=1)


def test_merge_and_split(store, run, tmp_path):
    said = run("split", store, "-o", tmp_path / "p", "--validation", 0.4, "--seed", 1)
    assert f"wrote {tmp_path / 'p/train'}: " in said
    assert "in 3 documents" in said
    parts = [tmp_path / "p/train", tmp_path / "p/validation"]
    assert sorted(documents_of(parts[0]) + documents_of(parts[1])) == sorted(DOCUMENTS)
    said = run("merge", *parts, "-o", tmp_path / "m")
    assert said == f"wrote {tmp_path / 'm'}: 11 tokens in 5 documents\n"
    assert documents_of(tmp_path / "m") == documents_of(parts[0]) + documents_of(parts[1])
    assert "use --force" in run("merge", *parts, "-o", tmp_path / "m", status=1)
    run("split", store, "-o", tmp_path / "q", "--parts", 2)
    assert documents_of(tmp_path / "q/part-00001") == DOCUMENTS[3:]
    other = write(tmp_path / "o", [[1]], metadata={"tokenizer": {"name": "x", "fingerprint": "g"}})
    assert "--any-tokenizer" in run("merge", store, other, "-o", tmp_path / "n", status=1)
    run("merge", store, other, "-o", tmp_path / "n", "--any-tokenizer")
    assert documents_of(tmp_path / "n") == [*DOCUMENTS, [1]]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["split", "s", "-o", "x"],
        ["split", "s", "-o", "x", "--validation", "0.1", "--parts", "2"],
        ["convert", "s", "-o", "x", "--append", "-1"],
        ["convert", "s"],
        ["info", "s", "--dtype", "float32"],
        ["merge", "-o", "x"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["store", *arguments])
    assert caught.value.code == 2
    assert "usage: bytestride store" in capsys.readouterr().err
