"""The page "From files to a model": its blocks run as they stand, in order, in one folder."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

from bytestride import open_tokens

PAGE = Path(__file__).parents[2] / "docs" / "from-files-to-a-model.md"

torch = pytest.importorskip("torch")
pytest.importorskip("pyarrow")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the page is for a POSIX shell")


def blocks():
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


def shell(script, commands):
    """Run a block by a shell in which `bytestride` is this Python's; give what it printed."""
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def one_thread():
    """So small a model gains nothing by a second, and waits for it where the cores are taken."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_the_page(tmp_path, monkeypatch):
    commands, folder = tmp_path / "bin", tmp_path / "here"
    commands.mkdir()
    folder.mkdir()
    command = commands / "bytestride"
    # By exec, so that what a block kills is the command itself.
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bytestride "$@"\n')
    command.chmod(0o755)
    here = os.environ.get("PYTHONPATH")
    if here:  # relative ones are of the folder that the tests began in
        monkeypatch.setenv(
            "PYTHONPATH", os.pathsep.join(map(os.path.abspath, here.split(os.pathsep)))
        )
    monkeypatch.chdir(folder)

    names: dict[str, object] = {}
    said = []
    for kind, block in blocks():
        assert kind in ("python", "sh")
        if kind == "sh":
            said.append(shell(block, commands))
        else:
            exec(compile(block, str(PAGE), "exec"), names)

    assert len([text for text in said if "the same bytes" in text]) == 2
    texts, losses = names["texts"], names["losses"]
    with open_tokens("tokens", verify=True) as store:
        assert store.n_documents == len(texts)
        assert len(store.shards) > 1
        n_tokens = store.n_tokens
    sources = [json.loads(line) for line in Path("tokens/sources.jsonl").read_text().splitlines()]
    assert sum(source["documents"] for source in sources) == len(texts)
    assert sum(source["tokens"] for source in sources) == n_tokens
    assert sum(source["rejects"] for source in sources) == 1
    assert sum(source["text_bytes"] for source in sources) == sum(len(t.encode()) for t in texts)
    assert names["reject"]["reason"] == "broken-json"
    assert Path("report.html").stat().st_size > 1000

    assert len(losses) == 80
    assert abs(losses[0] - math.log(1024)) < 0.7  # it begins knowing nothing
    assert mean(losses[-10:]) < mean(losses[:10]) - 0.5
    assert mean(losses[-10:]) < losses[0] - 1
    before, after = names["held_out_losses"]
    assert after < before - 0.8


def test_the_model_is_short():
    (model,) = [block for kind, block in blocks() if "class GPT" in block]
    assert len(model.splitlines()) < 60
