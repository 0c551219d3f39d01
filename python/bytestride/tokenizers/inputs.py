"""The tokens of one input, as an `Encoding` reads them: a text, a text in words, or only ids.

Ids are at hand; where tokens lie and which pretoken they are of is worked out, from the text once
more, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy.typing as npt

from bytestride import _core
from bytestride.definition import AddedToken
from bytestride.tokenizers.pipeline import Pipeline
from bytestride.tokenizers.runs import Offsets


class EncodedText:
    """The tokens of one text; an `EncodedInput` (see `runs`).

    Parameters
    ----------
    pipeline : Pipeline
    text : str
    ids : list of int, or uint array
    encode_special_tokens : bool
        Whether special tokens in the text were left to the model.
    unit : "char" or "byte"
        Of the offsets.
    """

    __slots__ = ("_encode_special_tokens", "_ids", "_pipeline", "_places", "_text", "_unit")

    def __init__(
        self,
        pipeline: Pipeline,
        text: str,
        ids: list[int] | npt.NDArray[Any],
        *,
        encode_special_tokens: bool,
        unit: str = "char",
    ) -> None:
        self._pipeline = pipeline
        self._text = text
        self._ids = ids
        self._encode_special_tokens = encode_special_tokens
        self._unit = unit
        self._places: list[Offsets] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> list[int]:
        """Token ids."""
        if isinstance(self._ids, list):
            return self._ids
        ids: list[int] = self._ids.tolist()
        self._ids = ids
        return ids

    @property
    def tokens(self) -> list[str]:
        """Tokens as texts; an added token with the white space that it took."""
        texts = self._pipeline.texts
        tokens = [texts[token_id] for token_id in self.ids]
        added = self._pipeline.added.by_id
        taking = {i for i, token in added.items() if token.lstrip or token.rstrip}
        if taking and not taking.isdisjoint(self.ids):
            for i, token_id in enumerate(self.ids):
                if token_id in taking:
                    begin, end = self.offsets[i]
                    tokens[i] = self._taken(added[token_id], begin, end)
        return tokens

    def _allowed_special(self) -> tuple[()] | Literal["all"]:
        return () if self._encode_special_tokens else "all"

    def _taken(self, token: AddedToken, begin: int, end: int) -> str:
        if self._unit == "byte":
            text = self._text.encode()[begin:end].decode()
        else:
            text = self._text[begin:end]
        if token.normalized and self._pipeline.normalizer is not None:
            return _core.normalize_nfc(text).decode()
        return text

    @property
    def offsets(self) -> list[Offsets]:
        """Begin and end of each token in the text."""
        if self._places is None:
            pipeline = self._pipeline
            _, offsets = pipeline.engine.encode_with_offsets(
                self._text,
                unit=self._unit,  # type: ignore[arg-type]
                allowed_special=self._allowed_special(),
                disallowed_special=(),
            )
            begins, ends = offsets.T.tolist()
            self._places = list(zip(begins, ends, strict=True))
        return self._places

    @property
    def words(self) -> list[int | None]:
        """Number of each token's pretoken."""
        pipeline = self._pipeline
        words: list[int | None] = pipeline.engine.token_words(
            self._text, allowed_special=self._allowed_special(), disallowed_special=()
        ).tolist()
        return words


class EncodedWords:
    """The tokens of an input that came in words; an `EncodedInput`.

    Offsets are within each word, and the number of a token's word is that of the input.
    """

    __slots__ = ("_n", "_words")

    def __init__(self, words: Sequence[EncodedText]) -> None:
        self._words = words
        self._n = sum(map(len, words))

    def __len__(self) -> int:
        return self._n

    @property
    def ids(self) -> list[int]:
        """Token ids."""
        return [token_id for word in self._words for token_id in word.ids]

    @property
    def tokens(self) -> list[str]:
        """Tokens as texts."""
        return [token for word in self._words for token in word.tokens]

    @property
    def offsets(self) -> list[Offsets]:
        """Begin and end of each token in its word."""
        return [place for word in self._words for place in word.offsets]

    @property
    def words(self) -> list[int | None]:
        """Number of each token's word in the input."""
        return [i for i, word in enumerate(self._words) for _ in range(len(word))]


class PlainIds:
    """Only ids: what `encode_batch_fast` gives, with empty tokens and no offsets or words."""

    __slots__ = ("_ids",)

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> list[int]:
        """Token ids."""
        return self._ids

    @property
    def tokens(self) -> list[str]:
        """Empty texts."""
        return [""] * len(self._ids)

    @property
    def offsets(self) -> list[Offsets]:
        """Zeros."""
        return [(0, 0)] * len(self._ids)

    @property
    def words(self) -> list[int | None]:
        """None for each."""
        return [None] * len(self._ids)
