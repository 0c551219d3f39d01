"""Encoding a batch without a Python object for each text, and without setting up what is shared."""

from __future__ import annotations

import inspect
from itertools import islice
from typing import Any

from transformers.tokenization_utils_base import (
    BatchEncoding,
    PaddingStrategy,
    PreTrainedTokenizerBase,
    TruncationStrategy,
)
from transformers.tokenization_utils_tokenizers import TokenizersBackend
from transformers.utils import TensorType

from bytestride import _core
from bytestride.transformers.call_view import (
    CallView,
    DecodeView,
    encodes_here,
    splits_with_the_library,
)
from bytestride.transformers.columns import columns_of

# What `_encode_texts` knows of; where another release of transformers has other arguments, its own
# code runs.
_ARGUMENTS = [
    "self",
    "text",
    "text_pair",
    "add_special_tokens",
    "padding_strategy",
    "truncation_strategy",
    "max_length",
    "stride",
    "is_split_into_words",
    "pad_to_multiple_of",
    "padding_side",
    "return_tensors",
    "return_token_type_ids",
    "return_attention_mask",
    "return_overflowing_tokens",
    "return_special_tokens_mask",
    "return_offsets_mapping",
    "return_length",
    "verbose",
    "split_special_tokens",
    "kwargs",
]
_KNOWN_RELEASE = list(inspect.signature(TokenizersBackend._encode_plus).parameters) == _ARGUMENTS


class EncodesHere:
    """The methods of a tokenizer that encodes through bytestride.

    Plain texts, one or many, become arrays in one call of the core. Pairs, words, overflow and what
    else is rare go through the code of transformers itself, on a copy whose backend keeps what it
    is told to itself.
    """

    _tokenizer: Any

    def _encode_plus(self, *arguments: Any, **options: Any) -> BatchEncoding:
        if _KNOWN_RELEASE and _can_encode_here(self):
            encoded = self._encode_texts(*arguments, **options)
            if encoded is not None:
                return encoded
        return self._encode_as_before(*arguments, **options)

    def _encode_texts(
        self: Any,
        text: Any,
        text_pair: Any = None,
        *more: Any,
        add_special_tokens: bool = True,
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        truncation_strategy: TruncationStrategy = TruncationStrategy.DO_NOT_TRUNCATE,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | TensorType | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        split_special_tokens: bool | None = None,
        sanitize_control_tokens: bool = False,
        **others: Any,
    ) -> BatchEncoding | None:
        """Encode one plain text, or many; None where it is something else or more is asked for."""
        if split_special_tokens is None:
            split_special_tokens = self.split_special_tokens
        is_batched = isinstance(text, list | tuple)
        texts = list(text) if is_batched else [text]
        if (
            not texts
            or _core.first_unencodable(texts) is not None
            or text_pair is not None
            or is_split_into_words
            or return_overflowing_tokens
            or sanitize_control_tokens
            or splits_with_the_library(self._tokenizer, split_special_tokens)
            or more
            or others
        ):
            return None
        rows = self._tokenizer._encode_rows(
            texts,
            add_special_tokens=add_special_tokens,
            truncation=_truncation(self, truncation_strategy, max_length, stride),
            padding=_padding(self, padding_strategy, max_length, pad_to_multiple_of, padding_side),
            encode_special_tokens=split_special_tokens,
        )
        if rows is None:
            return None
        if return_token_type_ids is None:
            return_token_type_ids = "token_type_ids" in self.model_input_names
        if return_attention_mask is None:
            return_attention_mask = "attention_mask" in self.model_input_names
        encodings = rows.encodings()
        data = columns_of(
            rows,
            encodings,
            return_tensors,
            token_type_ids=return_token_type_ids,
            attention_mask=return_attention_mask,
            special_tokens_mask=return_special_tokens_mask,
            offset_mapping=return_offsets_mapping,
            length=return_length,
        )
        _warn_if_too_long(self, data["input_ids"], max_length, verbose)
        if not is_batched and return_tensors is None:
            data = {
                name: column if name == "length" else column[0] for name, column in data.items()
            }
        return BatchEncoding(data, encodings, tensor_type=return_tensors, n_sequences=1)

    def _encode_as_before(self, *arguments: Any, **options: Any) -> BatchEncoding:
        """Run the code of transformers, on a copy whose backend is for this call alone.

        Where the class or the backend has a way of its own, that runs on the tokenizer itself: it
        may rely on what it leaves there.
        """
        tokenizer = self
        if _can_encode_here(self):
            tokenizer = _twin(self, CallView(self._tokenizer))
        encode: Any = super(EncodesHere, tokenizer)
        return encode._encode_plus(*arguments, **options)

    def _decode(self: Any, *arguments: Any, **options: Any) -> str:
        clean_up = options.get("clean_up_tokenization_spaces")
        if clean_up is None:
            clean_up = self.clean_up_tokenization_spaces
        tokenizer = self
        if (
            clean_up
            and _is_of_transformers(super(EncodesHere, type(self)), "_decode")
            and encodes_here(self._tokenizer)
        ):
            tokenizer = _twin(self, DecodeView(self._tokenizer))
        decode: Any = super(EncodesHere, tokenizer)
        text: str = decode._decode(*arguments, **options)
        return text


