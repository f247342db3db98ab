"""The screen of `daydreamd why`: a line for each gate of readiness, closed ones first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import click

from daydreamd.readiness.verdict import ReadinessReport
from daydreamd.records.health import Gate
from daydreamd.text import one_line
from daydreamd.units import say_number

_SIGNS: Final = {"closed": ("✗", "red"), "open": ("✓", "green"), "unknown": ("?", "yellow")}
_ORDER: Final = {"closed": 0, "unknown": 1, "open": 2}
_WIDTH: Final = 34


def say_readiness(report: ReadinessReport) -> Iterator[str]:
    """The verdict, then the gates."""
    yield "If it were time now: " + _verdict(report)
    rows = [_row_of_gate(gate) for gate in sorted(report.gates, key=lambda g: _ORDER[g.state])]
    rows.insert(sum(gate.state != "open" for gate in report.gates), _row_of_model(report))
    yield from map(_line, rows)


def _verdict(report: ReadinessReport) -> str:
    if report.ready:
        return "yes." if report.model.choice else "yes, but without a model: facts only."
    count = len(report.reasons) - (report.model.choice is None)
    return f"no, {say_number(count)} {'gate is' if count == 1 else 'gates are'} closed."


class _Row(NamedTuple):
    """State, name, what was found, what is asked for, and the setting to change."""

    state: str
    name: str
    value: str
    limit: str = ""
    setting: str = ""


def _row_of_gate(gate: Gate) -> _Row:
    # At 80 columns there is room for the setting only where somebody may want to change it.
    setting = "" if gate.state == "open" else gate.setting
    return _Row(gate.state, gate.name, gate.value, gate.limit, setting)


def _row_of_model(report: ReadinessReport) -> _Row:
    if report.model.choice:
        return _Row("open", "model", report.model.reason.partition("; ")[0])
    return _Row("unknown", "model", report.model.reason, setting="model.provider")


def _line(row: _Row) -> str:
    """A value too long for its column leaves what is asked for to a line of its own."""
    sign, colour = _SIGNS[row.state]
    value = one_line(row.value, limit=300)
    rest = f"{row.limit:23}" + click.style(row.setting, dim=True) if row.setting else row.limit
    gap = " " * (_WIDTH - len(value)) if len(value) <= _WIDTH else "\n" + " " * (13 + _WIDTH)
    return f" {click.style(sign, fg=colour)} {row.name:9} {value}{gap}  {rest}".rstrip()
