"""What training learned: more than the tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bytestride.definition import AddedToken, Definition
from bytestride.training.presets import Preset

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LearnedVocabulary:
    """The result of a training run, from which every smaller vocabulary can be had.

    Attributes
    ----------
    base : tuple of bytes
        The bytes that have ids, in the order of their ids.
    special_tokens : tuple of str
    preset : Preset
        The rules.
    pattern : str
        The regular expression of the split.
    pairs : list of (bytes, bytes)
        All merges, in order.
    pair_counts : numpy.ndarray
        uint64[n_merges]: how often each pair stood side by side when it was chosen.
    pair_merged : numpy.ndarray
        uint64[n_merges]: how many occurrences became one token; less than the count only in runs
        such as ``aaa``.
    n_text_bytes : int
        Bytes of the words learned from.
    """

    base: tuple[bytes, ...]
    special_tokens: tuple[str, ...]
    preset: Preset = field(repr=False)
    pattern: str
    pairs: list[tuple[bytes, bytes]] = field(repr=False)
    pair_counts: npt.NDArray[np.uint64] = field(repr=False)
    pair_merged: npt.NDArray[np.uint64] = field(repr=False)
    n_text_bytes: int

    @cached_property
    def tokens(self) -> dict[bytes, int]:
        """Ordinary tokens by their bytes. A special token that is one too has that id."""
        return self._numbered[0]

    @cached_property
    def special_ids(self) -> dict[str, int]:
        """Special tokens."""
        return self._numbered[1]

    @cached_property
    def _numbered(self) -> tuple[dict[bytes, int], dict[str, int]]:
        specials: dict[str, int] = {}
        tokens: dict[bytes, int] = {}
        place = self.preset.specials
        if place == "first":
            specials = {token: i for i, token in enumerate(self.special_tokens)}
        n = len(specials)
        as_bytes = byte_level_specials(specials) if self.preset.specials_are_text else {}
        for byte in self.base:
            if byte in as_bytes:
                tokens[byte] = as_bytes[byte]
            else:
                tokens[byte] = n
                n += 1
        if place == "after bytes":
            specials = {token: n + i for i, token in enumerate(self.special_tokens)}
            n += len(specials)
        for left, right in self.pairs:
            token = left + right
            if token in as_bytes:
                tokens[token] = as_bytes[token]
            elif token not in tokens:
                tokens[token] = n
                n += 1
        if place == "last":
            specials = {token: n + i for i, token in enumerate(self.special_tokens)}
        return tokens, specials

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""
        return len({*self.tokens.values(), *self.special_ids.values()})

    @cached_property
    def n_text_tokens(self) -> npt.NDArray[np.int64]:
        """Tokens of the text after each number of merges: int64[n_merges + 1], bytes first."""
        fewer = np.concatenate(([0], np.cumsum(self.pair_merged.astype(np.int64))))
        return self.n_text_bytes - fewer

    def with_vocab_size(self, vocab_size: int) -> LearnedVocabulary:
        """The vocabulary of this size: what the same run gives when it is stopped there.

        Raises
        ------
        ValueError
            It is larger than this one, or has no room for the bytes and special tokens.
        """
        if vocab_size > self.vocab_size:
            raise ValueError(
                f"vocab_size is {vocab_size}, but only {self.vocab_size} tokens were learned"
            )
        known = {*self.special_ids.values(), *(self.tokens[byte] for byte in self.base)}
        if vocab_size < len(known):
            raise ValueError(
                f"vocab_size is {vocab_size}; bytes and special tokens need {len(known)}"
            )
        n_pairs = 0
        for left, right in self.pairs:
            if len(known) == vocab_size:
                break
            known.add(self.tokens[left + right])
            n_pairs += 1
        return LearnedVocabulary(
            self.base,
            self.special_tokens,
            self.preset,
            self.pattern,
            self.pairs[:n_pairs],
            self.pair_counts[:n_pairs],
            self.pair_merged[:n_pairs],
            self.n_text_bytes,
        )

    def definition(self) -> Definition:
        """A tokenizer's definition.

        Raises
        ------
        ValueError
            Some of the 256 bytes have no id: the tokenizer could not encode every text.
        """
        missing = [byte for byte in range(256) if bytes([byte]) not in self.tokens]
        if missing:
            raise ValueError(
                f"{len(missing)} of the 256 bytes do not occur in the text and have no id, the "
                f"first {bytes(missing[:1])!r}: a tokenizer needs all; train with "
                "initial_alphabet=True (the LearnedVocabulary itself has what was learned)"
            )
        ids = self.tokens
        merges = np.array([(ids[a], ids[b]) for a, b in self.pairs], np.uint32).reshape(-1, 2)
        added = tuple(AddedToken(token, i) for token, i in self.special_ids.items())
        shared = {*self.special_ids.values()}
        same = {token.encode(): i for token, i in self.special_ids.items()}
        ordinary = {i: token for token, i in ids.items() if i not in shared or same.get(token) == i}
        return Definition(tokens=ordinary, merges=merges, pattern=self.pattern, added_tokens=added)


def byte_level_specials(ids: dict[str, int]) -> dict[bytes, int]:
    """Special tokens as the bytes that a merge must make to become them.

    Hugging Face compares texts in which every byte is a character of the ByteLevel alphabet; one
    with other characters no merge makes.
    """
    from bytestride.formats.bytelevel import to_bytes

    found = {}
    for token, i in ids.items():
        try:
            found[to_bytes(token)] = i
        except UnicodeEncodeError:
            continue
    return found
