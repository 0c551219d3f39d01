"""Training from a source or from counts: what `Tokenizer.train` and `Tokenizer.extend` do."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING

from bytestride.training.count_rules import (
    CountRules,
    SpecialsInText,
    Unit,
    check_special_tokens,
)
from bytestride.training.counting import Progress, count_by_rules
from bytestride.training.learning import Options, extend, learn, least_size
from bytestride.training.presets import InitialAlphabet, PresetName
from bytestride.training.record import TrainingRecord
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    from bytestride.corpus.sources import Source
    from bytestride.definition import Definition
    from bytestride.stages import Pattern

_DEFAULT_PATTERN = "cl100k"


def train(
    source: Source | WordCounts,
    vocab_size: int,
    *,
    pattern: Pattern | None,
    special_tokens: Iterable[str] | None,
    preset: PresetName,
    unit: Unit | None,
    specials_in_text: SpecialsInText | None,
    normalizer: str | None,
    min_frequency: int,
    max_token_length: int | None,
    initial_alphabet: InitialAlphabet,
    initial_merges: Iterable[tuple[bytes, bytes]],
    num_threads: int | None,
    memory_bytes: int | None,
    progress: Progress | None,
) -> TrainingRecord:
    """Learn a vocabulary; see `Tokenizer.train` for the parameters."""
    vocab_size = index(vocab_size)
    options = Options(preset, min_frequency, max_token_length)
    rules = options.rules()
    if special_tokens is not None:
        special_tokens = check_special_tokens(special_tokens)
    if isinstance(source, WordCounts):
        _check_not_given(
            source.rules,
            pattern=pattern,
            unit=unit,
            specials_in_text=specials_in_text,
            normalizer=normalizer,
        )
        counts = source
        if special_tokens is None:
            special_tokens = source.rules.special_tokens
    else:
        special_tokens = special_tokens or ()
        if initial_alphabet == "all":  # found out now, and not when all is counted
            least_size(rules, special_tokens, range(256), vocab_size)
        counts = count_by_rules(
            source,
            CountRules(
                _DEFAULT_PATTERN if pattern is None else pattern,
                unit or "document",
                special_tokens,
                specials_in_text or rules.specials_in_text,
                normalizer,
            ),
            first_offsets=rules.needs_firsts,
            num_threads=num_threads,
            memory_bytes=memory_bytes,
            progress=progress,
        )
    return learn(
        counts,
        vocab_size,
        options,
        special_tokens=special_tokens,
        initial_alphabet=initial_alphabet,
        initial_merges=initial_merges,
        progress=progress,
    )


def train_further(
    definition: Definition,
    source: Source | WordCounts,
    vocab_size: int,
    *,
    pattern: Pattern | None,
    preset: PresetName,
    min_frequency: int,
    max_token_length: int | None,
    num_threads: int | None,
    memory_bytes: int | None,
    progress: Progress | None,
) -> TrainingRecord:
    """Learn more tokens for a vocabulary; see `Tokenizer.extend` for the parameters."""
    vocab_size = index(vocab_size)
    options = Options(preset, min_frequency, max_token_length)
    if isinstance(source, WordCounts):
        _check_not_given(source.rules, pattern=pattern)
        counts = source
    else:
        counts = count_by_rules(
            source,
            CountRules(
                definition.pattern if pattern is None else pattern,
                special_tokens=tuple(token.content for token in definition.added_tokens),
                normalizer=definition.normalizer,
            ),
            first_offsets=options.rules().needs_firsts,
            num_threads=num_threads,
            memory_bytes=memory_bytes,
            progress=progress,
        )
    return extend(definition, counts, vocab_size, options, progress=progress)


def _check_not_given(rules: CountRules, **given: object) -> None:
    """Refuse what only counting can follow, unless it is what the counts have anyway."""
    values = {name: value for name, value in given.items() if value is not None}
    if not values:
        return
    pattern = values.get("pattern", rules.pattern)
    wanted = CountRules(
        **{  # type: ignore[arg-type]
            "pattern": pattern,
            "unit": values.get("unit", rules.unit),
            "special_tokens": rules.special_tokens,
            "specials_in_text": values.get("specials_in_text", rules.specials_in_text),
            "normalizer": values.get("normalizer", rules.normalizer),
        }
    )
    if wanted != rules:
        raise ValueError(
            f"the counts were made by other rules than those asked for: {rules.difference(wanted)}"
            "; leave the argument out, or count again with it"
        )
