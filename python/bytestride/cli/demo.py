"""`bytestride demo`: the whole way from text to batches, on text that every machine has."""

from __future__ import annotations

import argparse
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytestride.cli.arguments import add_threads, positive

if TYPE_CHECKING:
    from bytestride.cli.progress import Stages
    from bytestride.tokenizer import Tokenizer

MAX_LENGTH, STRIDE, BATCH_SIZE = 256, 128, 8
# What plain Python gets of the same text, so that it takes a second or two.
REFERENCE_BYTES, REFERENCE_MERGES = 60_000, 40


@dataclass(frozen=True)
class Row:
    """One stage of the demo, as its table shows it."""

    stage: str
    seconds: float
    n_bytes: int
    n_tokens: int | None = None
    ratio: float | None = None  # how many times faster than plain Python


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo", help="the whole way, on the Python standard library's own sources"
    )
    parser.add_argument(
        "--vocab-size", type=positive, default=16_384, metavar="N", help="default: 16384"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="keep the vocabulary and the store here"
    )
    add_threads(parser)
    parser.set_defaults(run=run)


def standard_library() -> list[Path]:
    """Find the sources of the Python standard library, without installed packages.

    Raises
    ------
    FileNotFoundError
        There are none, as where the library is one zip file.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    packages = {"site-packages", "dist-packages"}
    files = [
        path
        for path in sorted(root.rglob("*.py"))
        if packages.isdisjoint(path.relative_to(root).parts) and path.is_file()
    ]
    if not files:
        raise FileNotFoundError(
            f"there are no .py files under {root}; try `bytestride train` on files of your own"
        )
    return files


def run(arguments: argparse.Namespace) -> None:
    """Go the whole way and print the table."""
    from bytestride.cli.progress import Stages

    if arguments.output is None:
        folder: Any = tempfile.TemporaryDirectory(prefix="bytestride-demo-")
    else:
        for kept in (arguments.output / "tokenizer.json", arguments.output / "store"):
            if kept.exists():
                raise FileExistsError(f"{kept} is there already; name another folder")
        arguments.output.mkdir(parents=True, exist_ok=True)
        folder = nullcontext(arguments.output)
    with folder as output, Stages() as stages:
        files = standard_library()
        rows = go(files, Path(output), arguments.vocab_size, arguments.threads, stages)
    _print_table(rows, len(files))
    if arguments.output is not None:
        print(f"kept {arguments.output}/tokenizer.json and {arguments.output}/store")


def go(
    files: Sequence[Path], output: Path, vocab_size: int, threads: int | None, stages: Stages
) -> list[Row]:
    """Train, encode, store, reopen, check and serve; returns what each stage took.

    Raises
    ------
    RuntimeError
        Decoding did not give back the bytes of a file, or plain Python got another answer.
    """
    texts = []
    for i, path in enumerate(files):
        texts.append(path.read_bytes())
        stages.update("read", i + 1, len(files), unit="files")
    n_bytes = sum(map(len, texts))
    rows = [Row("read files", stages.seconds["read"], n_bytes)]

    tokenizer = _train(texts, n_bytes, vocab_size, threads, stages)
    seconds = stages.seconds["count"] + stages.seconds["merge"]
    rows.append(Row(f"train {tokenizer.vocab_size:,} tokens", seconds, n_bytes))
    tokenizer.save(output / "tokenizer.json")
    rows += _store_and_serve(files, texts, tokenizer, output / "store", threads, stages)
    ratios = _against_plain_python(texts, tokenizer, stages)
    return [
        Row(row.stage, row.seconds, row.n_bytes, row.n_tokens, ratios.get(row.stage.split()[0]))
        for row in rows
    ]


def _train(
    texts: list[bytes], n_bytes: int, vocab_size: int, threads: int | None, stages: Stages
) -> Tokenizer:
    from bytestride.tokenizer import Tokenizer

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "count":
            stages.update("count", done, n_bytes)
        else:
            stages.update("merge", done, total, unit="merges")

    return Tokenizer.train(texts, vocab_size, num_threads=threads, progress=progress)


def _store_and_serve(
    files: Sequence[Path],
    texts: list[bytes],
    tokenizer: Tokenizer,
    store_path: Path,
    threads: int | None,
    stages: Stages,
) -> list[Row]:
    from bytestride.corpus.reading import Reading
    from bytestride.jobs import tokenize_corpus
    from bytestride.store import open_tokens
    from bytestride.windows import Windows

    n_bytes = sum(map(len, texts))
    result = tokenize_corpus(
        files,
        store_path,
        tokenizer=tokenizer,
        # Some sources are in other encodings, on purpose: their bytes are kept, too.
        reading=Reading(may_cut=tokenizer.may_cut, keep_invalid_utf8=True),
        num_workers=threads,
        progress=lambda now: stages.update("encode", now.n_text_bytes, n_bytes),
    )
    stages.update("encode", n_bytes, n_bytes)
    n_tokens = result.n_tokens
    rows = [Row("encode and store", stages.seconds["encode"], n_bytes, n_tokens)]

    with open_tokens(store_path, verify=True) as store:
        for i, text in enumerate(texts):
            if tokenizer.decode_bytes(store.document(i)) != text:
                raise RuntimeError(f"document {i} does not decode to the bytes it came from")
            stages.update("check", i + 1, len(texts), unit="files")
        rows.append(Row("reopen and check", stages.seconds["check"], n_bytes, n_tokens))

        windows = Windows(store, MAX_LENGTH, STRIDE)
        x, y = windows.batch(range(min(BATCH_SIZE, len(windows))))
        if (x[:, 1:] != y[:, :-1]).any():
            raise RuntimeError("targets are not the inputs moved on by one token")
        stages.update("windows", len(x), len(x), unit="windows")
        stage = f"{len(x)} of {len(windows):,} windows"
        rows.append(Row(stage, stages.seconds["windows"], 0, x.size))
    return rows


def _against_plain_python(
    texts: list[bytes], tokenizer: Tokenizer, stages: Stages
) -> dict[str, float]:
    """How many times faster than `bytestride.reference`, on a slice of the same text."""
    from bytestride import reference
    from bytestride.published import PATTERNS
    from bytestride.tokenizer import Tokenizer

    middle = texts[len(texts) // 2 :] + texts
    text = b"".join(middle)[:REFERENCE_BYTES]
    definition = tokenizer.definition
    assert definition.merges is not None  # it was trained here
    plain = reference.Tokenizer(definition.tokens, definition.merges.tolist(), definition.pattern)
    vocab_size = 256 + REFERENCE_MERGES
    pattern = PATTERNS["cl100k"]

    def train() -> list[tuple[int, ...]]:
        learned = Tokenizer.train(text, vocab_size, num_threads=1).definition.merges
        return [] if learned is None else [tuple(pair) for pair in learned.tolist()]

    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "train": (train, lambda: reference.train([text], vocab_size, pattern)),
        "encode": (lambda: tokenizer.encode_bytes(text), lambda: plain.encode(text)),
    }
    ratios = {}
    for i, (name, (fast, slow)) in enumerate(pairs.items()):
        fast_seconds, answer = _timed(fast)
        slow_seconds, expected = _timed(slow)
        if answer != expected:
            raise RuntimeError(f"plain Python got another answer: {name}")
        ratios[name] = slow_seconds / fast_seconds
        stages.update("reference", i + 1, len(pairs), unit="stages")
    return ratios


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Time the work: the shortest of some runs within half a second, and the result."""
    best = float("inf")
    begin = time.perf_counter()
    while True:
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() - begin > 0.5:
            return best, result


def _print_table(rows: list[Row], n_files: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    title = f"{n_files:,} files of the Python standard library"
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("stage", no_wrap=True)
    for name in ("MB", "tokens", "bytes/token", "seconds", "MB/s", "× Python"):
        table.add_column(name, justify="right")
    for row in rows:
        per_token = row.n_bytes / row.n_tokens if row.n_tokens and row.n_bytes else None
        table.add_row(
            row.stage,
            f"{row.n_bytes / 1e6:.1f}" if row.n_bytes else "",
            f"{row.n_tokens:,}" if row.n_tokens else "",
            f"{per_token:.2f}" if per_token else "",
            f"{row.seconds:.2f}" if row.seconds >= 0.01 else f"{row.seconds:.4f}",
            f"{row.n_bytes / 1e6 / row.seconds:,.0f}" if row.n_bytes else "",
            f"{row.ratio:,.0f}×" if row.ratio else "",
        )
    console = Console()
    console.print(table)
    console.print(
        f"Every file decodes to its bytes. × Python: against bytestride.reference, the same work "
        f"on {REFERENCE_BYTES:,} bytes of it, training to {REFERENCE_MERGES} merges, one thread.",
        highlight=False,
    )
