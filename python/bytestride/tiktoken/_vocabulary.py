"""Mergeable tokens and their ranks, as the core has them: one piece of text to ids, and back.

The core wants every single byte to be a token and ids without large holes. Ranks that are not so
are numbered anew for it, 0 to n - 1 in their order, with the missing bytes behind: a byte by itself
is no product of a merge, so that merging goes as it would without them, and a piece in which one
is left over is one that tiktoken panics on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride import _core
from bytestride.tiktoken._arguments import MAX_RANK, check_type, rank_of, token_of


class Vocabulary:
    """Mergeable tokens with their ranks; immutable.

    Parameters
    ----------
    table : _core.TokenTable
        The tokens as the core numbers them.
    vocab : _core.Vocab, optional
        What the core makes of them, where it is at hand.
    ranks : list of int, optional
        The rank of each token of the table, where the core numbers them otherwise; tokens behind
        its end are bytes that have none.
    empty_rank : int, optional
        The rank of the empty token, which is never found by merging.
    """

    def __init__(
        self,
        table: _core.TokenTable,
        vocab: _core.Vocab | None = None,
        *,
        ranks: list[int] | None = None,
        empty_rank: int | None = None,
    ) -> None:
        self.table = table
        self.vocab = _core.Vocab(table, None) if vocab is None else vocab
        self._ranks = None if ranks is None else np.array(ranks, np.int64)
        self._empty_rank = empty_rank

    @classmethod
    def from_ranks(cls, encoder: object) -> Vocabulary:
        """Read a dict of bytes to ranks.

        Raises
        ------
        TypeError, OverflowError
            As tiktoken's.
        ValueError
            Two tokens share a rank (tiktoken panics), or one has the rank 2^32 - 1, which it takes
            for none.
        """
        token_of_rank = _token_of_rank(encoder)
        empty_rank = next((rank for rank, token in token_of_rank.items() if not token), None)
        if empty_rank is not None:
            del token_of_rank[empty_rank]
        tokens = list(token_of_rank.values())
        present = set(tokens)
        missing = [token for byte in range(256) if (token := bytes((byte,))) not in present]
        # The core's tables are as long as the largest id.
        if not missing and max(token_of_rank) < 8 * len(tokens) + 65536 and empty_rank is None:
            return cls(_table(tokens, list(token_of_rank)))
        in_order = sorted(token_of_rank)
        tokens = [token_of_rank[rank] for rank in in_order] + missing
        return cls(_table(tokens, range(len(tokens))), ranks=in_order, empty_rank=empty_rank)

    @property
    def is_plain(self) -> bool:
        """Whether the core's ids are the ranks."""
        return self._ranks is None

    @property
    def max_rank(self) -> int:
        """The largest rank, where the core's ids are the ranks."""
        return self.vocab.max_id

    @cached_property
    def sorted_tokens(self) -> list[tuple[bytes, int]]:
        """All tokens with their ranks, in the order of their bytes."""
        return sorted(self.to_dict().items())

    def to_dict(self) -> dict[bytes, int]:
        """Make a dict of bytes to ranks, in the order of the ranks."""
        if self._ranks is None:
            return dict(zip(self.table.all_bytes(), self.table.arrays()[2].tolist(), strict=True))
        # Bytes without a rank stand behind the end of the ranks.
        result = dict(zip(self.table.all_bytes(), self._ranks.tolist(), strict=False))
        if self._empty_rank is not None:
            result[b""] = self._empty_rank
        return result

    @cached_property
    def bytes_of_rank(self) -> dict[int, bytes]:
        """Rank to bytes."""
        return {rank: token for token, rank in self.to_dict().items()}

    def rank_of(self, token: bytes) -> int | None:
        """Rank of the token with these bytes, if there is one."""
        if not token:
            return self._empty_rank
        number = self.table.id_of(token)
        if self._ranks is None or number is None:
            return number
        return int(self._ranks[number]) if number < len(self._ranks) else None

    def token_bytes(self, rank: int) -> bytes | None:
        """Bytes of the token with this rank, if there is one."""
        return self.table.bytes_of(rank) if self._ranks is None else self.bytes_of_rank.get(rank)

    def starting_with(self, prefix: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the tokens that start with these bytes, with their ranks, in their order."""
        tokens = self.sorted_tokens
        for i in range(bisect_left(tokens, (prefix, -1)), len(tokens)):
            if not tokens[i][0].startswith(prefix):
                return
            yield tokens[i]

    # Pieces: a piece that is a token becomes it; another one is merged.

    def encode_piece(self, piece: bytes) -> list[int]:
        """Ranks of one piece."""
        if not piece:
            return [self._rank_of_empty()]
        if self._ranks is None:
            return self._whole_first.encode_bytes(piece)
        return self._to_ranks(np.array(self._whole_first.encode_bytes(piece), np.int64), [piece])

    def encode_pieces(self, pieces: Sequence[bytes | str]) -> list[int]:
        """Ranks of many pieces, one after the other."""
        if not all(pieces):
            return [*chain.from_iterable(map(self.encode_piece, map(_as_bytes, pieces)))]
        ids = self._whole_first._encode_flat(pieces, None, 1, None)[0]
        return ids.tolist() if self._ranks is None else self._to_ranks(ids, pieces)

    def merge_pieces(self, pieces: Sequence[bytes]) -> list[list[int]]:
        """Ranks of each of many pieces, merged even where the piece is a token itself."""
        rows = self._merges_only.encode_batch(pieces, num_threads=1, disallowed_special=())
        if self._ranks is None:
            return rows
        return [
            self._to_ranks(np.array(row, np.int64), [piece])
            for row, piece in zip(rows, pieces, strict=True)
        ]

    @cached_property
    def _whole_first(self) -> _core.Engine:
        return _core.Engine(self.vocab, _core.Splitter([], [], None), True)

    @cached_property
    def _merges_only(self) -> _core.Engine:
        return _core.Engine(self.vocab, _core.Splitter([], [], None), False)

    def _rank_of_empty(self) -> int:
        if self._empty_rank is None:
            raise ValueError(
                "a piece is empty, and the empty token is not in the vocabulary; let the pattern "
                "need a character"
            )
        return self._empty_rank

    def _to_ranks(self, ids: npt.NDArray[Any], pieces: Iterable[bytes | str]) -> list[int]:
        assert self._ranks is not None
        if ids.size and ids.max() >= len(self._ranks):
            missing = self.table.bytes_of(int(ids.max()))
            piece = next(p for p in map(_as_bytes, pieces) if missing is not None and missing in p)
            shown = piece if len(piece) <= 40 else piece[:40] + b"..."
            raise ValueError(
                f"the piece {shown!r} cannot be encoded: the byte {missing!r} is no token and does "
                "not merge; add it to the ranks"
            )
        ranks: list[int] = self._ranks[ids].tolist()
        return ranks


def _as_bytes(piece: bytes | str) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece


def _token_of_rank(encoder: object) -> dict[int, bytes]:
    """Check the ranks and turn them round."""
    check_type(encoder, dict, "dict")
    assert isinstance(encoder, dict)
    if not (set(map(type, encoder)) <= {bytes} and set(map(type, encoder.values())) <= {int}):
        encoder = {token_of(token): rank_of(rank) for token, rank in encoder.items()}
    token_of_rank = dict(zip(encoder.values(), encoder, strict=True))
    if len(token_of_rank) != len(encoder):
        token, rank = next((t, r) for t, r in encoder.items() if token_of_rank[r] != t)
        raise ValueError(
            f"Encoder and decoder must be of equal length. Encoder length: {len(encoder)}, "
            f"decoder length: {len(token_of_rank)}.\nMaybe you had duplicate token indices in your "
            f"encoder? {token!r} and {token_of_rank[rank]!r} both have rank {rank}"
        )
    if token_of_rank:
        rank_of(min(token_of_rank))
        if rank_of(max(token_of_rank)) == MAX_RANK:
            raise ValueError(
                f"{token_of_rank[MAX_RANK]!r} has the rank {MAX_RANK}, which stands for no rank; "
                "take a smaller one"
            )
    return token_of_rank


def _table(tokens: Sequence[bytes], ids: Iterable[int]) -> _core.TokenTable:
    offsets = np.zeros(len(tokens) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, tokens), np.int64, len(tokens)), out=offsets[1:])
    return _core.TokenTable(b"".join(tokens), offsets, np.fromiter(ids, np.uint32, len(tokens)))
