"""Real agents as they are held against the housekeeping: when they rest, and what is right.

A start of a real agent is a band of processes (a launcher, the agent, its helpers), of which each
has to be decided about alike. A Codex also leaves a server that all its windows share.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from daydreamd.host.processes import Identity, is_alive, read_stat
from tests.integration.zoo.keeper import Zoo
from tests.integration.zoo.visit import clean
from tests.integration.zoo.window import Window

_START_SECONDS: Final = 15.0  # all work for a while before they wait for anybody
_REST_SECONDS: Final = 240.0
_LOOK_SECONDS: Final = 3.0
_RESTING_TICKS: Final = 10  # of one process in one look; while it starts, hundreds
_MOST_VISITS: Final = 3
_SERVER_OF_CODEX: Final = "/.codex/packages/app-server-daemon/"


@dataclass
class Specimen:
    """A band of real processes with the decision that is right about all of them.

    With a `window`, that is closed before they are decided about: who ends by that is right, too.
    """

    name: str
    pid: int
    decision: str
    reason: str = ""
    window: Window | None = None
    band: list[Identity] = field(default_factory=list)
    has_begun: bool = False
    verdicts: list[dict[str, Any]] = field(default_factory=list)

    def note(self, said: dict[int, dict[str, Any]]) -> None:
        """Keep what was said of it last, by pid."""
        now = [said[one.pid] for one in self.band if one.pid in said]
        self.verdicts = now or self.verdicts

    @property
    def reasons(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(word for one in self.verdicts for word in one["reasons"]))

    @property
    def is_right(self) -> bool:
        """Whether each was decided about rightly, and lives or does not live accordingly."""
        alive = [is_alive(one) for one in self.band]
        decided = all(one["decision"] == self.decision for one in self.verdicts)
        if self.decision == "kill":
            ended = self.window is not None and not self.band
            return self.has_begun and decided and not any(alive) and bool(ended or self.verdicts)
        has_reason = any(self.reason in reason for reason in self.reasons)
        return self.has_begun and decided and all(alive) and has_reason

    @property
    def was_put_off(self) -> bool:
        """Whether it is to go and was only caught at work: an idle program has its moments."""
        at_work = any(reason.startswith("at work: ") for reason in self.reasons)
        return self.decision == "kill" and at_work

    def __str__(self) -> str:
        mark = "right" if self.is_right else "WRONG"
        decision = self.verdicts[0]["decision"] if self.verdicts else "no agent"
        said = "; ".join(self.reasons)
        if self.has_begun and not self.band:
            decision, said = "gone", "has ended by itself"
        return f"{mark}  {self.name:34} {decision:8} {said}"


def hold_up(zoo: Zoo, specimens: Iterable[Specimen]) -> list[Specimen]:
    """Let the housekeeping come once they rest, and print a line for each."""
    found = list(specimens)
    _await_rest(zoo)
    for one in found:
        one.band = [member for member in zoo.band(one.pid) if not _is_shared(member)]
        one.has_begun = bool(one.band)
    for one in found:
        if one.window:
            one.window.close()
    _await_rest(zoo)
    for one in found:
        if one.window:
            one.band = [member for member in one.band if is_alive(member)]
    found += _servers_of_codex(zoo)
    for _ in range(_MOST_VISITS):
        said = {one["pid"]: one for one in clean(zoo)["candidates"]}
        for one in found:
            one.note(said)
        if not any(one.was_put_off for one in found):
            break
    for one in found:
        print(one)
    return found


def _servers_of_codex(zoo: Zoo) -> list[Specimen]:
    """Meant to outlive the window that started it: newer versions have one."""
    band = [one for one in zoo.animals() if _is_shared(one)]
    name = "codex, the server of its windows"
    server = [Specimen(name, band[0].pid, "spare", "app-server")] if band else []
    for one in server:
        one.band, one.has_begun = band, True
    return server


def _is_shared(member: Identity) -> bool:
    return _SERVER_OF_CODEX in member.exe


def _await_rest(zoo: Zoo) -> None:
    """Until none has begun, ended or worked for two looks; who never rests is decided about so."""
    time.sleep(_START_SECONDS)
    give_up, looks, before = time.monotonic() + _REST_SECONDS, 0, _spent_ticks(zoo)
    while looks < 2 and time.monotonic() < give_up:
        time.sleep(_LOOK_SECONDS)
        now = _spent_ticks(zoo)
        rests = all(now[pid] - before.get(pid, 0) <= _RESTING_TICKS for pid in now)
        looks = looks + 1 if rests and now.keys() == before.keys() else 0
        before = now


def _spent_ticks(zoo: Zoo) -> dict[int, int]:
    stats = [read_stat(one.pid) for one in zoo.animals()]
    return {stat.pid: stat.cpu_ticks for stat in stats if stat}
