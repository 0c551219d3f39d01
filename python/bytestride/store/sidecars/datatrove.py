"""datatrove's ``.ds``: the payload under another name, its documents' ends, and a note in words."""

from __future__ import annotations

from bytestride.store.durable import PendingFile
from bytestride.store.sidecars.sealed import SealedShard

SUFFIXES = (".ds.index", ".ds.metadata", ".ds")


def write_datatrove(shard: SealedShard, files: list[PendingFile]) -> None:
    """Write a shard's ``.ds``, ``.ds.index`` and ``.ds.metadata``; what they hold: ``layouts/``."""
    index = shard.new_file(".ds.index")
    files.append(index)
    for ends in shard.ends():
        index.write(ends.astype("<u8").data)
    index.seal()
    name = " ".join((shard.tokenizer or "unknown tokenizer").split())
    metadata = shard.new_file(".ds.metadata")
    files.append(metadata)
    count = f"{shard.n_tokens}\n{in_short(shard.n_tokens)}"
    metadata.write(f"{name}|{shard.dtype.itemsize}\n{count}".encode("utf-8", "replace"))
    metadata.seal()
    files.append(shard.same_payload(".ds"))


def in_short(n_tokens: int) -> str:
    """Write a number of tokens in three digits and a metric prefix, as ``1.23 MT``."""
    prefixes = ["", "k", "M", "G", "T", "P", "E"]
    value, power = float(n_tokens), 0
    while value >= 999.5 and power + 1 < len(prefixes):
        value, power = value / 1000, power + 1
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {prefixes[power]}T"
