"""The rules of trainers that others have published, each exactly.

All of them merge the most frequent pair again and again, every position counted. They differ in the
ids they start from, in which of equally frequent pairs goes first, and in where special tokens
stand. (Sources: `BpeTrainer` of Hugging Face's tokenizers 0.23; rustbpe 0.1; bpeasy 0.1.6; minbpe's
`RegexTokenizer`; `train_bpe` of Stanford's CS336, assignment 1. All but the last are held against
those libraries by tests, the last against its published fixtures.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bytestride.formats.bytelevel import BYTES_IN_ORDER

TieBreak = Literal["smaller_ids", "greater_bytes", "first_seen"]

_BY_VALUE: Final = bytes(range(256))


@dataclass(frozen=True)
class Preset:
    """What defines a trainer beside the words.

    Attributes
    ----------
    byte_order : bytes
        The 256 bytes in the order of their ids.
    tie_break : str
        Of equally frequent pairs, the one that merges first.
    specials : "first", "after bytes" or "last"
        Where special tokens have their ids.
    specials_are_text : bool
        Special tokens in the text are ordinary text, and merges may make them.
    observed_bytes_only : bool
        Bytes that the text does not hold get no id, unless asked for.
    max_length_is_strict : bool
        `max_token_length` as Hugging Face has it: two tokens are joined only if they have less than
        that together, and single bytes always. Otherwise a token may be as long as that.
    """

    byte_order: bytes
    tie_break: TieBreak = "smaller_ids"
    specials: Literal["first", "after bytes", "last"] = "last"
    specials_are_text: bool = False
    observed_bytes_only: bool = False
    max_length_is_strict: bool = False


PRESETS: Final = {
    "bytestride": Preset(BYTES_IN_ORDER),
    "hf": Preset(
        BYTES_IN_ORDER,
        specials="first",
        specials_are_text=True,
        observed_bytes_only=True,
        max_length_is_strict=True,
    ),
    "rustbpe": Preset(_BY_VALUE),
    "minbpe": Preset(_BY_VALUE, tie_break="first_seen"),
    "cs336": Preset(_BY_VALUE, tie_break="greater_bytes", specials="after bytes"),
}


def preset_named(name: str) -> Preset:
    """The preset of this name.

    Raises
    ------
    ValueError
        There is none.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]
