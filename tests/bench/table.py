"""Figures side by side. Machines differ, ratios within one run hardly do: the first row is ours."""

import time
from typing import NamedTuple

_UNITS = {"s": (1, "s"), "ms": (1e3, "ms"), "MiB": (1 / (1 << 20), "MiB"), "": (1, "")}


class Row(NamedTuple):
    """One figure: seconds or bytes, said in `unit`; `None` where it could not be had, and why."""

    what: str
    figure: float | None
    unit: str = "ms"
    note: str = ""


def best_seconds(action, *, runs=5):
    """The quickest of some runs: the one that others on the machine disturbed least."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


def print_rows(title, rows):
    """A group of rows, with how many times the first of its unit each one is."""
    print(f"\n{title}")
    first = {}
    for row in rows:
        if row.figure is None:
            print(f"  {row.what:<44}{'-':>12}   {row.note}")
            continue
        factor, unit = _UNITS[row.unit]
        base = first.setdefault(row.unit, row.figure)
        ratio = f"× {row.figure / base:.2f}" if base else ""
        print(
            f"  {row.what:<44}{row.figure * factor:>9.1f} {unit:<3}{ratio:>9}  {row.note}".rstrip()
        )
