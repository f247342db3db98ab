"""`daydreamd why`: what would happen if it were time now, and why not."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.readiness.gates import Gate
    from daydreamd.readiness.verdict import ReadinessReport
    from daydreamd.settings.places import Places

_SIGNS = {"closed": ("✗", "red"), "open": ("✓", "green"), "unknown": ("?", "yellow")}
_ORDER = {"closed": 0, "unknown": 1, "open": 2}
_WIDTH = 34
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@click.command("why")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell whether a timed session would run now, gate by gate.

    \b
    Example: daydreamd why
    """
    import anyio

    from daydreamd.settings.places import find_places_to_read

    for fault in invocation.loaded.faults:
        click.echo(f"daydreamd: {fault}", err=True)
    places = find_places_to_read(os.environ, scope=invocation.scope)
    report = anyio.run(_look, invocation, places)
    if as_json:
        print_document(report.as_json() | {"metrics": report.metrics})
    else:
        _say(report, invocation)


async def _look(invocation: Invocation, places: Places) -> ReadinessReport:
    from daydreamd.readiness.model_server import find_model
    from daydreamd.readiness.verdict import check_readiness

    settings = invocation.loaded.settings
    return await check_readiness(
        settings.readiness,
        queue=settings.queue,
        disk_at=places.state,
        idle_gates=True,
        find_model=partial(find_model, settings.model),
        quiet_hours=settings.schedule.quiet_hours,
        model=settings.model,
    )


def _say(report: ReadinessReport, invocation: Invocation) -> None:
    click.echo("If it were time now: " + _verdict(report))
    rows = [_Row.of_gate(gate) for gate in sorted(report.gates, key=lambda g: _ORDER[g.state])]
    rows.insert(sum(gate.state != "open" for gate in report.gates), _Row.of_model(report))
    for row in rows:
        row.say()
    click.echo(_ways_on(invocation))


def _ways_on(invocation: Invocation) -> str:
    """When the daemon looks again, if one runs, and how not to wait for it."""
    from daydreamd.cli.reach import reach
    from daydreamd.errors import DaemonError
    from daydreamd.units import say_duration

    try:
        with reach(invocation) as daemon:
            wait = daemon.ask("status")["status"]["next"]["in_seconds"]
    except DaemonError:
        return "No daemon runs. `daydreamd once` runs one anyway."
    again = "" if wait is None else f"It looks again in {say_duration(max(wait, 0))}. "
    return f"{again}`daydreamd trigger` runs one anyway."


def _verdict(report: ReadinessReport) -> str:
    if report.ready:
        return "yes." if report.model.choice else "yes, but without a model: facts only."
    count = len(report.reasons) - (report.model.choice is None)
    return f"no, {_NUMBERS[count]} {'gate is' if count == 1 else 'gates are'} closed."


class _Row:
    """One line: sign, name, what was found, what is asked for, and the setting."""

    def __init__(self, state: str, name: str, value: str, limit: str, setting: str) -> None:
        self.sign, self.colour = _SIGNS[state]
        self.name, self.value, self.limit, self.setting = name, value, limit, setting

    @classmethod
    def of_gate(cls, gate: Gate) -> _Row:
        # At 80 columns there is room for the setting only where somebody may want to change it.
        setting = "" if gate.state == "open" else gate.setting
        return cls(gate.state, gate.name, gate.value, gate.limit, setting)

    @classmethod
    def of_model(cls, report: ReadinessReport) -> _Row:
        if report.model.choice:
            return cls("open", "model", report.model.reason.partition("; ")[0], "", "")
        return cls("unknown", "model", report.model.reason, "", "model.provider")

    def say(self) -> None:
        """A value too long for its column leaves what is asked for to a line of its own."""
        from daydreamd.text import one_line

        value = one_line(self.value, limit=300)
        rest = (
            f"{self.limit:23}" + click.style(self.setting, dim=True) if self.setting else self.limit
        )
        gap = " " * (_WIDTH - len(value)) if len(value) <= _WIDTH else "\n" + " " * (13 + _WIDTH)
        line = f" {click.style(self.sign, fg=self.colour)} {self.name:9} {value}{gap}  {rest}"
        click.echo(line.rstrip())
