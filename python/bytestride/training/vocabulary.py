"""What training leaves beside the vocabulary: how often each merge was, and every smaller size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bytestride.definition import AddedToken, Definition
from bytestride.stages import Pattern
from bytestride.training.presets import PresetName

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Start:
    """A vocabulary before any merge was learned.

    Attributes
    ----------
    tokens : Mapping[int, bytes]
        Ordinary tokens; where a vocabulary was continued, all that it had.
    merges : uint32 array of shape (m, 2)
        Those that a continued vocabulary had.
    added_tokens : tuple of AddedToken
        Special tokens whose ids are known.
    last : tuple of str
        Special tokens that come behind the last merge.
    missing : bytes
        Bytes that come behind all else.
    first_id : int
        The id of the first token that is learned.
    pattern, normalizer, whole_pieces, has_merges
        As in a `Definition`; without merges tokens merge by their ids.
    """

    tokens: Mapping[int, bytes] = field(repr=False)
    merges: npt.NDArray[np.uint32] = field(repr=False)
    added_tokens: tuple[AddedToken, ...]
    last: tuple[str, ...]
    missing: bytes
    first_id: int
    pattern: Pattern
    normalizer: str | None = None
    whole_pieces: bool = False
    has_merges: bool = True

    @property
    def n_fixed(self) -> int:
        """How many tokens are no merges that were learned, without the missing bytes."""
        added = {token.id for token in self.added_tokens}
        return len(added | set(self.tokens)) + len(self.last)


@dataclass(frozen=True, eq=False)
class LearnedVocabulary:
    """How a vocabulary was learned.

    Attributes
    ----------
    preset : str
        By whose rules.
    start : Start
        The vocabulary before the first merge that was learned.
    merges : uint32 array of shape (n, 2)
        What was learned, in order; ids are those of the vocabulary.
    products : uint32 array of shape (n,)
        The token that each made. Where it was there before (a special token of Hugging Face's), the
        merge made no new one.
    pair_counts : uint64 array of shape (n,)
        How often each pair stood in the text when it was merged. In a run (``aaaa``) every position
        counts, overlaps too.
    pair_merged : uint64 array of shape (n,)
        How many occurrences became one token: so many tokens fewer. Less than the count only in
        runs.
    n_start_tokens : int
        Tokens of the text before the first merge that was learned: bytes, but where a vocabulary
        was continued.
    n_text_bytes : int
        Bytes of all words of the text.
    """

    preset: PresetName
    start: Start = field(repr=False)
    merges: npt.NDArray[np.uint32] = field(repr=False)
    products: npt.NDArray[np.uint32] = field(repr=False)
    pair_counts: npt.NDArray[np.uint64] = field(repr=False)
    pair_merged: npt.NDArray[np.uint64] = field(repr=False)
    n_start_tokens: int
    n_text_bytes: int

    @property
    def vocab_size(self) -> int:
        """Number of tokens, as the preset's reference counts them.

        A tokenizer has more where the alphabet left bytes out.
        """
        return self.start.n_fixed + int(self.is_new.sum())

    @property
    def is_new(self) -> npt.NDArray[np.bool_]:
        """Whether each merge made a token that was not there before."""
        is_new: npt.NDArray[np.bool_] = self.products >= self.start.first_id
        return is_new

    @property
    def pairs(self) -> list[tuple[bytes, bytes]]:
        """The bytes of what each merge joined."""
        tokens = self.tokens
        return [(tokens[left], tokens[right]) for left, right in self.merges.tolist()]

    @cached_property
    def tokens(self) -> dict[int, bytes]:
        """Ordinary tokens by their ids, those before any merge first; without the missing bytes."""
        tokens = dict(self.start.tokens)
        rows = zip(self.merges.tolist(), self.products.tolist(), strict=True)
        for (left, right), product in rows:
            tokens[product] = tokens[left] + tokens[right]
        return tokens

    @cached_property
    def n_text_tokens(self) -> npt.NDArray[np.int64]:
        """Tokens of the text before and after each merge, exact: int64[n + 1]."""
        fewer = np.concatenate(([0], np.cumsum(self.pair_merged.astype(np.int64))))
        tokens: npt.NDArray[np.int64] = self.n_start_tokens - fewer
        return tokens

    def with_vocab_size(self, vocab_size: int) -> LearnedVocabulary:
        """Give the record that training to this size would have given.

        Raises
        ------
        ValueError
            The size is below that of the start, or above what was learned.
        """
        least, most = self.start.n_fixed, self.vocab_size
        if not least <= vocab_size <= most:
            raise ValueError(
                f"vocab_size is {vocab_size}; this training has every size from {least} to {most}"
                + ("; extend() learns more" if vocab_size > most else "")
            )
        # Merges that make no new token stand before the next that does, as in training.
        ends = np.flatnonzero(self.is_new) + 1
        n_new = vocab_size - least
        n_kept = int(ends[n_new - 1]) if n_new else 0
        return LearnedVocabulary(
            self.preset,
            self.start,
            self.merges[:n_kept],
            self.products[:n_kept],
            self.pair_counts[:n_kept],
            self.pair_merged[:n_kept],
            self.n_start_tokens,
            self.n_text_bytes,
        )

    def definition(self) -> Definition:
        """Make the vocabulary."""
        start = self.start
        tokens = dict(self.tokens)
        next_id = 1 + max(*tokens, *(token.id for token in start.added_tokens))
        added = list(start.added_tokens)
        for content in start.last:
            added.append(AddedToken(content, next_id))
            next_id += 1
        for byte in start.missing:
            tokens[next_id] = bytes((byte,))
            next_id += 1
        return Definition(
            tokens=tokens,
            merges=np.concatenate((start.merges, self.merges)) if start.has_merges else None,
            pattern=start.pattern,
            added_tokens=tuple(added),
            whole_pieces=start.whole_pieces,
            normalizer=start.normalizer,
        )
