"""Where the mirror of tiktoken takes files from, and where it keeps them."""

import hashlib
import json
import os
import stat
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bytestride import published, tiktoken
from bytestride.formats import bytelevel
from bytestride.tiktoken import _gpt2_files, load

CONTENT = b"IQ== 0\nIg== 1\n"
HASH = hashlib.sha256(CONTENT).hexdigest()
GPT2 = {
    "vocab_bpe_file": "https://example.org/vocab.bpe",
    "encoder_json_file": "https://example.org/encoder.json",
    "vocab_bpe_hash": published.FILES["vocab.bpe"].sha256,
    "encoder_json_hash": published.FILES["encoder.json"].sha256,
}


@pytest.fixture
def server(nowhere, monkeypatch):
    """A server on this machine that gives `CONTENT`, and a list of what it was asked."""
    monkeypatch.setattr(urllib.request, "_opener", None)  # it may have been made with a proxy
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/ranks" else 404)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        monkeypatch.setenv("no_proxy", "*")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/ranks", asked
        http.shutdown()
        thread.join()


def cache_name(address):
    return hashlib.sha1(address.encode()).hexdigest()


def test_a_file_is_fetched_once_into_a_folder_of_the_users_own(server, nowhere):
    address, asked = server
    assert load.load_tiktoken_bpe(address, HASH) == {b"!": 0, b'"': 1}
    assert load.read_file_cached(address, HASH) == CONTENT
    assert load.read_file_cached(address) == CONTENT
    assert asked == ["/ranks"]
    folder = nowhere / "cache" / "bytestride"
    assert [path.name for path in folder.iterdir()] == [cache_name(address)]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not (nowhere / "temporary").exists()


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_a_variable_names_the_folder(server, nowhere, monkeypatch, variable):
    address, _ = server
    monkeypatch.setenv(variable, str(nowhere / "mine" / "deep"))
    if variable == "TIKTOKEN_CACHE_DIR":  # goes before the other
        monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(nowhere / "not this"))
    load.read_file_cached(address, HASH)
    assert (nowhere / "mine" / "deep" / cache_name(address)).read_bytes() == CONTENT
    assert not (nowhere / "not this").exists()
    assert not (nowhere / "cache").exists()


def test_an_empty_name_keeps_nothing(server, nowhere, monkeypatch):
    address, asked = server
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    for _ in range(2):
        assert load.read_file_cached(address, HASH) == CONTENT
    assert len(asked) == 2
    assert not (nowhere / "cache").exists()


def test_a_kept_file_with_another_hash_is_fetched_again(server, nowhere):
    address, asked = server
    kept = nowhere / "cache" / "bytestride" / cache_name(address)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"another")
    assert load.read_file_cached(address, HASH) == CONTENT
    assert kept.read_bytes() == CONTENT
    kept.write_bytes(b"without a hash, what is there is taken")
    assert load.read_file_cached(address) == kept.read_bytes()
    assert len(asked) == 1


def test_what_is_fetched_is_checked(server, nowhere):
    address, _ = server
    with pytest.raises(ValueError, match=r"Hash mismatch for data downloaded from .* \(expected 0"):
        load.read_file_cached(address, "0" * 64)
    assert not (nowhere / "cache").exists()


def test_the_shared_folder_is_read_by_hash_and_never_written(server, nowhere):
    address, asked = server
    shared = nowhere / "temporary" / "data-gym-cache"
    shared.mkdir(parents=True)
    (shared / cache_name(address)).write_bytes(b"from somebody else")
    assert load.read_file_cached(address, HASH) == CONTENT
    assert len(asked) == 1
    other = address.replace("ranks", "gone")
    (shared / cache_name(other)).write_bytes(CONTENT)
    assert load.read_file_cached(other, HASH) == CONTENT
    # Without a hash nothing tells whose it is.
    with pytest.raises(ConnectionError, match="404"):
        load.read_file_cached(other)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_default_folder_that_cannot_be_written_is_no_error(server, nowhere, monkeypatch):
    address, _ = server
    closed = nowhere / "closed"
    closed.mkdir(mode=0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(closed))
    assert load.read_file_cached(address, HASH) == CONTENT
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(closed / "mine"))
    with pytest.raises(PermissionError):
        load.read_file_cached(address, HASH)


def test_a_default_folder_that_is_a_file_is_no_error(server, nowhere, monkeypatch):
    address, _ = server
    (nowhere / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere / "file"))
    assert load.read_file_cached(address, HASH) == CONTENT
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(nowhere / "file" / "mine"))
    with pytest.raises(OSError, match="file"):
        load.read_file_cached(address, HASH)


def test_what_cannot_be_fetched_says_what_to_put_where(nowhere, no_network):
    with pytest.raises(ConnectionError) as caught:
        tiktoken.get_encoding("cl100k_base")
    message = str(caught.value)
    record = published.PUBLISHED["cl100k_base"]
    for part in (record.file_name, record.sha256, "no network for https://", "vocab add",
                 str(nowhere / "cache" / "bytestride"), "BYTESTRIDE_VOCAB_DIR"):  # fmt: skip
        assert part in message
    address = "https://example.org/ranks"
    with pytest.raises(ConnectionError) as caught:
        load.read_file_cached(address, HASH)
    kept = nowhere / "cache" / "bytestride" / cache_name(address)
    assert f"Put that file (SHA-256 {HASH}) at {kept}." in str(caught.value)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT)
    assert load.read_file_cached(address, HASH) == CONTENT


