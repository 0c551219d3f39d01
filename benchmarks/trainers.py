"""The trainer beside other trainers, measured in turns, into a dated record.

    python benchmarks/trainers.py                                   everything, for hours
    python benchmarks/trainers.py --cases gpt2-32k --mb 4 --rounds 1
    python benchmarks/trainers.py --cases large-32k --text FILE     a large text of one's own
    python benchmarks/trainers.py --resume                          what an earlier run left over
    python benchmarks/trainers.py --table RECORD                    its tables, in Markdown

The first run makes `.venv-peers` with the other trainers from PyPI and builds bytestride into it;
`--tree DIR` takes a source tree with a built extension instead, and `--python FILE` a Python that
has the others. Texts are those of the test data (BYTESTRIDE_TEST_DATA); documents in the text of
one's own end with the same separator, if it has any. Nothing else is read, and no trainer may
download.
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

CASES = ("gpt2-32k", "cjk-32k", "o200k-131k", "large-32k", "dna-4k")
RIVALS = ("gigabpe", "gigatoken", "ffbpe", "rustbpe", "bpeasy", "tokenizers")
# The versions that were compared; a list that names others is another comparison.
PACKAGES = (
    "tokenizers==0.23.3",
    "awkward==2.14.0",
    "gigatoken==0.10.0",
    "gigabpe==0.1.0",
    "ffbpe==0.1.10",
    "rustbpe==0.1.0",
    "bpeasy==0.1.6",
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=names, default=list(CASES), metavar="CASE,…")
    parser.add_argument("--texts", type=names, metavar="NAME,…", help="of these only")
    parser.add_argument("--rivals", type=names, default=list(RIVALS), metavar="NAME,…")
    parser.add_argument("--threads", type=numbers, default=[1, 2], metavar="N,…")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mb", type=float, help="only the first megabytes of each text")
    parser.add_argument("--text", type=Path, help="a large text, UTF-8, for the case large-32k")
    parser.add_argument(
        "--limit", type=float, default=600, metavar="SECONDS", help="for one training"
    )
    parser.add_argument(
        "--once-above",
        type=float,
        default=60,
        metavar="SECONDS",
        help="a rival that takes longer has one round only",
    )
    parser.add_argument(
        "--resume", action="store_true", help="leave out what the record has of this source"
    )
    parser.add_argument("--tree", type=Path, help="a source tree with a built extension")
    parser.add_argument("--python", type=Path, help="a Python with the other trainers")
    parser.add_argument("--out", type=Path, help="the record; by default of today")
    parser.add_argument(
        "--table", type=Path, metavar="RECORD", help="print tables, measure nothing"
    )
    chosen = parser.parse_args()
    refuse_threads_beyond_cores(parser, chosen.threads)
    for given, known in ((chosen.cases, CASES), (chosen.rivals, RIVALS)):
        refuse_unknown(parser, given, known)
    if chosen.python is not None and chosen.tree is None:
        parser.error("--python needs --tree: bytestride is not installed into it")
    for name in ("tree", "text"):
        if (path := getattr(chosen, name)) is not None:
            setattr(chosen, name, path.resolve())
    return chosen


def main() -> None:
    """Make the environment, go on in it, measure."""
    chosen = arguments()
    python = chosen.python or environment.PYTHON
    if Path(sys.prefix).resolve() != python.parents[1].resolve():
        if chosen.python is None:
            environment.install(chosen.tree, PACKAGES)
        if chosen.tree is not None:
            os.environ["PYTHONPATH"] = str(chosen.tree / "python")
        os.execv(python, [str(python), *sys.argv])
    from training.plan import Comparison
    from training.summary import tables

    if chosen.table is not None:
        print(tables(json.loads(chosen.table.read_text())))
        return
    from side_by_side.record import Record

    problems = {} if chosen.python is not None else environment.problems(PACKAGES)
    record = Record(record_path(chosen, "trainers"), list(RIVALS))
    # Where things lie is of this machine.
    said = [Path(word).name if os.sep in word else word for word in sys.argv[1:]]
    record.begin(said, problems, chosen.tree or environment.ROOT)
    Comparison(chosen, record).run()
    print(f"wrote {record.path}")


if __name__ == "__main__":
    main()
