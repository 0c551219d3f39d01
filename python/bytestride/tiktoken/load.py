"""Files of ranks: fetched once, kept, checked by their hash.

As in tiktoken: ``TIKTOKEN_CACHE_DIR``, then ``DATA_GYM_CACHE_DIR``, names the folder that files are
kept in, under the SHA-1 of their address; an empty name means none. Where neither is set it is a
folder of the user's own (`vocab_files.user_folder`), since anyone may write into the shared folder
for temporary files that tiktoken takes. A published vocabulary that bytestride finds elsewhere on
this machine, by its hash, is not fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bytestride import published, vocab_files
from bytestride.formats import bytelevel
from bytestride.formats.files import write_file
from bytestride.tiktoken import _gpt2_files
from bytestride.vocab_store import make_user_folder

_TIMEOUT_SECONDS = 60
_NO_BLOBFILE = "blobfile is not installed. Please install it by running `pip install blobfile`."


def read_file(blobpath: str) -> bytes:
    """Read a local file, fetch one by HTTP, or read any other address with `blobfile`.

    Raises
    ------
    ImportError
        `blobfile` is needed and not installed.
    OSError
        There is no such file, or it could not be fetched.
    """
    if "://" not in blobpath:
        return Path(blobpath).read_bytes()
    if blobpath.startswith(("http://", "https://")):
        from urllib.request import urlopen

        with urlopen(blobpath, timeout=_TIMEOUT_SECONDS) as response:
            data: bytes = response.read()
            return data
    try:
        import blobfile
    except ImportError as error:
        raise ImportError(_NO_BLOBFILE) from error
    content: bytes = blobfile.read_bytes(blobpath)
    return content


def check_hash(data: bytes, expected_hash: str) -> bool:
    """Whether a SHA-256, in hex, is that of the data."""
    return hashlib.sha256(data).hexdigest() == expected_hash


def read_file_cached(blobpath: str, expected_hash: str | None = None) -> bytes:
    """Read a file from where it is kept, or fetch and keep it.

    Raises
    ------
    ConnectionError
        It could not be fetched; the message says which file to put where.
    ValueError
        What was fetched has another hash.
    OSError
        It could not be kept in the folder that a variable names.
    """
    folder = cache_folder()
    if folder == "":
        return _at_hand(blobpath, expected_hash) or _fetch(blobpath, expected_hash, None)
    path = Path(folder or vocab_files.user_folder()) / _cache_name(blobpath)
    kept = _kept(path, is_named=folder is not None)
    if kept is not None:
        if expected_hash is None or check_hash(kept, expected_hash):
            return kept
        with suppress(OSError):  # it will be written over
            path.unlink()
    at_hand = _at_hand(blobpath, expected_hash)
    if at_hand is not None and folder is None:
        return at_hand
    data = _fetch(blobpath, expected_hash, path) if at_hand is None else at_hand
    try:
        if folder is None:
            make_user_folder()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    except OSError:
        if folder is not None and at_hand is None:
            raise
    return data


def _kept(path: Path, *, is_named: bool) -> bytes | None:
    """Content of a file in a folder, None where it is not there."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if is_named:
            raise
        return None


