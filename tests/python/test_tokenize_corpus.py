"""A folder to a store: the same bytes however it is done, and nothing lost or done twice."""

import json
import random

import pytest
from corpora import END, documents_of, encoded, files_of, make_folder, random_texts, small_tokenizer

from bytestride import tokenize_corpus
from bytestride.corpus.bad_documents import BadDocumentError
from bytestride.corpus.reading import Reading
from bytestride.jobs import finish, part_writer
from bytestride.jobs.errors import ChangedJobError
from bytestride.jobs.plan import WORK_FOLDER


@pytest.fixture(scope="module")
def tokenizer():
    return small_tokenizer()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "in"
    return path, make_folder(path, 1)


def test_documents_of_all_kinds(tmp_path, folder, tokenizer):
    path, texts = folder
    result = tokenize_corpus(path, tmp_path / "out", tokenizer=tokenizer, append_eos=END)
    assert documents_of(tmp_path / "out") == encoded(tokenizer, texts, END)
    assert result.is_finished
    assert result.n_documents == len(texts)
    assert result.n_text_bytes == sum(len(text.encode()) for text in texts)
    assert result.rejects == {}
    assert sorted(path.name for path in result.path.iterdir()) == [
        *("manifest.json", "rejects.jsonl", "shard-00000.bin", "shard-00000.idx", "sources.jsonl"),
    ]


@pytest.mark.parametrize("shard_tokens", [100, 3_000, 2**30])
@pytest.mark.parametrize("seed", [None, 5])
def test_bytes_do_not_depend_on_how_it_is_done(tmp_path, folder, tokenizer, shard_tokens, seed):
    path, texts = folder
    options = {"tokenizer": tokenizer, "shard_tokens": shard_tokens, "seed": seed}
    tokenize_corpus(path, tmp_path / "0", num_workers=1, **options)
    tokenize_corpus(path, tmp_path / "1", num_workers=3, memory_bytes=2**23, **options)
    for shard_id in (2, 0, 1):
        shards = {"shard_id": shard_id, "num_shards": 3}
        result = tokenize_corpus(path, tmp_path / "2", num_workers=2, **shards, **options)
    assert result.is_finished
    first = files_of(tmp_path / "0")
    assert files_of(tmp_path / "1") == first
    assert files_of(tmp_path / "2") == first
    documents = documents_of(tmp_path / "0")
    expected = encoded(tokenizer, texts)
    if seed is None:
        assert documents == expected
    else:
        assert documents != expected
        assert sorted(documents) == sorted(expected)
    shards = json.loads(first["manifest.json"])["shards"]
    longest = max(map(len, documents))
    assert all(shard["n_tokens"] < shard_tokens + longest for shard in shards)
    assert len(shards) > 1 or shard_tokens == 2**30


def test_goes_on_where_it_stopped(tmp_path, folder, tokenizer, monkeypatch):
    path, _ = folder
    options = {"tokenizer": tokenizer, "shard_tokens": 700, "append_eos": END, "num_workers": 2}
    tokenize_corpus(path, tmp_path / "whole", **options)
    publish = part_writer.publish
    made = []

    def fail_sometimes(row, *rest):
        if rng.random() < 0.3:
            raise OSError(28, "No space left on device")
        made.append(row.name)
        publish(row, *rest)

    rng = random.Random(3)
    monkeypatch.setattr(part_writer, "publish", fail_sometimes)
    for _ in range(100):
        try:
            tokenize_corpus(path, tmp_path / "out", **options)
        except OSError:
            continue
        break
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert len(made) == len(set(made))  # no shard was made twice
    before = files_of(tmp_path / "out")
    assert tokenize_corpus(path, tmp_path / "out", **options).is_finished
    assert files_of(tmp_path / "out") == before
    assert len(made) == len(set(made))


