"""One side of `corpus.py`, once: seconds, and a hash of all ids."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from side_by_side.texts import DATA, SEPARATOR

HF_TOKENIZER: Any = None
N_IDS = 50_257


def text_bytes(path: Path) -> tuple[bytes, np.ndarray]:
    """Read the documents of a file into one buffer with offsets."""
    if path.suffix == ".txt":
        texts = [each for each in path.read_bytes().split(SEPARATOR) if each]
    else:
        texts = [json.loads(line)["text"].encode() for line in path.open(encoding="utf-8")]
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    return b"".join(texts), offsets


def memory(path: Path, n: int, work: Path, vocab: Path) -> tuple[float, Any]:
    """Encode what is in memory."""
    from bytestride import Tokenizer

    tokenizer = Tokenizer.load(vocab)
    data, offsets = text_bytes(path)
    start = time.perf_counter()
    ragged = tokenizer.encode_ragged((data, offsets), n)
    return time.perf_counter() - start, ragged.tokens


def job(path: Path, n: int, work: Path, vocab: Path) -> tuple[float, Any]:
    """Make a store."""
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401
    import xxhash  # noqa: F401
    import zstandard  # noqa: F401

    from bytestride import Tokenizer, open_tokens, tokenize_corpus
    from bytestride.corpus import json_lines, tables, zstd  # noqa: F401
    from bytestride.corpus.reading import Reading

    tokenizer = Tokenizer.load(vocab)
    reading = Reading(separator=SEPARATOR, may_cut=tokenizer.may_cut)
    start = time.perf_counter()
    tokenize_corpus(path, work, tokenizer=tokenizer, reading=reading, num_workers=n)
    seconds = time.perf_counter() - start
    with open_tokens(work, verify=True) as store:
        return seconds, store.tokens(0, store.n_tokens)


def _builder_files(work: Path) -> tuple[str, str]:
    work.mkdir(parents=True)
    return str(work / "out.bin"), str(work / "out.idx")


def fast(path: Path, n: int, work: Path, vocab: Path) -> tuple[float, Any]:
    """Run gigatoken over the file, then write Megatron's pair."""
    import awkward as ak
    import gigatoken as gt
    from megatron.core.datasets.indexed_dataset import DType, _IndexWriter

    tokenizer = gt.Tokenizer.from_tiktoken(str(vocab))
    bin_path, idx_path = _builder_files(work)
    start = time.perf_counter()
    encoded = tokenizer.encode_files(gt.JsonlFileSource([str(path)], field="text"))
    dtype = DType.optimal_dtype(N_IDS)
    tokens = ak.to_numpy(ak.flatten(encoded)).astype(dtype)
    tokens.tofile(bin_path)
    lengths = ak.to_numpy(ak.num(encoded))
    with _IndexWriter(idx_path, dtype) as writer:
        writer.write(lengths.tolist(), None, list(range(len(lengths) + 1)))
    return time.perf_counter() - start, tokens


def vocab_json(vocab: Path, tokenizer_type: Any) -> Path:
    """Give the vocabulary as a tokenizer.json."""
    path = DATA_CACHE / f"{vocab.stem}.tokenizer.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        tokenizer_type.load(vocab).save(path)
    return path


def _hf_init(path: str) -> None:
    global HF_TOKENIZER
    from tokenizers import Tokenizer

    HF_TOKENIZER = Tokenizer.from_file(path)


def _hf_encode(line: str) -> list[int]:
    ids: list[int] = HF_TOKENIZER.encode(json.loads(line)["text"], add_special_tokens=False).ids
    return ids


def hf(path: Path, n: int, work: Path, vocab: Path) -> tuple[float, Any]:
    """Run Hugging Face tokenizers in processes, and add documents to Megatron's builder."""
    import torch
    from megatron.core.datasets.indexed_dataset import DType, IndexedDatasetBuilder

    from bytestride import Tokenizer

    saved = vocab_json(vocab, Tokenizer)
    bin_path, idx_path = _builder_files(work)
    with multiprocessing.Pool(n, _hf_init, (str(saved),)) as pool:
        pool.map(len, ["x"] * n)  # they are there
        start = time.perf_counter()
        builder = IndexedDatasetBuilder(bin_path, dtype=DType.optimal_dtype(N_IDS))
        with path.open(encoding="utf-8") as file:
            for ids in pool.imap(_hf_encode, file, 32):
                builder.add_document(torch.IntTensor(ids), [len(ids)])
        builder.finalize(idx_path)
        seconds = time.perf_counter() - start
    return seconds, np.fromfile(bin_path, np.uint16)


def main() -> None:
    """Run the side that is named."""
    name, file, n, work, vocab = sys.argv[1:]
    global DATA_CACHE
    DATA_CACHE = Path(work).parent / "vocab"
    shutil.rmtree(work, ignore_errors=True)
    run = {"memory": memory, "job": job, "fast": fast, "hf": hf}[name]
    path = DATA / "vocab" / f"{vocab}.tiktoken"
    source = Path(file)
    if source.suffix != ".txt" and not source.name.endswith(".part.jsonl"):
        source = source.with_name(source.name.split(".")[0] + ".txt")
    # Before all sides, for memory that a process had a moment ago is to be had again at once, and
    # other memory, on a virtual machine, at a fifth of the speed.
    n_text_bytes = len(text_bytes(source)[0])
    seconds, tokens = run(Path(file), int(n), Path(work), path)
    shutil.rmtree(work, ignore_errors=True)
    digest = hashlib.sha256(np.ascontiguousarray(tokens, np.uint32).data).hexdigest()
    print(json.dumps({"s": seconds, "ids": digest, "n_text_bytes": n_text_bytes}))


if __name__ == "__main__":
    main()
