"""`daydreamd status`: how the daemon stands, in six lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from daydreamd.text import one_line
from daydreamd.units import Duration, say_duration, say_size

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation

_COLOURS = {"waiting": "green", "running": "green", "stopping": "yellow"}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell how the daemon stands: what runs, what comes next, how it went.

    \b
    Example: daydreamd status
    """
    from daydreamd.cli.document import print_document
    from daydreamd.cli.reach import reach

    with reach(invocation) as daemon:
        status = daemon.ask("status")["status"]
    if as_json:
        print_document(status)
    else:
        _say(status)


def _say(status: dict[str, Any]) -> None:
    state = click.style(status["state"], fg=_COLOURS.get(status["state"]))
    up = say_duration(status["uptime_seconds"])
    click.echo(f"daydreamd {status['version']} · up {up} · {state}")
    rows = {
        "session now": _running(status["session"]),
        "next session": _next(status["next"]),
        "last session": _last(status["last"]),
        "waiting on": "" if status["session"] else _waiting_on(status),
        "model": _model(status["next"], status["last"]),
        "agents": _agents(status["agents"]),
        "health": _health(status),
    }
    for name, text in rows.items():
        if text:
            click.echo(f"{name:<15}{text}")
    for part in status["failing"]:
        click.echo(f"{'failing':<15}{_failing(part)}")


def _running(session: dict[str, Any] | None) -> str:
    if session is None:
        return ""
    if session["phase"] is None:
        return f"{session['session_id']} is starting"
    since = datetime.now(UTC) - datetime.fromisoformat(session["phase_since"])
    phase = session["phase"].replace("_", " ")
    budget = say_duration(session["budget_seconds"])
    return (
        f"{session['session_id']} · {phase} for {say_duration(since.total_seconds())} of {budget}"
    )


def _next(due: dict[str, Any]) -> str:
    every = f"every {say_duration(Duration.parse(due['interval']))}"
    if due["at"] is None:
        return f"none by itself, else {every}"
    at = datetime.fromisoformat(due["at"]).astimezone()
    return f"{_clock(at)} (in {say_duration(due['in_seconds'])}), {every}"


def _last(last: dict[str, Any] | None) -> str:
    if last is None:
        return "none yet"
    ended = datetime.fromisoformat(last["end_time"]).astimezone()
    outcome = last["outcome"].replace("_", " ")
    parts = [f"{_clock(ended)} {click.style(outcome, fg=_outcome_colour(last['outcome']))}"]
    if last["seconds"]:
        parts[0] += f" in {say_duration(last['seconds'])}"
    if last["new_insights"]:
        count = last["new_insights"]
        parts.append(f"{count} new insight{'' if count == 1 else 's'}")
    if last["session_id"]:
        parts.append(last["session_id"])
    return " · ".join(parts)


def _waiting_on(status: dict[str, Any]) -> str:
    reasons = (status["last"] or {}).get("reasons") or ["the machine was not ready"]
    return {
        "due": "nothing, a session begins",
        "interval": "the interval alone (what else would hold it: `daydreamd why`)",
        "busy": "; ".join(reasons[:2]),
        "left over": "a moment, then what could not be tidied in time is taken up again",
        "quiet hours": "the end of the quiet hours",
    }[status["next"]["reason"]]


def _model(due: dict[str, Any], last: dict[str, Any] | None) -> str:
    """Why the model is not asked, since when, and what to do."""
    if not due["reflection_in_seconds"]:
        return ""
    since = datetime.fromisoformat(due["failing_since"]).astimezone()
    said = f"asked again in {say_duration(due['reflection_in_seconds'])}"
    why = f"{due['failures']} sessions failed in a row since {_clock(since)}"
    reasons = one_line("; ".join((last or {}).get("reasons") or []), limit=200)
    return f"{said}; {why}{f': {reasons}' if reasons else ''} (now: `daydreamd trigger`)"


def _failing(part: dict[str, Any]) -> str:
    """What fails, since when, why, and what to do."""
    since = _clock(datetime.fromisoformat(part["since"]).astimezone())
    name = click.style(one_line(part["name"], limit=80), fg="yellow")
    return f"{name} since {since}: {one_line(part['reason'], limit=200)}; {part['advice']}"


def _agents(agents: dict[str, dict[str, int]]) -> str:
    seen = [
        f"{one['count']} {kind.replace('_', ' ')}, {say_size(one['rss_bytes'])}"
        for kind, one in agents.items()
    ]
    return " · ".join(seen) or "none seen"


def _health(status: dict[str, Any]) -> str:
    health, parts = status["health"], []
    well = len(health["loops"]) - len(health["late"])
    loops = f"loops {well} of {len(health['loops'])}"
    parts.append(
        click.style(f"{loops}, late: {', '.join(health['late'])}", fg="red")
        if health["late"]
        else loops
    )
    if health["watchdog_fed_seconds_ago"] is not None:
        parts.append(f"watchdog fed {say_duration(health['watchdog_fed_seconds_ago'])} ago")
    if seen := status["sessions_seen"]:
        parts.append(f"{status['sessions_well']} of the last {seen} sessions ended well")
    if faults := len(health["settings_faults"]):
        parts.append(click.style(f"{faults} faulty settings (daydreamd check)", fg="yellow"))
    return " · ".join(parts)


def _clock(moment: datetime) -> str:
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%d %b %H:%M}"


def _outcome_colour(outcome: str) -> str:
    if outcome in ("completed", "unchanged"):
        return "green"
    return "red" if outcome == "failed" else "yellow"
