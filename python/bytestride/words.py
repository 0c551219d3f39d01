"""The simple vocabulary tokenizer: one token for each word and punctuation symbol.

It is the first tokenizer to understand, and shows why byte-level BPE is the better one: a word that
was not in the training text has no token and becomes `[UNK]`.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from operator import index
from typing import Final

import numpy as np
import numpy.typing as npt

from bytestride.errors import FormatError
from bytestride.formats.files import read_file, write_file

SPECIAL_TOKENS: Final = ("[BOS]", "[EOS]", "[PAD]", "[UNK]")
BOS, EOS, PAD, UNK = SPECIAL_TOKENS

_FORMAT: Final = "bytestride.WordTokenizer"
_VERSION: Final = 1
_JOINERS: Final = "\u200c\u200d"  # they hold a word together in Persian, Hindi and emoji

# How `decode` sets symbols: close to the word before, to the word behind, or to both. Those of
# Chinese and Japanese are wide and bring their own space.
_CLOSING: Final = frozenset(",.;:!?%…،؛؟।")
_OPENING: Final = frozenset("¿¡")
_BOTH_SIDES: Final = frozenset("'’-、。，！？：；")


def split_words(text: str) -> list[str]:
    """Split a text into words and symbols, and drop the white space.

    A word is a run of letters, digits and underscores; any other character is a symbol by itself.
    A combining mark or joiner belongs to the character before it. So ``don't`` is three pieces, and
    Chinese, which has no spaces between words, is one word from one punctuation mark to the next.

    Examples
    --------
    >>> split_words("Hello, world!")
    ['Hello', ',', 'world', '!']
    """
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, not {type(text).__name__}; decode bytes first")
    # re has no class for marks: take those that this text has.
    marks = "".join(sorted(filter(_joins, set(text)))) if not text.isascii() else ""
    return re.findall(rf"\w[\w{marks}]*|\S[{marks}]*" if marks else r"\w+|\S", text)


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _JOINERS


class WordTokenizer:
    """Turns words and punctuation symbols into ids, by a vocabulary that was built from a text.

    The ids are those of all different words and symbols in sorted order (of code points), and then
    of `[BOS]`, `[EOS]`, `[PAD]` and `[UNK]`. No text can hold a special token: what looks like one
    is split into `[`, `UNK` and `]`.

    Parameters
    ----------
    words : iterable of str
        The words and symbols, in any order; each as `split_words` gives it.

    Raises
    ------
    ValueError
        An entry stands twice, or is not one word or symbol.

    Examples
    --------
    >>> tokenizer = WordTokenizer.train("Hello, world!")
    >>> tokenizer.tokens
    ('!', ',', 'Hello', 'world', '[BOS]', '[EOS]', '[PAD]', '[UNK]')
    >>> tokenizer.encode("Bye, world!")
    [7, 1, 3, 0]
    >>> tokenizer.decode([7, 1, 3, 0])
    '[UNK], world!'
    """

    def __init__(self, words: Iterable[str]) -> None:
        words = sorted(words)
        for word in words:
            if split_words(word) != [word]:
                raise ValueError(f"{word!r} is not one word or symbol: it splits differently")
        self._tokens = (*words, *SPECIAL_TOKENS)
        self._ids = {token: i for i, token in enumerate(self._tokens)}
        if len(self._ids) < len(self._tokens):
            twice = next(word for i, word in enumerate(words) if self._ids[word] != i)
            raise ValueError(f"{twice!r} stands twice among the words")

    @classmethod
    def train(cls, texts: str | Iterable[str]) -> WordTokenizer:
        """Build the vocabulary from a text, or from several."""
        words: set[str] = set()
        for text in [texts] if isinstance(texts, str) else texts:
            words.update(split_words(text))
        return cls(words)

    def __repr__(self) -> str:
        return f"WordTokenizer(vocab_size={self.vocab_size})"

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens, in the order of their ids."""
        return self._tokens

    @property
    def vocab_size(self) -> int:
        """Number of tokens, the four special ones among them."""
        return len(self._tokens)

    @property
    def bos_id(self) -> int:
        """Id of `[BOS]`, which begins a text."""
        return self._ids[BOS]

    @property
    def eos_id(self) -> int:
        """Id of `[EOS]`, which ends a text."""
        return self._ids[EOS]

    @property
    def pad_id(self) -> int:
        """Id of `[PAD]`, which fills up the shorter rows of a batch."""
        return self._ids[PAD]

    @property
    def unk_id(self) -> int:
        """Id of `[UNK]`, which stands for every word that is not in the vocabulary."""
        return self._ids[UNK]

    def token_to_id(self, token: str) -> int:
        """Id of a word, symbol or special token; KeyError where there is none."""
        if not isinstance(token, str):
            raise TypeError(f"a token must be a str, not {type(token).__name__}")
        try:
            return self._ids[token]
        except KeyError:
            raise KeyError(
                f"{token!r} is not in this vocabulary of {self.vocab_size} tokens "
                f"(a text's unknown words encode to {UNK}, id {self.unk_id})"
            ) from None

    def id_to_token(self, token_id: int) -> str:
        """Word, symbol or special token of an id; KeyError where there is none."""
        try:
            number = index(token_id)
        except TypeError:
            raise TypeError(f"an id must be an integer, not {type(token_id).__name__}") from None
        if not 0 <= number < self.vocab_size:
            raise KeyError(f"id {number} is outside 0..{self.vocab_size - 1}")
        return self._tokens[number]

    def encode(self, text: str, *, add_bos: bool = False, add_eos: bool = False) -> list[int]:
        """Ids of the words and symbols of a text, `[UNK]` for each that is unknown.

        `add_bos` and `add_eos` put `[BOS]` before it and `[EOS]` behind it.
        """
        ids = [self._ids.get(word, self.unk_id) for word in split_words(text)]
        return [self.bos_id] * add_bos + ids + [self.eos_id] * add_eos

    def encode_texts(self, texts: Iterable[str]) -> list[int]:
        """Ids of unrelated texts in one sequence, each between `[BOS]` and `[EOS]`."""
        ids = []
        for text in _several(texts):
            ids += self.encode(text, add_bos=True, add_eos=True)
        return ids

    def encode_batch(
        self, texts: Iterable[str], *, add_bos: bool = False, add_eos: bool = False
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ids of several texts, one a row, filled up on the right with `[PAD]`.

        Returns
        -------
        ids : int64 array of shape (B, T)
            B texts, the longest of which has T tokens.
        attention_mask : int64 array of shape (B, T)
            1 for a token of the text, 0 for `[PAD]`.
        """
        rows = [self.encode(text, add_bos=add_bos, add_eos=add_eos) for text in _several(texts)]
        shape = (len(rows), max(map(len, rows), default=0))
        ids = np.full(shape, self.pad_id, np.int64)
        attention_mask = np.zeros(shape, np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            attention_mask[i, : len(row)] = 1
        return ids, attention_mask

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> str:
        """Text of ids: words with spaces between them, punctuation where it is usually set.

        The white space of the first text was dropped and cannot come back, but without special
        tokens the text splits into the same words and symbols again.

        Parameters
        ----------
        ids : iterable of int
            One sequence; a row of a batch too.
        skip_special_tokens : bool
            Leave out `[BOS]`, `[EOS]`, `[PAD]` and `[UNK]`.

        Raises
        ------
        KeyError
            An id is not in the vocabulary.
        """
        tokens = [self.id_to_token(token_id) for token_id in ids]
        if skip_special_tokens:
            tokens = [token for token in tokens if token not in SPECIAL_TOKENS]
        return _join(tokens)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary as JSON. The file gets its name when it is whole."""
        document = {"format": _FORMAT, "version": _VERSION, "tokens": self._tokens}
        text = json.dumps(document, ensure_ascii=False, indent=0) + "\n"
        # UTF-8 has no lone surrogates; with a backslash they are JSON's own escape for them.
        write_file(path, text.encode("utf-8", "backslashreplace"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> WordTokenizer:
        """Read a vocabulary that `save` wrote.

        Raises
        ------
        FormatError
            The file is not such a vocabulary, or is damaged; the message says where.
        """
        data = read_file(path)
        try:
            return cls(_words_of(json.loads(data.decode())))
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path}: no UTF-8 at byte offset {error.start}; it is no vocabulary, or damaged"
            ) from None
        except json.JSONDecodeError as error:
            raise FormatError(
                f"{path}: no whole JSON document: {error.msg} in line {error.lineno}, column "
                f"{error.colno}; it is no vocabulary, or damaged"
            ) from None
        except RecursionError:
            raise FormatError(f"{path}: JSON nested too deep for a vocabulary") from None
        except ValueError as error:
            raise FormatError(f"{path}: {error}") from None


def _words_of(document: object) -> list[str]:
    """Check what a file holds; gives its words and symbols without the special tokens."""
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f'no vocabulary of words: "format" is not "{_FORMAT}"')
    if document.get("version") != _VERSION:
        raise ValueError(
            f'"version" is {document.get("version")!r}, and this bytestride reads {_VERSION}; '
            "load it with the bytestride that wrote it"
        )
    tokens = document.get("tokens")
    if not isinstance(tokens, list):
        raise ValueError('"tokens" is not a list')
    for i, token in enumerate(tokens):
        if not isinstance(token, str):
            raise ValueError(f'entry {i} of "tokens" is {token!r}, not a text')
    n_words = len(tokens) - len(SPECIAL_TOKENS)
    if tuple(tokens[max(n_words, 0) :]) != SPECIAL_TOKENS:
        raise ValueError(f'"tokens" does not end with {" ".join(SPECIAL_TOKENS)}')
    words = tokens[:n_words]
    for i in range(1, n_words):
        if words[i - 1] >= words[i]:
            raise ValueError(f'entry {i} of "tokens", {words[i]!r}, is out of order')
    return words


def _several(texts: Iterable[str]) -> Iterable[str]:
    # A str is an iterable of str too: of its characters, which nobody means.
    if isinstance(texts, str):
        raise TypeError("texts must be several texts; put a single one into a list")
    return texts


def _join(tokens: Sequence[str]) -> str:
    """Set words and symbols as a readable text that splits into them again."""
    parts: list[str] = []
    close_up = False
    quote_is_open = False
    for token in tokens:
        if token in SPECIAL_TOKENS:
            before, after = False, False
        elif token == '"':
            # Straight quotes open and close in turn.
            before, after = quote_is_open, not quote_is_open
            quote_is_open = not quote_is_open
        else:
            category = unicodedata.category(token[0])
            both = token in _BOTH_SIDES
            before = both or token in _CLOSING or category in ("Pe", "Pf")
            after = both or token in _OPENING or category in ("Ps", "Pi")
        # A mark at the front would become part of the token before it.
        if parts and (_joins(token[0]) or not (before or close_up)):
            parts.append(" ")
        parts.append(token)
        close_up = after
    return "".join(parts)
