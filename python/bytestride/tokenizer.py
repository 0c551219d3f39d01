"""The byte-level BPE tokenizer.

`Tokenizer` is the core's engine with a constructor: its encode and decode methods are the C++
functions themselves, without a Python frame in front.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from operator import index
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bytestride import _core, formats
from bytestride.cores import apply_quota
from bytestride.corpus.documents import Documents, for_core
from bytestride.definition import AddedToken, Definition
from bytestride.errors import FormatError
from bytestride.ragged import Ragged
from bytestride.splitting import splitter_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import tiktoken
    import tokenizers
    from typing_extensions import Self

    from bytestride.corpus.bad_documents import OnBad
    from bytestride.corpus.reading import Reading
    from bytestride.corpus.sources import Source
    from bytestride.formats import Format
    from bytestride.stages import Pattern
    from bytestride.training.count_settings import SpecialsInText, Unit
    from bytestride.training.counting import Progress
    from bytestride.training.presets import InitialAlphabet, PresetName
    from bytestride.training.vocabulary import LearnedVocabulary
    from bytestride.training.word_counts import WordCounts

apply_quota()


class Tokenizer(_core.Engine):
    """A byte-level BPE tokenizer: any text to token ids, and back to the same bytes.

    Make one with `Tokenizer.train` or `Tokenizer.load`. It is immutable, may be used from any
    number of threads, and pickles by its definition.

    Parameters
    ----------
    definition : Definition
        Tokens, merges, pattern and added tokens.

    Examples
    --------
    >>> tokenizer = Tokenizer.train("low lower lowest " * 9, vocab_size=262)
    >>> tokenizer.decode(tokenizer.encode("lower still"))
    'lower still'
    """

    _definition: Definition
    _training: LearnedVocabulary | None

    # The engine is made with the object, so that no tokenizer exists without one.
    def __new__(cls, definition: Definition) -> Self:
        """Make the object whole."""
        return cls._make(definition, stacklevel=2)

    def __init__(self, definition: Definition) -> None: ...

    @classmethod
    def _make(
        cls, definition: Definition, *, training: LearnedVocabulary | None = None, stacklevel: int
    ) -> Self:
        if not isinstance(definition, Definition):
            raise TypeError(
                f"a tokenizer is made from a Definition, not from {type(definition).__name__}; "
                "Tokenizer.load takes a file or a published name"
            )
        self = super().__new__(cls)
        splitter = splitter_of(definition, stacklevel=stacklevel + 1)
        _core.Engine.__init__(self, definition.vocab(), splitter, definition.whole_pieces)
        self._definition = definition
        self._training = training
        return self

    @classmethod
    def train(
        cls,
        source: Source | WordCounts,
        vocab_size: int,
        pattern: Pattern | None = None,
        special_tokens: Iterable[str] | None = None,
        *,
        preset: PresetName = "bytestride",
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
    ) -> Self:
        """Learn a vocabulary.

        By default the 256 bytes come first, in ByteLevel order, then merges by highest count, ties
        to the smaller (left id, right id), until the vocabulary is full or no pair is left; special
        tokens come last. Other presets follow other trainers, merge by merge and id by id.

        Parameters
        ----------
        source : WordCounts, or str, bytes, path, Inputs, Arrow array, or an iterable of these
            Counts, or a text to count as `count_words` does: a str or bytes is a document; a
            `pathlib.Path` is a file or a folder of files, of text, lines of JSON or tables.
        vocab_size : int
            Tokens altogether: bytes, merges and special tokens.
        pattern : str or tuple of stages
            The name of a split pattern ("gpt2", "cl100k", "o200k", …), a regular expression or
            stages; "cl100k" by default. Counts have their own.
        special_tokens : iterable of str
            Texts that are one id each. By default none, or those that the counts were cut at.
        preset : {"bytestride", "hf", "rustbpe", "minbpe", "cs336"}
            Whose rules; `bytestride.training.presets` says what they are.
        unit, specials_in_text, normalizer
            As in `count_words`; special tokens in the text are treated as by the preset's reference
            where nothing is said. Counts have their own.
        min_frequency : int
            Pairs that are rarer do not merge.
        max_token_length : int, optional
            The most bytes of a token that is learned. With preset "hf" what it is there: tokens of
            three bytes and more are shorter than this, and those of two are always allowed.
        initial_alphabet : bool or bytes
            The bytes that the vocabulary starts from: all; or, with False or with bytes, those in
            the text and the given ones, as in Hugging Face's trainer. A tokenizer must encode any
            text, so the other bytes then come behind the last id that the reference has, beyond
            `vocab_size`.
        initial_merges : iterable of (bytes, bytes)
            Merges that come first, whatever their counts.
        num_threads : int, optional
            By default all cores that the process may use. The result does not depend on it.
        memory_bytes : int, optional
            As in `count_words`.
        progress : callable, optional
            Called as ``progress(stage, done, total)``.
        reading, on_bad
            As in `count_words`: how files are read, and what becomes of bad documents in them.

        Returns
        -------
        Tokenizer
            Its vocabulary is smaller than `vocab_size` where the source gave no more pairs.

        Raises
        ------
        ValueError
            `vocab_size` is below the bytes plus the special tokens; special tokens contradict
            themselves or the counts; the counts lack what the preset needs.
        """
        from bytestride.training.train import learn_vocabulary

        record = learn_vocabulary(
            source,
            vocab_size,
            pattern=pattern,
            special_tokens=special_tokens,
            preset=preset,
            unit=unit,
            specials_in_text=specials_in_text,
            normalizer=normalizer,
            min_frequency=min_frequency,
            max_token_length=max_token_length,
            initial_alphabet=initial_alphabet,
            initial_merges=initial_merges,
            num_threads=num_threads,
            memory_bytes=memory_bytes,
            progress=progress,
            reading=reading,
            on_bad=on_bad,
        )
        return cls._make(record.definition(), training=record, stacklevel=2)

    @property
    def training(self) -> LearnedVocabulary | None:
        """How it was learned, if it was learned here; files do not keep it."""
        return self._training

    @property
    def merge_counts(self) -> npt.NDArray[np.uint64] | None:
        """How often each learned pair stood in the text when it merged; see `training`.

        uint64, one for each merge, falling; None where the tokenizer was not learned here. After
        `extend` they are those of the new merges.
        """
        return None if self._training is None else self._training.pair_counts

    def with_vocab_size(self, vocab_size: int) -> Self:
        """Give the tokenizer that the same training to a smaller size would have given.

        Raises
        ------
        ValueError
            It was not learned here, or the size is outside what was learned.

        Examples
        --------
        >>> tokenizer = Tokenizer.train("low lower lowest " * 9, vocab_size=262)
        >>> tokenizer.with_vocab_size(259).vocab_size
        259
        """
        if self._training is None:
            raise ValueError(
                "this tokenizer was read from a file, which does not say how it was learned; every "
                "smaller size is had from the object that Tokenizer.train gave"
            )
        record = self._training.with_vocab_size(index(vocab_size))
        return type(self)._make(record.definition(), training=record, stacklevel=2)

    def extend(
        self,
        source: Source | WordCounts,
        vocab_size: int,
        *,
        pattern: Pattern | None = None,
        preset: PresetName | None = None,
        min_frequency: int = 0,
        max_token_length: int | None = None,
        num_threads: int | None = None,
        memory_bytes: int | None = None,
        progress: Progress | None = None,
        reading: Reading | None = None,
        on_bad: OnBad = "stop",
    ) -> Self:
        """Learn more tokens from a text. All tokens keep their ids; new ones come behind the last.

        The merges there are go first, then those that are learned, by the counts of the text. A
        text in another language or field is one use. Another pattern is the other: the result has
        the pattern of the text's counts, so that a second stage may merge across what the first
        kept apart, as in SuperBPE (superwords).

        Parameters
        ----------
        source : WordCounts, or what `count_words` takes
            Counts, or a text to count: with this tokenizer's normal form, cut at its added tokens.
        vocab_size : int
            Tokens altogether, the present ones too.
        pattern : str or tuple of stages
            By default this tokenizer's. Counts have their own.
        preset : str
            By whose rules new merges are learned; by default those that were used before, or
            "bytestride". Where special tokens stand does not change.
        min_frequency, max_token_length, num_threads, memory_bytes, progress, reading, on_bad
            As in `train`.

        Raises
        ------
        ValueError
            The size is below the present one; the counts were cut at other special tokens, or have
            another normal form; they lack what the preset needs.
        """
        from bytestride.training.train import extend_vocabulary

        if preset is None:
            preset = "bytestride" if self._training is None else self._training.preset
        record = extend_vocabulary(
            self._definition,
            source,
            vocab_size,
            pattern=pattern,
            preset=preset,
            min_frequency=min_frequency,
            max_token_length=max_token_length,
            num_threads=num_threads,
            memory_bytes=memory_bytes,
            progress=progress,
            reading=reading,
            on_bad=on_bad,
        )
        return type(self)._make(record.definition(), training=record, stacklevel=2)

    @classmethod
    def load(
        cls,
        path_or_name: str | os.PathLike[str],
        *,
        pattern: str | None = None,
        special_tokens: Mapping[str, int] | None = None,
    ) -> Self:
        """Read a tokenizer from a file, or by published name.

        Read are ``tokenizer.json``, ``.tiktoken`` files (``tiktoken.model`` of Kimi and Llama 3,
        ``qwen.tiktoken``), ``vocab.json`` with ``merges.txt``, Mistral's ``tekken.json``, and the
        vocabulary in a ``.gguf`` file; `bytestride.formats` says what each holds.

        Parameters
        ----------
        path_or_name : str or path
            A file, a folder with one, or a name such as "cl100k_base", looked up in the known
            caches.
        pattern, special_tokens : optional
            For a file that does not hold them: a ``.tiktoken`` file that is no published
            vocabulary, ``vocab.json``, a ``.gguf`` file with an unknown way of splitting (the
            pattern only).

        Raises
        ------
        FileNotFoundError
            No such file or cached vocabulary; the message lists the places.
        FormatError
            The file is damaged or of a kind that is not supported.
        """
        definition = formats.load(path_or_name, pattern=pattern, special_tokens=special_tokens)
        try:
            return cls._make(definition, stacklevel=2)
        except FormatError:
            raise
        except ValueError as error:
            # What only the engine, or the compiler of its pattern, finds wrong with the file.
            raise FormatError(f"{path_or_name}: {error}") from None

    @classmethod
    def from_tiktoken(cls, encoding: tiktoken.Encoding) -> Self:
        """Make the tokenizer of a living `tiktoken.Encoding`, or of what has its attributes.

        Raises
        ------
        TypeError
            It is none.
        ValueError
            Its pattern drops characters, or does not compile here.
        """
        from bytestride.formats.live_objects import from_tiktoken

        return cls._make(from_tiktoken(encoding), stacklevel=2)

    @classmethod
    def from_hf(cls, tokenizer: Any) -> Self:  # noqa: ANN401  # of two libraries
        """Make the tokenizer of a living `tokenizers.Tokenizer`, or a fast one of transformers.

        Ids are those of ``encode(text, add_special_tokens=False)`` there.

        Raises
        ------
        TypeError
            It is none.
        FormatError
            It does what bytestride does not do; the message names it.
        """
        from bytestride.formats.live_objects import from_hf

        return cls._make(from_hf(tokenizer), stacklevel=2)

    def to_tiktoken(self, name: str | None = None) -> tiktoken.Encoding:
        """Make a `tiktoken.Encoding` that gives the same ids.

        Parameters
        ----------
        name : str, optional
            Its name; by default the published one, or "bytestride".

        Raises
        ------
        ValueError
            tiktoken would give other ids; the message says why.
        """
        from bytestride.formats.live_objects import to_tiktoken

        return to_tiktoken(self._definition, name)

    def to_hf(self) -> tokenizers.Tokenizer:
        """Make a `tokenizers.Tokenizer` that gives the same ids.

        Raises
        ------
        ValueError
            It could not be written as a `tokenizer.json`; the message says why.
        """
        from bytestride.formats.live_objects import to_hf

        return to_hf(self._definition)

    def save(self, path: str | os.PathLike[str], *, format: Format | None = None) -> None:
        """Write the tokenizer to a file, whole or not at all.

        Parameters
        ----------
        path : str or path
            By its name, what is written: a path that ends in ``.tiktoken``, or ``tiktoken.model``,
            gets tiktoken's format, which holds the tokens only; ``tekken.json`` Mistral's;
            ``vocab.json``, ``merges.txt`` or a folder the two files of GPT-2; any other gets
            Hugging Face's ``tokenizer.json``.
        format : {"tokenizer.json", "tiktoken", "vocab.json", "tekken.json"}, optional
            The format, whatever the name.

        Raises
        ------
        ValueError
            The format cannot hold this tokenizer exactly; the message says why.
        """
        formats.write(self._definition, path, format)

    def encode_ragged(
        self,
        documents: Documents,
        num_threads: int | None = None,
        dtype: npt.DTypeLike | None = None,
        *,
        out: npt.NDArray[np.uint16] | npt.NDArray[np.uint32] | None = None,
        end_id: int | None = None,
    ) -> Ragged:
        """Encode many documents into one flat array.

        Text that looks like a special token is ordinary text here; added tokens that are not
        special are matched.

        Parameters
        ----------
        documents
            An iterable of str or bytes; a pair ``(buffer, offsets)`` of bytes and int64[n + 1]
            byte offsets, or int64[n, 2] begins and ends as `cut_documents` gives them; or an Arrow
            array of strings or binaries, in chunks or not, of any library. Nothing is copied.
        num_threads : int, optional
            By default all cores that the process may use. The result does not depend on it.
        dtype : optional
            uint16 or uint32; by default the narrower one that holds the vocabulary and `end_id`.
        out : optional
            A contiguous uint16 or uint32 array that the ids are written to the start of; the
            result's ``tokens`` are a view of it.
        end_id : int, optional
            An id that becomes the last of each document, empty ones too: that of ``<|endoftext|>``,
            or any other that the type holds.

        Returns
        -------
        Ragged
            ``tokens`` and int64[n_documents + 1] ``offsets``.

        Raises
        ------
        ValueError
            `out` is too small (what it holds then means nothing; the message says how many ids
            there can be at most), or `dtype` is not its type. `end_id` is negative or does not
            fit. An Arrow array holds nulls: the message names the first row.
        """
        source, offsets = for_core(documents)
        if out is not None:
            if dtype is not None and np.dtype(dtype) != getattr(out, "dtype", None):
                raise ValueError(f"dtype {np.dtype(dtype)} is not that of out; leave it away")
            ends = self._encode_into(source, offsets, num_threads, out, end_id=end_id)
            return Ragged(out[: ends[-1]], ends)
        return Ragged(
            *self._encode_flat(
                source,
                offsets,
                num_threads,
                None if dtype is None else np.dtype(dtype),
                end_id=end_id,
            )
        )

    def count_batch(
        self,
        documents: Documents,
        *,
        num_threads: int | None = None,
        allowed_special: Literal["all"] | Collection[str] = (),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> npt.NDArray[np.int64]:
        """Count the ids that `encode` gives for each of many texts; none are kept.

        Parameters
        ----------
        documents
            As for `encode_ragged`.
        num_threads : int, optional
            By default all cores that the process may use.
        allowed_special, disallowed_special
            As for `encode`.

        Returns
        -------
        numpy.ndarray
            int64[n_documents].
        """
        source, offsets = for_core(documents)
        return self._count_batch(source, offsets, num_threads, allowed_special, disallowed_special)

    def decode_batch(
        self, batch: Ragged | Iterable[Iterable[int] | npt.NDArray[Any]], *, errors: str = "replace"
    ) -> list[str]:
        """Give the text of each of many documents' ids.

        Parameters
        ----------
        batch : Ragged, or iterable of what `decode` takes
        errors : str
            As for `decode`.

        Raises
        ------
        KeyError
            An id that is no token's, with its position in its document.
        """
        return [self.decode(ids, errors) for ids in _rows(batch)]

    def decode_bytes_batch(
        self, batch: Ragged | Iterable[Iterable[int] | npt.NDArray[Any]]
    ) -> list[bytes]:
        """Give the bytes of each of many documents' ids; otherwise as `decode_batch`."""
        return [self.decode_bytes(ids) for ids in _rows(batch)]

    @property
    def definition(self) -> Definition:
        """What this tokenizer is made of."""
        return self._definition

    @property
    def name(self) -> str | None:
        """The published name, where the vocabulary has one."""
        return self._definition.name

    @property
    def pattern(self) -> Pattern:
        """The regular expression that cuts text into pretokens, or splits one after the other."""
        return self._definition.pattern

    @property
    def added_tokens(self) -> tuple[AddedToken, ...]:
        """All texts that are one id each, special or not."""
        return self._definition.added_tokens

    @property
    def special_tokens(self) -> dict[str, int]:
        """Special tokens and their ids."""
        return {token.content: token.id for token in self.added_tokens if token.special}

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        return f"<Tokenizer {name}vocab_size={self.vocab_size}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _make, (type(self), self._definition, self._training)


def _make(
    cls: type[Tokenizer], definition: Definition, record: LearnedVocabulary | None
) -> Tokenizer:
    return cls._make(definition, training=record, stacklevel=2)


def _rows(
    batch: Ragged | Iterable[Iterable[int] | npt.NDArray[Any]],
) -> Iterable[Iterable[int] | npt.NDArray[Any]]:
    if isinstance(batch, Ragged):
        return map(batch.document, range(batch.n_documents))
    return batch
