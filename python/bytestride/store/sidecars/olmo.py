"""OLMo's ``.npy`` without a header: the payload under another name, and its documents as text.

OLMo-core finds documents by an end-of-text id in the stream, or by ``.csv.gz`` where it is told to:
write the store with such an id after each document, whichever is used.
"""

from __future__ import annotations

import zlib

from bytestride.store.durable import PendingFile
from bytestride.store.sidecars.sealed import SealedShard

SUFFIXES = (".csv.gz", ".npy")
_GZIP = 16 + zlib.MAX_WBITS
_LINES = 1 << 14


def write_olmo(shard: SealedShard, files: list[PendingFile]) -> None:
    """Write a shard's ``.npy``, and ``.csv.gz`` with a line ``start,end,id,source,place`` each.

    The id is the document's number in the store, the source the shard, the place its number in the
    shard, from 1. The bytes are the same for the same documents: no time is written.
    """
    table = shard.new_file(".csv.gz")
    files.append(table)
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    start = number = 0
    for ends in shard.ends():
        for first in range(0, ends.size, _LINES):
            lines = []
            for end in ends[first : first + _LINES].tolist():
                place = shard.first_document + number
                number += 1
                lines.append(f"{start},{end},{place},{shard.name},{number}\n")
                start = end
            table.write(packer.compress("".join(lines).encode()))
    table.write(packer.flush())
    table.seal()
    files.append(shard.same_payload(".npy"))
