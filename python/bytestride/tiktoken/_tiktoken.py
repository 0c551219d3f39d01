"""`CoreBPE`, which in tiktoken is compiled: the core's engine with tiktoken's arguments and errors.

Where tiktoken panics, which no `except Exception` catches, this raises ValueError or gives the ids.
Where two special tokens begin at the same place, the longest that is allowed is taken; tiktoken's
choice among them is that of a hash table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

from bytestride import _core
from bytestride.definition import AddedToken
from bytestride.published import PATTERNS
from bytestride.splitting import KNOWN_PATTERNS, make_splitter
from bytestride.tiktoken import _unstable
from bytestride.tiktoken._arguments import (
    check_bytes,
    check_names,
    check_text,
    check_type,
    rank_of,
    ranks_of,
)
from bytestride.tiktoken._vocabulary import Vocabulary

# What the core scans by itself, and what leaves no character out: tiktoken drops those.
_SCANNED: Final = KNOWN_PATTERNS - {PATTERNS["deepseek_v3"]}
_MAX_SPECIAL_ID: Final = 1 << 24  # the core's tables are as long as the largest id


class _NoticesPatches(type):
    """Whether a method was replaced, so that nobody goes round the replacement."""

    def __setattr__(cls, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name != "is_patched":
            super().__setattr__("is_patched", True)


class CoreBPE(metaclass=_NoticesPatches):
    """Byte pair encoding of texts, with tiktoken's rules.

    Parameters
    ----------
    encoder : dict[bytes, int]
        Mergeable tokens and their ranks.
    special_tokens_encoder : dict[str, int]
        Special tokens and their ids.
    pattern : str
        The regular expression whose matches are the pieces. What it does not match is dropped.

    Raises
    ------
    ValueError
        The pattern does not compile or cannot be followed exactly; two tokens share a rank.
    """

    is_patched = False
    vocabulary: Vocabulary
    specials: dict[str, int]
    # From a text to what the pattern matches in it.
    pieces_of: Callable[[str], list[bytes] | list[str]]
    # None where the core cannot go the whole way.
    engine: _core.Engine | None
    _special_bytes: dict[int, bytes]

    def __init__(
        self, encoder: dict[bytes, int], special_tokens_encoder: dict[str, int], pattern: str
    ) -> None:
        self._set_up(Vocabulary.from_ranks(encoder), special_tokens_encoder, pattern, stacklevel=2)

    @classmethod
    def from_vocabulary(
        cls,
        vocabulary: Vocabulary,
        special_tokens: dict[str, int],
        pattern: str,
        *,
        stacklevel: int,
    ) -> CoreBPE:
        """Make one from ranks that the core has already."""
        self = cls.__new__(cls)
        self._set_up(vocabulary, special_tokens, pattern, stacklevel=stacklevel + 1)
        return self

    def _set_up(
        self, vocabulary: Vocabulary, special_tokens: object, pattern: object, *, stacklevel: int
    ) -> None:
        check_type(special_tokens, dict, "dict")
        assert isinstance(special_tokens, dict)
        for content in special_tokens:
            check_text(content)
        specials = {content: rank_of(token_id) for content, token_id in special_tokens.items()}
        check_text(pattern)
        assert isinstance(pattern, str)
        fields: dict[str, Any] = {
            "vocabulary": vocabulary,
            "specials": specials,
            "pieces_of": _pieces_of(pattern, stacklevel + 1),
            "engine": _engine(vocabulary, specials, pattern),
            # The first of two contents that share an id is what it decodes to.
            "_special_bytes": {i: content.encode() for content, i in reversed(specials.items())},
        }
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value
        self.__dict__["is_patched"] = True

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'builtins.CoreBPE' object")

    # Encoding

    def encode_ordinary(self, text: str) -> list[int]:
        """Ids of a text in which special tokens are ordinary text."""
        check_text(text)
        if self.engine is not None:
            return self.engine.encode_ordinary(text)
        return self.vocabulary.encode_pieces(self.pieces_of(text))

    def encode(self, text: str, allowed_special: set[str]) -> list[int]:
        """Ids of a text in which the allowed special tokens become their ids."""
        check_text(text)
        check_names(allowed_special)
        if self.engine is not None:
            return self.engine.encode(text, allowed_special=allowed_special, disallowed_special=())
        ids: list[int] = []
        for segment, special in self.segments(text, allowed_special):
            ids += self.vocabulary.encode_pieces(self.pieces_of(segment))
            if special is not None:
                ids.append(self.specials[special])
        return ids

    def encode_to_tiktoken_buffer(self, text: str, allowed_special: set[str]) -> memoryview:
        """As `encode`, as a read-only buffer of uint32."""
        check_text(text)
        check_names(allowed_special)
        if self.engine is not None:
            ids = self.engine.encode_to_numpy(
                text, allowed_special=allowed_special, disallowed_special=()
            )
        else:
            ids = np.array(self.encode(text, allowed_special), np.uint32)
        return read_only(ids)

    def _encode_bytes(self, bytes: bytes) -> list[int]:
        """Ids of any bytes."""
        check_bytes(bytes)
        return _unstable.encode_bytes(self, bytes)

    def encode_with_unstable(
        self, text: str, allowed_special: set[str]
    ) -> tuple[list[int], list[list[int]]]:
        """Ids that more text will not change, and what the rest may become."""
        check_text(text)
        check_names(allowed_special)
        return _unstable.encode_with_unstable(self, text, allowed_special)

    def encode_single_token(self, piece: bytes) -> int:
        """Id of the token, mergeable or special, with these bytes; KeyError if there is none."""
        check_bytes(piece)
        rank = self.vocabulary.rank_of(piece)
        if rank is not None:
            return rank
        try:
            return self.specials[piece.decode()]
        except (UnicodeDecodeError, KeyError):
            raise KeyError(piece) from None

    def encode_single_piece(self, piece: bytes) -> list[int]:
        """Ids of bytes that are not split."""
        check_bytes(piece)
        return self.vocabulary.encode_piece(piece)

    def segments(
        self, text: str, allowed_special: Iterable[str]
    ) -> Iterator[tuple[str, str | None]]:
        """Yield stretches of ordinary text, each with the special token behind it, or None."""
        wanted = frozenset(name for name in allowed_special if name and name in self.specials)
        begin = 0
        if wanted:
            for match in _longest_of(wanted).finditer(text):
                yield text[begin : match.start()], match.group()
                begin = match.end()
        yield text[begin:], None

    # Decoding

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Bytes of ids; KeyError for an id that is no token's."""
        if self.engine is not None and type(tokens) in (list, tuple, np.ndarray):
            try:
                return self.engine.decode_bytes(tokens)
            except (LookupError, TypeError, ValueError, OverflowError):
                pass  # the rest finds out what tiktoken says
        ids = ranks_of(tokens)
        if self.engine is not None:
            try:
                return self.engine.decode_bytes(ids)
            except KeyError:
                pass
        parts = []
        for token in ids:
            part = self._bytes_of(token)
            if part is None:
                raise KeyError(f"Invalid token for decoding: {token}")
            parts.append(part)
        return b"".join(parts)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Bytes of one id; KeyError if it is no token's."""
        token = rank_of(token)
        part = self._bytes_of(token)
        if part is None:
            raise KeyError(str(token))
        return part

    def _bytes_of(self, token: int) -> bytes | None:
        part = self.vocabulary.token_bytes(token)
        return self._special_bytes.get(token) if part is None else part

    def token_byte_values(self) -> list[bytes]:
        """All mergeable tokens, in the order of their bytes."""
        return [token for token, _ in self.vocabulary.sorted_tokens]


