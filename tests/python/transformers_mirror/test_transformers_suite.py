"""transformers' own common tests of fast tokenizers, unmodified, run with our classes.

They come from its source distribution: the archive, or an unpacked one, that
`BYTESTRIDE_TRANSFORMERS_SDIST` names, or by `pip download`. What they load by name is a folder made
from the test data. Each skip of theirs has a reason that is listed here.
"""

import os
import subprocess
import sys
import tarfile
import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import transformers

pytestmark = pytest.mark.slow

VERSION = "5.24.0"
MODULES = (
    "test_tokenization_common",
    "test_tokenizers_backend_mixin",
    "test_sentencepiece_backend_mixin",
)
# Class in transformers, and a padding token for the vocabularies that have none.
CASES = {
    "gpt2": ("GPT2Tokenizer", {"pad_token": "<|endoftext|>"}),
    "qwen3": ("Qwen2Tokenizer", {}),
    "llama3": ("PreTrainedTokenizerFast", {"pad_token": "<|end_of_text|>"}),
}
# What they skip with plain transformers too, and why.
SKIPPED = {
    "test_chat_template_save_loading": "needs a class whose __init__ names chat_template",
    "test_conversion_reversible": "transformers marks it slow",
    "test_integration": "ids that a model's own test file lists; here differential tests compare",
    "test_integration_from_extractor": "the same",
}
SUITE = """
    import unittest

    from tests import test_tokenization_common, test_tokenizers_backend_mixin

    import bytestride.tokenizers
    import bytestride.transformers


    class Case:
        tokenizer_class = rust_tokenizer_class = bytestride.transformers.{class_name}
        from_pretrained_id = {folder!r}
        from_pretrained_kwargs = {options!r}

        @classmethod
        def setUpClass(cls):
            # For what the tests load through classes that they import themselves.
            cls.addClassCleanup(bytestride.transformers.patch().unpatch)
            super().setUpClass()

        def test_it_encodes_here(self):
            tokenizer = self.tokenizer_class.from_pretrained(self.tmpdirname)
            self.assertIsInstance(tokenizer._tokenizer, bytestride.tokenizers.Tokenizer)


    class CommonTest(
        Case, test_tokenization_common.TokenizerTesterMixin, unittest.TestCase
    ): ...


    class BackendTest(
        Case, test_tokenizers_backend_mixin.TokenizersBackendTesterMixin, unittest.TestCase
    ): ...
"""


@pytest.fixture(scope="module")
def tests_folder(tmp_path_factory):
    """A folder from which the tests can be imported, or a skip that says what is missing."""
    pytest.importorskip("parameterized", reason="the tests of transformers import parameterized")
    if transformers.__version__ != VERSION:
        pytest.skip(f"transformers {transformers.__version__} is installed, not {VERSION}")
    work = tmp_path_factory.mktemp("suite")
    # They look for this file in the folder above them that has this name.
    fixtures = work / "tests" / "fixtures"
    fixtures.mkdir(parents=True)
    (fixtures / "sample_text.txt").write_text("A text that no test of a tokenizer reads.\n")
    distribution = source_distribution(work)
    for name in MODULES:
        (work / "tests" / f"{name}.py").write_bytes(read(distribution, f"tests/{name}.py"))
    return work


def source_distribution(work):
    named = os.environ.get("BYTESTRIDE_TRANSFORMERS_SDIST")
    if named:
        return Path(named)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary=:all:", f"--dest={work}", f"transformers=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for archive in work.glob("transformers-*.tar.gz"):
        return archive
    pytest.skip(
        f"no source distribution of transformers {VERSION}: set BYTESTRIDE_TRANSFORMERS_SDIST; "
        f"pip download said: {done.stderr.strip()[-300:]}"
    )


def read(distribution, name):
    if distribution.is_dir():
        return (distribution / name).read_bytes()
    with tarfile.open(distribution) as archive:
        return archive.extractfile(f"transformers-{VERSION}/{name}").read()


@pytest.mark.parametrize("vocabulary", list(CASES))
def test_the_suite_passes(vocabulary, tests_folder, pretrained_folder, tmp_path):
    class_name, options = CASES[vocabulary]
    module, report = tmp_path / "test_suite.py", tmp_path / "report.xml"
    folder = str(pretrained_folder(vocabulary))
    text = SUITE.format(class_name=class_name, folder=folder, options=options)
    module.write_text(textwrap.dedent(text))
    paths = [str(tests_folder), *filter(None, sys.path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    done = subprocess.run(
        [*command, "--import-mode=importlib", str(module)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.is_file(), done.stdout + done.stderr
    cases = list(ElementTree.parse(report).iter("testcase"))
    skipped = {case.get("name") for case in cases if case.find("skipped") is not None}
    assert done.returncode == 0, done.stdout[-5000:]
    assert skipped <= SKIPPED.keys()
    assert len(cases) > 60
