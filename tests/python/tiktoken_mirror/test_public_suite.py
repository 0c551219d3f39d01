"""tiktoken's own tests, as its source distribution has them, run against the mirror.

They come from the folder that `BYTESTRIDE_TIKTOKEN_SDIST` names (the distribution, unpacked), or
from the package index. Two of them start other processes, so a folder on the path gives the mirror
tiktoken's name (`tests/shims`).
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import bytestride

VERSION = "0.14.0"
N_TESTS = 33
ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(bytestride.__file__).resolve().parent
FILES = ("r50k_base", "p50k_base", "cl100k_base", "o200k_base")


@pytest.fixture(scope="session")
def public_tests(tmp_path_factory):
    """A folder that holds nothing but tiktoken's `tests`."""
    folder = tmp_path_factory.mktemp("tiktoken")
    given = os.environ.get("BYTESTRIDE_TIKTOKEN_SDIST")
    if given:
        shutil.copytree(Path(given) / "tests", folder / "tests")
        return folder
    command = ["download", "--quiet", "--no-deps", "--no-binary", "tiktoken"]
    run = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--timeout", "10", "--retries", "1",
         "--dest", folder, f"tiktoken=={VERSION}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    archive = folder / f"tiktoken-{VERSION}.tar.gz"
    if not archive.is_file():
        pytest.skip(
            f"no source distribution of tiktoken {VERSION}; unpack one and let "
            f"BYTESTRIDE_TIKTOKEN_SDIST name it (pip: {run.stderr.strip()[-300:]})"
        )
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            _, _, name = member.name.partition("/")
            if member.isfile() and name.startswith("tests/"):
                member.name = name
                file.extract(member, folder, filter="data")
    return folder


def test_all_of_them_pass(public_tests, vocab_file):
    # As where it is installed. From a source tree, hypothesis would take the texts in it, special
    # tokens among them, on which one of these tests fails with any tiktoken.
    packages = public_tests / "site-packages"
    packages.mkdir()
    (packages / PACKAGE.name).symlink_to(PACKAGE)
    paths = {vocab_file(name).parent for name in FILES}
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_CACHE_DIR")} | {
        "BYTESTRIDE_VOCAB_DIR": str(paths.pop()),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "shims"), str(packages)]),
    }
    environment.pop("TIKTOKEN_MAX_EXAMPLES", None)  # their full strength
    command = ["-m", "pytest", "-q", "--import-mode=append", "-p", "no:cacheprovider", "tests"]
    run = subprocess.run(
        [sys.executable, *command], cwd=public_tests, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    last = run.stdout.strip().splitlines()[-1] if run.stdout.strip() else run.stderr
    assert re.match(rf"{N_TESTS} passed in", last), run.stdout[-4000:] + run.stderr[-2000:]
    probe = "import tiktoken, tiktoken.load; print(tiktoken.__name__, tiktoken.load.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["bytestride.tiktoken", "bytestride.tiktoken.load"]
