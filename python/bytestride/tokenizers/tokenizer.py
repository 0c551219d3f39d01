"""`Tokenizer`: the surface of `tokenizers.Tokenizer`, encoding byte-level BPE in bytestride."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from bytestride.errors import FormatError
from bytestride.formats.files import read_file, write_file
from bytestride.formats.json_text import compact
from bytestride.tokenizers import live
from bytestride.tokenizers.async_methods import AsyncMethods
from bytestride.tokenizers.calls import EncodesAndDecodes
from bytestride.tokenizers.document import read_tokenizer
from bytestride.tokenizers.limits import Padding, Truncation
from bytestride.tokenizers.training import Learns


class Tokenizer(EncodesAndDecodes, Learns, AsyncMethods):
    """A tokenizer with the methods of Hugging Face's, which does itself what is byte-level BPE.

    Any other configuration is handed to the tokenizers library, once and with one warning, and so
    gives what it gives there. Nothing is approximated and no argument is ignored.

    A tokenizer can be assembled from the library's components, as there. Whether it is byte-level
    BPE is found out when it is first used.

    Parameters
    ----------
    model : tokenizers.models.Model
        A model of the library.

    Notes
    -----
    It may be used from any number of threads. What `enable_truncation` and `enable_padding` set is
    for calls that start afterwards.
    """

    def __init__(self, model: Any) -> None:
        self._theirs = live.real_tokenizer()(model)

    # From files and objects

    @staticmethod
    def from_file(path: str) -> Tokenizer:
        """Read a `tokenizer.json`."""
        return Tokenizer._parse(read_file(path), str(path))

    @staticmethod
    def from_str(json: str) -> Tokenizer:
        """Read the text of a `tokenizer.json`."""
        return Tokenizer._parse(json.encode(), "the text")

    @staticmethod
    def from_buffer(buffer: bytes) -> Tokenizer:
        """Read the bytes of a `tokenizer.json`."""
        return Tokenizer._parse(bytes(buffer), "the buffer")

    @staticmethod
    def from_pretrained(
        identifier: str, revision: str = "main", token: str | None = None
    ) -> Tokenizer:
        """Read the `tokenizer.json` of a model on the Hugging Face Hub (needs huggingface_hub)."""
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(identifier, "tokenizer.json", revision=revision, token=token)
        return Tokenizer.from_file(path)

    @staticmethod
    def _parse(data: bytes, where: str) -> Tokenizer:
        self = Tokenizer.__new__(Tokenizer)
        try:
            self._mine = read_tokenizer(data, where)
        except FormatError as error:
            self._fall_back(data, error, stacklevel=3)
        return self

    @staticmethod
    def _from_real(real: Any) -> Tokenizer:
        """Take over a tokenizer of the library, which is not changed."""
        self = Tokenizer.__new__(Tokenizer)
        try:
            self._mine = read_tokenizer(real.to_str().encode(), "the tokenizer")
            self._mine.settings = replace(
                self._mine.settings, encode_special_tokens=real.encode_special_tokens
            )
        except FormatError as error:
            self._theirs, self._reason = real, str(error)
        return self

    # Truncation, padding, special tokens in texts

    def enable_truncation(
        self,
        max_length: int,
        stride: int = 0,
        strategy: str = "longest_first",
        direction: str = "right",
    ) -> None:
        """Cut inputs to `max_length` tokens; what is cut off becomes `Encoding.overflowing`."""
        truncation = Truncation.of(max_length, stride, strategy, direction)
        with self._lock:
            if self._mine is None:
                self._theirs.enable_truncation(**truncation.to_dict())
                return
            truncation.check(self._mine.settings.n_added(False))
            self._change(lambda settings: replace(settings, truncation=truncation))

    def no_truncation(self) -> None:
        """Cut no inputs."""
        with self._lock:
            if self._mine is None:
                self._theirs.no_truncation()
            else:
                self._change(lambda settings: replace(settings, truncation=None))

    @property
    def truncation(self) -> dict[str, Any] | None:
        """The parameters of `enable_truncation`, or None."""
        mine = self._mine
        if mine is None:
            theirs: dict[str, Any] | None = self._theirs.truncation
            return theirs
        truncation = mine.settings.truncation
        return None if truncation is None else truncation.to_dict()

    def enable_padding(
        self,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        """Bring encodings to one length: of the longest of a batch, or `length`."""
        padding = Padding.of(direction, pad_id, pad_type_id, pad_token, length, pad_to_multiple_of)
        with self._lock:
            if self._mine is None:
                self._theirs.enable_padding(**padding.to_dict())
            else:
                self._change(lambda settings: replace(settings, padding=padding))

    def no_padding(self) -> None:
        """Pad no encodings."""
        with self._lock:
            if self._mine is None:
                self._theirs.no_padding()
            else:
                self._change(lambda settings: replace(settings, padding=None))

    @property
    def padding(self) -> dict[str, Any] | None:
        """The parameters of `enable_padding`, or None."""
        mine = self._mine
        if mine is None:
            theirs: dict[str, Any] | None = self._theirs.padding
            return theirs
        padding = mine.settings.padding
        return None if padding is None else padding.to_dict()

    @property
    def encode_special_tokens(self) -> bool:
        """Whether special tokens in a text are left to the model, as text like any other."""
        mine = self._mine
        if mine is None:
            return bool(self._theirs.encode_special_tokens)
        return mine.settings.encode_special_tokens

    @encode_special_tokens.setter
    def encode_special_tokens(self, value: bool) -> None:
        with self._lock:
            across = None if self._mine is None else self._mine.settings.pipeline.overlap
            if value and across is not None:
                self._assemble().encode_special_tokens = True
                self._say_why(
                    f"special tokens are left to the model, and added tokens may lie across each "
                    f"other ({across})",
                    stacklevel=2,
                )
            elif self._mine is None:
                self._theirs.encode_special_tokens = value
            else:
                self._change(lambda settings: replace(settings, encode_special_tokens=value))

    # The vocabulary

    def add_tokens(self, tokens: list[Any]) -> int:
        """Add tokens, str or `AddedToken`, and count those that are new."""
        return self._add(tokens, special=False)

    def add_special_tokens(self, tokens: list[Any]) -> int:
        """Add special tokens, str or `AddedToken`, and count those that are new."""
        return self._add(tokens, special=True)

    def _add(self, tokens: list[Any], *, special: bool) -> int:
        with self._lock:
            name = "add_special_tokens" if special else "add_tokens"
            if self._mine is None:
                self._reason = None
                n_added: int = getattr(self._theirs, name)(tokens)
                return n_added
            checked = live.tokens_to_add(tokens, special=special)
            try:
                pipeline, n_added = self._mine.settings.pipeline.with_added(checked)
            except FormatError:
                n_added = getattr(self._assemble(), name)(tokens)
                return n_added
            self._change(lambda settings: replace(settings, pipeline=pipeline))
            return n_added

    def get_added_tokens_decoder(self) -> dict[int, Any]:
        """Give added tokens by id, as objects of the library."""
        mine = self._mine
        if mine is None:
            theirs: dict[int, Any] = self._theirs.get_added_tokens_decoder()
            return theirs
        by_id = mine.settings.pipeline.added.by_id
        return {token_id: live.added_token(token) for token_id, token in by_id.items()}

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        """Make a dict of texts and ids."""
        vocab: dict[str, int] = self._ready().get_vocab(with_added_tokens)
        return vocab

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """Count the texts that have an id."""
        size: int = self._ready().get_vocab_size(with_added_tokens)
        return size

    def token_to_id(self, token: str) -> int | None:
        """Give the id of a text, or None."""
        token_id: int | None = self._ready().token_to_id(token)
        return token_id

    def id_to_token(self, id: int) -> str | None:
        """Text of an id, or None."""
        token: str | None = self._ready().id_to_token(id)
        return token

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """How many special tokens the post-processor adds to an input, or to a pair."""
        n_added: int = self._ready().num_special_tokens_to_add(is_pair)
        return n_added

    # To files and pickles

    def save(self, path: str, pretty: bool = True) -> None:
        """Write a `tokenizer.json`, whole or not at all."""
        write_file(Path(path), self.to_str(pretty).encode())

    def __getstate__(self) -> bytes:
        return compact([self.encode_special_tokens, self.to_str()]).encode()

    def __setstate__(self, state: bytes) -> None:
        encode_special_tokens, text = json.loads(state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it was said when the original was made
            other = Tokenizer.from_str(text)
        self._mine, self._theirs, self._reason = other._mine, other._theirs, other._reason
        if encode_special_tokens:
            self.encode_special_tokens = True

    def __repr__(self) -> str:
        if self._mine is None:
            return repr(self._theirs)
        return f"<bytestride.tokenizers.Tokenizer of {self.get_vocab_size()} tokens>"

    def __str__(self) -> str:
        return repr(self) if self._mine is not None else str(self._theirs)
