"""`bytestride tokenize`: its options, and what it says."""

import json
from pathlib import Path

import pytest
from corpora import END, documents_of, encoded, files_of, make_folder, small_tokenizer
from test_cli import fails

from bytestride.cli import main


@pytest.fixture(scope="module")
def tokenizer():
    return small_tokenizer()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tokenizer):
    """A folder of mixed files, their documents, and what names the tokenizer."""
    path = tmp_path_factory.mktemp("corpus")
    texts = make_folder(path / "in", 7)
    tokenizer.save(path / "tokenizer.json")
    return str(path / "in"), texts, ["--tokenizer", str(path / "tokenizer.json")]


def test_a_folder_and_what_is_said(tmp_path, corpus, tokenizer, capsys):
    folder, texts, common = corpus
    out = tmp_path / "out"
    assert main(["tokenize", folder, "-o", str(out), *common, "--append-eos", END]) == 0
    ids = encoded(tokenizer, texts, END)
    assert documents_of(out) == ids
    said = capsys.readouterr()
    n_tokens = sum(map(len, ids))
    n_bytes = sum(len(text.encode()) for text in texts)
    assert said.out == (
        f"wrote {out}: {len(texts):,} documents, {n_tokens:,} tokens, "
        f"{n_bytes / n_tokens:.2f} bytes a token\n"
    )
    assert said.err == ""
    assert main(["report", str(out), "--json", *common]) == 0
    report = json.loads(capsys.readouterr().out)
    totals = report["totals"]
    assert (totals["n_documents"], totals["n_tokens"]) == (len(texts), n_tokens)
    assert totals["n_text_bytes"] == n_bytes
    assert report["rejects"]["n_rejects"] == 0


def test_a_dry_run_writes_nothing(tmp_path, corpus, capsys):
    folder, texts, common = corpus
    out = tmp_path / "out"
    tokenize = ["tokenize", folder, "-o", str(out), *common]
    assert main([*tokenize, "--dry-run", "--shard-tokens", "500", "--workers", "3"]) == 0
    said = capsys.readouterr().out
    n_files = len(list(Path(folder).iterdir()))
    assert f"{n_files} files, " in said
    assert "with 3 workers" in said
    assert "on the disk as uint16" in said
    (line,) = [line for line in said.splitlines() if "documents" in line]
    about = int(line.split()[1].replace(",", ""))
    assert len(texts) / 2 < about < len(texts) * 2  # of beginnings of some of the files
    assert not out.exists()