def cache_folder() -> str | None:
    """Folder that a variable names, "" for none at all; None where no variable is set."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            return os.environ[variable]
    return None


def _cache_name(blobpath: str) -> str:
    return hashlib.sha1(blobpath.encode()).hexdigest()


def _at_hand(blobpath: str, expected_hash: str | None) -> bytes | None:
    """Content of another file of this machine that has the hash."""
    if expected_hash is None:
        return None
    for file in published.FILES.values():
        if file.sha256 == expected_hash:
            found, _ = vocab_files.look_for(file)
            return found.content if found else _gpt2_files.rebuild(file)
    # tiktoken's own default. Others may write there, but not what has the hash.
    shared = Path(tempfile.gettempdir()) / "data-gym-cache" / _cache_name(blobpath)
    try:
        data = shared.read_bytes()
    except OSError:
        return None
    return data if check_hash(data, expected_hash) else None


def _fetch(blobpath: str, expected_hash: str | None, path: Path | None) -> bytes:
    try:
        data = read_file(blobpath)
    except OSError as error:
        if "://" not in blobpath:
            raise
        raise ConnectionError(
            f"{blobpath} could not be fetched ({error}). {_remedy(blobpath, expected_hash, path)}"
        ) from error
    if expected_hash and not check_hash(data, expected_hash):
        raise ValueError(
            f"Hash mismatch for data downloaded from {blobpath} (expected {expected_hash}). "
            f"This may indicate a corrupted download. Please try again."
        )
    return data


def _remedy(blobpath: str, expected_hash: str | None, path: Path | None) -> str:
    for file in published.FILES.values():
        if file.sha256 == expected_hash:
            return vocab_files.remedy(file)
    if path is None:
        return "Give the path of a local file, or let TIKTOKEN_CACHE_DIR name a folder."
    what = f" (SHA-256 {expected_hash})" if expected_hash else ""
    return f"Put that file{what} at {path}."


def data_gym_to_mergeable_bpe_ranks(
    vocab_bpe_file: str,
    encoder_json_file: str,
    vocab_bpe_hash: str | None = None,
    encoder_json_hash: str | None = None,
    clobber_one_byte_tokens: bool = False,
) -> dict[bytes, int]:
    """Read ranks from GPT-2's two files, merges and ids, which must agree.

    Parameters
    ----------
    vocab_bpe_file, encoder_json_file : str
        Addresses or paths of the files.
    vocab_bpe_hash, encoder_json_hash : str, optional
        SHA-256 of each, in hex.
    clobber_one_byte_tokens : bool
        Take the ids of single bytes from `encoder_json_file`; otherwise they are 0 to 255.

    Raises
    ------
    AssertionError
        The files do not agree.
    """
    merges = read_file_cached(vocab_bpe_file, vocab_bpe_hash).decode()
    ids = json.loads(read_file_cached(encoder_json_file, encoder_json_hash))
    ranks = {bytes((byte,)): rank for rank, byte in enumerate(bytelevel.BYTES_IN_ORDER)}
    # The first line is the version, and the last one ends with a newline.
    for rank, line in enumerate(merges.split("\n")[1:-1], len(ranks)):
        left, right = line.split()
        ranks[bytelevel.to_bytes(left + right)] = rank
    ids_of_bytes = {bytelevel.to_bytes(token): token_id for token, token_id in ids.items()}
    for special in (b"<|endoftext|>", b"<|startoftext|>"):
        ids_of_bytes.pop(special, None)
    if clobber_one_byte_tokens:
        ranks |= {token: token_id for token, token_id in ids_of_bytes.items() if len(token) == 1}
    assert ranks == ids_of_bytes
    return ranks


def dump_tiktoken_bpe(bpe_ranks: dict[bytes, int], tiktoken_bpe_file: str) -> None:
    """Write ranks to a `.tiktoken` file, in their order; `blobfile` is needed for an address.

    Raises
    ------
    ImportError
        `blobfile` is needed and not installed.
    """
    data = b"".join(
        base64.b64encode(token) + b" %d\n" % rank
        for token, rank in sorted(bpe_ranks.items(), key=lambda item: item[1])
    )
    if "://" not in tiktoken_bpe_file:
        write_file(tiktoken_bpe_file, data)
        return
    try:
        import blobfile
    except ImportError as error:
        raise ImportError(_NO_BLOBFILE) from error
    with blobfile.BlobFile(tiktoken_bpe_file, "wb") as file:
        file.write(data)


def load_tiktoken_bpe(tiktoken_bpe_file: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """Read ranks from a `.tiktoken` file.

    Parameters
    ----------
    tiktoken_bpe_file : str
        Its address or path.
    expected_hash : str, optional
        SHA-256 of the file, in hex.

    Raises
    ------
    ValueError
        A line is not base64 and a number; the message shows it.
    """
    data = read_file_cached(tiktoken_bpe_file, expected_hash)
    result = {}
    for line in data.splitlines():
        if not line:
            continue
        try:
            token, rank = line.split()
            result[base64.b64decode(token)] = int(rank)
        except Exception as error:
            raise ValueError(f"Error parsing line {line!r} in {tiktoken_bpe_file}") from error
    return result
