"""How long an agent process has been idle, by the best proof that nothing contradicts.

Proofs are two samples, the watch over hours, the processor time of a whole life, and what Claude
Code writes of itself. Every sign of life is a limit to them. All times are in seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from daydreamd.agents.claude_files import ClaudeState
from daydreamd.agents.idle_watch import Watched
from daydreamd.agents.kinds import AIDER, CLAUDE
from daydreamd.agents.sampling import Sample, has_moved
from daydreamd.host.processes import TICKS_PER_SECOND, age_seconds
from daydreamd.host.processes.terminals import seconds_since_input, terminal_name, terminal_of_stdio
from daydreamd.units import say_duration

# Less processor time than it takes to start: who has spent no more has done nothing since. Claude
# Code takes 0.6 s, Aider 3 s; a server may be a small program.
_NEVER_WORKED_SECONDS: Final = {CLAUDE: 0.4, AIDER: 0.4}
_SMALL_PROGRAM_SECONDS: Final = 0.2


@dataclass(frozen=True)
class EarlierLook:
    """The look before: what was seen, how long ago, and for how long it had been idle by then."""

    sample: Sample | None
    seconds_ago: float
    idle_seconds: float = 0.0


@dataclass(frozen=True)
class Idleness:
    """What tells how long a process has been idle; `age` is that of the process."""

    sample: Sample
    before: EarlierLook
    watched: Watched | None
    claude: ClaudeState
    age: float

    def moved(self) -> str:
        """What it has done since the look before, in words; "" where nothing."""
        before = self.before.sample
        if before is None or before.stat.start_ticks != self.sample.stat.start_ticks:
            return "it has only just begun"
        if before.identity != self.sample.identity:
            return "it has only just become another program"
        former = (before.cpu_ticks, before.io_bytes, before.members)
        if moved := has_moved(former, self.sample, self.before.seconds_ago):
            return moved
        return "it waits for a processor" if before.runnable & self.sample.runnable else ""

    def seconds(self) -> tuple[float | None, str]:
        """How long it has been idle at least, and by which proof; None where that is not known."""
        if self.moved():
            return 0.0, ""
        proofs = {
            "nothing moved between the looks": self.before.idle_seconds + self.before.seconds_ago,
            **self._proofs(),
        }
        by = max(proofs, key=lambda name: proofs[name])
        limits = [self.age, *self._last_signs()]
        stat = self.sample.stat
        if terminal := terminal_name(stat.tty_nr) or terminal_of_stdio(stat.pid):
            typed = seconds_since_input(terminal)
            if typed is None:
                return None, ""
            limits.append(typed)
        return min(proofs[by], *limits), by

    def _proofs(self) -> dict[str, float]:
        """What proves that nothing was done, and for how long."""
        proofs = {}
        if self.watched:
            now = time.clock_gettime(time.CLOCK_BOOTTIME)
            proofs["no CPU, input or output seen"] = now - self.watched.quiet_since
        spent = self.sample.cpu_ticks / TICKS_PER_SECOND
        if spent <= _NEVER_WORKED_SECONDS.get(self.sample.kind, _SMALL_PROGRAM_SECONDS):
            proofs[f"{say_duration(spent)} of CPU in all its life"] = self.age
        if self.claude.transcript_age is not None and self.claude.is_certain:
            proofs["its transcript"] = self.claude.transcript_age
        if self.claude.idle_seconds is not None:
            proofs["Claude's own word"] = self.claude.idle_seconds
        return proofs

    def _last_signs(self) -> list[float]:
        """How long ago each sign of life was that is known of."""
        signs = [self.claude.transcript_age, self.claude.idle_seconds]
        if self.watched and self.watched.active_at is not None:
            signs.append(time.clock_gettime(time.CLOCK_BOOTTIME) - self.watched.active_at)
        if self.sample.youngest_ticks:
            signs.append(age_seconds(self.sample.youngest_ticks))
        return [sign for sign in signs if sign is not None]
