"""Plugins of tiktoken in the mirror's registry, with tiktoken there and without."""

import subprocess
import sys

import pytest

PLUGIN = """
from tiktoken.load import load_tiktoken_bpe
from tiktoken.core import Encoding

def tiny():
    from tiktoken import get_encoding
    import tiktoken.registry
    ranks = {bytes((byte,)): byte for byte in range(256)}
    return {"name": "tiny", "pat_str": r"[a-z]+", "mergeable_ranks": ranks, "special_tokens": {}}

ENCODING_CONSTRUCTORS = {"tiny": tiny}
"""
# Without the packages of this environment there is no tiktoken, but numpy and regex are needed.
WITHOUT_TIKTOKEN = """
import sys
class NoTiktoken:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tiktoken":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoTiktoken())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "tiktoken" else found(name, *a)
"""
USE = """
import warnings
warnings.simplefilter("ignore")
from bytestride import tiktoken
print(tiktoken.list_encoding_names())
print(tiktoken.get_encoding("tiny").encode("ab, c"))
print("tiktoken" in sys.modules)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a program with plugins, each a module of `tiktoken_ext`; give what it prints."""

    def run(program, **plugins):
        for name, text in plugins.items():
            path = tmp_path / "tiktoken_ext" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        program = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{program}"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        return (done.stdout or done.stderr.splitlines()[-1]).splitlines()

    return run


@pytest.mark.parametrize("without", [True, False])
def test_a_plugin_is_found(run, without):
    names, ids, is_imported = run((WITHOUT_TIKTOKEN if without else "") + USE, mine=PLUGIN)
    assert "'cl100k_base'" in names
    assert "'tiny'" in names
    assert ids == "[97, 98, 99]"
    if without:
        assert is_imported == "False"


def test_errors_of_plugins(run):
    show = """
from bytestride import tiktoken
for _ in range(2):
    try:
        tiktoken.list_encoding_names()
    except ValueError as error:
        print(error)
"""
    lines = run(show, zz_empty="")
    message = "tiktoken plugin tiktoken_ext.zz_empty does not define ENCODING_CONSTRUCTORS"
    assert lines == [message] * 2
    lines = run(show, zz_empty="ENCODING_CONSTRUCTORS = {'gpt2': dict}")
    # In which of the two it is found again is a matter of the order of folders.
    assert len(lines) == 2
    assert lines[0].startswith("Duplicate encoding name gpt2 in tiktoken plugin tiktoken_ext.")


def test_plugins_are_named_where_an_encoding_is_unknown(run):
    lines = run(
        WITHOUT_TIKTOKEN + "from bytestride import tiktoken\n"
        "try: tiktoken.get_encoding('zz')\nexcept ValueError as error: print(error)",
        mine=PLUGIN,
    )
    assert lines[0] == "Unknown encoding zz."
    assert "tiktoken_ext.openai_public" in lines[1]
    assert "tiktoken_ext.mine" in lines[1]
    assert lines[2] == "tiktoken version: 0.14.0 (are you on latest?)"
