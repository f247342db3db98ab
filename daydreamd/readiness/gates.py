"""Gates: pure judgements of readings. A reading that could not be had is never an open gate.

Hard gates are what a session cannot do without; idle gates are about whose machine it is just now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from daydreamd.host.system.machine import Power
from daydreamd.host.system.presence import Presence
from daydreamd.records.health import Gate
from daydreamd.settings.quiet_hours import parse_quiet_hours, quiet_at, quiet_until
from daydreamd.settings.schema import Readiness
from daydreamd.units import say_count, say_duration, say_size


def blank_gates(settings: Readiness, quiet_hours: Sequence[str]) -> dict[str, Gate]:
    """All gates by name, each unknown as long as nothing was read."""
    hours = ", ".join(quiet_hours)
    table = (
        ("memory", f"at least {say_size(settings.min_free_memory)}", "readiness.min_free_memory"),
        ("disk", f"at least {say_size(settings.min_free_disk)}", "readiness.min_free_disk"),
        ("queue", f"at most {settings.max_pending_tasks}", "readiness.max_pending_tasks"),
        ("stalled", f"at most {settings.max_stalled_tasks}", "readiness.max_stalled_tasks"),
        ("load", f"at most {settings.max_load_per_cpu:g}", "readiness.max_load_per_cpu"),
        (
            "pressure",
            f"at most {settings.max_memory_pressure:g} %",
            "readiness.max_memory_pressure",
        ),
        ("user", f"needs {say_duration(settings.user_idle)} of quiet", "readiness.user_idle"),
        (
            "agents",
            "none at work" if settings.wait_for_agents else "any",
            "readiness.wait_for_agents",
        ),
        ("power", "mains" if settings.require_ac_power else "any", "readiness.require_ac_power"),
        ("ollama", "nobody else asks it", "model.base_url"),
        ("hours", f"not {hours}" if hours else "any", "schedule.quiet_hours"),
    )
    return {
        name: Gate(
            name=name, state="unknown", value="no answer in time", limit=limit, setting=setting,
            hard=name in ("memory", "disk"),
        )
        for name, limit, setting in table
    }  # fmt: skip


def judge_memory(gate: Gate, settings: Readiness, available: int) -> Gate:
    """Open with at least `min_free_memory` bytes available."""
    return gate.found(f"{say_size(available)} free", is_open=available >= settings.min_free_memory)


def judge_disk(gate: Gate, settings: Readiness, free: int) -> Gate:
    """Open with at least `min_free_disk` bytes free."""
    return gate.found(f"{say_size(free)} free", is_open=free >= settings.min_free_disk)


def judge_load(gate: Gate, settings: Readiness, load: float) -> Gate:
    """Open while others load a processor by at most `max_load_per_cpu`."""
    return gate.found(f"{load:.1f} per processor", is_open=load <= settings.max_load_per_cpu)


def judge_pressure(gate: Gate, settings: Readiness, percent: float | None) -> Gate:
    """Open up to `max_memory_pressure` percent, and where the kernel does not measure it (None)."""
    if percent is None:
        return gate.found("not measured by this kernel", is_open=True)
    return gate.found(f"{percent:.1f} %", is_open=percent <= settings.max_memory_pressure)


def judge_power(gate: Gate, settings: Readiness, power: Power) -> Gate:
    """Open on mains, and with `require_ac_power` off."""
    if settings.require_ac_power and power.on_battery is None:
        return gate.unread(power.says)
    return gate.found(power.says, is_open=not (settings.require_ac_power and power.on_battery))


def judge_user(gate: Gate, settings: Readiness, seen: Sequence[Presence], unread: str = "") -> Gate:
    """Closed after input within `user_idle`. `unread` says what could not be looked at."""
    last = min(seen, key=lambda presence: presence.idle_seconds, default=None)
    if last is not None and last.idle_seconds < settings.user_idle:
        return gate.found(_say_last(last), is_open=False)
    if unread:
        return gate.unread(unread)
    if last is None:
        return gate.found("nobody is logged in", is_open=True)
    return gate.found(_say_last(last), is_open=True)


def _say_last(last: Presence) -> str:
    if last.where.startswith("desktop") and last.idle_seconds == 0:
        return f"{last.where} is in use"
    return f"typed {say_duration(last.idle_seconds)} ago on {last.where}"


def judge_agents(gate: Gate, settings: Readiness, at_work: Sequence[str]) -> Gate:
    """Closed while agents are at work, unless `wait_for_agents` is off."""
    more = f" and {len(at_work) - 1} more" if len(at_work) > 1 else ""
    said = at_work[0] + more if at_work else "no agent is at work"
    return gate.found(said, is_open=not (settings.wait_for_agents and at_work))


def judge_tasks(gate: Gate, most: int, count: int, what: str) -> Gate:
    """Open with at most `most` tasks of one kind (`what`) in the owner's queue."""
    tasks = say_count(count, "task") if count else "no tasks"
    return gate.found(f"{tasks} {what}", is_open=count <= most)


def judge_hours(
    gate: Gate, quiet_hours: Sequence[str], now: datetime, zone: tzinfo | None = None
) -> Gate:
    """Closed in quiet hours. Entries that cannot be read were reported by the settings."""
    if not quiet_hours:
        return gate.found("no quiet hours are set", is_open=True)
    hours = [parse_quiet_hours(text) for text in quiet_hours]
    entry = quiet_at(hours, now, zone=zone)
    if entry is None:
        return gate.found("no quiet hours now", is_open=True)
    end = quiet_until(hours, now, zone=zone)
    until = f" until {end.astimezone(zone):%H:%M}" if end else ""
    return gate.found(f"quiet hours {entry}{until}", is_open=False)
