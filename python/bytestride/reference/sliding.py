"""Windows over a sequence of tokens."""

from __future__ import annotations

from collections.abc import Sequence


def window_starts(n_tokens: int, max_length: int, stride: int) -> list[int]:
    """First positions of the windows over a sequence of tokens.

    A window takes ``max_length + 1`` tokens, for its last target lies one behind its inputs.
    ValueError where `n_tokens` is negative, or `max_length` or `stride` below 1.
    """
    if n_tokens < 0:
        raise ValueError(f"n_tokens must not be negative, but is {n_tokens}")
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, but is {max_length}")
    if stride < 1:
        raise ValueError(f"stride must be at least 1, but is {stride}")
    return list(range(0, n_tokens - max_length, stride))


def windows(
    tokens: Sequence[int], max_length: int, stride: int
) -> list[tuple[list[int], list[int]]]:
    """Cut the inputs and targets of every window: targets are the inputs moved on by one token."""
    result = []
    for start in window_starts(len(tokens), max_length, stride):
        end = start + max_length
        result.append((list(tokens[start:end]), list(tokens[start + 1 : end + 1])))
    return result
