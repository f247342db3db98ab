"""The screen of `daydreamd status`: a line for each matter, and one for each part that fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import click

from daydreamd.records.daemon_status import AgentCount, NextSession, RunningSession, Status
from daydreamd.records.failing import FailingPart
from daydreamd.records.session_end import SessionEnd
from daydreamd.screens.session_table import style_outcome
from daydreamd.text import one_line
from daydreamd.units import Duration, say_count, say_duration, say_size

_STATE_COLOURS: Final = {"waiting": "green", "running": "green", "stopping": "yellow"}


def say_status(status: Status) -> Iterator[str]:
    """The lines of the screen."""
    state = click.style(status.state, fg=_STATE_COLOURS[status.state])
    yield f"daydreamd {status.version} · up {say_duration(status.uptime_seconds)} · {state}"
    rows = {
        "session now": _running(status.session),
        "next session": _next(status.next),
        "last session": _last(status.last),
        "waiting on": "" if status.session else _waiting_on(status),
        "model": _model(status.next, status.last),
        "agents": _agents(status.agents),
        "health": _health(status),
    }
    for name, text in rows.items():
        if text:
            yield f"{name:<15}{text}"
    for hazard in status.hazards:
        what = one_line(f"{hazard.what}; {hazard.advice}", limit=400)
        yield f"{hazard.kind:<15}{what} (since {_clock(hazard.since)})"
    for part in status.failing:
        yield f"{'failing':<15}{_failing(part)}"


def _running(session: RunningSession | None) -> str:
    if session is None:
        return ""
    if session.phase is None or session.budget_seconds is None:
        return f"{session.session_id} is starting"
    since = say_duration((datetime.now(UTC) - session.phase_since).total_seconds())
    phase, budget = session.phase.replace("_", " "), say_duration(session.budget_seconds)
    return f"{session.session_id} · {phase} for {since} of {budget}"


def _next(due: NextSession) -> str:
    every = f"every {say_duration(Duration.parse(due.interval))}"
    if due.at is None or due.in_seconds is None:
        return f"none by itself, else {every}"
    return f"{_clock(due.at)} (in {say_duration(due.in_seconds)}), {every}"


def _last(last: SessionEnd | None) -> str:
    if last is None:
        return "none yet"
    parts = [f"{_clock(last.end_time)} {style_outcome(last.outcome)}"]
    if last.seconds:
        parts[0] += f" in {say_duration(last.seconds)}"
    if last.new_insights:
        parts.append(say_count(last.new_insights, "new insight"))
    if last.session_id:
        parts.append(last.session_id)
    return " · ".join(parts)


def _waiting_on(status: Status) -> str:
    reasons = status.last.reasons if status.last else ()
    return {
        "due": "nothing, a session begins",
        "interval": "the interval alone (what else would hold it: `daydreamd why`)",
        "busy": "; ".join(reasons[:2]) or "the machine was not ready",
        "left over": "a moment, then what could not be tidied in time is taken up again",
        "quiet hours": "the end of the quiet hours",
    }[status.next.reason]


def _model(due: NextSession, last: SessionEnd | None) -> str:
    """Why the model is not asked, since when, and what to do."""
    if not due.reflection_in_seconds or due.failing_since is None:
        return ""
    said = f"asked again in {say_duration(due.reflection_in_seconds)}"
    why = f"{due.failures} sessions failed in a row since {_clock(due.failing_since)}"
    reasons = one_line("; ".join(last.reasons if last else ()), limit=200)
    return f"{said}; {why}{f': {reasons}' if reasons else ''} (now: `daydreamd trigger`)"


def _failing(part: FailingPart) -> str:
    """What fails, since when, why, and what to do."""
    name = click.style(one_line(part.name, limit=80), fg="yellow")
    reason = one_line(part.reason, limit=200)
    return f"{name} since {_clock(part.since)}: {reason}; {part.advice}"


def _agents(agents: Mapping[str, AgentCount]) -> str:
    seen = [
        f"{one.count} {kind.replace('_', ' ')}, {say_size(one.rss_bytes)}"
        for kind, one in agents.items()
    ]
    return " · ".join(seen) or "none seen"


def _health(status: Status) -> str:
    health = status.health
    loops = f"loops {len(health.loops) - len(health.late)} of {len(health.loops)}"
    if health.late:
        loops = click.style(f"{loops}, late: {', '.join(health.late)}", fg="red")
    parts = [loops]
    if health.watchdog_fed_seconds_ago is not None:
        parts.append(f"watchdog fed {say_duration(health.watchdog_fed_seconds_ago)} ago")
    if seen := status.sessions_seen:
        parts.append(f"{status.sessions_well} of the last {seen} sessions ended well")
    if faults := len(health.settings_faults):
        parts.append(click.style(f"{faults} faulty settings (daydreamd check)", fg="yellow"))
    return " · ".join(parts)


def _clock(moment: datetime) -> str:
    """A moment by the local clock, with its day where that is not today."""
    local, today = moment.astimezone(), datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%d %b %H:%M}"
