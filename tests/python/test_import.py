"""What `import bytestride` costs and brings with it."""

import subprocess
import sys

import bytestride

HEAVY = {
    "torch",
    "pyarrow",
    "regex",
    "rich",
    "ray",
    "transformers",
    "tokenizers",
    "tiktoken",
    "xxhash",
}


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_import_brings_nothing_heavy():
    assert not {*run("import bytestride, sys; print(*sys.modules)")} & {*HEAVY, "numpy"}
    loaded = run("import bytestride, sys; bytestride.Tokenizer; print(*sys.modules)")
    assert "numpy" in loaded
    assert not {*loaded} & HEAVY


def test_import_takes_less_than_30_ms_beyond_numpy():
    code = (
        "import time, numpy; t = time.process_time(); import bytestride; "
        "print(1000 * (time.process_time() - t))"
    )
    assert min(float(run(code)[0]) for _ in range(3)) < 30


def test_all_names_are_there():
    for name in bytestride.__all__:
        assert getattr(bytestride, name) is not None
    assert {*bytestride.__all__} <= {*dir(bytestride)}
    message = run(
        "import bytestride\ntry: bytestride.nothing\nexcept AttributeError as e: print(e)"
    )
    assert message[-1] == "'nothing'"
