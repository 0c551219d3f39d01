"""By whose rules a vocabulary is learned: what the trainers that people compare with do, exactly.

All of them merge the most frequent pair, count pairs at every position (in ``aaaa`` the pair (a, a)
stands three times) and replace from left to right. They differ in the ids they start from, in which
of equally frequent pairs goes first, and in where special tokens stand:

==========  ============  ===============================  ==============  ==================
preset      bytes         of equally frequent pairs        special tokens  in the text
==========  ============  ===============================  ==============  ==================
bytestride  ByteLevel     smaller (left id, right id)      last            dropped
hf          ByteLevel     smaller (left id, right id)      first           text like any other
rustbpe     by value      smaller (left id, right id)      last            text like any other
minbpe      by value      the one that stands first        last            text like any other
cs336       ByteLevel     greater (left bytes, right ...)  first           dropped
==========  ============  ===============================  ==============  ==================

Sources: tokenizers 0.23 (`models/bpe/trainer.rs`); rustbpe (`src/lib.rs`), whose rule is bpeasy's,
too; minbpe (`minbpe/regex.py`), whose rule is that of tiktoken's `_educational.py`; the handout of
Stanford's CS336, assignment 1, with the ids of its fixture. All stop at the size that was asked for
or when no pair is left (where minbpe raises). The size counts special tokens; rustbpe and minbpe,
which add those afterwards, are asked for so many fewer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from bytestride.formats import bytelevel
from bytestride.training.count_settings import SpecialsInText

PresetName = Literal["bytestride", "hf", "rustbpe", "minbpe", "cs336"]
InitialAlphabet = bool | Collection[int]


@dataclass(frozen=True)
class Preset:
    """The rules of a trainer.

    Attributes
    ----------
    name : str
    bytes_in_order : bytes
        The 256 bytes in the order of their ids.
    tie_break : {"smaller_ids", "greater_bytes", "first_seen"}
        Which of equally frequent pairs merges first.
    specials_first : bool
        Special tokens have the first ids; otherwise the last.
    specials_in_text : {"drop", "hf", "text"}
        What becomes of special tokens in the text where the caller does not say.
    reuses_specials : bool
        A byte or a merge that is spelled as a special token, in the ByteLevel alphabet, has the id
        of that, and no new token is made.
    length_is_exclusive : bool
        Tokens must be shorter than `max_token_length` (but those of two bytes may always be), where
        otherwise they may be as long.
    """

    name: PresetName
    bytes_in_order: bytes = bytelevel.BYTES_IN_ORDER
    tie_break: str = "smaller_ids"
    specials_first: bool = False
    specials_in_text: SpecialsInText = "text"
    reuses_specials: bool = False
    length_is_exclusive: bool = False

    @property
    def needs_firsts(self) -> bool:
        """Whether the counts must know where each word stands first."""
        return self.tie_break == "first_seen"

    def max_token_bytes(self, max_token_length: int | None) -> int | None:
        """Give the bound that the core takes: two tokens merge if together they are shorter."""
        if max_token_length is None or self.length_is_exclusive:
            return max_token_length
        return max_token_length + 1


_BY_VALUE: Final = bytes(range(256))

PRESETS: Final = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("bytestride", specials_in_text="drop"),
            Preset("hf", specials_first=True, reuses_specials=True, length_is_exclusive=True),
            Preset("rustbpe", _BY_VALUE),
            Preset("minbpe", _BY_VALUE, "first_seen"),
            Preset(
                "cs336",
                tie_break="greater_bytes",
                specials_first=True,
                specials_in_text="drop",
            ),
        )
    }
)
"""The presets by name."""


def preset_named(name: str) -> Preset:
    """Find a preset; ValueError, with the names there are, where there is none."""
    preset = PRESETS.get(name)  # type: ignore[call-overload]
    if preset is None:
        raise ValueError(f"{name!r} is no preset; there are {', '.join(PRESETS)}")
    assert isinstance(preset, Preset)
    return preset


@dataclass(frozen=True, eq=False)
class Layout:
    """The ids that a vocabulary starts from.

    While merges are learned all 256 bytes have ids, in the alphabet or not: those that are not are
    in no word either. In the vocabulary they come last, behind all that the reference has, for a
    tokenizer must encode any text.

    Attributes
    ----------
    specials : tuple of str
        Special tokens, in the order of their ids.
    special_ids : tuple of int
        Their ids, or none where they come last.
    existing : list of (bytes, int)
        Tokens that a merge may make, with their ids.
    base_ids : uint32 array of shape (256,)
        The id of each byte while merges are learned.
    missing : bytes
        Bytes outside the alphabet, in order.
    next_id : int
        The first id that a merge may get while merges are learned.
    n_start : int
        How many tokens there are before any merge: specials, if first, and the alphabet.
    """

    specials: tuple[str, ...]
    special_ids: tuple[int, ...]
    existing: list[tuple[bytes, int]]
    base_ids: npt.NDArray[np.uint32]
    missing: bytes
    next_id: int
    n_start: int

    @property
    def n_fixed(self) -> int:
        """How many tokens of the vocabulary are no merges, as the reference counts them."""
        return self.n_start + (0 if self.special_ids else len(self.specials))

    def final_ids(self, n_new: int) -> npt.NDArray[np.uint32]:
        """Ids in the vocabulary by those while merges were learned, with so many new tokens.

        Bytes outside the alphabet, which no merge has, come out as some number.
        """
        is_missing = np.zeros(self.next_id + n_new, bool)
        is_missing[self.base_ids[list(self.missing)]] = True
        return (np.cumsum(~is_missing) - 1).astype(np.uint32)


def lay_out(preset: Preset, specials: tuple[str, ...], alphabet: Collection[int]) -> Layout:
    """Give special tokens and bytes their ids.

    Parameters
    ----------
    preset
        Whose rules.
    specials
        Special tokens, in the order of their ids.
    alphabet
        The bytes that the vocabulary starts from.
    """
    first = specials if preset.specials_first else ()
    reused = first if preset.reuses_specials else ()
    spelled = dict(filter(None, map(_byte_level, reused, range(len(reused)))))
    base_ids = np.zeros(256, np.uint32)
    next_id = len(first)
    for byte in preset.bytes_in_order:
        known = spelled.pop(bytes((byte,)), None)
        base_ids[byte] = next_id if known is None else known
        next_id += known is None
    missing = bytes(
        byte
        for byte in preset.bytes_in_order
        if byte not in alphabet and base_ids[byte] >= len(first)
    )
    return Layout(
        specials=specials,
        special_ids=tuple(range(len(first))),
        existing=list(spelled.items()),
        base_ids=base_ids,
        missing=missing,
        next_id=next_id,
        n_start=next_id - len(missing),
    )


def _byte_level(token: str, token_id: int) -> tuple[bytes, int] | None:
    """Give the bytes that a text stands for in the ByteLevel alphabet, if it is written in it."""
    try:
        return bytelevel.to_bytes(token), token_id
    except UnicodeEncodeError:
        return None
