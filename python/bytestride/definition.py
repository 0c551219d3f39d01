"""What a tokenizer is: its tokens, merges, pattern and added tokens, as plain checked data.

Readers of file formats and the trainer make a `Definition`; the engine and the writers take one.
What can be wrong with a vocabulary is found here, once, whatever file it came from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from bytestride import _core

MAX_ID: Final = 2**31 - 1  # ids fit int32, the widest type that token stores and trainers share


@dataclass(frozen=True)
class AddedToken:
    """A text that becomes one id before any splitting.

    Tokens are found leftmost first and then longest. The flags are those of Hugging Face's
    tokenizers and mean what they mean there (version 0.23); `normalized` is False by default, also
    for tokens that are not special.

    A special token that the caller does not allow is not looked for at all, and its flags do
    nothing. One that is refused raises wherever its content stands in the raw text, whatever its
    flags. One that is allowed is matched like any other added token.

    Attributes
    ----------
    content : str
        The text.
    id : int
        Its id.
    special : bool
        Special tokens are matched only where the caller allows them; the others always.
    lstrip, rstrip : bool
        The token takes the white space (White_Space) before or after it, which gives no ids then.
        White space that the token before it took stays with that one.
    single_word : bool
        The token is matched only where the characters beside it are no word characters: letters,
        marks, decimal digits, letter-like numbers and signs, connectors and joiners (the word class
        of Rust's regular expressions, Unicode 16). Elsewhere its text is ordinary text, in which no
        shorter token is looked for.
    normalized : bool
        The token is looked for in a second round: in the normalised text between the tokens of the
        first round, by its normalised content.
    """

    content: str
    id: int
    special: bool = True
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False

    def flags(self) -> tuple[str, ...]:
        """Names of the flags that are set, `special` aside."""
        names = ("lstrip", "rstrip", "single_word", "normalized")
        return tuple(name for name in names if getattr(self, name))


@dataclass(frozen=True)
class Source:
    """The document that a definition was read from, kept so that saving it loses nothing."""

    kind: Literal["tokenizer.json", "tiktoken"]
    data: bytes = field(repr=False)


@dataclass(frozen=True, eq=False)
class Definition:
    """A tokenizer as data. To change one, make another with `dataclasses.replace`.

    Definitions are equal when they are the same tokenizer: `source` and `name` do not count.

    Attributes
    ----------
    tokens : dict[int, bytes]
        Ordinary tokens: id to bytes. All 256 single bytes are there; ids may have holes.
    merges : uint32 array of shape (m, 2), or None
        Pairs of ids (left, right) in rank order, Hugging Face's rule: the product is the token
        whose bytes are the concatenation. None is tiktoken's rule: neighbours merge when their
        concatenation is a token, lowest id first. A list of pairs is accepted and becomes an array.
    pattern : str
        The regular expression whose matches are the pretokens.
    added_tokens : tuple[AddedToken, ...]
        Two contents may share an id (o200k_harmony has such a pair); the first is what the id
        decodes to. An id may be that of an ordinary token only where the bytes are the same.
    whole_pieces : bool
        A pretoken that is itself a token becomes that token before any merge (tiktoken's rule;
        Hugging Face's ignore_merges).
    normalizer : "NFC" or None
        Normal form of the text between added tokens.
    source : Source or None
        The document it was read from.
    name : str or None
        The published name, where it has one.

    Raises
    ------
    ValueError
        The parts do not make a tokenizer; the message says which id, token or merge is wrong.
    """

    tokens: dict[int, bytes] = field(repr=False)
    merges: npt.NDArray[np.uint32] | None = field(repr=False)
    pattern: str
    added_tokens: tuple[AddedToken, ...] = field(default=(), repr=False)
    whole_pieces: bool = False
    normalizer: str | None = None
    source: Source | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        id_of = _check_tokens(self.tokens)
        if self.merges is not None:
            object.__setattr__(self, "merges", _check_merges(self.merges, self.tokens, id_of))
        object.__setattr__(self, "added_tokens", tuple(self.added_tokens))
        _check_added_tokens(self.added_tokens, self.tokens)
        if not isinstance(self.pattern, str) or not self.pattern:
            raise ValueError(f"pattern must be a regular expression text, not {self.pattern!r}")
        if self.normalizer not in (None, "NFC"):
            raise ValueError(f"normalizer must be None or 'NFC', not {self.normalizer!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Definition):
            return NotImplemented
        if (self.merges is None) != (other.merges is None):
            return False
        return (
            self.pattern == other.pattern
            and self.whole_pieces == other.whole_pieces
            and self.normalizer == other.normalizer
            and self.added_tokens == other.added_tokens
            and self.tokens == other.tokens
            and (self.merges is None or np.array_equal(self.merges, other.merges))  # type: ignore[arg-type]
        )

    # The dict and the array in it can change under a hash; fingerprint() is the key to use.
    __hash__ = None  # type: ignore[assignment]

    def token_arrays(self) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Ordinary tokens in the order of their ids, as flat arrays.

        Returns
        -------
        token_bytes : bytes
            All tokens, end to end.
        token_offsets : int64 array of shape (n_tokens + 1,)
            Token i is ``token_bytes[token_offsets[i]:token_offsets[i + 1]]``.
        token_ids : uint32 array of shape (n_tokens,)
            Ascending ids.
        """
        ids = sorted(self.tokens)
        values = [self.tokens[token_id] for token_id in ids]
        offsets = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, values), np.int64, len(ids)), out=offsets[1:])
        return b"".join(values), offsets, np.array(ids, np.uint32)

    def vocab(self) -> _core.Vocab:
        """Build the engine's vocabulary from the tokens and merges."""
        from bytestride import _core

        return _core.Vocab(*self.token_arrays(), self.merges)

    def fingerprint(self) -> str:
        """SHA-256, in hex, over a canonical form of everything that changes ids.

        The same on every machine, whatever order the tokens were given in; `name` and `source` are
        not in it.
        """
        token_bytes, offsets, ids = self.token_arrays()
        rest = {
            "added_tokens": sorted(
                (t.content, t.id, t.special, *t.flags()) for t in self.added_tokens
            ),
            "normalizer": self.normalizer,
            "pattern": self.pattern,
            "whole_pieces": self.whole_pieces,
        }
        digest = hashlib.sha256(b"bytestride definition 1\n")
        for part in (
            ids.astype("<u4").tobytes(),
            offsets.astype("<i8").tobytes(),
            token_bytes,
            b"none" if self.merges is None else b"rows" + self.merges.astype("<u4").tobytes(),
            json.dumps(rest, sort_keys=True).encode("ascii"),
        ):
            # Lengths first, so that bytes cannot move from one part to the next unseen.
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()


