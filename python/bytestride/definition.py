"""What a tokenizer is: its tokens, merges, pattern and added tokens, as plain checked data.

Readers of file formats and the trainer make a `Definition`; the engine and the writers take one.
What can be wrong with a vocabulary is found here, once, whatever file it came from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from bytestride import _core
from bytestride.errors import shown
from bytestride.stages import Pattern, as_json, check_pattern
from bytestride.token_map import MAX_ID, TokenMap

if TYPE_CHECKING:
    import numpy.typing as npt


MAX_ADDED_BYTES: Final = 2**22
"""Of all added tokens together: 4 MiB, of which published tokenizers have at most a hundredth. What
finds them in a text takes about 80 bytes of memory for each.
"""


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


SourceKind = Literal["tokenizer.json", "tiktoken", "vocab.json", "tekken.json"]


@dataclass(frozen=True)
class Source:
    """The document that a definition was read from, kept so that saving it loses nothing.

    Attributes
    ----------
    kind : str
        Its format.
    data : bytes
        The content of the file.
    beside : tuple of (str, bytes)
        Names and contents of the other files that it was read with.
    """

    kind: SourceKind
    data: bytes = field(repr=False)
    beside: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class Definition:
    """A tokenizer as data. To change one, make another with `dataclasses.replace`.

    Definitions are equal when they are the same tokenizer: `source` and `name` do not count.

    Attributes
    ----------
    tokens : Mapping[int, bytes]
        Ordinary tokens: id to bytes. All 256 single bytes are there; ids may have holes. Whatever
        mapping was given, it is kept as a read-only `TokenMap`.
    merges : uint32 array of shape (m, 2), or None
        Pairs of ids (left, right) in rank order, Hugging Face's rule: the product is the token
        whose bytes are the concatenation. None is tiktoken's rule: neighbours merge when their
        concatenation is a token, lowest id first. A list of pairs is accepted and becomes an array.
    pattern : str or tuple of stages
        The regular expression whose matches are the pretokens, or splits one after the other
        (`bytestride.stages`). Stages that one expression says become that expression.
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

    tokens: Mapping[int, bytes] = field(repr=False)
    merges: npt.NDArray[np.uint32] | None = field(repr=False)
    pattern: Pattern
    added_tokens: tuple[AddedToken, ...] = field(default=(), repr=False)
    whole_pieces: bool = False
    normalizer: str | None = None
    source: Source | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        tokens = self.tokens if isinstance(self.tokens, TokenMap) else TokenMap(self.tokens)
        object.__setattr__(self, "tokens", tokens)
        _check_bytes(tokens)
        if self.merges is not None:
            merges, vocab = _checked_merges(self.merges, tokens)
            object.__setattr__(self, "merges", merges)
            object.__setattr__(self, "_vocab", vocab)
        object.__setattr__(self, "added_tokens", tuple(self.added_tokens))
        _check_added_tokens(self.added_tokens, tokens)
        object.__setattr__(self, "pattern", check_pattern(self.pattern))
        if self.normalizer not in (None, "NFC"):
            raise ValueError(f"normalizer must be None or 'NFC', not {shown(self.normalizer)}")

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

    # Hashing all tokens would be a slow surprise; fingerprint() is the key to use.
    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        """All but the engine's vocabulary, which is built again when it is asked for."""
        return {key: value for key, value in self.__dict__.items() if key != "_vocab"}

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
        return self._token_map().arrays()

    def vocab(self) -> _core.Vocab:
        """Build the engine's vocabulary from the tokens and merges, at the first call."""
        vocab: _core.Vocab | None = self.__dict__.get("_vocab")
        if vocab is None:
            vocab = _core.Vocab(self._token_map().table, self.merges)
            object.__setattr__(self, "_vocab", vocab)
        return vocab

    def _token_map(self) -> TokenMap:
        assert isinstance(self.tokens, TokenMap)
        return self.tokens

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
            "pattern": as_json(self.pattern),
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


