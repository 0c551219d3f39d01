"""The ordinary tokens of a vocabulary: id to bytes, kept once, in the engine's own table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from bytestride import _core
from bytestride.errors import shown

if TYPE_CHECKING:
    import numpy.typing as npt

MAX_ID: Final = 2**31 - 1  # ids fit int32, the widest type that token stores and trainers share


class TokenMap(Mapping[int, bytes]):
    """A read-only mapping of ids to bytes, ascending by id; every id and every token once.

    For n tokens it holds their bytes and 32 to 48 bytes a token, shared with every vocabulary that
    is built from it; Python objects are made when they are asked for.

    Parameters
    ----------
    tokens : Mapping[int, bytes] or _core.TokenTable
        Id to bytes.

    Raises
    ------
    ValueError
        Something is no id or no token, or stands twice; the message says which.
    """

    def __init__(self, tokens: Mapping[int, bytes] | _core.TokenTable) -> None:
        self._table = tokens if isinstance(tokens, _core.TokenTable) else _table_of(dict(tokens))

    @property
    def table(self) -> _core.TokenTable:
        """What the engine's vocabulary is built from."""
        return self._table

    def arrays(self) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """All bytes end to end, int64[n + 1] offsets into them, and uint32[n] ascending ids."""
        return self._table.arrays()

    def id_of(self, token: bytes) -> int | None:
        """Id of the token with these bytes, if there is one."""
        return self._table.id_of(token)

    def __getitem__(self, token_id: int) -> bytes:
        token = self._table.bytes_of(token_id) if _is_id(token_id) else None
        if token is None:
            raise KeyError(token_id)
        return token

    def __iter__(self) -> Iterator[int]:
        return iter(self._table.arrays()[2].tolist())

    def __len__(self) -> int:
        return self._table.n_tokens

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TokenMap):
            data, offsets, ids = self.arrays()
            other_data, other_offsets, other_ids = other.arrays()
            return (
                data == other_data
                and np.array_equal(offsets, other_offsets)
                and np.array_equal(ids, other_ids)
            )
        return self.to_dict() == other if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def to_dict(self) -> dict[int, bytes]:
        """Make a dict of id to bytes, faster than ``dict(tokens)``."""
        return dict(zip(self, self._table.all_bytes(), strict=True))

    def __reduce__(self) -> tuple[object, ...]:
        return _from_arrays, self.arrays()

    def __repr__(self) -> str:
        return f"<TokenMap of {len(self)} tokens>"


def _from_arrays(
    token_bytes: bytes, offsets: npt.NDArray[np.int64], ids: npt.NDArray[np.uint32]
) -> TokenMap:
    return TokenMap(_core.TokenTable(token_bytes, offsets, ids))


def _is_id(token_id: object) -> bool:
    # As in a dict: True is 1, and a numpy integer is an integer; 1.0 is not looked for.
    return isinstance(token_id, int | np.integer) and 0 <= int(token_id) <= MAX_ID


def _table_of(tokens: dict[int, bytes]) -> _core.TokenTable:
    if set(map(type, tokens)) - {int}:
        wrong = next(token_id for token_id in tokens if type(token_id) is not int)
        raise ValueError(f"token id {shown(wrong)} is not an integer")
    if tokens and (min(tokens) < 0 or max(tokens) > MAX_ID):
        wrong = next(token_id for token_id in tokens if not 0 <= token_id <= MAX_ID)
        raise ValueError(f"token id {wrong} is outside 0..{MAX_ID}")
    if set(map(type, tokens.values())) - {bytes}:
        wrong = next(token_id for token_id, value in tokens.items() if type(value) is not bytes)
        raise ValueError(f"token id {wrong} is {shown(tokens[wrong])}, which is not bytes")
    id_of = {value: token_id for token_id, value in tokens.items()}
    if len(id_of) != len(tokens):
        wrong = next(token_id for token_id, value in tokens.items() if id_of[value] != token_id)
        value = tokens[wrong]
        raise ValueError(f"token {shown(value)} has two ids, {wrong} and {id_of[value]}")
    if b"" in id_of:
        raise ValueError(f"token id {id_of[b'']} is empty")
    offsets = np.zeros(len(tokens) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, tokens.values()), np.int64, len(tokens)), out=offsets[1:])
    ids = np.fromiter(tokens, np.uint32, len(tokens))
    return _core.TokenTable(b"".join(tokens.values()), offsets, ids)
