"""Stores as other tools write them, made with struct, numpy and pyarrow alone."""

import gzip
import struct

import numpy as np

DOCUMENTS = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9], [10, 40_000]]
FLAT = [token for document in DOCUMENTS for token in document]
ENDS = np.cumsum([len(document) for document in DOCUMENTS]).tolist()


def llmc(path, ids=FLAT, kind="gpt-2"):
    mark, version, dtype = {
        "gpt-2": (20240520, 1, "<u2"),
        "llama-3": (20240801, 7, "<u4"),
    }[kind]
    header = struct.pack("<3i", mark, version, len(ids)) + bytes(4 * 253)
    path.write_bytes(header + np.array(ids, dtype).tobytes())
    return path


def datatrove(path, size=2, ids=FLAT, ends=ENDS):
    path.write_bytes(np.array(ids, f"<u{size}").tobytes())
    path.with_name(path.name + ".index").write_bytes(struct.pack(f"<{len(ends)}Q", *ends))
    path.with_name(path.name + ".metadata").write_text(f"a|name|{size}\n{len(ids)}\n{len(ids)} T")
    return path


def olmo(path, dtype="<u2", ids=FLAT, ends=ENDS):
    path.write_bytes(np.array(ids, dtype).tobytes())
    starts = [0, *ends][: len(ends)]
    with gzip.open(path.with_suffix(".csv.gz"), "wt") as file:
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            file.write(f"{start},{end},id-{number},some/source.jsonl,{number + 1}\n")
    return path


def arrow_table(kind="uint16", large=False, chunks=(DOCUMENTS[:2], DOCUMENTS[2:])):
    import pyarrow as pa

    lists = pa.large_list if large else pa.list_
    arrays = [pa.array(rows, lists(getattr(pa, kind)())) for rows in chunks]
    column = pa.chunked_array(arrays, lists(getattr(pa, kind)()))
    names = pa.chunked_array([["x"] * len(rows) for rows in chunks], pa.string())
    return pa.table({"name": names, "input_ids": column})


def arrow(path, stream=False, compression=None, **options):
    import pyarrow as pa

    table = arrow_table(**options)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(
        str(path), table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as w:
        w.write_table(table)
    return path


def parquet(path, **options):
    from pyarrow import parquet

    parquet.write_table(arrow_table(**options), path, row_group_size=2)
    return path
