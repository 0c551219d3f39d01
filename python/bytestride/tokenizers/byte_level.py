"""A byte-level tokenizer with the methods of `tokenizers.Tokenizer` that encode and decode.

What a call reads of the tokenizer is one immutable `Settings`, taken once: calls that run meanwhile
keep what they started with, whatever another thread sets.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from bytestride import _core
from bytestride.tokenizers.checks import checked_id, checked_sequence, checked_text
from bytestride.tokenizers.encoding import Encoding
from bytestride.tokenizers.inputs import EncodedText, EncodedWords, PlainIds
from bytestride.tokenizers.limits import Padding, Truncation
from bytestride.tokenizers.pipeline import Pipeline
from bytestride.tokenizers.post_processor import default_process
from bytestride.tokenizers.runs import EncodedInput, TextRun

# Values of TOKENIZERS_PARALLELISM that mean no threads, as in the original.
_OFF: Final = frozenset({"", "off", "false", "f", "no", "n", "0"})
_TEXT: Final = "TextInputSequence must be str"
_TEXT_OR_PAIR: Final = (
    "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]"
)
_WORDS: Final = "PreTokenizedInputSequence must be Union[List[str], Tuple[str]]"
_WORDS_OR_PAIR: Final = (
    "PreTokenizedEncodeInput must be Union[PreTokenizedInputSequence, "
    "Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence]]"
)

Input = str | list[str]
"""One input sequence: a text, or words."""


@dataclass(frozen=True)
class Settings:
    """All that says what a text becomes.

    Attributes
    ----------
    pipeline : Pipeline
    truncation : Truncation or None
    padding : Padding or None
    encode_special_tokens : bool
        Whether special tokens in a text are left to the model, as text like any other.
    """

    pipeline: Pipeline
    truncation: Truncation | None = None
    padding: Padding | None = None
    encode_special_tokens: bool = False

    def n_added(self, is_pair: bool) -> int:
        """How many special tokens the post-processor adds."""
        processor = self.pipeline.post_processor
        return 0 if processor is None else processor.n_added(is_pair)

    # Encoding

    def encode(
        self, first: Input, second: Input | None, *, add_special_tokens: bool, unit: str = "char"
    ) -> Encoding:
        """Encode one checked input, or a pair."""
        if second is None and isinstance(first, str):
            ids = self.pipeline.engine.encode(first, **self._specials())
            text = EncodedText(
                self.pipeline,
                first,
                ids,
                encode_special_tokens=self.encode_special_tokens,
                unit=unit,
            )
            return self._finish([text], add_special_tokens)
        sequences = [first] if second is None else [first, second]
        encoded = self._encode_sequences(sequences, unit)
        return self._finish(encoded, add_special_tokens)

    def encode_all(
        self,
        inputs: Sequence[tuple[Input, Input | None]],
        *,
        add_special_tokens: bool,
        only_ids: bool = False,
    ) -> list[Encoding]:
        """Encode many checked inputs, and pad them to one length."""
        sequences = [each for pair in inputs for each in pair if each is not None]
        encoded = iter(self._encode_sequences(sequences, "char", only_ids=only_ids))
        encodings = []
        for _, second in inputs:
            parts = [next(encoded)] if second is None else [next(encoded), next(encoded)]
            encodings.append(self._finish(parts, add_special_tokens))
        if self.padding is not None:
            self.padding.apply(encodings)
        return encodings

    def _encode_sequences(
        self, sequences: Sequence[Input], unit: str, *, only_ids: bool = False
    ) -> list[EncodedInput]:
        texts: list[str] = []
        for sequence in sequences:
            texts.extend([sequence] if isinstance(sequence, str) else sequence)
        ids = iter(self.encode_texts(texts))
        if only_ids:
            return [
                PlainIds(
                    next(ids)
                    if isinstance(sequence, str)
                    else [token_id for _ in sequence for token_id in next(ids)]
                )
                for sequence in sequences
            ]
        encoded = (
            EncodedText(
                self.pipeline,
                text,
                text_ids,
                encode_special_tokens=self.encode_special_tokens,
                unit=unit,
            )
            for text, text_ids in zip(texts, ids, strict=True)
        )
        return [
            next(encoded)
            if isinstance(sequence, str)
            else EncodedWords([next(encoded) for _ in sequence])
            for sequence in sequences
        ]

    def encode_texts(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of texts, without anything added."""
        engine, specials = self.pipeline.engine, self._specials()
        if len(texts) == 1:
            return [engine.encode(texts[0], **specials)]
        return engine.encode_batch(texts, num_threads=num_threads(), **specials)

    def encode_flat(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Give the same as one uint32 array and int64[n + 1] offsets into it."""
        dtype = np.dtype(np.uint32)
        if len(texts) == 1:
            ids = np.array(self.encode_texts(texts)[0], dtype)
            return ids, np.array([0, len(ids)])
        return self.pipeline.engine._encode_flat(
            texts, None, num_threads(), dtype, **self._specials()
        )

    def _specials(self) -> dict[str, Any]:
        if self.encode_special_tokens and (across := self.pipeline.overlap) is not None:
            raise NotImplementedError(
                "encode_special_tokens=True with added tokens that may lie across special ones "
                f"({across}) is not supported; the tokenizers library itself can do it"
            )
        return {
            "allowed_special": () if self.encode_special_tokens else "all",
            "disallowed_special": (),
        }

    def _finish(self, parts: Sequence[EncodedInput], add_special_tokens: bool) -> Encoding:
        encodings = [
            # The original gives no types to what has only ids.
            Encoding.of_run(TextRun(part, 0, len(part), 0 if isinstance(part, PlainIds) else i))
            for i, part in enumerate(parts)
        ]
        return self.post_process(
            encodings[0], encodings[1] if len(encodings) > 1 else None, add_special_tokens
        )

    def post_process(
        self, encoding: Encoding, pair: Encoding | None, add_special_tokens: bool
    ) -> Encoding:
        """Truncate, add special tokens and pad one input; the arguments are used up."""
        if self.truncation is not None:
            n_added = self.n_added(pair is not None) if add_special_tokens else 0
            self.truncation.apply(encoding, pair, n_added)
        processor = self.pipeline.post_processor
        if processor is None:
            result = default_process(encoding, pair)
        else:
            result = processor.process(encoding, pair, add_special_tokens)
        if self.padding is not None:
            self.padding.apply([result])
        return result

    def with_limits(self, truncation: Truncation | None, padding: Padding | None) -> Settings:
        """Give the same with another truncation and padding."""
        return replace(self, truncation=truncation, padding=padding)


def num_threads() -> int | None:
    """How many threads a batch may take: all, or one where TOKENIZERS_PARALLELISM says so."""
    value = os.environ.get("TOKENIZERS_PARALLELISM")
    return 1 if value is not None and value.lower() in _OFF else None


class ByteLevelTokenizer:
    """What `bytestride.tokenizers.Tokenizer` does itself; the methods are those of the original."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # Texts to ids

    def encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
        *,
        unit: str = "char",
    ) -> Encoding:
        """Encode an input or a pair."""
        read = _words_of if is_pretokenized else _text_of
        return self.settings.encode(
            read(sequence),
            None if pair is None else read(pair),
            add_special_tokens=add_special_tokens,
            unit=unit,
        )

    def encode_batch(
        self, input: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Encoding]:
        """Encode many inputs or pairs."""
        return self.settings.encode_all(
            inputs_of(input, is_pretokenized), add_special_tokens=add_special_tokens
        )

    def encode_batch_fast(
        self, input: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Encoding]:
        """Encode many inputs or pairs to ids: without tokens, offsets and words."""
        return self.settings.encode_all(
            inputs_of(input, is_pretokenized),
            add_special_tokens=add_special_tokens,
            only_ids=True,
        )

    def post_process(
        self, encoding: Encoding, pair: Encoding | None = None, add_special_tokens: bool = True
    ) -> Encoding:
        """Truncate, add special tokens and pad."""
        for each in (encoding, pair):
            if each is not None and not isinstance(each, Encoding):
                raise TypeError(
                    f"'{type(each).__name__}' object is not an instance of "
                    "'bytestride.tokenizers.Encoding'"
                )
        return self.settings.post_process(
            encoding.copy(), None if pair is None else pair.copy(), add_special_tokens
        )

    # Ids to texts

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """Decode ids."""
        return self.settings.pipeline.decode(
            checked_sequence(ids), skip_special_tokens=skip_special_tokens
        )

    def decode_batch(
        self, sequences: Sequence[Sequence[int]], skip_special_tokens: bool = True
    ) -> list[str]:
        """Decode many sequences of ids."""
        pipeline = self.settings.pipeline
        return [
            pipeline.decode(checked_sequence(ids), skip_special_tokens=skip_special_tokens)
            for ids in checked_sequence(sequences)
        ]

    # The vocabulary

    def token_to_id(self, token: str) -> int | None:
        """Give the id of a text."""
        checked_text(token)
        pipeline = self.settings.pipeline
        token_id = pipeline.added.id_of(token)
        return pipeline.model.vocab.id_of(token) if token_id is None else token_id

    def id_to_token(self, id: int) -> str | None:
        """Text of an id."""
        return self.settings.pipeline.text_of(checked_id(id))

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        """Make a dict of texts and ids."""
        pipeline = self.settings.pipeline
        vocab = pipeline.model.vocab.to_dict()
        return vocab | pipeline.added.ids() if with_added_tokens else vocab

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """Count the texts that have an id."""
        pipeline = self.settings.pipeline
        return pipeline.n_texts if with_added_tokens else len(pipeline.model.vocab)

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """How many special tokens are added to an input, or to a pair."""
        return self.settings.n_added(is_pair)