def test_a_changed_job_is_refused_and_both_are_shown(tmp_path, folder, tokenizer, monkeypatch):
    path, _ = folder
    out = tmp_path / "out"
    options = {"tokenizer": tokenizer, "shard_tokens": 700}
    monkeypatch.setattr(finish, "finish_job", None)
    monkeypatch.setattr("bytestride.jobs.job.finish_job", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tokenize_corpus(path, out, **options)
    monkeypatch.undo()
    assert (out / WORK_FOLDER).is_dir()
    with pytest.raises(ChangedJobError, match=r"shard_tokens was 700 and is 800"):
        tokenize_corpus(path, out, tokenizer=tokenizer, shard_tokens=800)
    with pytest.raises(ChangedJobError, match=r"end_of_document was None and is '<\|end\|>'"):
        tokenize_corpus(path, out, append_eos=END, **options)
    with pytest.raises(ChangedJobError, match=r"part-00.txt is not among the inputs any more"):
        tokenize_corpus(sorted(path.iterdir())[1:], out, **options)
    tokenize_corpus(path, out, tokenizer=tokenizer, shard_tokens=800, resume=False)
    with pytest.raises(FileExistsError, match="--force"):
        tokenize_corpus(path, out, **options)
    tokenize_corpus(path, out, overwrite=True, **options)
    tokenize_corpus(path, tmp_path / "other", **options)
    assert files_of(out) == files_of(tmp_path / "other")


def test_bad_documents_are_counted_and_shown(tmp_path, tokenizer):
    source = tmp_path / "in.jsonl"
    lines = [b'{"text": "one"}', b"{broken", b'{"other": 1}', b'{"text": 3}', b'{"text": "\xff"}']
    source.write_bytes(b"\n".join([*lines, b'{"text": "two"}']))
    out = tmp_path / "out"
    result = tokenize_corpus(source, out, tokenizer=tokenizer)
    assert documents_of(out) == encoded(tokenizer, ["one", "two"])
    assert sum(result.rejects.values()) == 4
    kept = [json.loads(line) for line in (out / "rejects.jsonl").read_text().splitlines()]
    offsets = [0, *(sum(len(line) + 1 for line in lines[:i]) for i in range(1, 5))]
    assert [each["offset"] for each in kept] == offsets[1:]
    assert {each["file"] for each in kept} == {str(source)}
    (line,) = (out / "sources.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        **{"name": str(source), "documents": 2, "text_bytes": 6, "rejects": 4},
        "tokens": sum(map(len, encoded(tokenizer, ["one", "two"]))),
    }
    with pytest.raises(BadDocumentError, match=r"in.jsonl, at 16: broken-json"):
        tokenize_corpus(source, tmp_path / "stop", tokenizer=tokenizer, on_bad="stop")
    assert not (tmp_path / "stop" / "manifest.json").exists()


def test_a_document_that_goes_bad_late_leaves_nothing(tmp_path, tokenizer):
    rng = random.Random(2)
    texts = [" ".join(random_texts(rng, 40)).replace("\n", " ").encode() for _ in range(30)]
    for i in (3, 4, 11, 29):
        texts[i] = texts[i] * 60 + b"\xff" + texts[i]
    texts[20] = texts[20] * 100
    source = tmp_path / "in.txt"
    source.write_bytes(b"\n".join(texts) + b"\n")
    options = {"tokenizer": tokenizer, "reading": Reading(separator=b"\n"), "shard_tokens": 5000}
    result = tokenize_corpus(source, tmp_path / "out", memory_bytes=2**23, **options)
    good = [text.decode() for i, text in enumerate(texts) if i not in (3, 4, 11, 29)]
    assert documents_of(tmp_path / "out") == encoded(tokenizer, good)
    assert result.rejects == {"invalid-utf8": 4}
    tokenize_corpus(source, tmp_path / "large", **options)
    assert files_of(tmp_path / "large") == files_of(tmp_path / "out")


def test_arguments(tmp_path, folder, tokenizer):
    path, _ = folder
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="go together"):
        tokenize_corpus(path, out, tokenizer=tokenizer, shard_id=0)
    with pytest.raises(ValueError, match="shard_id must be"):
        tokenize_corpus(path, out, tokenizer=tokenizer, shard_id=2, num_shards=2)
    with pytest.raises(ValueError, match="other machines"):
        tokenize_corpus(path, out, tokenizer=tokenizer, shard_id=0, num_shards=2, resume=False)
    with pytest.raises(ValueError, match="no special token"):
        tokenize_corpus(path, out, tokenizer=tokenizer, append_eos="<x>")
    with pytest.raises(ValueError, match="too few for 4 workers"):
        tokenize_corpus(path, out, tokenizer=tokenizer, num_workers=4, memory_bytes=1000)
    with pytest.raises(FileNotFoundError):
        tokenize_corpus(tmp_path / "none", out, tokenizer=tokenizer)
    assert not out.exists()
    tokenize_corpus(path, out, tokenizer=tokenizer, num_workers=10**9)