def _check_bytes(tokens: TokenMap) -> None:
    """Check that all 256 single bytes are tokens."""
    missing = [byte for byte in range(256) if tokens.id_of(bytes((byte,))) is None]
    if missing:
        raise ValueError(
            f"{len(missing)} of the 256 single bytes have no token (the first is byte "
            f"0x{missing[0]:02x}), so some texts could not be encoded; train with all 256 bytes as "
            "the initial alphabet"
        )


def _checked_merges(
    merges: npt.ArrayLike, tokens: TokenMap
) -> tuple[npt.NDArray[np.uint32], _core.Vocab | None]:
    """Check that merges are pairs of tokens, each once, that make a token.

    Returns an array of them, and the vocabulary whose making is the check: none where only the
    engine has an objection, such as to the largest id.
    """
    pairs = np.asarray(merges)
    if pairs.size == 0:
        pairs = np.zeros((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"merges must be integers of shape (m, 2), not {pairs.dtype} of shape {pairs.shape}"
        )
    if pairs.size and (pairs.min() < 0 or pairs.max() > MAX_ID):
        _explain_merges(pairs, tokens)
    result: npt.NDArray[np.uint32] = np.array(pairs, np.uint32, order="C")
    result.flags.writeable = False
    try:
        vocab = _core.Vocab(tokens.table, result)
    except ValueError:
        _explain_merges(pairs, tokens)
        vocab = None
    codes = np.sort(pair_codes(result))
    repeated = codes[1:][codes[1:] == codes[:-1]]
    if repeated.size:
        pair = (int(repeated[0]) >> 32, int(repeated[0]) & 0xFFFFFFFF)
        raise ValueError(f"the merge of ids {pair} stands twice in the list")
    return result, vocab


def _explain_merges(pairs: npt.NDArray[Any], tokens: TokenMap) -> None:
    """Raise for the first merge that is not of tokens or makes no token, if there is one."""
    for row, (left, right) in enumerate(pairs.tolist()):
        for token_id in (left, right):
            if token_id not in tokens:
                raise ValueError(f"merge {row} refers to id {token_id}, which is no ordinary token")
        product = tokens[left] + tokens[right]
        if tokens.id_of(product) is None:
            raise ValueError(
                f"merge {row}, ids {(left, right)}, makes {shown(product)}, which is no token"
            )


def pair_codes(pairs: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """One number for each pair of ids: left * 2^32 + right."""
    wide = pairs.astype(np.uint64)
    codes: npt.NDArray[np.uint64] = wide[:, 0] << np.uint64(32) | wide[:, 1]
    return codes


def _check_added_tokens(added: tuple[AddedToken, ...], tokens: TokenMap) -> None:
    """Check contents and ids of the added tokens."""
    contents = set()
    n_bytes = 0
    for token in added:
        if not isinstance(token.content, str) or not token.content:
            raise ValueError(f"an added token's content must be a text, not {shown(token.content)}")
        if token.content in contents:
            raise ValueError(f"added token {shown(token.content)} stands twice in the list")
        contents.add(token.content)
        try:
            data = token.content.encode()
        except UnicodeEncodeError:
            raise ValueError(f"added token {shown(token.content)} holds a lone surrogate") from None
        n_bytes += len(data)
        if n_bytes > MAX_ADDED_BYTES:
            raise ValueError(
                f"added tokens have more than {MAX_ADDED_BYTES:,} bytes together, up to "
                f"{shown(token.content)}; make ordinary tokens of some"
            )
        if type(token.id) is not int or not 0 <= token.id <= MAX_ID:
            raise ValueError(
                f"added token {shown(token.content)} has id {shown(token.id)}, outside 0..{MAX_ID}"
            )
        if tokens.get(token.id, data) != data:
            raise ValueError(
                f"added token {shown(token.content)} has id {token.id}, which is that of the "
                f"ordinary token {shown(tokens[token.id])}"
            )
