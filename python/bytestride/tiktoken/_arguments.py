"""Arguments as tiktoken's compiled module takes them: the same types, the same messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, Final, TypeGuard

from bytestride import _core

_TOO_LARGE: Final = "Python int too large to convert to C long"
_OUT_OF_RANGE: Final = "out of range integral type conversion attempted"
MAX_RANK: Final = 2**32 - 1


def check_type(value: object, expected: type | tuple[type, ...], name: str) -> None:
    """TypeError unless the value is an instance of the expected type."""
    if not isinstance(value, expected):
        raise TypeError(f"{_what(value)} is not an instance of '{name}'")


def check_text(value: object) -> None:
    """TypeError for what is no str, UnicodeEncodeError for a str with a surrogate."""
    check_type(value, str, "str")
    assert isinstance(value, str)
    if not value.isascii():
        value.encode()


def check_names(value: object) -> None:
    """Errors unless the value is a set of str without surrogates."""
    check_type(value, (set, frozenset), "set")
    assert isinstance(value, set | frozenset)
    for name in value:
        check_text(name)


def check_bytes(value: object) -> None:
    """TypeError unless the value is bytes."""
    check_type(value, bytes, "bytes")


def rank_of(value: object, largest: int = MAX_RANK) -> int:
    """Turn an integer of any kind into an int from 0 to `largest`; OverflowError beyond."""
    number = index(value)  # type: ignore[arg-type]
    if not -(2**63) <= number < 2**63:
        raise OverflowError(_TOO_LARGE)
    if not 0 <= number <= largest:
        raise OverflowError(_OUT_OF_RANGE)
    return number


def ranks_of(values: object) -> list[int]:
    """Turn a sequence of integers into a list of ids."""
    return [rank_of(value) for value in _items(values)]


def token_of(key: object) -> bytes:
    """Turn a key of the ranks into bytes: bytes, or a sequence of integers below 256."""
    if isinstance(key, bytes):
        return key
    return bytes(rank_of(value, 255) for value in _items(key))


def thread_count(num_threads: Any) -> int | None:
    """Check a number of threads as `ThreadPoolExecutor` does; more than the cores are of no use."""
    if num_threads is None:
        return None
    if num_threads <= 0:
        raise ValueError("max_workers must be greater than 0")
    return max(1, int(min(num_threads, _core.usable_cores())))


def are_all_str(values: Sequence[object]) -> TypeGuard[Sequence[str]]:
    """Tell whether all values are str, of no class derived from it."""
    return set(map(type, values)) <= {str}


def _items(values: object) -> Iterable[object]:
    if isinstance(values, str):
        raise TypeError("Can't extract `str` to `Vec`")
    if isinstance(values, dict) or not hasattr(type(values), "__getitem__"):
        raise TypeError(f"{_what(values)} is not an instance of 'Sequence'")
    return iter(values)  # type: ignore[call-overload, no-any-return]


def _what(value: object) -> str:
    return "'None'" if value is None else f"'{type(value).__name__}' object"
