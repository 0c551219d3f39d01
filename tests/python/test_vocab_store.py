"""Published vocabularies on this machine: listed, added, exported, by function and by command."""

import os
import shutil
import stat

import pytest

from bytestride import Tokenizer, published, vocab_files, vocab_store
from bytestride.cli import main


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without any vocabulary, and what they start from: an empty folder."""
    for variable in ("BYTESTRIDE_VOCAB_DIR", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path


def run(capsys, *words):
    status = main(["vocab", *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err


def test_a_file_is_added_by_its_content(home, capsys, vocab_file):
    r50k = published.FILES["r50k_base.tiktoken"]
    source = home / r50k.cache_name
    shutil.copyfile(vocab_file("r50k_base"), source)
    target = home / "cache" / "bytestride" / "r50k_base.tiktoken"
    assert run(capsys, "add", source) == (0, [f"{source} -> {target}"], "")
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert vocab_files.find("gpt2") == target
    assert Tokenizer.load("r50k_base").encode("hello world") == [31373, 995]
    # Once more it is not written, so it may lie in a folder that is closed by now.
    before = (target.stat().st_ino, target.stat().st_mtime_ns)
    assert run(capsys, "add", target)[0] == 0
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == before
    target.write_bytes(b"damaged")
    assert vocab_store.add(source) == target
    assert target.read_bytes() == source.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_only_published_files_are_added(home, capsys, vocab_file):
    damaged = home / "r50k_base.tiktoken"
    damaged.write_bytes(vocab_file("r50k_base").read_bytes()[:-1])
    status, out, error = run(capsys, "add", damaged)
    assert (status, out) == (1, [])
    assert "no file of a published vocabulary, by its content" in error
    assert "o200k_base.tiktoken" in error
    assert not (home / "cache").exists()
    assert run(capsys, "add", home / "none")[0] == 1
    with pytest.raises(IsADirectoryError):
        vocab_store.add(home)


def test_what_is_at_hand_is_listed(home, capsys, vocab_file):
    status, lines, _ = run(capsys, "list")
    assert status == 0
    assert len(lines) == len(published.PUBLISHED)
    assert all("not here; needs" in line for line in lines)
    path = vocab_store.add(vocab_file("p50k_base"))
    _, lines, _ = run(capsys, "list")
    assert [line.split() for line in lines if str(path) in line] == [
        ["p50k_base", str(path)],
        ["p50k_edit", str(path)],
    ]
    assert lines[0].split("not here; ")[1] == "needs r50k_base.tiktoken"


def test_where_a_vocabulary_is(home, capsys, vocab_file):
    status, out, error = run(capsys, "where", "cl100k_base")
    assert (status, out) == (1, [])
    record = published.PUBLISHED["cl100k_base"]
    for part in (record.file_name, record.sha256, "vocab add", str(vocab_files.user_folder())):
        assert part in error
    path = vocab_store.add(vocab_file("cl100k_base"))
    assert run(capsys, "where", "cl100k_base") == (0, [str(path)], "")
    assert "names are r50k_base" in run(capsys, "where", "zz")[2]


def test_vocabularies_are_carried_to_another_machine(home, capsys, vocab_file, monkeypatch):
    for name in ("r50k_base", "o200k_base"):
        vocab_store.add(vocab_file(name))
    stick = home / "stick" / "vocabularies"
    status, out, _ = run(capsys, "export", "gpt2", "o200k_harmony", "o200k_base", stick)
    names = ["r50k_base.tiktoken", "o200k_base.tiktoken"]
    assert (status, out) == (0, [f"wrote {stick / name}" for name in names])
    assert sorted(path.name for path in stick.iterdir()) == sorted(names)
    # There: either way.
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "other"))
    assert run(capsys, "where", "gpt2")[0] == 1
    monkeypatch.setenv("BYTESTRIDE_VOCAB_DIR", str(stick))
    assert run(capsys, "where", "gpt2")[1] == [str(stick / names[0])]
    monkeypatch.delenv("BYTESTRIDE_VOCAB_DIR")
    assert run(capsys, "add", *sorted(stick.iterdir()))[0] == 0
    assert run(capsys, "where", "o200k_harmony")[1] == [
        str(home / "other" / "bytestride" / names[1])
    ]


def test_nothing_is_exported_where_one_is_missing(home, capsys, vocab_file):
    vocab_store.add(vocab_file("r50k_base"))
    status, out, error = run(capsys, "export", "r50k_base", "cl100k_base", home / "stick")
    assert (status, out) == (1, [])
    assert "cl100k_base" in error
    assert not (home / "stick").exists()
    assert run(capsys, "export", "zz", home / "stick")[0] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_an_error(home, capsys, vocab_file):
    (home / "cache").mkdir(mode=0o500)
    status, _, error = run(capsys, "add", vocab_file("r50k_base"))
    assert status == 1
    assert "Permission denied" in error
