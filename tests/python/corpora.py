"""A folder of files of every kind, and its documents read the slow way."""

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet
import zstandard

from bytestride import Tokenizer, open_tokens

END = "<|end|>"
WORDS = [
    *("the", "low", "lower", "lowest", "new", "newer", "wide", "wider", "x\n", "é", "漢字", "🙂"),
    *("don't", "12345", "\t", "", ""),
]


def small_tokenizer():
    """Learned here, with a special token to end documents."""
    text = "low lower lowest newer wider the cat don't 漢字 é " * 40
    return Tokenizer.train(text, vocab_size=320, special_tokens=[END])


def random_texts(rng, n, n_words=40):
    return [" ".join(rng.choices(WORDS, k=rng.randint(0, n_words))) for _ in range(n)]


def write_jsonl(path, texts, rng):
    lines = []
    for i, text in enumerate(texts):
        record = {"id": i, "text": text, "more": [1, {"text": "no"}]}
        lines.append(json.dumps(record, ensure_ascii=rng.random() < 0.5) + "\n")
        if rng.random() < 0.1:
            lines.append("\n")
    data = "".join(lines).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, 1, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.ZstdCompressor().compress(data)
    path.write_bytes(data)


def make_folder(folder, seed, n_files=12, n_texts=60):
    """Write files; give the documents of all of them, in the order of the files' names."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [".txt", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"]
    documents = []
    for i in range(n_files):
        kind = kinds[i % len(kinds)]
        path = folder / f"part-{i:02d}{kind}"
        texts = random_texts(rng, rng.randint(0, n_texts))
        if kind == ".txt":
            text = " ".join(texts)
            path.write_text(text, encoding="utf-8", newline="")
            texts = [text]
        elif kind == ".parquet":
            table = pa.table({"n": list(range(len(texts))), "text": texts})
            pa.parquet.write_table(table, path, row_group_size=max(len(texts) // 3, 1))
        else:
            write_jsonl(path, texts, rng)
        documents += texts
    return documents


def encoded(tokenizer, texts, end=None):
    ends = [] if end is None else [tokenizer.special_tokens[end]]
    return [[*tokenizer.encode(text, disallowed_special=()), *ends] for text in texts]


def documents_of(path):
    with open_tokens(path, verify=True) as store:
        return [store.document(i).tolist() for i in range(store.n_documents)]


def files_of(folder):
    """Names and bytes of all files."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
