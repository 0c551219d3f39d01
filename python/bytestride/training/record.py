"""What training leaves beside the vocabulary: how often each merge was, and every smaller size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class TrainingRecord:
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
    merge_counts : uint64 array of shape (n,)
        How often each pair stood in the text when it was merged. In a run (``aaaa``) every position
        counts, overlaps too.
    n_text_bytes : int
        Bytes of all words of the text.
    """

    preset: PresetName
    start: Start = field(repr=False)
    merges: npt.NDArray[np.uint32] = field(repr=False)
    products: npt.NDArray[np.uint32] = field(repr=False)
    merge_counts: npt.NDArray[np.uint64] = field(repr=False)
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

    def with_vocab_size(self, vocab_size: int) -> TrainingRecord:
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
        return TrainingRecord(
            self.preset,
            self.start,
            self.merges[:n_kept],
            self.products[:n_kept],
            self.merge_counts[:n_kept],
            self.n_text_bytes,
        )

    def definition(self) -> Definition:
        """Make the vocabulary."""
        start = self.start
        tokens = dict(start.tokens)
        for (left, right), product in zip(
            self.merges.tolist(), self.products.tolist(), strict=True
        ):
            tokens[product] = tokens[left] + tokens[right]
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