def _check_tokens(tokens: dict[int, bytes]) -> dict[bytes, int]:
    """Check ids and bytes of the ordinary tokens; returns bytes to id."""
    if set(map(type, tokens)) - {int}:
        wrong = next(token_id for token_id in tokens if type(token_id) is not int)
        raise ValueError(f"token id {wrong!r} is not an integer")
    if tokens and (min(tokens) < 0 or max(tokens) > MAX_ID):
        wrong = next(token_id for token_id in tokens if not 0 <= token_id <= MAX_ID)
        raise ValueError(f"token id {wrong} is outside 0..{MAX_ID}")
    if set(map(type, tokens.values())) - {bytes}:
        wrong = next(token_id for token_id, value in tokens.items() if type(value) is not bytes)
        raise ValueError(f"token id {wrong} is {tokens[wrong]!r}, which is not bytes")
    id_of = {value: token_id for token_id, value in tokens.items()}
    if len(id_of) != len(tokens):
        wrong = next(token_id for token_id, value in tokens.items() if id_of[value] != token_id)
        value = tokens[wrong]
        raise ValueError(f"token {value!r} has two ids, {wrong} and {id_of[value]}")
    if b"" in id_of:
        raise ValueError(f"token id {id_of[b'']} is empty")
    missing = [byte for byte in range(256) if bytes((byte,)) not in id_of]
    if missing:
        raise ValueError(
            f"{len(missing)} of the 256 single bytes have no token (the first is byte "
            f"0x{missing[0]:02x}), so some texts could not be encoded; train with all 256 bytes as "
            "the initial alphabet"
        )
    return id_of


def _check_merges(
    merges: npt.ArrayLike, tokens: dict[int, bytes], id_of: dict[bytes, int]
) -> npt.NDArray[np.uint32]:
    """Check that merges are pairs of tokens, each once, that make a token; returns an array."""
    pairs = np.asarray(merges)
    if pairs.size == 0:
        pairs = np.zeros((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"merges must be integers of shape (m, 2), not {pairs.dtype} of shape {pairs.shape}"
        )
    ids = np.fromiter(tokens, np.int64, len(tokens))
    order = np.argsort(ids)
    ids = ids[order]
    values = np.fromiter(tokens.values(), object, len(tokens))[order]
    # A search among ids without holes gives the id itself; files have 2 merges for a token.
    rows = pairs if ids[-1] == len(ids) - 1 else np.searchsorted(ids, pairs)
    rows = np.clip(rows, 0, len(ids) - 1)
    unknown = np.argwhere(ids[rows] != pairs)
    if unknown.size:
        row, side = unknown[0]
        raise ValueError(f"merge {row} refers to id {pairs[row, side]}, which is no ordinary token")
    parts = values[rows]
    products = (parts[:, 0] + parts[:, 1]).tolist()
    if not all(map(id_of.__contains__, products)):
        row = next(row for row, product in enumerate(products) if product not in id_of)
        raise ValueError(
            f"merge {row}, ids {tuple(pairs[row].tolist())}, makes {products[row]!r}, which is no "
            "token"
        )
    codes = np.sort(pairs[:, 0].astype(np.uint64) << np.uint64(32) | pairs[:, 1].astype(np.uint64))
    repeated = codes[1:][codes[1:] == codes[:-1]]
    if repeated.size:
        pair = (int(repeated[0]) >> 32, int(repeated[0]) & 0xFFFFFFFF)
        raise ValueError(f"the merge of ids {pair} stands twice in the list")
    result: npt.NDArray[np.uint32] = np.array(pairs, np.uint32, order="C")
    result.flags.writeable = False
    return result


def _check_added_tokens(added: tuple[AddedToken, ...], tokens: dict[int, bytes]) -> None:
    """Check contents and ids of the added tokens."""
    contents = set()
    for token in added:
        if not isinstance(token.content, str) or not token.content:
            raise ValueError(f"an added token's content must be a text, not {token.content!r}")
        if token.content in contents:
            raise ValueError(f"added token {token.content!r} stands twice in the list")
        contents.add(token.content)
        try:
            data = token.content.encode()
        except UnicodeEncodeError:
            raise ValueError(f"added token {token.content!r} holds a lone surrogate") from None
        if type(token.id) is not int or not 0 <= token.id <= MAX_ID:
            raise ValueError(
                f"added token {token.content!r} has id {token.id!r}, outside 0..{MAX_ID}"
            )
        if tokens.get(token.id, data) != data:
            raise ValueError(
                f"added token {token.content!r} has id {token.id}, which is that of the ordinary "
                f"token {tokens[token.id]!r}"
            )
