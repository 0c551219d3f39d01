"""`DecodeStream`, and what the tokenizers library has beside it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from bytestride.tokenizers.checks import checked_id


class DecodeStream:
    """Text of ids that come one by one: a piece of it whenever there are whole characters.

    The rule is `step_decode_stream` of tokenizers 0.23: a few ids are kept, so that what a decoder
    does at the start of a text is not done again in its middle.

    Parameters
    ----------
    ids : sequence of int, optional
        Ids that came before, whose text is not given again.
    skip_special_tokens : bool
        Whether special tokens are left out.
    """

    def __init__(
        self, ids: Sequence[int] | None = None, skip_special_tokens: bool | None = False
    ) -> None:
        self._ids = [checked_id(token_id) for token_id in ids or ()]
        self._skip = bool(skip_special_tokens)
        self._prefix = ""
        self._n_prefix = 0

    def step(self, tokenizer: Any, id: int | Sequence[int]) -> str | None:
        """Take the next id, or several, and give the text that is new; None while there is none.

        Parameters
        ----------
        tokenizer : bytestride.tokenizers.Tokenizer
        id : int or sequence of int
        """
        new = [checked_id(index(id))] if hasattr(id, "__index__") else [*map(checked_id, id)]
        if not self._prefix and self._ids:
            before = tokenizer.decode(self._ids, self._skip)
            if not before.endswith("\ufffd"):
                self._prefix, self._n_prefix = before, len(self._ids)
        self._ids = self._ids + new  # another list: a copy of this stream has the old one
        text = tokenizer.decode(self._ids, self._skip)
        if len(text.encode()) <= len(self._prefix.encode()) or text.endswith("\ufffd"):
            return None
        if not text.startswith(self._prefix):
            raise Exception(
                f"Invalid prefix encountered while decoding stream. Token ID: {self._ids[-1]}, "
                f"Expected prefix: '{self._prefix}', Actual string: '{text}'"
            )
        n_new = len(self._ids) - self._n_prefix
        self._ids = self._ids[self._n_prefix :]
        given: str = text[len(self._prefix) :]
        self._prefix = tokenizer.decode(self._ids, self._skip)
        self._n_prefix = n_new
        return given


def __getattr__(name: str) -> Any:
    """Give the library's own decoders."""
    if name.startswith("__"):
        raise AttributeError(name)
    from bytestride.tokenizers.live import library

    return getattr(library().decoders, name)