def test_what_the_message_says_helps(nowhere, no_network, vocab_file):
    record = published.PUBLISHED["cl100k_base"]
    folder = nowhere / "cache" / "bytestride"
    folder.mkdir(parents=True)
    (folder / record.file_name).write_bytes(vocab_file("cl100k_base").read_bytes())
    assert tiktoken.get_encoding("cl100k_base").encode("hello world") == [15339, 1917]


def test_a_cache_that_a_variable_names_is_filled_from_what_is_at_hand(
    with_vocabularies, nowhere, monkeypatch
):
    # As whoever builds an image expects: the folder holds what tiktoken needs.
    folder = nowhere / "image"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    for name in ("gpt2", "p50k_edit"):
        tiktoken.get_encoding(name)
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    expected = [published.FILES[n] for n in ("vocab.bpe", "encoder.json", "p50k_base.tiktoken")]
    assert files == {file.cache_name: file.sha256 for file in expected}


def test_a_cache_that_cannot_be_filled_is_no_error_where_nothing_was_fetched(
    with_vocabularies, nowhere, monkeypatch
):
    (nowhere / "file").write_bytes(b"")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(nowhere / "file" / "cache"))
    assert tiktoken.get_encoding("r50k_base").encode("hello world") == [31373, 995]


def test_without_a_home_nothing_is_kept(server, monkeypatch):
    address, asked = server
    monkeypatch.delenv("XDG_CACHE_HOME")

    def no_home():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", no_home)
    for _ in range(2):
        assert load.read_file_cached(address, HASH) == CONTENT
    assert len(asked) == 2


def test_files_of_gpt2_are_rebuilt(with_vocabularies):
    for name in ("vocab.bpe", "encoder.json"):
        file = published.FILES[name]
        assert hashlib.sha256(_gpt2_files.rebuild(file)).hexdigest() == file.sha256
    assert _gpt2_files.rebuild(published.FILES["r50k_base.tiktoken"]) is None
    ranks = load.data_gym_to_mergeable_bpe_ranks(**GPT2)
    encoding = tiktoken.get_encoding("gpt2")
    assert list(ranks.items()) == list(encoding._mergeable_ranks.items())
    assert encoding.n_vocab == 50257


def test_gpt2_from_its_own_files_alone(with_vocabularies, nowhere, monkeypatch):
    folder = nowhere / "cache" / "bytestride"
    folder.mkdir(parents=True)
    for name in ("vocab.bpe", "encoder.json"):
        (folder / name).write_bytes(_gpt2_files.rebuild(published.FILES[name]))
    monkeypatch.delenv("BYTESTRIDE_VOCAB_DIR")
    assert tiktoken.get_encoding("gpt2").encode("hello world") == [31373, 995]
    with pytest.raises(ConnectionError, match=r"r50k_base\.tiktoken"):
        tiktoken.get_encoding("r50k_base")


def test_files_of_gpt2_must_agree(nowhere, tmp_path):
    (tmp_path / "merges").write_text("#version: 0.2\n! !\n")
    ids = {token: i for i, token in enumerate(sorted(bytelevel.ALPHABET))} | {
        "!!": 256,
        "<|endoftext|>": 257,
    }

    def ranks(ids, **options):
        path = tmp_path / f"ids{len(list(tmp_path.iterdir()))}"
        path.write_text(json.dumps(ids))
        return load.data_gym_to_mergeable_bpe_ranks(str(tmp_path / "merges"), str(path), **options)

    assert ranks(ids)[b"!!"] == 256
    swapped = ids | {"!": 1, '"': 0}
    with pytest.raises(AssertionError):
        ranks(swapped)
    assert ranks(swapped, clobber_one_byte_tokens=True)[b'"'] == 0
    with pytest.raises(AssertionError):
        ranks(ids | {"!!": 300})


def test_local_files_are_read_where_they_lie(nowhere, tmp_path):
    path = tmp_path / "ranks"
    path.write_bytes(CONTENT)
    assert load.read_file(str(path)) == CONTENT
    with pytest.raises(FileNotFoundError):
        load.read_file_cached(str(tmp_path / "none"))


def test_other_addresses_need_blobfile(monkeypatch, nowhere, tmp_path):
    monkeypatch.setitem(sys.modules, "blobfile", None)
    with pytest.raises(ImportError, match="pip install blobfile"):
        load.read_file("az://folder/ranks")
    with pytest.raises(ImportError, match="pip install blobfile"):
        load.dump_tiktoken_bpe({}, "az://folder/ranks")


def test_dumping_and_loading(nowhere, tmp_path):
    path = str(tmp_path / "ranks")
    ranks = {b"b": 1, b"a": 0, b"\xff": 7}
    load.dump_tiktoken_bpe(ranks, path)
    assert Path(path).read_bytes() == b"YQ== 0\nYg== 1\n/w== 7\n"
    assert load.load_tiktoken_bpe(path) == ranks
    (tmp_path / "odd").write_bytes(b"\nYg==\t1\n\nYQ== 0")
    assert list(load.load_tiktoken_bpe(str(tmp_path / "odd")).items()) == [(b"b", 1), (b"a", 0)]
    (tmp_path / "wrong").write_bytes(b"YQ== 0\nYg== x\n")
    with pytest.raises(ValueError, match=r"Error parsing line b'Yg== x' in .*wrong"):
        load.load_tiktoken_bpe(str(tmp_path / "wrong"))


def test_check_hash():
    assert load.check_hash(CONTENT, HASH)
    assert not load.check_hash(CONTENT, HASH.upper())
