"""The `added_tokens` of a `tokenizer.json`: their flags, and which ids they have.

The rules are those of `added_vocabulary.rs` in tokenizers 0.23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bytestride.definition import AddedToken
from bytestride.errors import FormatError, shown
from bytestride.formats.json_fields import as_object, field


def read_added_tokens(entries: list[Any], vocab: Mapping[str, int]) -> tuple[AddedToken, ...]:
    """Read the entries of `added_tokens`; `vocab` is the model's, as it stands in the file."""
    flags_of: dict[str, dict[str, bool]] = {}
    for i, entry in enumerate(entries):
        path = f"added_tokens[{i}]"
        node = as_object(entry, path)
        content = field(node, "content", str, path)
        field(node, "id", int, path)
        flags = {
            key: field(node, key, bool, path)
            for key in ("special", "normalized", "lstrip", "rstrip", "single_word")
        }
        if not content:
            continue  # tokenizers skips it: it is never matched and takes no id
        if content in flags_of:
            raise FormatError(f"{path}: {shown(content)} stands twice in added_tokens")
        flags_of[content] = flags
    ids = assigned_ids(flags_of, vocab)
    return tuple(
        AddedToken(content, token_id, **flags)
        for (content, flags), token_id in zip(flags_of.items(), ids, strict=True)
    )


def entry_of(token: AddedToken) -> dict[str, Any]:
    """Write the entry of an added token, as tokenizers lays it out."""
    return {
        "id": token.id,
        "content": token.content,
        "single_word": token.single_word,
        "lstrip": token.lstrip,
        "rstrip": token.rstrip,
        "normalized": token.normalized,
        "special": token.special,
    }


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
