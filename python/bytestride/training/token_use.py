"""How a vocabulary's tokens are used in a text, exactly, from its word counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bytestride import _core
from bytestride.definition import Definition
from bytestride.splitting import make_splitter
from bytestride.training.vocabulary import LearnedVocabulary
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class TokenUse:
    """What becomes of a text, as a vocabulary of each size encodes it.

    Attributes
    ----------
    token_counts : int64 array of shape (n_ids,)
        How often each token stands in the text that the whole vocabulary encodes.
    n_text_tokens : int64 array of shape (n_merges + 1,)
        Tokens of the text before and after each learned merge.
    n_text_bytes : int
    """

    token_counts: npt.NDArray[np.int64]
    n_text_tokens: npt.NDArray[np.int64]
    n_text_bytes: int


def token_use(learned: LearnedVocabulary, counts: WordCounts) -> TokenUse:
    """Encode the words of a text, which need not be the one that was learned from.

    No merge is ever undone. So how often each merge happened follows from the tokens in the end:
    it made each of its product, also those that became part of larger ones.

    Parameters
    ----------
    learned
        The vocabulary.
    counts
        The words of the text, split in the same way.

    Raises
    ------
    ValueError
        They were counted with another pattern or normal form.
    """
    start = learned.start
    if (counts.settings.pattern, counts.settings.normalizer) != (start.pattern, start.normalizer):
        raise ValueError(
            "these counts are of other words than the vocabulary's: pattern "
            f"{counts.settings.pattern!r} and {start.pattern!r}, normalizer "
            f"{counts.settings.normalizer} and {start.normalizer}"
        )
    definition = learned.definition()
    words, offsets, numbers, _ = counts.arrays()
    ids, ends = _encoded(definition, words, offsets)
    times = np.repeat(numbers.astype(np.int64), np.diff(ends))
    n_ids = 1 + max(max(definition.tokens), int(learned.products.max(initial=0)))
    token_counts = np.zeros(n_ids, np.int64)
    np.add.at(token_counts, ids, times)
    uses = token_counts.copy()
    merged = np.zeros(len(learned.products), np.int64)
    rows = zip(learned.merges.tolist(), learned.products.tolist(), strict=True)
    for i, ((left, right), product) in reversed(list(enumerate(rows))):
        merged[i] = uses[product]
        uses[left] += merged[i]
        uses[right] += merged[i]
    n_final = int(token_counts.sum())
    n_before = n_final + int(merged.sum())
    n_text_tokens = n_before - np.concatenate(([0], np.cumsum(merged)))
    return TokenUse(token_counts, n_text_tokens, counts.n_text_bytes)


def _encoded(
    definition: Definition, words: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Encode words, which are not split once more, by the merges alone."""
    engine = _core.Engine(
        definition.vocab(), make_splitter((), (), stacklevel=None), definition.whole_pieces
    )
    ids, ends = engine._encode_flat(words, offsets, None, np.dtype(np.uint32))
    return ids.astype(np.uint32, copy=False), ends
