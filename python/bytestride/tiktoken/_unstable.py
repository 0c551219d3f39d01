"""What more text could change: completions of an unfinished text, and bytes that end in mid-air.

The rules are those of tiktoken 0.14 (`_encode_unstable_native`, `_encode_bytes` in `src/lib.rs` and
`src/py.rs`), with their simplifications, since the results must be the same: tokens of the last
piece may change, and those of white space before it; whatever token could straddle the end is
tried.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bytestride.tiktoken._tiktoken import CoreBPE
    from bytestride.tiktoken._vocabulary import Vocabulary

_BLANKS = b" \n\t"


def encode_bytes(core: CoreBPE, data: bytes) -> list[int]:
    """Ids of any bytes: what is not UTF-8 any more is merged with the last piece before it."""
    try:
        return core.encode_ordinary(data.decode())
    except UnicodeDecodeError as error:
        n_valid = error.start
    stable, unstable = _cut(core, data[:n_valid].decode(), ())
    rest = unstable + data[n_valid:]
    return stable + core.vocabulary.encode_piece(rest)


def encode_with_unstable(
    core: CoreBPE, text: str, allowed_special: Iterable[str]
) -> tuple[list[int], list[list[int]]]:
    """Ids that more text will not change, and what the bytes behind them may become.

    Each completion is ids whose bytes start with those bytes, or, the last id aside, are a part of
    them. Completions come in no order, each once.
    """
    stable, unstable = _cut(core, text, allowed_special)
    if not unstable:
        return stable, []
    vocabulary = core.vocabulary
    completions = _straddling(core, unstable)
    completions |= {(rank,) for _, rank in vocabulary.starting_with(unstable)}
    if split := _split_before_last_space(vocabulary, unstable):
        completions.add(split)
    return stable, [list(completion) for completion in completions]


def _cut(core: CoreBPE, text: str, allowed_special: Iterable[str]) -> tuple[list[int], bytes]:
    """Ids up to the last piece, and the bytes from there on."""
    ids = core.encode(text, frozenset(allowed_special))  # type: ignore[arg-type]
    *_, (segment, _) = core.segments(text, allowed_special)
    pieces = core.pieces_of(segment)
    # A special token at the end does not change, nor what stands before it.
    if not pieces:
        return ids, b""
    vocabulary = core.vocabulary
    n_unstable = len(vocabulary.encode_pieces(pieces[-1:]))
    if _is_blank(vocabulary, ids[-n_unstable]):
        # White space may join what comes behind it, in whichever piece it was.
        while n_unstable < len(ids) and _is_blank(vocabulary, ids[-n_unstable - 1]):
            n_unstable += 1
    unstable = core.decode_bytes(ids[-n_unstable:])
    return ids[:-n_unstable], unstable


def _is_blank(vocabulary: Vocabulary, rank: int) -> bool:
    token = vocabulary.token_bytes(rank)
    return token is not None and not token.strip(_BLANKS)


def _straddling(core: CoreBPE, unstable: bytes) -> set[tuple[int, ...]]:
    """Encode the bytes with every token that could begin among them and end behind them.

    Of the ids, those are kept that the bytes reach into.
    """
    vocabulary = core.vocabulary
    texts: set[str] = set()
    others: set[bytes] = set()
    for i in range(1, len(unstable)):
        prefix = unstable[:i]
        for token, _ in vocabulary.starting_with(unstable[i:]):
            possibility = prefix + token
            try:
                texts.add(possibility.decode())
            except UnicodeDecodeError:
                others.add(possibility)
    rows = _encode_all(core, list(texts)) + vocabulary.merge_pieces(list(others))
    n_bytes = len(unstable)
    completions = set()
    for row in rows:
        ends = accumulate(len(vocabulary.token_bytes(rank) or b"") for rank in row)
        n_kept = next((n for n, end in enumerate(ends, 1) if end >= n_bytes), len(row))
        completions.add(tuple(row[:n_kept]))
    return completions


def _encode_all(core: CoreBPE, texts: list[str]) -> list[list[int]]:
    if core.engine is not None:
        return core.engine.encode_batch(texts, num_threads=1, disallowed_special=())
    return [core.encode_ordinary(text) for text in texts]


def _split_before_last_space(vocabulary: Vocabulary, unstable: bytes) -> tuple[int, ...] | None:
    """Ids where the last character, white space, is a piece of its own."""
    last = unstable[-4:].decode(errors="replace")[-1:]
    n_last = len(last.encode())
    if len(unstable) <= n_last or not _is_white_space(last) or not unstable.endswith(last.encode()):
        return None
    parts = vocabulary.merge_pieces([unstable[:-n_last], unstable[-n_last:]])
    return (*parts[0], *parts[1])


def _is_white_space(character: str) -> bool:
    # Unlike str.isspace, White_Space lacks the separators U+001C to U+001F.
    return character.isspace() and not "\x1c" <= character <= "\x1f"
