"""`python -m tests.bench [NAME…]` prints what things cost, on this machine and now.

Every `bench_NAME.py` beside this file is a benchmark: its function `measure()` yields pairs of a
title and `Row`s (see `table`). Without names all of them run.
"""

import importlib
import sys
from pathlib import Path

from tests.bench.table import print_rows


def main(names):
    """Run the benchmarks named, or all."""
    known = sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*")
    )
    if unknown := set(names) - set(known):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    for name in names or known:
        module = importlib.import_module(f"tests.bench.bench_{name}")
        for title, rows in module.measure():
            print_rows(f"{name}: {title}", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
