"""Gates judge readings; what could not be read is named and is never idle."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from daydreamd.host.system.machine import Power
from daydreamd.host.system.presence import Presence, read_sessions
from daydreamd.readiness import gates
from daydreamd.readiness.busy_server import in_use
from daydreamd.readiness.gates import Gate, blank_gates
from daydreamd.settings.schema import Readiness
from daydreamd.units import Duration, Size

SETTINGS = Readiness()
BLANK = blank_gates(SETTINGS, ["22:00-07:00"])


def test_before_anything_is_read_every_gate_is_unknown_and_says_what_it_asks_for() -> None:
    assert {gate.state for gate in BLANK.values()} == {"unknown"}
    assert {gate.name for gate in BLANK.values() if gate.hard} == {"memory", "disk"}
    assert all(gate.limit and "." in gate.setting for gate in BLANK.values())
    for gate in BLANK.values():
        group, _, name = gate.setting.partition(".")
        assert group in ("readiness", "schedule", "model")
        assert group != "readiness" or hasattr(SETTINGS, name)


def test_memory_and_disk_are_open_at_their_limit_exactly() -> None:
    least = SETTINGS.min_free_memory
    assert gates.judge_memory(BLANK["memory"], SETTINGS, least).state == "open"
    short = gates.judge_memory(BLANK["memory"], SETTINGS, least - 1)
    assert (short.state, short.limit) == ("closed", "at least 2.0 GiB")
    assert gates.judge_disk(BLANK["disk"], SETTINGS, Size(0)).state == "closed"


def test_load_and_pressure_are_compared_with_their_settings() -> None:
    assert gates.judge_load(BLANK["load"], SETTINGS, 0.7).state == "open"
    assert gates.judge_load(BLANK["load"], SETTINGS, 0.71).state == "closed"
    assert gates.judge_pressure(BLANK["pressure"], SETTINGS, 10.1).state == "closed"
    assert gates.judge_pressure(BLANK["pressure"], SETTINGS, None).state == "open"


def test_a_battery_closes_only_where_mains_is_asked_for() -> None:
    battery, mains, riddle = Power(True, "on battery"), Power(False, "on mains"), Power(None, "?")
    asked, not_asked = SETTINGS, Readiness(require_ac_power=False)
    assert gates.judge_power(BLANK["power"], asked, battery).state == "closed"
    assert gates.judge_power(BLANK["power"], asked, mains).state == "open"
    assert gates.judge_power(BLANK["power"], asked, riddle).state == "unknown"
    assert gates.judge_power(BLANK["power"], not_asked, battery).state == "open"


def judge_user(*seen: Presence, unread: str = "", idle: str = "10m") -> Gate:
    settings = Readiness(user_idle=Duration.parse(idle))
    return gates.judge_user(BLANK["user"], settings, seen, unread)


def test_whoever_typed_lately_is_there() -> None:
    gate = judge_user(Presence("pts/1", 7200.0), Presence("pts/2", 180.0))
    assert (gate.state, gate.value) == ("closed", "typed 3 min ago on pts/2")
    assert judge_user(Presence("pts/2", 600.0)).state == "open"
    assert judge_user().value == "nobody is logged in"
    assert judge_user(Presence("desktop session 2", 0.0)).value == "desktop session 2 is in use"


def test_a_desktop_that_cannot_be_asked_is_unknown_unless_somebody_is_seen() -> None:
    assert judge_user(unread="logind does not answer").state == "unknown"
    assert judge_user(Presence("pts/2", 5.0), unread="logind does not answer").state == "closed"


def test_without_a_wish_for_quiet_nobody_is_in_the_way() -> None:
    assert judge_user(Presence("pts/2", 0.0), idle="0s").state == "open"


@pytest.mark.parametrize(
    ("count", "value", "state"),
    [(0, "no tasks pending", "open"), (1, "1 task pending", "open"), (5, "5 tasks pending", "open"),
     (9, "9 tasks pending", "closed")],
)  # fmt: skip
def test_tasks_are_counted_in_words(count: int, value: str, state: str) -> None:
    gate = gates.judge_tasks(BLANK["queue"], 5, count, "pending")
    assert (gate.value, gate.state) == (value, state)


def test_quiet_hours_tell_their_end() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 11, 22, 23, 30, tzinfo=berlin)
    gate = gates.judge_hours(BLANK["hours"], ["22:00-07:00"], night, berlin)
    assert (gate.state, gate.value) == ("closed", "quiet hours 22:00-07:00 until 07:00")
    noon = datetime(2026, 11, 22, 12, tzinfo=berlin)
    assert gates.judge_hours(BLANK["hours"], ["22:00-07:00"], noon, berlin).state == "open"
    assert gates.judge_hours(BLANK["hours"], [], night, berlin).state == "open"
    always = gates.judge_hours(BLANK["hours"], ["00:00-24:00"], night, berlin)
    assert always.value == "quiet hours 00:00-24:00"


LOGIND = """\
Id=2
Type=wayland
Class=user
State=active
IdleHint=no
IdleSinceHint=0

Id=3
Type=x11
Class=user
State=online
IdleHint=yes
IdleSinceHint=1000000000

Id=c1
Type=x11
Class=greeter
State=active
IdleHint=no

Id=5
Type=tty
Class=user
State=active
IdleHint=no

Id=6
Type=x11
Class=user
State=closing
IdleHint=no
"""


def test_only_the_desktops_of_people_count() -> None:
    assert read_sessions(LOGIND.split("\n\n"), now=4600.0) == [
        Presence("desktop session 2", 0.0),
        Presence("desktop session 3", 3600.0),
    ]
    assert read_sessions(["", "Type=x11", "rubbish"], now=0.0) == []


def test_a_model_is_in_use_when_its_expiry_moves_or_is_nearly_five_minutes_ahead() -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    stale, fresh = "2026-11-22T12:03:00.123456789Z", "2026-11-22T14:04:50+02:00"
    assert in_use({"a": stale}, {"a": stale}, now) == set()
    assert in_use({"a": stale}, {"a": fresh}, now) == {"a"}
    assert in_use({"a": fresh}, {"a": fresh}, now) == {"a"}
    assert in_use({}, {"b": stale}, now) == {"b"}, "it is being loaded"
    assert in_use({"a": "rubbish"}, {"a": "rubbish"}, now) == set()
    assert in_use({"a": "2226-11-22T12:00:00Z"}, {"a": "2226-11-22T12:00:00Z"}, now) == set()
