"""From word counts to a vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bytestride import _core
from bytestride.corpus.sources import Source
from bytestride.published import resolve_pattern
from bytestride.training.counting import checked_specials, count_words
from bytestride.training.presets import Preset, preset_named
from bytestride.training.vocabulary import LearnedVocabulary, byte_level_specials
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    from bytestride.definition import Definition

_TOKENS_PER_STEP = 256


class Progress(Protocol):
    """Told how far training has come; an exception from it, or Ctrl-C, stops the training."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take the stage, "count" (in bytes) or "merge" (in tokens), and how much of it is done."""


def learn_vocabulary(
    source: WordCounts | Source,
    vocab_size: int,
    *,
    preset: str = "bytestride",
    pattern: str | None = None,
    special_tokens: Iterable[str] = (),
    min_frequency: int = 0,
    max_token_length: int | None = None,
    initial_alphabet: bool | None = None,
    num_threads: int | None = None,
    progress: Progress | None = None,
) -> LearnedVocabulary:
    """Learn a vocabulary from word counts, or from a text whose words are counted first.

    Parameters
    ----------
    source : WordCounts, or what `count_words` takes
    vocab_size : int
        Tokens altogether: bytes, merges and special tokens.
    preset : str
        Whose rules to follow (`bytestride.training.presets`): "bytestride", the bytes in ByteLevel
        order, ties to the smaller (left id, right id), special tokens last; "hf", Hugging Face's
        BpeTrainer; "rustbpe" (bpeasy and ffbpe have the same rule); "minbpe" (tiktoken's
        educational trainer too); "cs336".
    pattern : str, optional
        As in `count_words`; word counts have theirs.
    special_tokens : iterable of str
        Texts that are one id each. They are never learned from, but with the preset "hf", where
        they are ordinary text while training; count with `specials_in_text` for its other rule.
    min_frequency : int
        Pairs that stand side by side less often do not merge.
    max_token_length : int, optional
        In bytes; as the preset has it.
    initial_alphabet : bool, optional
        Whether bytes that the text does not hold get an id. By default as the preset has it: all do
        but with "hf".
    num_threads, progress
        As in `count_words`; progress also gets ``("merge", n_tokens, n_wanted)``.

    Returns
    -------
    LearnedVocabulary
        Smaller than `vocab_size` where no pair is left that may merge.

    Raises
    ------
    ValueError
        `vocab_size` is below what bytes and special tokens need; the preset needs first offsets and
        the counts have none; an unknown preset; a special token that is empty or given twice.
    """
    rules = preset_named(preset)
    specials = checked_specials(special_tokens)
    if isinstance(vocab_size, bool) or not isinstance(vocab_size, int | np.integer):
        raise TypeError(f"vocab_size must be an int, not {type(vocab_size).__name__}")
    least = 256 if not rules.observed_bytes_only or initial_alphabet else 0
    _check_size(int(vocab_size), least, len(specials))
    if isinstance(source, WordCounts):
        if pattern is not None and resolve_pattern(pattern) != source.settings.pattern:
            raise ValueError(
                f"the words were counted with the pattern {source.settings.pattern!r}; leave "
                "pattern out, or count them with the one you want"
            )
        counts = source
    else:
        counts = count_words(
            source,
            pattern="cl100k" if pattern is None else pattern,
            special_tokens=() if rules.specials_are_text else specials,
            first_offsets=rules.tie_break == "first_seen",
            num_threads=num_threads,
            progress=progress,
        )
        del source
    if rules.tie_break == "first_seen" and not counts.has_first_offsets:
        raise ValueError(
            f"the preset {preset!r} breaks ties by where a pair stands first, and these word "
            "counts do not have the column first; count with first_offsets=True"
        )
    held = [counts]  # taken out by who needs them, so that they go when they are laid out
    del counts
    return _learn(
        held, int(vocab_size), rules, specials, min_frequency, max_token_length, initial_alphabet,
        progress,
    )  # fmt: skip


def _check_size(vocab_size: int, n_bytes: int, n_specials: int) -> None:
    if vocab_size < n_bytes + n_specials:
        raise ValueError(
            f"vocab_size is {vocab_size}; the {n_bytes} bytes and {n_specials} special tokens "
            f"need at least {n_bytes + n_specials}"
        )


