"""Every block of docs/clusters.md runs as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import documents_of, encoded, make_folder, random_texts, small_tokenizer

import bytestride
from bytestride import Tokenizer, count_words

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clusters.md").read_text("utf-8")

# Where the package under test lies: the working folder of the blocks is another.
PACKAGES = str(Path(bytestride.__file__).parents[1])

pytestmark = pytest.mark.filterwarnings("ignore")


def blocks(title):
    """The code blocks of a section: language and text of each."""
    (section,) = re.findall(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.M | re.S)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A corpus and a tokenizer in the folder that is the working one, and the corpus's texts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", PACKAGES)
    small_tokenizer().save("tokenizer.json")
    return make_folder(tmp_path / "corpus", 4)


def run_shell(command, monkeypatch):
    """Run a block of sh; `bytestride` is the one under test."""
    code = "import sys; from bytestride.cli import main; sys.exit(main())"
    script = f"""bytestride() {{ '{sys.executable}' -c '{code}' "$@"; }}\n{command}"""
    subprocess.run(["sh", "-ec", script], check=True, timeout=120, env=dict(os.environ))


def test_no_block_is_left_out():
    assert [language for language, _ in blocks("Ray")] == ["python", "sh", "python", "sh"]
    assert [language for language, _ in blocks("Slurm")] == ["sh"]
    assert [language for language, _ in blocks("Spark")] == ["python", "python"]
    assert PAGE.count("```") == 2 * 7


def test_slurm(folder, tmp_path, monkeypatch):
    ((_, command),) = blocks("Slurm")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
    for task in ("1", "0"):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", task)
        run_shell(command, monkeypatch)
    assert documents_of(tmp_path / "store") == encoded(small_tokenizer(), folder)


@pytest.mark.slow
def test_ray(folder, tmp_path, monkeypatch):
    pytest.importorskip("ray.data")
    (_, code), (_, command), (_, counting), (_, training) = blocks("Ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    names: dict[str, object] = {}
    exec(compile(code, "docs/clusters.md", "exec"), names)
    assert documents_of(tmp_path / "store") == encoded(small_tokenizer(), folder)
    shutil.rmtree(tmp_path / "store")
    run_shell(command, monkeypatch)
    assert documents_of(tmp_path / "store") == encoded(small_tokenizer(), folder)
    exec(compile(counting, "docs/clusters.md", "exec"), names)
    assert names["counts"] == count_words(folder, pattern="gpt2")
    run_shell(training, monkeypatch)
    learned = Tokenizer.train(tmp_path / "corpus", 300)
    assert Tokenizer.load("learned.json").definition == learned.definition


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark(tmp_path, monkeypatch):
    import random

    pyspark = pytest.importorskip("pyspark.sql")
    import pyarrow as pa
    import pyarrow.parquet

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", PACKAGES)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    tokenizer = small_tokenizer()
    tokenizer.save("tokenizer.json")
    texts = random_texts(random.Random(5), 3000)
    table = pa.table({"id": list(range(len(texts))), "text": texts})
    pa.parquet.write_table(table, "corpus.parquet")
    (_, function), (_, use) = blocks("Spark")
    builder = pyspark.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.memory", "512m")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "700")
    spark = builder.getOrCreate()
    try:
        # What is defined here Spark sends by value, as it does from a notebook.
        names = {"__name__": "__main__", "spark": spark}
        exec(compile(function, "docs/clusters.md", "exec"), names)
        exec(compile(use, "docs/clusters.md", "exec"), names)
    finally:
        spark.stop()
    found = pa.parquet.read_table("encoded").sort_by("id")
    assert found["id"].to_pylist() == list(range(len(texts)))
    assert found["input_ids"].to_pylist() == encoded(tokenizer, texts)
