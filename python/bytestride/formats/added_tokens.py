"""The `added_tokens` of a `tokenizer.json`: which ids they have, and which of them we match alike.

The rules are those of `added_vocabulary.rs` in tokenizers 0.23. There, tokens with `normalized`
false are found first, in the raw text; those with it true then in what is left, normalised. Here
all are found at once, in the raw text. Where that could differ, the token is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bytestride.definition import AddedToken
from bytestride.errors import FormatError
from bytestride.formats.json_fields import as_object, field

_REMEDY = "the tokenizers library itself can use this file"


def read_added_tokens(
    entries: list[Any], vocab: Mapping[str, int], normalizer: str | None
) -> tuple[AddedToken, ...]:
    """Read the entries of `added_tokens`; `vocab` is the model's, as it stands in the file."""
    special_of: dict[str, bool] = {}
    rounds: dict[bool, list[str]] = {False: [], True: []}
    for i, entry in enumerate(entries):
        path = f"added_tokens[{i}]"
        node = as_object(entry, path)
        content = field(node, "content", str, path)
        special = field(node, "special", bool, path)
        normalized = field(node, "normalized", bool, path)
        field(node, "id", int, path)
        for key in ("lstrip", "rstrip", "single_word"):
            if field(node, key, bool, path):
                raise FormatError(
                    f"{path}: {content!r} has {key}, which bytestride does not do; {_REMEDY}"
                )
        if not content:
            continue  # tokenizers skips it: it is never matched and takes no id
        if content in special_of:
            raise FormatError(f"{path}: {content!r} stands twice in added_tokens")
        if normalized and normalizer is not None and not _is_inert(content):
            raise FormatError(
                f"{path}: {content!r} has normalized true, so it is matched in the text after "
                f"{normalizer}; bytestride matches in the raw text, which could differ for this "
                f'token. Set "normalized": false if that is what is meant; or {_REMEDY}'
            )
        special_of[content] = special
        rounds[normalized].append(content)
    _check_rounds(set(rounds[False]), rounds[True])
    ids = assigned_ids(special_of, vocab)
    return tuple(
        AddedToken(content, token_id, special)
        for (content, special), token_id in zip(special_of.items(), ids, strict=True)
    )


def assigned_ids(contents: Iterable[str], vocab: Mapping[str, int]) -> list[int]:
    """Ids that tokenizers gives to added tokens when it reads a file.

    A content that is in the vocabulary has its id there; the others are numbered from the size of
    the vocabulary on, whatever `id` the file says.
    """
    ids = []
    next_id = len(vocab)
    for content in contents:
        token_id = vocab.get(content)
        if token_id is None:
            token_id = next_id
            next_id += 1
        ids.append(token_id)
    return ids


def _is_inert(content: str) -> bool:
    """Whether NFC can neither make nor break an occurrence of `content`.

    True for ASCII without the three characters that are the canonical form of another (the Kelvin
    sign becomes K, and so on) and whose last character composes with no combining mark after it.
    """
    return (
        content.isascii()
        and not set(content) & set("K;`")
        and not (content[-1].isalpha() or content[-1] in "<=>")
    )


def _check_rounds(first: set[str], second: list[str]) -> None:
    """Refuse tokens for which matching in two rounds and in one would differ.

    They differ where a token of the second round starts before or with one of the first round that
    it overlaps, and so would win: it holds that one, or its end is the beginning of that one.
    """
    lengths = sorted({len(content) for content in first})
    heads = {content[:i]: content for content in first for i in range(1, len(content))}
    for content in second:
        for start in range(len(content)):
            inside = (content[start : start + length] for length in lengths)
            other = next((part for part in inside if part in first), None)
            if other is None and start > 0:
                other = heads.get(content[start:])
            if other is not None:
                raise FormatError(
                    f"added tokens {other!r} and {content!r} can overlap, and only the second has "
                    f"normalized true, so it is to be matched later; bytestride matches both at "
                    f"once. {_REMEDY.capitalize()}"
                )
