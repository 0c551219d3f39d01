"""Learning from word counts: the most frequent pair becomes a token, again and again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bytestride import _core
from bytestride.definition import AddedToken, Definition
from bytestride.token_map import MAX_ID
from bytestride.training.counting import Progress
from bytestride.training.merge_order import merges_in_order
from bytestride.training.presets import (
    InitialAlphabet,
    Layout,
    Preset,
    lay_out,
    preset_named,
)
from bytestride.training.vocabulary import LearnedVocabulary, Start
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    import numpy.typing as npt

_MERGES_PER_STEP = 256
_NO_MERGES = np.zeros((0, 2), np.uint32)


@dataclass(frozen=True)
class Options:
    """What `learn` and `extend` are told beside the counts; see `Tokenizer.train`."""

    preset: str = "bytestride"
    min_frequency: int = 0
    max_token_length: int | None = None

    def rules(self) -> Preset:
        """Check them; gives the preset.

        Raises
        ------
        ValueError
            No such preset; a length below 1; a frequency below 0.
        """
        preset = preset_named(self.preset)
        if self.min_frequency < 0:
            raise ValueError(f"min_frequency must be 0 or more, not {self.min_frequency}")
        if self.max_token_length is not None and self.max_token_length < 1:
            raise ValueError(f"max_token_length must be at least 1, not {self.max_token_length}")
        return preset

    def forbids_merges(self) -> bool:
        """Whether tokens may have one byte only."""
        return self.max_token_length == 1 and not self.rules().length_is_exclusive


def learn(
    held: list[WordCounts],
    vocab_size: int,
    options: Options,
    *,
    special_tokens: tuple[str, ...],
    initial_alphabet: InitialAlphabet = True,
    initial_merges: Iterable[tuple[bytes, bytes]] = (),
    progress: Progress | None = None,
) -> LearnedVocabulary:
    """Learn a vocabulary from the one table that is held; see `Tokenizer.train` for the rest.

    The table is taken out of the list, and goes when the merge loop has a copy of its own, if
    nobody else holds it.

    Raises
    ------
    ValueError
        The size is below what there is before any merge; the counts lack what the preset needs, or
        were cut at other special tokens; an option makes no sense.
    """
    preset = options.rules()
    counts = held.pop()
    _check_counts(counts, preset, special_tokens)
    layout = lay_out(preset, special_tokens, _alphabet(initial_alphabet, counts))
    n_new = vocab_size - _least(layout, vocab_size)
    loop = _merge_loop(
        counts,
        options,
        base_ids=layout.base_ids,
        existing=layout.existing,
        next_id=layout.next_id,
        n_new=n_new,
    )
    start, n_text_bytes = _start_of(layout, counts), counts.n_text_bytes
    del counts
    n_given = _replay_given(loop, layout, list(initial_merges), n_new)
    _run(loop, options, n_new, n_given, progress)
    products = loop.products()
    n_made = max(int(products.max(initial=0)) + 1 - layout.next_id, 0)
    ids = layout.final_ids(n_made)
    return LearnedVocabulary(
        preset=preset.name,
        start=start,
        merges=ids[loop.merges()],
        products=ids[products],
        pair_counts=loop.counts(),
        pair_merged=loop.merged(),
        n_start_tokens=n_text_bytes,
        n_text_bytes=n_text_bytes,
    )


def least_size(
    preset: Preset, special_tokens: tuple[str, ...], alphabet: Collection[int], vocab_size: int
) -> int:
    """Give the number of tokens before any merge; ValueError where the size is below it."""
    return _least(lay_out(preset, special_tokens, alphabet), vocab_size)


def _least(layout: Layout, vocab_size: int) -> int:
    least, n_specials = layout.n_fixed, len(layout.specials)
    if vocab_size < least:
        raise ValueError(
            f"vocab_size is {vocab_size}; the {least - n_specials} bytes and {n_specials} special "
            f"tokens need at least {least}"
        )
    if vocab_size > MAX_ID:
        raise ValueError(f"vocab_size is {vocab_size}; ids end at {MAX_ID}")
    return least


def extend(
    definition: Definition,
    counts: WordCounts,
    vocab_size: int,
    options: Options,
    *,
    progress: Progress | None = None,
) -> LearnedVocabulary:
    """Learn more tokens for a vocabulary, all of whose ids stay; see `Tokenizer.extend`.

    Raises
    ------
    ValueError
        The size is below the present one; the counts were made with another normal form or cut at
        tokens that the vocabulary does not have; they lack what the preset needs.
    """
    preset = options.rules()
    _check_counts(counts, preset, tuple(token.content for token in definition.added_tokens))
    if counts.settings.normalizer != definition.normalizer:
        raise ValueError(
            f"the counts have the normal form {counts.settings.normalizer} and the vocabulary "
            f"{definition.normalizer}; count with normalizer={definition.normalizer!r}"
        )
    tokens = dict(definition.tokens)
    added_ids = {token.id for token in definition.added_tokens}
    n_tokens = len(added_ids | set(tokens))
    if vocab_size < n_tokens:
        raise ValueError(f"vocab_size is {vocab_size}, and there are {n_tokens} tokens already")
    id_of = {token: token_id for token_id, token in tokens.items()}
    base_ids = np.array([id_of[bytes((byte,))] for byte in range(256)], np.uint32)
    pairs, products = merges_in_order(definition, id_of, base_ids)
    # What no merge makes may be made by a new one; it is the same token then.
    made = {*products.tolist(), *base_ids.tolist()}
    existing = [(token, token_id) for token_id, token in tokens.items() if token_id not in made]
    for added in definition.added_tokens:
        if added.id not in tokens and added.content.encode() not in id_of:
            existing.append((added.content.encode(), added.id))
    first_id = 1 + max(*tokens, *added_ids)
    n_new = vocab_size - n_tokens
    loop = _merge_loop(
        counts, options, base_ids=base_ids, existing=existing, next_id=first_id, n_new=n_new
    )
    loop.replay(pairs, products)
    _run(loop, options, n_new, 0, progress)
    n_old = len(products)
    return LearnedVocabulary(
        preset=preset.name,
        start=Start(
            tokens=definition.tokens,
            merges=_NO_MERGES if definition.merges is None else definition.merges,
            added_tokens=definition.added_tokens,
            last=(),
            missing=b"",
            first_id=first_id,
            pattern=counts.settings.pattern,
            normalizer=definition.normalizer,
            whole_pieces=definition.whole_pieces,
            has_merges=definition.merges is not None,
        ),
        merges=loop.merges()[n_old:],
        products=loop.products()[n_old:],
        pair_counts=loop.counts()[n_old:],
        pair_merged=loop.merged()[n_old:],
        n_start_tokens=counts.n_text_bytes - int(loop.merged()[:n_old].sum()),
        n_text_bytes=counts.n_text_bytes,
    )


def _check_counts(counts: WordCounts, preset: Preset, special_tokens: tuple[str, ...]) -> None:
    if preset.needs_firsts and not counts.has_first_offsets:
        raise ValueError(
            f"preset {preset.name!r} breaks ties by where a pair stands first, and these counts do "
            "not know where words stand first: count with first_offsets=True (--first-offsets), "
            "which gives the column 'first'"
        )
    unknown = sorted(set(counts.settings.special_tokens) - set(special_tokens))
    if unknown:
        raise ValueError(
            f"the counts were cut at special tokens that the vocabulary is not to have: "
            f"{', '.join(map(repr, unknown))}; name them in special_tokens, too, or count without"
        )


def _alphabet(alphabet: InitialAlphabet, counts: WordCounts) -> Collection[int]:
    """Give the bytes that a vocabulary starts from."""
    if alphabet is True:
        return range(256)
    if isinstance(alphabet, str):
        raise TypeError("initial_alphabet must be True, False or bytes, not a str")
    alphabet = alphabet or b""
    given = set(alphabet)
    if not given <= set(range(256)):
        raise ValueError("initial_alphabet must hold bytes, numbers from 0 to 255")
    words = counts.arrays()[0]
    return given | set(np.flatnonzero(np.bincount(words, minlength=256)).tolist())


def _merge_loop(
    counts: WordCounts,
    options: Options,
    *,
    base_ids: npt.NDArray[np.uint32],
    existing: Sequence[tuple[bytes, int]],
    next_id: int,
    n_new: int,
) -> _core.MergeLoop:
    preset = options.rules()
    return _core.MergeLoop(
        counts.table,
        base_ids,
        tie_break=preset.tie_break,
        min_count=max(options.min_frequency, 1),
        max_token_bytes=preset.max_token_bytes(options.max_token_length),
        existing=existing,
        next_id=next_id,
        n_expected=n_new,
    )


def _replay_given(
    loop: _core.MergeLoop, layout: Layout, given: list[tuple[bytes, bytes]], n_new: int
) -> int:
    """Make the merges that the caller gives; gives how many new tokens they are."""
    id_of = {bytes((byte,)): int(token_id) for byte, token_id in enumerate(layout.base_ids)}
    existing = dict(layout.existing)
    next_id = layout.next_id
    rows = []
    for i, (left, right) in enumerate(given):
        for part in (left, right):
            if part not in id_of or (len(part) == 1 and part in layout.missing):
                raise ValueError(f"initial merge {i} joins {part!r}, which is no token by then")
        if left + right in id_of:
            raise ValueError(f"initial merge {i} makes {left + right!r}, which is a token by then")
        product = existing.get(left + right, next_id)
        next_id += product == next_id
        rows.append((id_of[left], id_of[right], product))
        id_of[left + right] = product
    if next_id - layout.next_id > n_new:
        raise ValueError(
            f"the initial merges make {next_id - layout.next_id} tokens, and vocab_size leaves "
            f"room for {n_new}"
        )
    table = np.array(rows, np.uint32).reshape(-1, 3)
    loop.replay(np.ascontiguousarray(table[:, :2]), np.ascontiguousarray(table[:, 2]))
    return next_id - layout.next_id


def _run(
    loop: _core.MergeLoop, options: Options, n_new: int, n_done: int, progress: Progress | None
) -> None:
    """Learn until there are so many new tokens, or no pair is left."""
    if options.forbids_merges():
        return
    while n_done < n_new:
        step = min(_MERGES_PER_STEP, n_new - n_done)
        n_learned = loop.run(step)
        n_done += n_learned
        if progress is not None:
            progress("merge", n_done, n_new)
        if n_learned < step:
            return


def _start_of(layout: Layout, counts: WordCounts) -> Start:
    ids = layout.final_ids(0)
    missing = set(layout.missing)
    return Start(
        tokens={
            int(ids[layout.base_ids[byte]]): bytes((byte,))
            for byte in range(256)
            if byte not in missing
        },
        merges=_NO_MERGES,
        added_tokens=tuple(map(AddedToken, layout.specials, layout.special_ids)),
        last=() if layout.special_ids else layout.specials,
        missing=layout.missing,
        first_id=layout.n_start,
        pattern=counts.settings.pattern,
        normalizer=counts.settings.normalizer,
    )
