"""Shards of llm.c and modded-nanogpt: a header, then a copy of the payload.

Their loaders expect an end-of-text id at the beginning of each document; the payload is copied as
it is, so a store written without one has none here. A shard of theirs holds fewer than 2**31
tokens: a longer payload becomes several.
"""

from __future__ import annotations

import struct

from bytestride.store.durable import PendingFile
from bytestride.store.layouts.llmc import HEADER_BYTES, KINDS, MAX_TOKENS
from bytestride.store.sidecars.sealed import SealedShard

SUFFIXES = (".llmc.bin",)


def write_llmc(shard: SealedShard, files: list[PendingFile], max_tokens: int = MAX_TOKENS) -> None:
    """Write a shard's ``.llmc.bin``, or numbered ones of at most ``max_tokens``."""
    mark, version = next((m, v) for m, (v, dtype) in KINDS.items() if dtype == shard.unsigned)
    starts = range(0, max(shard.n_tokens, 1), max_tokens)
    for number, start in enumerate(starts):
        n_tokens = min(max_tokens, shard.n_tokens - start)
        file = shard.new_file(f".{number:03d}.llmc.bin" if len(starts) > 1 else ".llmc.bin")
        files.append(file)
        header = struct.pack("<3i", mark, version, n_tokens)
        file.write(header.ljust(HEADER_BYTES, b"\0"))
        for ids in shard.ids(start, start + n_tokens):
            file.write(ids.data)
        file.seal()
