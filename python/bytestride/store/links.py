"""Another layout over payloads that are there: their files get another name, nothing is copied."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bytestride.store.damage import damaged
from bytestride.store.documents import spool_lengths
from bytestride.store.durable import PendingFile
from bytestride.store.manifest import shard_name
from bytestride.store.megatron import write_idx
from bytestride.store.payload import read_blocks
from bytestride.store.shards import ShardFiles
from bytestride.store.sidecars import check_formats, write_nanogpt, write_sidecars
from bytestride.store.sidecars.sealed import SealedShard
from bytestride.store.source import TokenSource

LINKED_FORMATS = ("megatron", "datatrove", "olmo", "nanogpt")


def check_links(source: TokenSource, format: str) -> None:
    """Find out before any work whether the format is another name for the source's payloads.

    Raises
    ------
    ValueError
        If it is not, with the reason.
    """
    if format not in LINKED_FORMATS:
        raise ValueError(
            f"link is for formats of the same bytes ({', '.join(LINKED_FORMATS)}), not {format}"
        )
    if source.layout is None or source.dtype.itemsize == 1:
        raise ValueError(f"{source.shown}: its payload is of another layout; leave link out")
    for shard in source.layout.shards:
        n_bytes = shard.bin_path.stat().st_size
        if shard.ids is not None or (shard.byte_offset, shard.n_bytes) != (0, n_bytes):
            raise ValueError(
                f"{shard.bin_path}: holds more than ids, so it is no payload of another layout; "
                "leave link out"
            )
    if format == "megatron" and len(source.layout.shards) != 1:
        raise ValueError(f"{source.shown}: several payloads are not one pair; leave link out")
    if format == "nanogpt":
        check_formats([format], source.stored_dtype)


def link_shards(source: TokenSource, folder: Path, format: str) -> list[Path]:
    """Give a source's payloads a format's names in a new folder, and write what lies beside them.

    Returns
    -------
    list of Path
        The files of the format, a shard's payload after what lies beside it.

    Raises
    ------
    FormatError
        If the documents' places do not go together, or an id has no place in the format.
    OSError
        If the disk refuses; what was made is removed then.
    """
    assert source.layout is not None  # checked before
    folder.mkdir()
    payloads: list[PendingFile] = []
    files: list[PendingFile] = []
    n_documents = 0
    try:
        for number, shard in enumerate(source.layout.shards):
            if format == "megatron" and shard.dtype == np.dtype("<u4"):
                _check_signed(shard)
            payload = PendingFile.same_as(shard.bin_path, folder / f"{shard_name(number)}.bin")
            payloads.append(payload)
            lengths = spool_lengths(shard, folder)
            try:
                sealed = SealedShard(
                    shard_name(number),
                    payload,
                    source.stored_dtype,
                    shard.n_tokens,
                    lengths,
                    n_documents,
                    source.tokenizer_name,
                )
                if format == "megatron":
                    index = sealed.new_file(".idx")
                    files.append(index)
                    write_idx(index.write, sealed.dtype, lengths)
                    index.seal()
                    files.append(payload)
                elif format != "nanogpt":
                    write_sidecars([format], sealed, files)
                n_documents += lengths.n
            finally:
                lengths.close()
        if format == "nanogpt":
            write_nanogpt(payloads, files)
        for file in files:
            file.commit()
    except BaseException:
        for file in files:
            file.discard()
        raise
    finally:
        for payload in payloads:
            if payload not in files:
                payload.discard()
    return [file.final for file in files]


def _check_signed(shard: ShardFiles) -> None:
    """Look for ids that int32 has not: Megatron has no code for uint32."""
    at = shard.byte_offset
    for ids in read_blocks(shard):
        if ids.max() >= 2**31:
            first = int(np.argmax(ids >= 2**31))
            expected = "an id below 2**31, for Megatron keeps int32"
            raise damaged(shard.bin_path, at + 4 * first, expected, int(ids[first]))
        at += ids.nbytes
