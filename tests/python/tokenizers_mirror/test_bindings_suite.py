"""The tokenizers library's own tests of its Python binding, unmodified, run with the mirror.

They come from its source distribution: the unpacked folder `BYTESTRIDE_TOKENIZERS_SDIST` names,
or else the archive that pip finds. Which tests are left out, and why, stands here.
"""

import os
import re
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import pytest
import tokenizers

import bytestride

pytestmark = pytest.mark.slow

VERSION = "0.23.3"
ROOT = Path(__file__).resolve().parents[3]
LEFT_OUT = {
    "tests/test_benchmarks.py": "measures, and needs files from the Hub",
    "tests/bindings/test_trainers.py::TestParityBpeTrainer::test_train_from_iterator": (
        "a function of the library that takes its own tokenizers only"
    ),
    "tests/bindings/test_trainers.py::TestParityBpeTrainer::test_train_from_iterator_with_dev": (
        "the same"
    ),
    "tests/bindings/test_trainers.py::TestParityBpeTrainer::test_train_from_iterator_with_ratio": (
        "the same"
    ),
    "tests/bindings/test_trainers.py::TestParityBpeTrainer::"
    "test_train_iterators_dev_iterators_length_mismatch": "the same",
}


@pytest.fixture(scope="module")
def binding(tmp_path_factory):
    """Give the folder of the binding and its tests, or skip."""
    named = os.environ.get("BYTESTRIDE_TOKENIZERS_SDIST")
    if named:
        return Path(named) / "bindings" / "python"
    if tokenizers.__version__ != VERSION:
        pytest.skip(f"tokenizers {tokenizers.__version__} is installed, not {VERSION}")
    folder = tmp_path_factory.mktemp("tokenizers")
    # pip would build the package's metadata, which needs Rust; only its address is wanted.
    command = ["download", "-vv", "--no-deps", "--no-binary=tokenizers", f"--dest={folder}"]
    found = subprocess.run(
        [sys.executable, "-m", "pip", *command, f"tokenizers=={VERSION}"],
        capture_output=True,
        text=True,
        check=False,
    )
    addresses = re.findall(rf"https?://\S*/tokenizers-{VERSION}\.tar\.gz", found.stdout)
    if not addresses:
        pytest.skip(
            f"no source distribution of tokenizers {VERSION}; unpack one and let "
            "BYTESTRIDE_TOKENIZERS_SDIST name it"
        )
    archive = folder / "tokenizers.tar.gz"
    urllib.request.urlretrieve(addresses[0], archive)
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / f"tokenizers-{VERSION}" / "bindings" / "python"


def test_the_suite_passes(binding):
    left_out = [f"--deselect={name}" if "::" in name else f"--ignore={name}" for name in LEFT_OUT]
    paths = [ROOT / "tests" / "shims", Path(bytestride.__file__).parents[1]]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "HF_HUB_OFFLINE": "1",
    }
    options = ["-q", "-p", "tokenizers_mirror", "--import-mode=append", "-m", "not network"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *left_out, "-W", "ignore", "tests"],
        cwd=binding,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 140
