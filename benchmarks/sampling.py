"""Windows and batches beside what else serves them, measured in turns, into a dated record.

    python benchmarks/sampling.py                                everything, for minutes
    python benchmarks/sampling.py --quick                        small stores, one round
    python benchmarks/sampling.py --only batches,loaders --rounds 9
    python benchmarks/sampling.py --table RECORD                 its tables, in Markdown
    python benchmarks/sampling.py --marks RECORD                 how far from what we want

The first run makes `.venv-peers` with torch and megatron-core (its wheel has the compiled helpers)
from PyPI and builds bytestride into it; `--tree DIR` takes a source tree with a built extension
instead, and `--python FILE` a Python that has the others. `cc` compiles the bound, a plain C loop.
Stores of random ids are made in `build/peers`, 0.6 GB and a sparse one; no text is read. What the
sides give is compared before it is timed, and where one differs its case has no figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from side_by_side import environment
from side_by_side.command_line import names, record_path, refuse_unknown

CASES = ("startup", "batches", "megatron", "epoch", "loaders", "indices", "resume")
# The versions that were compared; a list that names others is another comparison.
PACKAGES = ("torch==2.13.0", "megatron-core==0.16.1")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=names, default=list(CASES), metavar="CASE,…")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--mb", type=float, help="megabytes of the large store (536), others in proportion"
    )
    parser.add_argument("--quick", action="store_true", help="--mb 27 --rounds 1")
    parser.add_argument("--tree", type=Path, help="a source tree with a built extension")
    parser.add_argument("--python", type=Path, help="a Python with the other packages")
    parser.add_argument("--out", type=Path, help="the record; by default of today")
    parser.add_argument(
        "--table", type=Path, metavar="RECORD", help="print tables, measure nothing"
    )
    parser.add_argument("--marks", type=Path, metavar="RECORD", help="hold against our marks")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.mb, chosen.rounds = chosen.mb or 27.0, 1
    if chosen.rounds < 1 or (chosen.mb is not None and chosen.mb < 1):
        parser.error("--rounds and --mb must be at least 1")
    refuse_unknown(parser, chosen.only, CASES)
    if chosen.python is not None and chosen.tree is None:
        parser.error("--python needs --tree: bytestride is not installed into it")
    if chosen.tree is not None:
        chosen.tree = chosen.tree.resolve()
    return chosen


def show(chosen: argparse.Namespace) -> None:
    """Print the tables of a record, or how it stands to the marks."""
    from sampling_cases.summary import marks, tables

    if chosen.table is not None:
        print(tables(json.loads(chosen.table.read_text())))
    if chosen.marks is not None:
        print(marks(json.loads(chosen.marks.read_text())))


def main() -> None:
    """Make the environment, go on in it, measure."""
    chosen = arguments()
    if chosen.table or chosen.marks:
        show(chosen)
        return
    python = chosen.python or environment.PYTHON
    if Path(sys.prefix).resolve() != python.parents[1].resolve():
        if chosen.python is None:
            environment.install(chosen.tree, PACKAGES)
        if chosen.tree is not None:
            os.environ["PYTHONPATH"] = str(chosen.tree / "python")
        os.execv(python, [str(python), *sys.argv])
    from sampling_cases.plan import Comparison
    from side_by_side.record import Record

    problems = {} if chosen.python is not None else environment.problems(PACKAGES)
    record = Record(record_path(chosen, "sampling"), ["torch", "megatron-core"])
    # Where things lie is of this machine.
    said = [Path(word).name if os.sep in word else word for word in sys.argv[1:]]
    record.begin(said, problems, chosen.tree or environment.ROOT)
    Comparison(chosen, record).run()
    print(f"wrote {record.path}")


if __name__ == "__main__":
    main()