def _engine(vocabulary: Vocabulary, specials: dict[str, int], pattern: str) -> _core.Engine | None:
    """Make the engine that does everything at once, where the core can do it exactly."""
    if not vocabulary.is_plain or pattern not in _SCANNED or "" in specials:
        return None
    if max(specials.values(), default=0) > _MAX_SPECIAL_ID:
        return None
    # Of an id that a special token shares with a mergeable one, tiktoken gives the latter's bytes.
    if any(vocabulary.token_bytes(i) not in (None, c.encode()) for c, i in specials.items()):
        return None
    added = [AddedToken(content, token_id) for content, token_id in specials.items()]
    splitter = make_splitter(pattern, added, dialect="rust", stacklevel=None)
    return _core.Engine(vocabulary.vocab, splitter, True)


def _pieces_of(pattern: str, stacklevel: int) -> Callable[[str], list[bytes] | list[str]]:
    # This checks the pattern, and warns where it is a foreign one.
    splitter = make_splitter(pattern, [], dialect="rust", stacklevel=stacklevel + 1)
    if pattern in _SCANNED:
        return splitter.pieces
    from bytestride.splitting.external_pattern import compile_matches

    spans_of = compile_matches(pattern, dialect="rust")
    return lambda text: [text[begin:end] for begin, end in spans_of(text)]


def read_only(ids: npt.NDArray[np.uint32]) -> memoryview:
    """Give a buffer of the ids that nobody can write to."""
    return memoryview(ids).toreadonly()  # type: ignore[arg-type] # a buffer, as Python sees it


@lru_cache(maxsize=128)
def _longest_of(contents: frozenset[str]) -> re.Pattern[str]:
    """Make a pattern of the leftmost of these texts, the longest where several begin."""
    return re.compile("|".join(map(re.escape, sorted(contents, key=len, reverse=True))))
