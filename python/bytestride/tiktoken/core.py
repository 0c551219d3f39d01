"""`Encoding`: tiktoken's class over bytestride's engine.

Each method first asks the engine, in one call; only where that cannot be, or raises, does it go
step by step as tiktoken does, and so gives the same error. Replacing `_core_bpe`, a method of it or
a method of this class has the effect that it has there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from bytestride.tiktoken._arguments import are_all_str, check_text, thread_count
from bytestride.tiktoken._tiktoken import CoreBPE, read_only
from bytestride.tiktoken._vocabulary import Vocabulary

if TYPE_CHECKING:
    import re

    import numpy as np
    import numpy.typing as npt

    from bytestride import _core

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_SETS = frozenset({set, frozenset})
_COLLECTIONS = frozenset({set, frozenset, tuple, list})


class Encoding:
    """A vocabulary with its pattern and special tokens: text to ids, and back.

    Parameters
    ----------
    name : str
        What to call it.
    pat_str : str
        The regular expression whose matches are the pieces of a text.
    mergeable_ranks : dict[bytes, int]
        Tokens and their ranks, which are their ids: of neighbours that make a token, those merge
        first whose token has the lowest rank.
    special_tokens : dict[str, int]
        Special tokens and their ids. Where several begin at the same place of a text, the longest
        that is allowed is taken. Where two share an id, the first is what it decodes to.
    explicit_n_vocab : int, optional
        How many tokens there must be, with ids up to one less.

    Raises
    ------
    AssertionError
        The tokens are not as many as `explicit_n_vocab` says.
    ValueError
        The pattern does not compile or cannot be followed exactly; two tokens share a rank.
    """

    # What the engine was found to agree with, and how many names there were.
    _checked: tuple[object, object, int] = (None, None, 0)
    _vocabulary: Vocabulary

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: dict[bytes, int],
        special_tokens: dict[str, int],
        explicit_n_vocab: int | None = None,
    ) -> None:
        self.name = name
        self._pat_str = pat_str
        self._mergeable_ranks = mergeable_ranks
        self._special_tokens = special_tokens
        self.max_token_value = max(
            max(mergeable_ranks.values()), max(special_tokens.values(), default=0)
        )
        if explicit_n_vocab:
            assert len(mergeable_ranks) + len(special_tokens) == explicit_n_vocab
            assert self.max_token_value == explicit_n_vocab - 1
        self._special_token_values = set(special_tokens.values())
        self._core_bpe = CoreBPE.from_vocabulary(
            Vocabulary.from_ranks(mergeable_ranks), special_tokens, pat_str, stacklevel=2
        )

    @classmethod
    def _from_vocabulary(
        cls, name: str, pat_str: str, vocabulary: Vocabulary, special_tokens: dict[str, int]
    ) -> Encoding:
        """Make one from ranks that the core has already; the dict of them is made when read."""
        self = cls.__new__(cls)
        self.name = name
        self._pat_str = pat_str
        self._special_tokens = special_tokens
        self.max_token_value = max(vocabulary.max_rank, *special_tokens.values())
        self._special_token_values = set(special_tokens.values())
        self._vocabulary = vocabulary
        self._core_bpe = CoreBPE.from_vocabulary(vocabulary, special_tokens, pat_str, stacklevel=2)
        return self

    @cached_property
    def _mergeable_ranks(self) -> dict[bytes, int]:
        return self._vocabulary.to_dict()

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    # Encoding

    def encode_ordinary(self, text: str) -> list[int]:
        """Ids of a text in which special tokens are ordinary text.

        A surrogate pair is the character it stands for, a lone surrogate U+FFFD.
        """
        engine = self._engine()
        if engine is not None:
            try:
                return engine.encode_ordinary(text)
            except TypeError:
                pass
        try:
            return self._core_bpe.encode_ordinary(text)
        except UnicodeEncodeError:
            return self._core_bpe.encode_ordinary(_without_surrogates(text))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = set(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[int]:
        """Ids of a text.

        A surrogate pair is the character it stands for, a lone surrogate U+FFFD.

        Parameters
        ----------
        text : str
        allowed_special : "all" or set of str
            Special tokens that become their id; others are ordinary text, if they are not refused.
        disallowed_special : "all" or collection of str
            Texts that raise ValueError wherever they stand: "all" is every special token that is
            not allowed. With ``()`` nothing is refused.

        Raises
        ------
        ValueError
            The text holds what is disallowed.
        """
        engine = self._engine()
        if engine is not None and _are_plain(allowed_special, disallowed_special):
            try:
                return engine.encode(
                    text, allowed_special=allowed_special, disallowed_special=disallowed_special
                )
            except (TypeError, ValueError):
                pass
        allowed = self._check_special(text, allowed_special, disallowed_special)
        try:
            return self._core_bpe.encode(text, allowed)
        except UnicodeEncodeError:
            return self._core_bpe.encode(_without_surrogates(text), allowed)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = set(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> npt.NDArray[np.uint32]:
        """As `encode`, in a read-only array of uint32; a surrogate is a UnicodeEncodeError."""
        import numpy as np

        engine = self._engine()
        if engine is not None and _are_plain(allowed_special, disallowed_special):
            try:
                check_text(text)
                ids = engine.encode_to_numpy(
                    text, allowed_special=allowed_special, disallowed_special=disallowed_special
                )
                return np.frombuffer(read_only(ids), np.uint32)
            except (TypeError, ValueError):
                pass
        allowed = self._check_special(text, allowed_special, disallowed_special)
        buffer = self._core_bpe.encode_to_tiktoken_buffer(text, allowed)
        return np.frombuffer(buffer, dtype=np.uint32)

    def encode_ordinary_batch(self, text: list[str], *, num_threads: int = 8) -> list[list[int]]:
        """Ids of each of many texts, as `encode_ordinary` gives them."""
        n_threads = thread_count(num_threads)
        engine = self._engine_for_batch("encode_ordinary")
        if engine is not None:
            text = text if type(text) is list else list(text)
            if are_all_str(text):
                return engine.encode_batch(text, num_threads=n_threads, disallowed_special=())
        return _map_in_threads(self.encode_ordinary, text, num_threads)

    def encode_batch(
        self,
        text: list[str],
        *,
        num_threads: int = 8,
        allowed_special: Literal["all"] | AbstractSet[str] = set(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[list[int]]:
        """Ids of each of many texts, as `encode` gives them."""
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        disallowed = disallowed if isinstance(disallowed, frozenset) else frozenset(disallowed)
        n_threads = thread_count(num_threads)
        engine = self._engine_for_batch("encode")
        if engine is not None and _are_plain(allowed_special, disallowed_special):
            text = text if type(text) is list else list(text)
            if are_all_str(text):
                try:
                    return engine.encode_batch(
                        text,
                        num_threads=n_threads,
                        allowed_special=allowed_special,
                        disallowed_special=disallowed_special,
                    )
                except (TypeError, ValueError):
                    pass
        encode = partial(self.encode, allowed_special=allowed, disallowed_special=disallowed)
        return _map_in_threads(encode, text, num_threads)

    def encode_with_unstable(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = set(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> tuple[list[int], list[list[int]]]:
        """Ids that more text will not change, and what the rest of the text may become.

        Returns
        -------
        stable : list of int
            Ids of the first part of the text.
        completions : list of list of int
            In no order, each once: ids whose text starts with the rest.

        Raises
        ------
        UnicodeEncodeError
            The text holds a surrogate.
        ValueError
            As `encode`.
        """
        allowed = self._check_special(text, allowed_special, disallowed_special)
        return self._core_bpe.encode_with_unstable(text, allowed)

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """Id of the token, mergeable or special, with this text; KeyError if there is none."""
        if isinstance(text_or_bytes, str):
            text_or_bytes = text_or_bytes.encode("utf-8")
        return self._core_bpe.encode_single_token(text_or_bytes)

    # Decoding

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """Bytes of ids; KeyError for an id that is no token's."""
        return self._core_bpe.decode_bytes(tokens)

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """Text of ids; `errors` says what to do where the bytes are not UTF-8."""
        engine = self._engine()
        if engine is not None and type(tokens) is list:
            try:
                return engine.decode(tokens, errors)
            except (LookupError, TypeError, ValueError, OverflowError):
                pass
        return self._core_bpe.decode_bytes(tokens).decode("utf-8", errors=errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Bytes of one id, special or not; KeyError if it is no token's."""
        return self._core_bpe.decode_single_token_bytes(token)

    def decode_tokens_bytes(self, tokens: Sequence[int]) -> list[bytes]:
        """Bytes of each id."""
        return [self.decode_single_token_bytes(token) for token in tokens]

    def decode_with_offsets(self, tokens: Sequence[int]) -> tuple[str, list[int]]:
        """Text of ids, and the index of the character that each id's first byte belongs to.

        Raises
        ------
        UnicodeDecodeError
            The bytes of the ids are not UTF-8.
        """
        engine = self._engine_for_batch("decode_tokens_bytes")
        if engine is not None and type(tokens) is list:
            try:
                return engine.decode_with_offsets(tokens)
            except (LookupError, TypeError, ValueError, OverflowError):
                pass
        parts = self.decode_tokens_bytes(tokens)
        offsets: list[int] = []
        n_chars = 0
        for part in parts:
            continues = 0x80 <= part[0] < 0xC0
            offsets.append(max(0, n_chars - continues))
            n_chars += sum(not 0x80 <= byte < 0xC0 for byte in part)
        return b"".join(parts).decode("utf-8", errors="strict"), offsets

    def decode_batch(
        self, batch: Sequence[Sequence[int]], *, errors: str = "replace", num_threads: int = 8
    ) -> list[str]:
        """Text of each of many lists of ids."""
        thread_count(num_threads)  # one thread is faster than many that wait for each other
        return [self.decode(tokens, errors=errors) for tokens in batch]

    def decode_bytes_batch(
        self, batch: Sequence[Sequence[int]], *, num_threads: int = 8
    ) -> list[bytes]:
        """Bytes of each of many lists of ids."""
        thread_count(num_threads)
        return [self.decode_bytes(tokens) for tokens in batch]

    # What there is

    def token_byte_values(self) -> list[bytes]:
        """Bytes of all mergeable tokens, in the order of the bytes."""
        return self._core_bpe.token_byte_values()

    @property
    def eot_token(self) -> int:
        """Id of ``<|endoftext|>``; KeyError where it is no special token."""
        return self._special_tokens["<|endoftext|>"]

    @cached_property
    def special_tokens_set(self) -> set[str]:
        """Special tokens."""
        return set(self._special_tokens.keys())

    def is_special_token(self, token: int) -> bool:
        """Whether an id is that of a special token."""
        assert isinstance(token, int)
        return token in self._special_token_values

    @property
    def n_vocab(self) -> int:
        """One more than the largest id."""
        return self.max_token_value + 1

    # Private, and used all the same

    def _encode_single_piece(self, text_or_bytes: str | bytes) -> list[int]:
        """Ids of a text that is not split, special tokens being ordinary text."""
        if isinstance(text_or_bytes, str):
            text_or_bytes = text_or_bytes.encode("utf-8")
        return self._core_bpe.encode_single_piece(text_or_bytes)

    def _encode_only_native_bpe(self, text: str) -> list[int]:
        """Ids of a text that the `regex` package splits, with its own Unicode tables."""
        import regex

        ids: list[int] = []
        for piece in regex.findall(regex.compile(self._pat_str), text):
            ids.extend(self._core_bpe.encode_single_piece(piece.encode("utf-8")))
        return ids

    def _encode_bytes(self, text: bytes) -> list[int]:
        """Ids of any bytes; from the first that are not UTF-8 on, they are not split."""
        return self._core_bpe._encode_bytes(text)

    def __getstate__(self) -> object:
        from bytestride.tiktoken import registry

        # The name is enough for what every process has.
        if self is registry.ENCODINGS.get(self.name):
            return self.name
        return {
            "name": self.name,
            "pat_str": self._pat_str,
            "mergeable_ranks": self._mergeable_ranks,
            "special_tokens": self._special_tokens,
        }

    def __setstate__(self, value: object) -> None:
        from bytestride.tiktoken import registry

        if isinstance(value, str):
            self.__dict__ = registry.get_encoding(value).__dict__
            return
        assert isinstance(value, dict)
        self.__init__(**value)  # type: ignore[misc]

    # The way through the engine, and the way step by step

    def _engine(self) -> _core.Engine | None:
        """Give the engine, where its methods do what the steps would do."""
        core, names = self._core_bpe, self.special_tokens_set
        known_core, known_names, n_names = self._checked
        if core is known_core and names is known_names and len(names) == n_names:
            return None if core.is_patched else core.engine
        if type(core) is not CoreBPE or names != core.specials.keys():
            return None
        self._checked = (core, names, len(names))
        return None if core.is_patched else core.engine

    def _engine_for_batch(self, method: str) -> _core.Engine | None:
        """Give the engine, where this class's method for one text would use it too."""
        is_ours = getattr(type(self), method) is getattr(Encoding, method)
        return self._engine() if is_ours and method not in self.__dict__ else None

    def _resolve(
        self,
        allowed_special: Literal["all"] | AbstractSet[str],
        disallowed_special: Literal["all"] | Collection[str],
    ) -> tuple[Any, Collection[str]]:
        if allowed_special == "all":
            allowed_special = self.special_tokens_set
        if disallowed_special == "all":
            disallowed_special = self.special_tokens_set - allowed_special
        return allowed_special, disallowed_special

    def _check_special(
        self,
        text: str,
        allowed_special: Literal["all"] | AbstractSet[str],
        disallowed_special: Literal["all"] | Collection[str],
    ) -> Any:
        """Refuse what is disallowed, and give the allowed special tokens."""
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        if disallowed:
            if not isinstance(disallowed, frozenset):
                disallowed = frozenset(disallowed)
            if match := _special_token_regex(disallowed).search(text):
                raise_disallowed_special_token(match.group())
        return allowed


def _are_plain(allowed: object, disallowed: object) -> bool:
    """Whether the engine reads these arguments as tiktoken does."""
    return (type(allowed) in _SETS or (type(allowed) is str and allowed == "all")) and (
        type(disallowed) in _COLLECTIONS or (type(disallowed) is str and disallowed == "all")
    )


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _map_in_threads(
    function: Callable[[_In], _Out], values: Iterable[_In], num_threads: int | None
) -> list[_Out]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(num_threads) as executor:
        return list(executor.map(function, values))


@lru_cache(maxsize=128)
def _special_token_regex(tokens: frozenset[str]) -> re.Pattern[str]:
    """Make a pattern of these texts, the longest first where several begin."""
    import regex

    escaped = {token: regex.escape(token) for token in tokens}
    in_order = sorted(escaped, key=lambda token: (-len(token), token))
    pattern: re.Pattern[str] = regex.compile(f"({'|'.join(map(escaped.__getitem__, in_order))})")
    return pattern


def raise_disallowed_special_token(token: str) -> NoReturn:
    """Raise the ValueError for a text that holds a disallowed special token."""
    raise ValueError(
        f"Encountered text corresponding to disallowed special token {token!r}.\n"
        "If you want this text to be encoded as a special token, "
        f"pass it to `allowed_special`, e.g. `allowed_special={{{token!r}, ...}}`.\n"
        "If you want this text to be encoded as normal text, disable the check for this token "
        f"by passing `disallowed_special=(enc.special_tokens_set - {{{token!r}}})`.\n"
        "To disable this check for all special tokens, pass `disallowed_special=()`.\n"
    )
