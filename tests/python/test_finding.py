"""Inputs by name: files, folders, patterns, lists; and what is said where there are none."""

import io
import os
import time

import pytest

from bytestride.corpus.finding import find_inputs
from bytestride.corpus.kinds import Kind, kind_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("b.txt", "a.txt", "é.txt", "sub/c.jsonl", "sub/deep/d.txt", ".hidden", ".no/e"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


EVERYTHING = ["in/a.txt", "in/b.txt", "in/sub/c.jsonl", "in/sub/deep/d.txt", "in/é.txt"]


def test_folders(folder):
    inputs = find_inputs(["in"])
    assert inputs.names == EVERYTHING
    assert inputs.sizes.tolist() == [len(name.encode()) - 3 for name in EVERYTHING]
    assert inputs.mtimes.tolist() == [(folder / name).stat().st_mtime_ns for name in EVERYTHING]
    assert find_inputs([folder / "in" / "sub", "in/a.txt"]).names == [
        str(folder / "in" / "sub" / "c.jsonl"),
        str(folder / "in" / "sub" / "deep" / "d.txt"),
        "in/a.txt",
    ]
    assert find_inputs(["in/.hidden"]).names == ["in/.hidden"]  # named, it is meant


def test_patterns(folder):
    assert find_inputs(["in/*.txt"]).names == ["in/a.txt", "in/b.txt", "in/é.txt"]
    assert find_inputs(["in/*"]).names == EVERYTHING
    assert find_inputs(["in/**"]).names == EVERYTHING
    assert find_inputs(["in/**/*.txt"]).names == [n for n in EVERYTHING if n.endswith(".txt")]
    assert find_inputs(["in/[ab].txt"]).names == ["in/a.txt", "in/b.txt"]
    (folder / "in" / "[ab].txt").write_text("a file of that very name")
    assert find_inputs(["in/[ab].txt"]).names == ["in/[ab].txt"]


def test_lists(folder, monkeypatch):
    (folder / "list").write_bytes("in/b.txt\r\n\nin/sub\nin/é.txt".encode())
    found = ["in/b.txt", "in/sub/c.jsonl", "in/sub/deep/d.txt", "in/é.txt"]
    assert find_inputs([], files_from="list").names == found
    assert find_inputs(["in/a.txt"], files_from="list").names == ["in/a.txt", *found]
    stdin = io.TextIOWrapper(io.BytesIO(b"in/a.txt\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(ValueError, match="stdin is either a text or the list"):
        find_inputs(["-"], files_from="-")
    assert find_inputs([], files_from="-").names == ["in/a.txt"]
    (folder / "list").write_bytes(b"in/*.txt\n")
    with pytest.raises(FileNotFoundError, match=r"in/\*\.txt"):
        find_inputs([], files_from="list")
    (folder / "list").write_bytes(b"\n")
    with pytest.raises(FileNotFoundError, match="no files are named, and list names none"):
        find_inputs([], files_from="list")


def test_links(folder):
    (folder / "in" / "link").symlink_to("sub")
    (folder / "in" / "file").symlink_to("a.txt")
    assert len(find_inputs(["in"])) == len(EVERYTHING) + 3
    (folder / "in" / "sub" / "back").symlink_to("..")
    with pytest.raises(ValueError, match="leads back to a folder that it lies in"):
        find_inputs(["in"])
    (folder / "in" / "sub" / "back").unlink()
    (folder / "in" / "broken").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match="the link in/broken leads to no file"):
        find_inputs(["in"])


def test_nothing_there(folder):
    with pytest.raises(FileNotFoundError, match="no files are named"):
        find_inputs([])
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        find_inputs(["nothing.txt"])
    with pytest.raises(FileNotFoundError, match=r"no files match in/\*\.csv"):
        find_inputs(["in/*.csv"])
    with pytest.raises(FileNotFoundError, match="an empty name"):
        find_inputs([""])
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no files are in the folder empty"):
        find_inputs(["empty"])


def test_named_twice(folder):
    for names in (["in/a.txt", "in/a.txt"], ["in", "in/sub/../a.txt"], ["-", "-"]):
        with pytest.raises(ValueError, match=r"(a\.txt|-) is named twice"):
            find_inputs(names)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_no_right_to_read(folder, monkeypatch):
    (folder / "in" / "b.txt").chmod(0o600)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as root, all may be read
    with pytest.raises(PermissionError, match=r"no right to read in/b\.txt"):
        find_inputs(["in"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes(folder):
    os.mkfifo(folder / "pipe")
    inputs = find_inputs(["pipe"])
    assert (inputs.names, inputs.sizes.tolist()) == (["pipe"], [-1])
    os.mkfifo(folder / "in" / "pipe")
    assert find_inputs(["in"]).names == EVERYTHING  # regular files


def test_the_time_is_linear(tmp_path):
    for i in range(2000):
        (tmp_path / str(i)).touch()
    begin = time.perf_counter()
    assert len(find_inputs([tmp_path])) == 2000
    assert time.perf_counter() - begin < 2


def test_kinds():
    assert kind_of("a/b.txt") == Kind("text", "")
    assert kind_of("a.jsonl.gz") == Kind("jsonl", "gz")
    assert kind_of("s3://b.parquet/a.ndjson.zst") == Kind("jsonl", "zst")
    assert kind_of("a.parquet") == Kind("parquet", "")
    assert kind_of("x.feather") == kind_of("x.ipc") == kind_of("x.arrow") == Kind("arrow", "")
    assert kind_of("data.bin", "jsonl") == Kind("jsonl", "")
    assert kind_of("data.json.gz", "jsonl") == Kind("jsonl", "gz")
    assert kind_of(".jsonl") == kind_of("jsonl") == kind_of("-") == Kind("text", "")
