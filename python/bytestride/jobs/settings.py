"""What the bytes of a corpus's tokens depend on, beside the inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bytestride.store.writer import choose_dtype

if TYPE_CHECKING:
    from bytestride.corpus.reading import Reading
    from bytestride.tokenizer import Tokenizer

DEFAULT_SHARD_TOKENS = 2**30


@dataclass(frozen=True)
class Settings:
    """All that decides about the output; how many workers there are, or machines, does not.

    Attributes
    ----------
    tokenizer_name, tokenizer_fingerprint, vocab_size
        Of the tokenizer.
    reading
        How documents are found in the inputs.
    end_of_document, end_id
        The special token that ends every document, and its id; or None.
    dtype
        Type of the ids as stored, "uint16" or "int32".
    shard_tokens
        A shard ends with the first document that brings it to this many tokens.
    seed
        What the documents are shuffled by; None leaves them in the order of the inputs.
    """

    tokenizer_name: str | None
    tokenizer_fingerprint: str
    vocab_size: int
    reading: Reading
    end_of_document: str | None = None
    end_id: int | None = None
    dtype: str = "uint16"
    shard_tokens: int = DEFAULT_SHARD_TOKENS
    seed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Give what a plan keeps, to compare and to show."""
        values = asdict(self)
        reading = values.pop("reading")
        separator = reading["separator"]
        if separator is not None:
            reading["separator"] = separator.decode("utf-8", "backslashreplace")
        return {**values, **{f"reading.{name}": value for name, value in reading.items()}}


def settings_for(
    tokenizer: Tokenizer,
    reading: Reading,
    *,
    end_of_document: str | None = None,
    dtype: str | None = None,
    shard_tokens: int = DEFAULT_SHARD_TOKENS,
    seed: int | None = None,
) -> Settings:
    """Bring what a user asked for together, and check it.

    Raises
    ------
    ValueError
        The token that ends documents is no special token of this tokenizer, the type cannot hold
        its ids, or a number is out of range.
    """
    if shard_tokens < 1:
        raise ValueError(f"shard_tokens must be at least 1, found {shard_tokens}")
    if seed is not None and not 0 <= seed < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, found {seed}")
    return Settings(
        tokenizer_name=tokenizer.name,
        tokenizer_fingerprint=tokenizer.definition.fingerprint(),
        vocab_size=tokenizer.vocab_size,
        reading=reading,
        end_of_document=end_of_document,
        end_id=None if end_of_document is None else _special_id(tokenizer, end_of_document),
        dtype=str(choose_dtype(tokenizer.vocab_size, dtype)),
        shard_tokens=shard_tokens,
        seed=seed,
    )


def _special_id(tokenizer: Tokenizer, token: str) -> int:
    special = tokenizer.special_tokens
    if token not in special:
        known = ", ".join(list(special)[:8]) or "none"
        raise ValueError(f"{token!r} is no special token of this tokenizer; it has {known}")
    return special[token]