def test_progress_as_json(tmp_path, corpus, capsys):
    folder, texts, common = corpus
    tokenize = ["tokenize", folder, *common, "--shard-tokens", "300", "-o"]
    assert main([*tokenize, str(tmp_path / "out"), "--progress", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    last = lines[-1]
    assert last["n_parts"] == last["total_parts"] > 1
    assert last["n_documents"] == len(texts)
    assert last["n_tokens"] == sum(map(len, documents_of(tmp_path / "out")))
    assert last["n_text_bytes"] == sum(len(text.encode()) for text in texts)
    assert last["n_rejects"] == 0
    assert main([*tokenize, str(tmp_path / "quiet"), "--progress", "none"]) == 0
    assert capsys.readouterr().err == ""


def test_files_from_a_list(tmp_path, corpus, capsys):
    folder, _, common = corpus
    names = sorted(map(str, Path(folder).iterdir()))
    listed = tmp_path / "list"
    listed.write_text("\n".join(names[1:]) + "\n")
    tokenize = ["tokenize", "-o", str(tmp_path / "listed"), *common]
    assert main([*tokenize, names[0], "--files-from", str(listed)]) == 0
    assert main(["tokenize", folder, "-o", str(tmp_path / "whole"), *common]) == 0
    assert files_of(tmp_path / "listed") == files_of(tmp_path / "whole")
    listed.write_text("")
    tokenize = ["tokenize", "-o", tmp_path / "none", *common]
    assert "no files are named" in fails(capsys, *tokenize, "--files-from", listed)
    assert "no files are named" in fails(capsys, *tokenize)


def test_bad_documents(tmp_path, tokenizer, corpus, capsys):
    common = corpus[2]
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    source.write_text('{"text": "one"}\n{broken\n{"other": 1}\n{"text": "two two two"}\n')
    tokenize = ["tokenize", str(source), "-o", str(out), *common]
    said = fails(capsys, *tokenize, "--on-bad", "stop")
    assert f"{source}, at 16: broken-json" in said
    assert "--on-bad skip" in said
    assert not (out / "manifest.json").exists()
    assert main(tokenize) == 0  # and it goes on with the same job
    assert documents_of(out) == encoded(tokenizer, ["one", "two two two"])
    said = capsys.readouterr().err
    assert "2 documents were left out: 1 broken-json, 1 missing-field" in said
    assert str(out / "rejects.jsonl") in said

    longest = [*tokenize[:-2], *common, "--force", "--max-document", "20"]
    assert main(longest) == 0
    assert documents_of(out) == encoded(tokenizer, ["one"])
    assert "1 too-long" in capsys.readouterr().err


def test_text_that_is_not_utf8_is_kept_if_asked_for(tmp_path, tokenizer, corpus, capsys):
    source = tmp_path / "in.txt"
    source.write_bytes(b"the cat\xff\nsat \xe2\x82\n")
    tokenize = ["tokenize", str(source), "--lines", *corpus[2], "-o"]
    assert main([*tokenize, str(tmp_path / "out")]) == 0
    assert documents_of(tmp_path / "out") == []
    assert "2 invalid-utf8" in capsys.readouterr().err
    assert main([*tokenize, str(tmp_path / "kept"), "--keep-invalid-utf8"]) == 0
    ids = documents_of(tmp_path / "kept")
    assert [tokenizer.decode_bytes(each) for each in ids] == [b"the cat\xff", b"sat \xe2\x82"]
    assert capsys.readouterr().err == ""


def test_a_column_and_a_format(tmp_path, tokenizer, corpus):
    common = corpus[2]
    source = tmp_path / "lines.of.objects"
    source.write_text('{"text": 1, "content": "the cat"}\n')
    tokenize = ["tokenize", str(source), "-o", str(tmp_path / "out"), *common]
    assert main([*tokenize, "--format", "jsonl", "--column", "content"]) == 0
    assert documents_of(tmp_path / "out") == encoded(tokenizer, ["the cat"])


def test_seed_shuffles(tmp_path, corpus, tokenizer):
    folder, texts, common = corpus
    tokenize = ["tokenize", folder, *common, "--shard-tokens", "2000", "-o"]
    for name, seed in (("0", "1"), ("1", "1"), ("2", "2")):
        assert main([*tokenize, str(tmp_path / name), "--seed", seed]) == 0
    first = documents_of(tmp_path / "0")
    ids = encoded(tokenizer, texts)
    assert first != ids
    assert sorted(first) == sorted(ids)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "0")
    assert documents_of(tmp_path / "2") != first


def test_layouts_beside_the_shards(tmp_path, corpus, capsys):
    folder, _, common = corpus
    tokenize = ["tokenize", folder, *common, "-o"]
    assert main([*tokenize, str(tmp_path / "out"), "--emit", "nanogpt", "--emit", "parquet"]) == 0
    plain = tmp_path / "plain"
    assert main([*tokenize, str(plain), "--verify"]) == 0
    more = set(files_of(tmp_path / "out")) - set(files_of(plain))
    assert any(name.endswith(".parquet") for name in more)
    assert main(["store", "verify", str(tmp_path / "out")]) == 0
    manifest = json.loads((plain / "manifest.json").read_bytes())
    assert all(len(shard["bin_sha256"]) == 64 for shard in manifest["shards"])
    assert "dolma" in fails(capsys, *tokenize, tmp_path / "no", "--emit", "dolma")
    # What is asked for of a store that is finished is not passed over.
    assert "without what is asked for beside it now: arrow" in fails(
        capsys, *tokenize, tmp_path / "out", "--emit", "parquet", "--emit", "arrow"
    )
    assert main([*tokenize, str(tmp_path / "out"), "--emit", "parquet", "--verify"]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert all(len(shard["bin_sha256"]) == 64 for shard in manifest["shards"])
    shard = next((tmp_path / "out").glob("shard-*.bin"))
    shard.write_bytes(b"\1" + shard.read_bytes()[1:])
    assert shard.name in fails(capsys, *tokenize, tmp_path / "out", "--verify")
    assert not (tmp_path / "no").exists()


def test_a_changed_job_is_told_what_to_do(tmp_path, corpus, capsys, monkeypatch):
    folder, _, common = corpus
    out = tmp_path / "out"
    tokenize = ["tokenize", folder, "-o", str(out), *common, "--shard-tokens"]

    def no_end(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bytestride.jobs.job.finish_job", no_end)
    assert main([*tokenize, "500"]) == 1
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.undo()
    assert main([*tokenize, "600"]) == 1
    said = capsys.readouterr().err
    assert "shard_tokens was 500 and is 600" in said
    assert "goes on from there" not in said
    assert main([*tokenize, "500"]) == 0
    before = files_of(out)
    assert main([*tokenize, "500"]) == 0  # it is done: nothing changes
    assert files_of(out) == before
    assert "--force" in fails(capsys, *tokenize, "600")
    assert main([*tokenize, "600", "--force"]) == 0


def test_several_machines(tmp_path, corpus, capsys):
    folder, _, common = corpus
    tokenize = ["tokenize", folder, *common, "--shard-tokens", "500", "-o"]
    assert main([*tokenize, str(tmp_path / "one")]) == 0
    machines = [*tokenize, str(tmp_path / "two"), "--num-shards", "2", "--shard-id"]
    capsys.readouterr()
    assert main([*machines, "1"]) == 0
    assert "others are at work" in capsys.readouterr().out
    assert main([*machines, "0"]) == 0
    assert "wrote" in capsys.readouterr().out
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")
    assert "go together" in fails(capsys, *tokenize, tmp_path / "three", "--shard-id", "0")
    assert "too few for 8 workers" in fails(
        capsys, *tokenize, tmp_path / "three", "--memory", "1M", "--workers", "8"
    )
