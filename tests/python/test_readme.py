"""The README's Python examples run as they stand, one after the other, in one folder."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_examples(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    assert len(examples) >= 3
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(README), "exec"), names)


def test_two_commands():
    text = README.read_text("utf-8")
    assert "pip install . && bytestride demo\n" in text
    assert 'pip install ".[test]" && pytest\n' in text
