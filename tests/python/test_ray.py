"""Jobs on a Ray cluster of three nodes on this machine: the same bytes as without it."""

import os
import pickle
import random
import threading
from pathlib import Path

import pytest
from corpora import END, files_of, make_folder, random_texts, small_tokenizer

import bytestride
from bytestride import Tokenizer, count_words, tokenize_corpus
from bytestride.corpus.bad_documents import BadDocumentError
from bytestride.corpus.rejects import Reject
from bytestride.jobs import tokenize_shard
from bytestride.jobs.job import opened_job
from bytestride.training import WordCounts

# Starting a cluster takes longer than everything that is done with it.
pytestmark = pytest.mark.filterwarnings("ignore")

PYTHON = Path(bytestride.__file__).parents[1]


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("ray.data")
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PYTHON), before]))
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, connect=True, head_node_args=node)
    for _ in range(2):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    yield cluster, node
    import ray

    ray.shutdown()
    cluster.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def tokenizer():
    return small_tokenizer()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "in"
    make_folder(path, 7)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 3])
def test_same_bytes_as_on_one_machine(cluster, tmp_path, folder, tokenizer, seed):
    from bytestride.ray import tokenize_corpus_on_ray

    options = {"tokenizer": tokenizer, "append_eos": END, "shard_tokens": 1500, "seed": seed}
    here = tokenize_corpus(folder, tmp_path / "here", emit=["nanogpt"], **options)
    seen = []
    there = tokenize_corpus_on_ray(
        folder, tmp_path / "there", emit=["nanogpt"], progress=seen.append, **options
    )
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert (there.n_documents, there.n_tokens) == (here.n_documents, here.n_tokens)
    assert len(seen) == seen[-1].n_parts == seen[-1].total_parts > 3
    assert seen[-1].n_tokens == here.n_tokens
    assert seen[-1].n_documents == here.n_documents
    # Once more: it is done, and nothing is.
    before = files_of(tmp_path / "there")
    assert tokenize_corpus_on_ray(folder, tmp_path / "there", **options).is_finished
    assert files_of(tmp_path / "there") == before


@pytest.mark.slow
def test_a_node_goes_away_midway(cluster, tmp_path, folder, tokenizer):
    from bytestride.ray import tokenize_corpus_on_ray

    nodes, node_options = cluster
    options = {"tokenizer": tokenizer, "shard_tokens": 300}
    tokenize_corpus(folder, tmp_path / "here", **options)
    taken = nodes.add_node(**node_options)
    nodes.wait_for_nodes()
    removed = []

    def take_a_node(progress):
        if progress.n_parts >= 5 and not removed:
            removed.append(progress)
            nodes.remove_node(taken, allow_graceful=False)

    result = tokenize_corpus_on_ray(
        folder, tmp_path / "there", concurrency=4, progress=take_a_node, **options
    )
    assert result.is_finished
    assert removed[0].n_parts < removed[0].total_parts - 5
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


@pytest.mark.slow
def test_an_error_of_a_task_is_ours(cluster, tmp_path, tokenizer):
    from bytestride.ray import tokenize_corpus_on_ray

    source = tmp_path / "in.jsonl"
    lines = ['{"text": "low lower lowest"}\n'] * 400
    source.write_text("".join([*lines[:300], "{broken\n", *lines[300:]]))
    out = tmp_path / "there"
    options = {"tokenizer": tokenizer, "shard_tokens": 100}
    with pytest.raises(BadDocumentError, match=r"in.jsonl, at 8,700: broken-json") as caught:
        tokenize_corpus_on_ray(source, out, on_bad="stop", **options)
    assert caught.value.reject.offset == 8700
    assert not (out / "manifest.json").exists()
    # The job goes on where it was, here or there.
    tokenize_corpus(source, tmp_path / "here", **options)
    tokenize_corpus_on_ray(source, out, **options)
    assert files_of(out) == files_of(tmp_path / "here")


