"""Published names, against tiktoken's own table; and the search for their files."""

import hashlib
import shutil
from pathlib import Path

import pytest
import regex

from bytestride import _core, formats, published, vocab_files
from bytestride.published import GPT2_TIKTOKEN, PATTERNS, PUBLISHED


def test_patterns_are_known_to_the_engine_and_are_regular_expressions():
    for name, text in {**PATTERNS, "r50k": GPT2_TIKTOKEN}.items():
        assert (("gpt2" if name == "r50k" else name), text) in _core.known_patterns()
        # Classes are intersected with && in version 1 of that library's syntax only.
        found = regex.findall(text, "It's 1234 x  y\n z", flags=regex.V1 if "&&" in text else 0)
        assert "".join(found) == "It's 1234 x  y\n z"


@pytest.mark.parametrize("name", PATTERNS)
def test_a_name_stands_for_its_text(name):
    assert published.resolve_pattern(name) == PATTERNS[name]
    assert published.resolve_pattern(PATTERNS[name]) == PATTERNS[name]


@pytest.mark.parametrize("name", ["", "gpt5", "cl100k_base", "GPT2", "llama-3"])
def test_an_unknown_name_is_not_taken_for_a_regular_expression(name):
    with pytest.raises(ValueError, match="no known pattern; the names are gpt2, cl100k"):
        published.resolve_pattern(name)


def test_anything_else_is_a_regular_expression():
    assert published.resolve_pattern(r"\w+") == r"\w+"
    assert published.resolve_pattern(".") == "."
    with pytest.raises(TypeError, match="must be a str, not bytes"):
        published.resolve_pattern(b"gpt2")


@pytest.mark.parametrize("name", PUBLISHED)
def test_records_are_those_of_tiktoken(name, monkeypatch):
    public = pytest.importorskip("tiktoken_ext.openai_public")
    asked = []

    def load(address, expected_hash):
        asked.append((address, expected_hash))
        return {}

    monkeypatch.setattr(public, "load_tiktoken_bpe", load)
    monkeypatch.setattr(public, "data_gym_to_mergeable_bpe_ranks", lambda **_: {})
    facts = public.ENCODING_CONSTRUCTORS[name]()
    record = PUBLISHED[name]
    assert record.pattern == facts["pat_str"]
    assert dict(record.special_tokens) == facts["special_tokens"]
    if name == "gpt2":  # its own two files are in another form
        assert record.sha256 == PUBLISHED["r50k_base"].sha256
        return
    [(address, expected_hash)] = asked
    assert record.sha256 == expected_hash
    assert record.file_name == address.rsplit("/", 1)[1]
    assert record.cache_name == hashlib.sha1(address.encode()).hexdigest()


def test_files_of_gpt2_are_those_of_tiktoken(monkeypatch):
    public = pytest.importorskip("tiktoken_ext.openai_public")
    asked = {}
    monkeypatch.setattr(public, "data_gym_to_mergeable_bpe_ranks", lambda **kw: asked.update(kw))
    public.gpt2()
    for name, argument in (("vocab.bpe", "vocab_bpe"), ("encoder.json", "encoder_json")):
        file, address = published.FILES[name], asked[f"{argument}_file"]
        assert address.endswith("/" + name)
        assert file.sha256 == asked[f"{argument}_hash"]
        assert file.cache_name == hashlib.sha1(address.encode()).hexdigest()


def test_all_of_tiktokens_names_are_here():
    public = pytest.importorskip("tiktoken_ext.openai_public")
    assert set(PUBLISHED) == set(public.ENCODING_CONSTRUCTORS)


def test_of_two_names_for_an_id_the_one_tiktoken_decodes_to_is_first():
    specials = PUBLISHED["o200k_harmony"].special_tokens
    names = [content for content, token_id in specials.items() if token_id == 200018]
    assert names == ["<|endofprompt|>", "<|reserved_200018|>"]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No vocabulary anywhere: every folder that is looked at is an empty one under tmp_path."""
    for variable in ("BYTESTRIDE_VOCAB_DIR", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path


FOLDERS = [
    "BYTESTRIDE_VOCAB_DIR",
    "TIKTOKEN_CACHE_DIR",
    "DATA_GYM_CACHE_DIR",
    "temporary/data-gym-cache",
    "cache/bytestride",
]


def test_the_message_lists_every_path_looked_at(nowhere):
    with pytest.raises(FileNotFoundError) as caught:
        vocab_files.find("cl100k_base")
    message = str(caught.value)
    record = PUBLISHED["cl100k_base"]
    places = [
        str(nowhere / folder / name)
        for folder in FOLDERS
        for name in (record.file_name, record.cache_name)
    ]
    assert [line.split()[0] for line in message.splitlines()[1:]] == places
    assert message.count("(not there)") == 10
    assert record.sha256 in message.splitlines()[0]


def test_empty_and_missing_variables_are_no_folders(nowhere, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    monkeypatch.delenv("DATA_GYM_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(nowhere / "home"))
    with pytest.raises(FileNotFoundError) as caught:
        vocab_files.find("r50k_base")
    folders = [str(Path(line.split()[0]).parent) for line in str(caught.value).splitlines()[1::2]]
    assert folders == [
        str(nowhere / "BYTESTRIDE_VOCAB_DIR"),
        str(nowhere / "temporary/data-gym-cache"),
        str(nowhere / "home/.cache/bytestride"),
    ]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", ["r50k_base", "gpt2"])
def test_a_file_is_found_under_both_names(nowhere, folder, name, vocab_file):
    source = vocab_file("r50k_base")
    record = PUBLISHED[name]
    for file_name in (record.file_name, record.cache_name):
        path = nowhere / folder / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
        assert vocab_files.find(name) == path
        definition = formats.load(name)
        assert (definition.name, len(definition.tokens)) == (name, 50256)
        path.unlink()


def test_a_file_with_another_content_is_passed_over(nowhere):
    folder = nowhere / "BYTESTRIDE_VOCAB_DIR"
    folder.mkdir()
    (folder / "p50k_base.tiktoken").write_bytes(b"IQ== 0\n")
    (folder / PUBLISHED["p50k_base"].cache_name).mkdir()
    actual = hashlib.sha256(b"IQ== 0\n").hexdigest()
    with pytest.raises(FileNotFoundError) as caught:
        vocab_files.find("p50k_base")
    lines = str(caught.value).splitlines()
    assert lines[1].endswith(f"p50k_base.tiktoken (another content: SHA-256 {actual})")
    assert "directory" in lines[2]


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="'p60k' is no published vocabulary; the names are r50k"):
        vocab_files.find("p60k")
    with pytest.raises(FileNotFoundError, match=r"no file 'p60k'.*cl100k_base"):
        formats.load("p60k")


@pytest.mark.parametrize("name", ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"])
def test_a_file_is_known_by_its_content(name, vocab_file):
    path = vocab_file(name)
    data = path.read_bytes()
    assert published.identify(data).name == name
    assert published.identify(data + b"\n") is None


def test_a_file_of_that_name_goes_before_a_published_vocabulary(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("gpt2").mkdir()
    with pytest.raises(IsADirectoryError, match="gpt2 is a directory; give the file in it"):
        formats.load("gpt2")
