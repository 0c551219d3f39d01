"""GPT-2's `vocab.bpe` and `encoder.json`, byte for byte, from the ranks of r50k_base.

Both say the same: the merges in their order, and every token with its id. So whoever has the one
file of r50k_base needs neither of the two.
"""

from __future__ import annotations

import json

from bytestride import _core, published, vocab_files
from bytestride.formats.bytelevel import to_text


def rebuild(file: published.VocabFile) -> bytes | None:
    """Give the content of one of the two files, where r50k_base is at hand; None for others."""
    if file.name not in ("vocab.bpe", "encoder.json"):
        return None
    found, _ = vocab_files.look_for(published.FILES["r50k_base.tiktoken"])
    table = None if found is None else _core.read_rank_lines(found.content)
    if table is None:
        return None
    tokens = [to_text(token) for token in table.all_bytes()]
    data = (_merges(table, tokens) if file.name == "vocab.bpe" else _ids(tokens)).encode()
    assert published.identify_file(data) == file
    return data


def _merges(table: _core.TokenTable, tokens: list[str]) -> str:
    rows = _core.Vocab(table, None).merges()
    lines = [f"{tokens[left]} {tokens[right]}\n" for left, right, _ in rows.tolist()]
    return "#version: 0.2\n" + "".join(lines)


def _ids(tokens: list[str]) -> str:
    end_of_text = published.PUBLISHED["gpt2"].special_tokens
    return json.dumps({token: i for i, token in enumerate(tokens)} | dict(end_of_text))