def _learn(
    held: list[WordCounts],
    vocab_size: int,
    rules: Preset,
    specials: tuple[str, ...],
    min_frequency: int,
    max_token_length: int | None,
    initial_alphabet: bool | None,
    progress: Progress | None,
) -> LearnedVocabulary:
    counts = held.pop()
    order = rules.byte_order
    used = order
    if rules.observed_bytes_only and not initial_alphabet:
        words = counts.table.arrays()[0]
        seen = np.bincount(words, minlength=256) != 0
        used = bytes(byte for byte in order if seen[byte])
        _check_size(vocab_size, len(used), len(specials))
    # While learning, ids are those of the preset with all bytes and without the special tokens
    # beside them; only their order matters, and special tokens that merges may make are among them.
    existing: list[tuple[bytes, int]] = []
    base_ids = np.empty(256, np.uint32)
    n_ids = 0
    bytes_of_specials: dict[bytes, int] = {}
    if rules.specials_are_text:
        bytes_of_specials = byte_level_specials({token: i for i, token in enumerate(specials)})
        existing = [(token, i) for token, i in bytes_of_specials.items() if len(token) > 1]
        n_ids = len(specials)
    n_shared = 0
    for byte in order:
        known = bytes_of_specials.get(bytes([byte]))
        if known is not None and byte in used:
            base_ids[byte] = known
            n_shared += 1
        else:
            base_ids[byte] = n_ids
            n_ids += 1
    loop = _core.MergeLoop(
        counts.table,
        base_ids,
        tie_break=rules.tie_break,
        min_count=min_frequency,
        max_token_bytes=_strict_limit(rules, max_token_length),
        existing=existing,
        next_id=n_ids,
        n_expected=vocab_size,
    )
    n_bytes_text, pattern = counts.n_text_bytes, counts.settings.pattern
    del counts
    n_tokens = vocab_size - len(used) - len(specials) + n_shared
    run_loop(loop, n_tokens, progress)
    tokens: dict[int, bytes] = {int(base_ids[byte]): bytes([byte]) for byte in range(256)}
    pairs = _pairs_in_bytes(loop, tokens)
    return LearnedVocabulary(
        base=tuple(bytes([byte]) for byte in used),
        special_tokens=specials,
        preset=rules,
        pattern=pattern,
        pairs=pairs,
        pair_counts=loop.counts(),
        pair_merged=loop.merged(),
        n_text_bytes=n_bytes_text,
    )


def _strict_limit(rules: Preset, max_token_length: int | None) -> int | None:
    if max_token_length is None:
        return None
    if max_token_length < 1:
        raise ValueError(f"max_token_length must be at least 1, not {max_token_length}")
    if rules.max_length_is_strict:
        return max_token_length
    if max_token_length == 1:
        raise ValueError("with max_token_length 1 nothing merges; give 2 or more")
    return max_token_length + 1


def run_loop(loop: _core.MergeLoop, n_tokens: int, progress: Progress | None) -> None:
    """Learn so many tokens, or all there are, telling progress now and then."""
    n_done = 0
    while n_done < n_tokens:
        step = min(_TOKENS_PER_STEP, n_tokens - n_done)
        n_learned = loop.run(step)
        n_done += n_learned
        if progress is not None:
            progress("merge", n_done, n_tokens)
        if n_learned < step:
            break  # no pair is left


def _pairs_in_bytes(loop: _core.MergeLoop, tokens: dict[int, bytes]) -> list[tuple[bytes, bytes]]:
    pairs = []
    merges = loop.merges().tolist()
    for (left, right), product in zip(merges, loop.products().tolist(), strict=True):
        pair = (tokens[left], tokens[right])
        tokens[product] = pair[0] + pair[1]
        pairs.append(pair)
    return pairs


def extended(definition: Definition, counts: WordCounts, vocab_size: int) -> Definition:
    """Add to a vocabulary what these counts teach; all ids there are stay.

    The merges there are happen first, in their order; then the most frequent pairs merge, ties to
    the smaller (left id, right id). The result splits as the counts were split.

    Raises
    ------
    ValueError
        The vocabulary has no list of merges (tiktoken's rule), `vocab_size` is not above what it
        has, or the text is normalised.
    """
    if definition.merges is None:
        raise ValueError(
            "this vocabulary has ranks and no list of merges; save it as tokenizer.json and load "
            "that, which makes merges of them"
        )
    if definition.normalizer is not None:
        raise ValueError(
            f"this tokenizer brings text into {definition.normalizer} first, and word counts are "
            "those of the text as it is; extending it is not supported"
        )
    ids = {token: i for i, token in definition.tokens.items()}
    all_ids = {*definition.tokens, *(token.id for token in definition.added_tokens)}
    next_id = max(all_ids) + 1
    if vocab_size <= len(all_ids):
        raise ValueError(f"vocab_size is {vocab_size}, but there are {len(all_ids)} tokens already")
    base_ids = np.array([ids[bytes([byte])] for byte in range(256)], np.uint32)
    existing = [(t, i) for t, i in ids.items() if len(t) > 1]
    n_new = vocab_size - len(all_ids)
    loop = _core.MergeLoop(
        counts.table, base_ids, existing=existing, next_id=next_id, n_expected=vocab_size
    )
    of = definition.tokens
    products = [ids[of[left] + of[right]] for left, right in definition.merges.tolist()]
    loop.replay(np.ascontiguousarray(definition.merges, np.uint32), np.array(products, np.uint32))
    run_loop(loop, n_new, None)
    tokens = dict(definition.tokens)
    merges, found = loop.merges(), loop.products().tolist()
    for (left, right), product in zip(merges.tolist(), found, strict=True):
        tokens[product] = tokens[left] + tokens[right]
    return dataclasses.replace(
        definition,
        tokens=tokens,
        merges=merges,
        pattern=counts.settings.pattern,
        source=None,
        name=None,
    )