def inputs_of(inputs: Any, is_pretokenized: bool) -> list[tuple[Input, Input | None]]:
    """Check the inputs of a batch: each one, or a pair.

    Raises
    ------
    TypeError
        As the original.
    """
    items = checked_sequence(inputs)
    if not is_pretokenized and isinstance(items, list | tuple):
        wrong = _core.first_unencodable(items)
        if wrong is None:
            return [(text, None) for text in items]
    read = _words_input_of if is_pretokenized else _text_input_of
    return [read(item) for item in items]


def _text_input_of(item: Any) -> tuple[Input, Input | None]:
    if _is_text(item):
        return item, None
    pair = _pair_of(item)
    if pair is None:
        raise TypeError(_TEXT_OR_PAIR)
    return _text_of(pair[0]), _text_of(pair[1])


def _words_input_of(item: Any) -> tuple[Input, Input | None]:
    if _is_words(item):
        return list(item), None
    pair = _pair_of(item)
    if pair is None:
        raise TypeError(_WORDS_OR_PAIR)
    return _words_of(pair[0]), _words_of(pair[1])


def _pair_of(item: Any) -> Any:
    is_pair = not isinstance(item, str | bytes | dict) and hasattr(item, "__getitem__")
    return item if is_pair and len(item) == 2 else None


def _text_of(value: Any) -> str:
    if not _is_text(value):
        raise TypeError(_TEXT)
    text: str = value
    return text


def _words_of(value: Any) -> list[str]:
    if not _is_words(value):
        raise TypeError(_WORDS)
    return list(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _core.first_unencodable([value]) is None


def _is_words(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype.kind not in "UO":
            return False
        value = list(value)
    return isinstance(value, list | tuple) and _core.first_unencodable(value) is None
