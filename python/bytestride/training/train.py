"""Training from a source or from counts: what `Tokenizer.train` and `Tokenizer.extend` do."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING

from bytestride.training.count_settings import (
    CountSettings,
    SpecialsInText,
    Unit,
    check_special_tokens,
)
from bytestride.training.counting import Progress, count_by_settings
from bytestride.training.learning import Options, extend, learn, least_size
from bytestride.training.presets import InitialAlphabet, PresetName
from bytestride.training.vocabulary import LearnedVocabulary
from bytestride.training.word_counts import WordCounts

if TYPE_CHECKING:
    from bytestride.corpus.bad_documents import OnBad
    from bytestride.corpus.reading import Reading
    from bytestride.corpus.sources import Source
    from bytestride.definition import Definition
    from bytestride.stages import Pattern

_DEFAULT_PATTERN = "cl100k"


def learn_vocabulary(
    source: Source | WordCounts,
    vocab_size: int,
    *,
    preset: PresetName = "bytestride",
    pattern: Pattern | None = None,
    special_tokens: Iterable[str] | None = None,
    unit: Unit | None = None,
    specials_in_text: SpecialsInText | None = None,
    normalizer: str | None = None,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    initial_alphabet: InitialAlphabet = True,
    initial_merges: Iterable[tuple[bytes, bytes]] = (),
    num_threads: int | None = None,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
    reading: Reading | None = None,
    on_bad: OnBad = "stop",
) -> LearnedVocabulary:
    """Learn a vocabulary; see `Tokenizer.train` for the parameters."""
    vocab_size = index(vocab_size)
    options = Options(preset, min_frequency, max_token_length)
    rules = options.rules()
    if special_tokens is not None:
        special_tokens = check_special_tokens(special_tokens)
    if isinstance(source, WordCounts):
        _check_not_given(
            source.settings,
            pattern=pattern,
            unit=unit,
            specials_in_text=specials_in_text,
            normalizer=normalizer,
        )
        _check_no_reading(reading)
        counts = source
        if special_tokens is None:
            special_tokens = source.settings.special_tokens
    else:
        special_tokens = special_tokens or ()
        if initial_alphabet is True:  # found out now, and not when all is counted
            least_size(rules, special_tokens, range(256), vocab_size)
        counts = count_by_settings(
            source,
            CountSettings(
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
            reading=reading,
            on_bad=on_bad,
        )
    held = [counts]  # `learn` takes them out, so that they go when they are laid out for merging
    del counts, source
    return learn(
        held,
        vocab_size,
        options,
        special_tokens=special_tokens,
        initial_alphabet=initial_alphabet,
        initial_merges=initial_merges,
        progress=progress,
    )


def extend_vocabulary(
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
    reading: Reading | None = None,
    on_bad: OnBad = "stop",
) -> LearnedVocabulary:
    """Learn more tokens for a vocabulary; see `Tokenizer.extend` for the parameters."""
    vocab_size = index(vocab_size)
    options = Options(preset, min_frequency, max_token_length)
    if isinstance(source, WordCounts):
        _check_not_given(source.settings, pattern=pattern)
        _check_no_reading(reading)
        counts = source
    else:
        counts = count_by_settings(
            source,
            CountSettings(
                definition.pattern if pattern is None else pattern,
                special_tokens=tuple(token.content for token in definition.added_tokens),
                normalizer=definition.normalizer,
            ),
            first_offsets=options.rules().needs_firsts,
            num_threads=num_threads,
            memory_bytes=memory_bytes,
            progress=progress,
            reading=reading,
            on_bad=on_bad,
        )
    return extend(definition, counts, vocab_size, options, progress=progress)


def _check_no_reading(reading: Reading | None) -> None:
    if reading is not None:
        raise ValueError("reading= says how files are read, and the source is word counts")


def _check_not_given(settings: CountSettings, **given: object) -> None:
    """Refuse what only counting can follow, unless it is what the counts have anyway."""
    values = {name: value for name, value in given.items() if value is not None}
    if not values:
        return
    pattern = values.get("pattern", settings.pattern)
    wanted = CountSettings(
        **{  # type: ignore[arg-type]
            "pattern": pattern,
            "unit": values.get("unit", settings.unit),
            "special_tokens": settings.special_tokens,
            "specials_in_text": values.get("specials_in_text", settings.specials_in_text),
            "normalizer": values.get("normalizer", settings.normalizer),
        }
    )
    if wanted != settings:
        raise ValueError(
            "the counts were made with other settings than those asked for: "
            f"{settings.difference(wanted)}; leave the argument out, or count again with it"
        )
