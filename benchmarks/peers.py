"""The encoder beside other encoders, measured in turns, into a dated record.

    python benchmarks/peers.py                                   everything, for hours
    python benchmarks/peers.py --resume                          what an earlier run left over
    python benchmarks/peers.py --quick                           small slices, one round
    python benchmarks/peers.py --only cold --vocab cl100k --corpus en --rounds 3 --mb 10
    python benchmarks/peers.py --table RECORD                    its tables, in Markdown
    python benchmarks/peers.py --marks RECORD                    how far from what we want
    python benchmarks/peers.py --chart RECORD                    its chart, an SVG beside it

The first run makes `.venv-peers` with the other encoders from PyPI and builds bytestride into it;
`--tree DIR` takes a source tree with a built extension instead. Vocabularies and texts are those
of the test data (BYTESTRIDE_TEST_DATA). Nothing else is read, and no encoder may download.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from side_by_side import environment
from side_by_side.command_line import (
    names,
    numbers,
    record_path,
    refuse_threads_beyond_cores,
    refuse_unknown,
)

CASES = ("cold", "warm", "lists", "memory", "load", "calls", "worst")
VOCABULARIES = ("gpt2", "cl100k", "o200k", "llama3", "qwen3")
CORPORA = ("en", "code", "multi")
RIVALS = (
    *("gigatoken", "fastokens", "snaptokens", "splintr", "toktok", "quicktok", "tiktoken"),
    *("rs_bpe", "wordchipper", "tokenizers"),
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=names, default=list(CASES), metavar="CASE,…")
    parser.add_argument("--vocab", type=names, default=list(VOCABULARIES), metavar="NAME,…")
    parser.add_argument("--corpus", type=names, default=list(CORPORA), metavar="NAME,…")
    parser.add_argument("--rivals", type=names, default=None, metavar="NAME,…")
    parser.add_argument("--threads", type=numbers, default=[1, 2], metavar="N,…")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mb", type=float, help="only the first megabytes of each corpus")
    parser.add_argument("--quick", action="store_true", help="--mb 4 --rounds 1")
    parser.add_argument(
        "--resume", action="store_true", help="leave out what the record has of this source"
    )
    parser.add_argument("--tree", type=Path, help="a source tree with a built extension")
    parser.add_argument("--out", type=Path, help="the record; by default of today")
    parser.add_argument(
        "--table", type=Path, metavar="RECORD", help="print tables, measure nothing"
    )
    parser.add_argument("--chart", type=Path, metavar="RECORD", help="draw, do not measure")
    parser.add_argument("--marks", type=Path, metavar="RECORD", help="hold against our marks")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.mb, chosen.rounds = chosen.mb or 4.0, 1
    if chosen.tree is not None:
        chosen.tree = chosen.tree.resolve()
    refuse_threads_beyond_cores(parser, chosen.threads)
    for given, known in (
        (chosen.only, CASES),
        (chosen.vocab, VOCABULARIES),
        (chosen.corpus, CORPORA),
        (chosen.rivals or (), RIVALS),
    ):
        refuse_unknown(parser, given, known)
    return chosen


def inside() -> bool:
    """Whether this is the Python of the environment."""
    return Path(sys.prefix).resolve() == environment.FOLDER.resolve()


def show(chosen: argparse.Namespace) -> None:
    """Print the tables of a record, or draw its chart."""
    from side_by_side.chart import draw
    from side_by_side.marks import marks
    from side_by_side.summary import tables

    if chosen.table is not None:
        print(tables(json.loads(chosen.table.read_text())))
    if chosen.marks is not None:
        print(marks(json.loads(chosen.marks.read_text())))
    if chosen.chart is not None:
        chart = chosen.chart.with_suffix(".svg")
        vocab = "cl100k" if "cl100k" in chosen.vocab else chosen.vocab[0]
        draw(json.loads(chosen.chart.read_text()), chart, vocab)
        print(f"wrote {chart}")


def main() -> None:
    """Make the environment, go on in it, measure."""
    chosen = arguments()
    if not inside():
        environment.install(chosen.tree)
        path = str(environment.PYTHON)
        if chosen.tree is not None:
            os.environ["PYTHONPATH"] = str(chosen.tree / "python")
        os.execv(path, [path, *sys.argv])
    if chosen.table or chosen.chart or chosen.marks:
        show(chosen)
        return
    from side_by_side.contenders import CONTENDERS
    from side_by_side.plan import Comparison
    from side_by_side.record import Record

    chosen.rivals = list(RIVALS) if chosen.rivals is None else chosen.rivals
    packages = [contender.package for contender in CONTENDERS.values()]
    record = Record(record_path(chosen, "peers"), packages)
    record.begin(sys.argv[1:], environment.problems(), chosen.tree or environment.ROOT)
    Comparison(chosen, record).run()
    print(f"wrote {record.path}")


if __name__ == "__main__":
    main()