@pytest.mark.slow
def test_two_attempts_at_one_part_at_once(cluster, tmp_path, folder, tokenizer):
    import ray

    @ray.remote(num_cpus=1)
    def attempt(plan, part):
        return len(tokenize_shard(plan, part, tokenizer))

    options = {"append_eos": END, "dtype": None, "shard_tokens": 700, "seed": 1, "emit": ()}
    rest = {"reading": None, "resume": True, "overwrite": False, "verify": False, "alone": True}
    tokenize_corpus(
        folder, tmp_path / "here", tokenizer=tokenizer, append_eos=END, shard_tokens=700, seed=1
    )
    with opened_job(folder, tmp_path / "there", tokenizer, **options, **rest) as job:
        n_rows = ray.get([attempt.remote(job.plan, i // 2) for i in range(2 * len(job.plan.parts))])
        assert n_rows[::2] == n_rows[1::2]
        assert job.finish().is_finished
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


@pytest.mark.slow
def test_relative_names(cluster, tmp_path, folder, tokenizer, monkeypatch):
    from bytestride.ray import tokenize_corpus_on_ray

    monkeypatch.chdir(folder.parent)
    options = {"tokenizer": tokenizer, "shard_tokens": 1500}
    tokenize_corpus("in", tmp_path / "here", **options)
    tokenize_corpus_on_ray("in", tmp_path / "there", **options)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["document", "line"])
def test_counts_are_those_of_one_machine(cluster, tmp_path, unit):
    from bytestride.ray import count_words_on_ray

    rng = random.Random(9)
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(12):
        text = "\n".join(random_texts(rng, 50)) + END
        (folder / f"{i:02d}.txt").write_bytes(text.encode() + b"\xff\xfe")
    options = {"pattern": "gpt2", "unit": unit, "special_tokens": [END]}
    here = count_words(sorted(folder.iterdir()), **options)
    there = count_words_on_ray(folder, tmp_path, part_bytes=4000, **options)
    assert there == here
    assert len(here) > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]  # nothing is left
    vocabulary = [Tokenizer.train(counts, vocab_size=300) for counts in (here, there)]
    assert vocabulary[0].definition == vocabulary[1].definition
    (folder / "bad.jsonl").write_text("{broken\n")
    with pytest.raises(BadDocumentError, match=r"bad.jsonl, at 0: broken-json"):
        count_words_on_ray(folder, tmp_path, part_bytes=4000, **options)
    done = []
    with pytest.warns(UserWarning, match=r"1 document was left out \(1 broken-json\)"):
        there = count_words_on_ray(
            folder,
            tmp_path / "more",
            part_bytes=4000,
            on_bad="skip",
            progress=lambda *said: done.append(said),
            **options,
        )
    assert there == here
    assert done[-1][:2] == ("count", done[-1][2])
    assert not list((tmp_path / "more").iterdir())


@pytest.mark.slow
def test_commands_that_count(cluster, tmp_path, folder, capsys):
    from bytestride.cli import main

    count = ["count-words", str(folder), "--threads", "1"]
    assert main([*count, "-o", str(tmp_path / "here.parquet")]) == 0
    assert main([*count, "-o", str(tmp_path / "there.parquet"), "--ray", "auto"]) == 0
    counts = [WordCounts.read_parquet(tmp_path / f"{name}.parquet") for name in ("here", "there")]
    assert counts[0] == counts[1]
    train = ["train", str(folder), "--threads", "1", "--vocab-size", "300"]
    assert main([*train, "-o", str(tmp_path / "here.json")]) == 0
    assert main([*train, "-o", str(tmp_path / "there.json"), "--ray", "auto"]) == 0
    assert (tmp_path / "there.json").read_bytes() == (tmp_path / "here.json").read_bytes()
    assert not list(tmp_path.glob(".count-*"))
    capsys.readouterr()
    out = str(tmp_path / "no.json")
    for wrong in (["--checkpoint", "c.parquet"], ["--preset", "minbpe"]):
        assert main([*train, "-o", out, "--ray", "auto", *wrong]) != 0
        assert "--ray" in capsys.readouterr().err


@pytest.mark.slow
def test_arguments(cluster, tmp_path, folder, tokenizer):
    from bytestride.ray import tokenize_corpus_on_ray

    out = tmp_path / "out"
    for wrong, match in [
        ({"num_cpus": 64}, "no node has 64 cores"),
        ({"num_cpus": 0}, "num_cpus must be at least 1"),
        ({"concurrency": 0}, "concurrency must be"),
        ({"concurrency": (3, 2)}, "concurrency must be"),
        ({"memory_bytes": 1000}, "too few"),
    ]:
        with pytest.raises(ValueError, match=match):
            tokenize_corpus_on_ray(folder, out, tokenizer=tokenizer, **wrong)
    with pytest.raises(ValueError, match="standard input"):
        tokenize_corpus_on_ray("-", out, tokenizer=tokenizer)
    with pytest.raises(RuntimeError, match="is connected to the cluster"):
        tokenize_corpus_on_ray(folder, out, tokenizer=tokenizer, address="127.0.0.1:1")


@pytest.mark.slow
def test_another_version_on_a_node(cluster, tmp_path, folder, tokenizer, monkeypatch):
    import bytestride.ray

    monkeypatch.setattr(bytestride.ray, "__version__", "0.0.7")
    with pytest.raises(ValueError, match=r"begun with 0\.0\.7; install the same"):
        bytestride.ray.tokenize_corpus_on_ray(folder, tmp_path / "out", tokenizer=tokenizer)


def test_errors_that_do_not_travel_say_what_they_said():
    pytest.importorskip("ray.data")
    from bytestride.ray import _packed

    class LocalError(Exception):
        def __init__(self, a, b):
            super().__init__(f"{a} and {b}")
            self.lock = threading.Lock()

    said = pickle.loads(_packed(LocalError(1, 2), 3))
    assert type(said) is RuntimeError
    assert str(said) == "LocalError: 1 and 2"


def test_a_bad_document_travels():
    reject = Reject(0, 5, "broken-json", "no", b"{")
    error = BadDocumentError.__new__(BadDocumentError, "in.jsonl, at 5")
    error.reject = reject
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reject) == ("in.jsonl, at 5", reject)
