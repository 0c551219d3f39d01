"""Files behind URLs, through fsspec: object stores, Hugging Face's hub, memory in tests."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import IO, Any, Final, cast

READ_BYTES: Final = 8 * 1024 * 1024
"""How much one request asks for: stores answer large requests faster than small ones."""


def is_url(name: str) -> bool:
    """Whether a name is a URL and not a path, such as ``s3://bucket/folder``."""
    if "://" not in name:
        return False
    scheme = name.partition("://")[0]
    return scheme.replace("+", "").replace("-", "").isalnum()


def filesystem_of(url: str) -> tuple[Any, str]:
    """Give the file system of a URL, and the path in it.

    Raises
    ------
    ModuleNotFoundError
        There is no fsspec, or no package for the scheme.
    ValueError
        The scheme is unknown.
    """
    scheme = url.partition("://")[0]
    filesystem = _filesystem(scheme)
    return filesystem, filesystem._strip_protocol(url)


@lru_cache(maxsize=32)
def _filesystem(scheme: str) -> Any:  # noqa: ANN401 (fsspec has no types)
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading {scheme}:// needs the package fsspec: pip install 'bytestride[remote]'"
        ) from error
    try:
        return fsspec.filesystem(scheme)
    except ImportError as error:
        raise ModuleNotFoundError(f"reading {scheme}:// needs another package: {error}") from error


def open_url(url: str) -> IO[bytes]:
    """Open a URL for reading from front to back."""
    filesystem, path = filesystem_of(url)
    return cast("IO[bytes]", filesystem.open(path, "rb", block_size=READ_BYTES))


def stat_url(url: str) -> tuple[int, int]:
    """Give the size of a URL's file and when it was last changed: -1 and 0 where unknown.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    filesystem, path = filesystem_of(url)
    return stat_of(filesystem.info(path))


def stat_of(info: dict[str, Any]) -> tuple[int, int]:
    """Read size and time of change out of what a file system says of a file."""
    size = info.get("size")
    changed = next((info[key] for key in _CHANGED if info.get(key)), None)
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    # Stores give no more than milliseconds; a float of seconds holds them, and not nanoseconds.
    mtime = round(changed * 1000) * 1_000_000 if isinstance(changed, int | float) else 0
    return (-1 if size is None else int(size)), mtime


# As s3fs, local and sftp, gcsfs, adlfs and the file system in memory name it.
_CHANGED: Final = ("LastModified", "mtime", "updated", "last_modified", "created")
