"""What is said over the control socket: one JSON line for each of these.

    {"do": "status"}                 StatusAnswer
    {"do": "trigger", "wait": true}  TriggerAnswer; with "wait" SessionAnswer at the session's end
    {"do": "watch"}                  WatchAnswer, then events as they happen
    {"do": "reload"}                 ReloadAnswer
    {"do": "stop_session"}           StopAnswer

Anything else is answered with a Refusal, and the connection closed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from daydreamd.records.daemon_status import Status
from daydreamd.records.session_end import SessionEnd

When = Literal["now", "next"]
"""Whether a session that was asked for begins now, or after the one that runs."""


class ControlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line from a client."""

    do: Literal["status", "trigger", "watch", "reload", "stop_session"]
    wait: bool = False


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool = True


class StatusAnswer(_Granted, frozen=True, kw_only=True):
    """The state of the daemon."""

    status: Status


class TriggerAnswer(_Granted, frozen=True, kw_only=True):
    """When the session begins that was asked for."""

    trigger: When


class SessionAnswer(_Granted, frozen=True, kw_only=True):
    """How the session ended that was waited for."""

    session: SessionEnd


class WatchAnswer(_Granted, frozen=True, kw_only=True):
    """Events follow, a line each."""

    watching: bool = True


class ReloadAnswer(_Granted, frozen=True, kw_only=True):
    """A line for each fault for which the settings were refused; none where they are in force."""

    faults: tuple[str, ...]


class StopAnswer(_Granted, frozen=True, kw_only=True):
    """The session that was told to stop: None where none ran, empty where it had no id yet."""

    stopped: str | None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not granted. Any answer can be read as this, to tell whether it is one."""

    ok: bool = False
    error: str = "the daemon refused"


ControlAnswer = (
    StatusAnswer | TriggerAnswer | SessionAnswer | WatchAnswer | ReloadAnswer | StopAnswer
)