def _twin(tokenizer: Any, backend: Any) -> Any:
    """Give the same tokenizer with another backend."""
    twin = object.__new__(type(tokenizer))
    twin.__dict__.update(tokenizer.__dict__, _tokenizer=backend)
    return twin


def _can_encode_here(tokenizer: Any) -> bool:
    cls = type(tokenizer)
    return (
        encodes_here(tokenizer._tokenizer)
        and _is_of_transformers(super(EncodesHere, cls), "_encode_plus")
        and _is_of_transformers(cls, "_convert_encoding")
        and _is_of_transformers(cls, "set_truncation_and_padding")
    )


def _is_of_transformers(cls: Any, name: str) -> bool:
    """Whether a class has a method as transformers wrote it for all, and no way of its own."""
    return getattr(cls, name) is getattr(TokenizersBackend, name)


def _truncation(
    tokenizer: Any, strategy: TruncationStrategy, max_length: int | None, stride: int
) -> dict[str, Any] | None:
    if strategy == TruncationStrategy.DO_NOT_TRUNCATE:
        return None
    return {
        "max_length": max_length,
        "stride": stride,
        "strategy": strategy.value,
        "direction": tokenizer.truncation_side,
    }


def _padding(
    tokenizer: Any,
    strategy: PaddingStrategy,
    max_length: int | None,
    pad_to_multiple_of: int | None,
    side: str | None,
) -> dict[str, Any] | None:
    if strategy == PaddingStrategy.DO_NOT_PAD:
        return None
    return {
        "length": max_length if strategy == PaddingStrategy.MAX_LENGTH else None,
        "direction": tokenizer.padding_side if side is None else side,
        "pad_id": tokenizer.pad_token_id,
        "pad_token": tokenizer.pad_token,
        "pad_type_id": tokenizer.pad_token_type_id,
        "pad_to_multiple_of": pad_to_multiple_of,
    }


def _warn_if_too_long(
    tokenizer: Any, input_ids: Any, max_length: int | None, verbose: bool
) -> None:
    """Tell transformers of each row; as it warns once, of those that are too long the first."""
    warn = tokenizer._eventual_warn_about_too_long_sequence
    plain = PreTrainedTokenizerBase._eventual_warn_about_too_long_sequence
    if getattr(warn, "__func__", None) is plain:
        if max_length is not None or not verbose:
            return
        limit = tokenizer.model_max_length
        candidates = input_ids if isinstance(input_ids, list) else input_ids[:1]
        input_ids = list(islice((ids for ids in candidates if len(ids) > limit), 1))
    for ids in input_ids:
        warn(ids if isinstance(ids, list) else ids.tolist(), max_length, verbose)
