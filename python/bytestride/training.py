"""Learning a vocabulary: count the pretokens, then merge the most frequent pair again and again.

The default rule: the 256 bytes in ByteLevel order, then merges by highest count with ties to the
smaller (left id, right id), special tokens last. These are the merges that Hugging Face's
BpeTrainer gives with the full initial alphabet, counted in 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bytestride import _core
from bytestride.corpus.sources import Source, text_batches
from bytestride.definition import AddedToken, Definition
from bytestride.formats.bytelevel import BYTES_IN_ORDER
from bytestride.published import resolve_pattern
from bytestride.splitting import make_splitter

if TYPE_CHECKING:
    import numpy.typing as npt

_MERGES_PER_STEP = 256


class Progress(Protocol):
    """Told how far training has come; an exception from it, or Ctrl-C, stops the training."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take the stage, "count" (in bytes) or "merge" (in merges), and how much of it is done."""


def train(
    source: Source,
    vocab_size: int,
    *,
    pattern: str,
    special_tokens: Iterable[str],
    num_threads: int | None,
    progress: Progress | None,
) -> Definition:
    """Learn a vocabulary; see `Tokenizer.train` for the parameters.

    Raises
    ------
    ValueError
        `vocab_size` is below 256 plus the special tokens, or a special token is empty or repeated.
    """
    if isinstance(special_tokens, str):
        raise TypeError("special_tokens must be a list of texts, not one str")
    special_tokens = list(special_tokens)
    for token in special_tokens:
        if not isinstance(token, str):
            raise TypeError(f"special tokens must be str, not {type(token).__name__}")
        token.encode()  # a lone surrogate is an error, and says where
    smallest = 256 + len(special_tokens)
    if vocab_size < smallest:
        raise ValueError(
            f"vocab_size is {vocab_size}; the 256 bytes and {len(special_tokens)} special tokens "
            f"need at least {smallest}"
        )
    pattern = resolve_pattern(pattern)
    # Ids do not matter for counting: a special token's text is left out, whatever its id.
    splitter = make_splitter(pattern, [AddedToken(t, 0) for t in special_tokens], stacklevel=None)
    counter = _core.WordCounter(splitter)
    n_bytes = 0
    for batch in text_batches(source, may_cut=splitter.may_cut):
        counter.add(batch, num_threads=num_threads)
        n_bytes += sum(map(len, batch))
        if progress is not None:
            progress("count", n_bytes, None)
    merges = _learn_merges(counter.finish(), vocab_size - smallest, progress)
    return _definition(merges, pattern, special_tokens)


def _learn_merges(
    words: _core.WordCounts, n_merges: int, progress: Progress | None
) -> npt.NDArray[np.uint32]:
    base_ids = np.empty(256, dtype=np.uint32)
    base_ids[list(BYTES_IN_ORDER)] = np.arange(256, dtype=np.uint32)
    loop = _core.MergeLoop(words, base_ids, n_expected=n_merges)
    n_done = 0
    while n_done < n_merges:
        step = min(_MERGES_PER_STEP, n_merges - n_done)
        n_learned = loop.run(step)
        n_done += n_learned
        if progress is not None:
            progress("merge", n_done, n_merges)
        if n_learned < step:
            break  # no pair is left
    return loop.merges()


def _definition(
    merges: npt.NDArray[np.uint32], pattern: str, special_tokens: Sequence[str]
) -> Definition:
    tokens = [bytes([byte]) for byte in BYTES_IN_ORDER]
    for left, right in merges.tolist():
        tokens.append(tokens[left] + tokens[right])
    added = tuple(AddedToken(t, len(tokens) + i) for i, t in enumerate(special_tokens))
    return Definition(
        tokens=dict(enumerate(tokens)), merges=merges, pattern=pattern, added_tokens=added
    )
