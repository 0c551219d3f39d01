"""Vocabularies and stores keep their bytes from release to release."""

import runpy
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def test_bytes_are_those_of_the_first_release(tmp_path):
    runpy.run_path(str(GOLDEN / "regenerate.py"))["write"](tmp_path)
    names = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    expected = sorted(
        p.relative_to(GOLDEN)
        for p in GOLDEN.rglob("*")
        if p.suffix in {".json", ".tiktoken", ".bin", ".idx"}
    )
    assert names == expected
    assert len(names) == 6
    for name in names:
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes(), name
