"""Files to finished token stores, beside the encoder alone and other tools, in turns, recorded.

    python benchmarks/corpus.py --python FILE --tree .      everything
    python benchmarks/corpus.py ... --mb 16 --rounds 1      smaller
    python benchmarks/corpus.py --table RECORD              its table, in Markdown

Each corpus, and all three end to end, is laid down as text with a separator, as lines of JSON,
plain and in zst, and as Parquet; every side is a process of its own that reads files which are in
the page cache, and writes to the disk. What comes out is compared, by a hash of all ids, before a
time counts. Loading the packages and the vocabulary is not timed. Sides:

memory    the same text in memory through `Tokenizer.encode_ragged`: the encoder alone
job       `tokenize_corpus`: files to a finished store
fast      what Megatron-LM's tools/preprocess_data_fast.py does: gigatoken on the file, its ids in
          memory, then Megatron's .bin and .idx; written here in whole arrays, which is faster
hf        what its tools/preprocess_data.py does: a pool of processes with Hugging Face tokenizers,
          a line at a time; on the first megabytes only

`--python` names a Python with gigatoken, awkward, tokenizers, megatron-core, pyarrow, zstandard.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side.environment import CACHE
from side_by_side.texts import DATA, SEPARATOR, corpus_file, documents

KINDS = ("txt", "jsonl", "jsonl.zst", "parquet")
CORPORA = ("en", "code", "multi", "all")
PACKAGES = ["gigatoken", "awkward", "tokenizers", "megatron-core", "pyarrow", "zstandard"]
HF_MB = 4
VOCAB = "r50k_base"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--tree", type=Path, help="a source tree with a built extension")
    parser.add_argument("--mb", type=float, help="megabytes of each corpus (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="the record; by default of today")
    parser.add_argument("--table", type=Path, metavar="RECORD")
    return parser.parse_args()


def lay_down(corpus: str, mb: float | None) -> dict[str, Path]:
    """Make the files of a corpus; give them by kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zstandard

    text = corpus_file(corpus, mb) if corpus != "all" else _all_in_one(mb)
    files = {kind: text.with_suffix(f".{kind}") for kind in KINDS}
    if corpus != "all":
        files["hf"] = text.with_suffix(".part.jsonl")
    if all(path.exists() for path in files.values()):
        return files
    texts = [document.decode() for document in documents(text)]
    files["txt"].write_bytes(b"".join(each.encode() + SEPARATOR for each in texts))
    lines = [json.dumps({"id": i, "text": each}, ensure_ascii=False) + "\n"
             for i, each in enumerate(texts)]  # fmt: skip
    data = "".join(lines).encode()
    files["jsonl"].write_bytes(data)
    files["jsonl.zst"].write_bytes(zstandard.ZstdCompressor(3).compress(data))
    pq.write_table(pa.table({"text": texts}), files["parquet"], compression="zstd")
    if "hf" not in files:
        return files
    n, at = 0, 0
    while at < len(lines) and n < HF_MB * 1e6:
        n, at = n + len(lines[at].encode()), at + 1
    files["hf"].write_text("".join(lines[:at]))
    return files


def _all_in_one(mb: float | None) -> Path:
    """Lay the three texts end to end: of what a job takes for itself, less is in a longer one."""
    parts = [corpus_file(corpus, mb) for corpus in CORPORA if corpus != "all"]
    path = parts[0].with_name(parts[0].name.replace(CORPORA[0], "all", 1))
    if not path.exists():
        whole = path.with_suffix(".part")
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        whole.replace(path)
    return path


def sides(files: dict[str, Path]) -> list[tuple[str, str, int]]:
    """Give name, kind and number of workers of each side, in the order of their turns."""
    found = []
    for n in (1, 2):
        found += [("memory", "txt", n)]
        found += [("job", kind, n) for kind in KINDS]
        found += [("fast", "jsonl", n), ("memory", "hf", n), ("hf", "hf", n)]
    return [side for side in found if side[1] in files]


def measure(python: Path, tree: Path | None, name: str, file: Path, n: int) -> dict[str, Any]:
    """Run one side in a process of its own."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(n), "BYTESTRIDE_TEST_DATA": str(DATA)}
    if tree is not None:
        environment["PYTHONPATH"] = str(tree.resolve() / "python")
    child = Path(__file__).with_name("corpus_side.py")
    file.read_bytes()  # into the page cache
    work = CACHE / "corpus-output"
    done = subprocess.run(
        [str(python), str(child), name, str(file), str(n), str(work), VOCAB],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr else "no words"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(content: dict[str, Any]) -> str:
    """Give medians in MB/s of text, and ratios within each round's turns."""
    lines = ["| corpus | workers | side | files | MB/s | × the encoder alone |",
             "|---|--:|---|---|--:|--:|"]  # fmt: skip
    rows = content["rows"]
    for row in rows:
        base = next(
            each for each in rows
            if each["contender"] == "memory" and each["workers"] == row["workers"]
            and each["corpus"] == row["corpus"]
            and (each["files"] == "hf") == (row["files"] == "hf")
        )  # fmt: skip
        if "error" in row:
            lines.append(
                f"| {row['corpus']} | {row['workers']} | {row['contender']} | {row['files']} | "
                f"{row['error']} | |"
            )
            continue
        ratios = [b / s for b, s in zip(base["values"]["s"], row["values"]["s"], strict=True)]
        rate = row["n_text_bytes"] / 1e6 / median(row["values"]["s"])
        lines.append(
            f"| {row['corpus']} | {row['workers']} | {row['contender']} | {row['files']} | "
            f"{rate:,.0f} | {median(ratios):.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, or show."""
    chosen = arguments()
    if chosen.table:
        print(table(json.loads(chosen.table.read_text())))
        return
    from side_by_side.command_line import record_path
    from side_by_side.record import Record

    record = Record(record_path(chosen, "corpus"), PACKAGES)
    said = [Path(word).name if os.sep in word else word for word in sys.argv[1:]]
    record.begin(said, {}, (chosen.tree or Path(__file__).parents[1]).resolve())
    for corpus in CORPORA:
        files = lay_down(corpus, chosen.mb)
        record.begin_group(corpus=corpus)
        rows: dict[tuple[str, str, int], Any] = {}
        hashes: dict[bool, str] = {}
        for _ in range(chosen.rounds):
            for side in sides(files):
                name, kind, n = side
                result = measure(chosen.python, chosen.tree, name, files[kind], n)
                if side not in rows:
                    rows[side] = record.row(contender=name, files=kind, workers=n, corpus=corpus)
                row = rows[side]
                if "error" in result:
                    row["error"] = result["error"]
                    continue
                expected = hashes.setdefault(kind == "hf", result["ids"])
                if result["ids"] != expected:
                    row["error"] = "other ids than the encoder alone"
                row["n_text_bytes"] = result["n_text_bytes"]
                row["values"].setdefault("s", []).append(result["s"])
        record.save()
    print(table(record.content))
    print(f"wrote {record.path}")


if __name__ == "__main__":
    main()
