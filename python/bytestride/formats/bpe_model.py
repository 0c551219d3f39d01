"""The BPE model of a `tokenizer.json`: its vocabulary and merges, from names to ids and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from bytestride.definition import pair_codes
from bytestride.errors import FormatError, shown
from bytestride.formats import bytelevel
from bytestride.formats.json_fields import field
from bytestride.token_map import MAX_ID


class ListedModel:
    """The vocabulary and the merges of a parsed document.

    Parameters
    ----------
    model : dict
        The member `model` of the document.

    Raises
    ------
    FormatError
        Something in it is no id, no key or no merge; the message says what.
    """

    def __init__(self, model: dict[str, Any]) -> None:
        self._model = model
        self.vocab = read_vocab(model)

    @cached_property
    def merges(self) -> npt.NDArray[np.uint32]:
        """Pairs of ids of shape (m, 2), in rank order."""
        return read_merges(self._model, self.vocab)

    def ordinary_tokens(self, added: set[str]) -> dict[int, bytes]:
        """Id to bytes of the vocabulary, less what stands in it only as an added token."""
        return ordinary_tokens(self.vocab, self.merges, added)


def read_vocab(model: dict[str, Any]) -> dict[str, int]:
    """Read `model.vocab` as it stands: every value an id, every id once."""
    vocab = field(model, "vocab", dict, "model")
    if set(map(type, vocab.values())) - {int}:
        key = next(key for key, token_id in vocab.items() if type(token_id) is not int)
        raise FormatError(f"model.vocab[{shown(key)}] must be an integer, not {shown(vocab[key])}")
    if len(set(vocab.values())) != len(vocab):
        key_of: dict[int, str] = {}
        for key, token_id in vocab.items():
            if token_id in key_of:
                raise FormatError(
                    f"model.vocab gives id {token_id} to both {shown(key_of[token_id])} and "
                    f"{shown(key)}"
                )
            key_of[token_id] = key
    if vocab and (min(vocab.values()) < 0 or max(vocab.values()) > MAX_ID):
        key = next(key for key, token_id in vocab.items() if not 0 <= token_id <= MAX_ID)
        raise FormatError(f"model.vocab[{shown(key)}] is {vocab[key]}, outside 0..{MAX_ID}")
    return vocab


def read_merges(model: dict[str, Any], vocab: dict[str, int]) -> npt.NDArray[np.uint32]:
    """Read `model.merges`, strings "left right" or pairs, as ids of shape (m, 2) in rank order."""
    merges = field(model, "merges", list, "model")
    if not merges:
        return np.zeros((0, 2), np.uint32)
    parts = _split_lines(merges) if isinstance(merges[0], str) else _flatten_pairs(merges)
    ids = list(map(vocab.get, parts))
    if None in ids:
        index = ids.index(None)
        raise FormatError(f"merge {index // 2}: {shown(parts[index])} is not in model.vocab")
    pairs = np.array(ids, np.uint32).reshape(-1, 2)
    # Of a pair that stands twice, tokenizers keeps the later rank.
    codes = pair_codes(pairs)
    in_order = np.sort(codes)
    if not (in_order[1:] == in_order[:-1]).any():
        return pairs
    _, from_end = np.unique(codes[::-1], return_index=True)
    return pairs[np.sort(codes.size - 1 - from_end)]


def ordinary_tokens(
    vocab: dict[str, int], merges: npt.NDArray[np.uint32], added: set[str]
) -> dict[int, bytes]:
    """Id to bytes of the vocabulary, less what stands in it only as an added token."""
    left_out = only_added(vocab, merges, added)
    tokens: dict[int, bytes] = {}
    for key, token_id in vocab.items():
        if key in left_out:
            continue
        try:
            tokens[token_id] = bytelevel.to_bytes(key)
        except UnicodeEncodeError as error:
            raise FormatError(
                f"model.vocab[{shown(key)}] holds {shown(key[error.start])}, which stands for no "
                "byte in the ByteLevel alphabet, and it is no added token, so this is no "
                "byte-level vocabulary"
            ) from None
    return tokens


def only_added(
    vocab: Mapping[str, int], merges: npt.NDArray[np.uint32], added: set[str]
) -> set[str]:
    """Those of `added` that stand in the vocabulary only as added tokens.

    An added token that no merge makes or uses is one, so that its text, where it is not to be
    matched as an added token, is text like any other.
    """
    found = {key for key in added if key in vocab}
    found -= {key for key in found if len(key) == 1 and key in bytelevel.ALPHABET}
    return found - _merged(found, vocab, merges)


# Trying every cut of a key takes time by the square of its length.
_CUT_CHARS = 256


def _merged(keys: set[str], vocab: Mapping[str, int], merges: npt.NDArray[np.uint32]) -> set[str]:
    """Those of `keys` that a merge makes or uses."""
    if not keys:
        return set()
    ids = [vocab[key] for key in keys]
    used = np.isin(np.array(ids, np.uint32), merges)
    found = {key for key, is_used in zip(keys, used.tolist(), strict=True) if is_used}
    key_of: dict[int, str] = {}  # by the pairs that would make it
    for key in keys:
        for i in range(1, len(key) if len(key) <= _CUT_CHARS else 0):
            left, right = vocab.get(key[:i]), vocab.get(key[i:])
            if left is not None and right is not None:
                key_of[left << 32 | right] = key
    made = np.intersect1d(np.array(list(key_of), np.uint64), pair_codes(merges))
    long = {key for key in keys if len(key) > _CUT_CHARS}
    return found | {key_of[code] for code in made.tolist()} | _made(long, vocab, merges)


def _made(keys: set[str], vocab: Mapping[str, int], merges: npt.NDArray[np.uint32]) -> set[str]:
    """Those of `keys` that a merge makes, by joining every pair; linear, but slow for usual keys.

    A file spells out both parts of each merge, so all products together are not longer than it.
    """
    if not keys:
        return set()
    key_of = {token_id: key for key, token_id in vocab.items()}
    lengths = set(map(len, keys))
    made = set()
    for left, right in merges.tolist():
        first, second = key_of[left], key_of[right]
        if len(first) + len(second) in lengths:
            made.add(first + second)
    return made & keys


def _split_lines(merges: list[Any]) -> list[str]:
    """Left and right parts, in turn, of merges written as "left right"."""
    if set(map(type, merges)) != {str}:
        row = next(row for row, merge in enumerate(merges) if not isinstance(merge, str))
        raise FormatError(
            f"model.merges[{row}] must be a string like the first, not {shown(merges[row])}"
        )
    joined = " ".join(merges)
    if "#version" in joined:
        # tokenizers skips the version line that a merges.txt starts with.
        merges = [merge for merge in merges if not merge.startswith("#version")]
        joined = " ".join(merges)
    if set(map(str.count, merges, repeat(" "))) - {1}:
        merge = next(merge for merge in merges if merge.count(" ") != 1)
        raise FormatError(f"model.merges holds {shown(merge)}, which is not two tokens and a space")
    return joined.split(" ") if joined else []


def _flatten_pairs(merges: list[Any]) -> list[str]:
    """Left and right parts, in turn, of merges written as ["left", "right"]."""
    if set(map(type, merges)) == {list} and set(map(len, merges)) == {2}:
        parts = list(chain.from_iterable(merges))
        if set(map(type, parts)) == {str}:
            return parts
    row = next(row for row, merge in enumerate(merges) if not _is_pair(merge))
    raise FormatError(f"model.merges[{row}] must be two strings, not {shown(merges[row])}")


def _is_pair(merge: object) -> bool:
    return (
        isinstance(merge, list) and len(merge) == 2 and all(isinstance(part, str) for part in merge)
    )
