"""Learning how long is long: how often an agent that was idle for so long came back to work.

Pure. What is learned may only lengthen the time that the settings ask for. With few observations
nothing is learned, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from daydreamd.agents.spells import Spell
from daydreamd.agents.survival import Survival
from daydreamd.units import say_duration, say_number

FEWEST: Final = 20
"""Idle spells of that length below which nothing is learned."""
_TOLERATED: Final = 0.01
_AS_LONG_AGAIN: Final = 2.0


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one kind at the time `asked_seconds`, and the time to be asked instead.

    Of `seen` idle spells of that length `came_back` ended with work; `low` and `high` are the 95 %
    interval of the share that comes back within as long again, None where it is not known.
    """

    kind: str
    alone: bool
    asked_seconds: float
    used_seconds: float
    seen: int
    came_back: int
    low: float | None = None
    high: float | None = None

    @property
    def is_enough(self) -> bool:
        return self.seen >= FEWEST

    def __str__(self) -> str:
        whose = f"{self.kind} {'that nobody owns' if self.alone else 'with an owner'}"
        asked = say_duration(self.asked_seconds)
        if not self.is_enough:
            few = "none was" if not self.seen else f"only {say_number(self.seen)} {_was(self.seen)}"
            return f"{whose}: {few} seen idle for {asked}, too few to learn from"
        back = say_number(self.came_back) if self.came_back else "none"
        said = f"{whose}: of {self.seen} that were idle for {asked}, {back} came back"
        if self.low is not None and self.high is not None:
            said += f" ({self.low:.0%} to {self.high:.0%} do, within as long again)"
        if self.used_seconds > self.asked_seconds:
            said += f"; so {say_duration(self.used_seconds)} are asked"
        return said


def learn(spells: Sequence[Spell], kind: str, *, alone: bool, asked: float) -> Learned:
    """What the spells of one kind say of the time `asked`; `used_seconds` is never below it."""
    asked = float(asked)  # a plain number, also where it came as a setting's duration
    own = [spell for spell in spells if (spell.kind, spell.alone) == (kind, alone)]
    # Those that we ended for having been idle so long prove nothing about coming back.
    reached = [one for one in own if one.seconds >= asked and one.end != "ended"]
    came_back = sum(spell.came_back for spell in reached)
    survival = Survival((spell.seconds, spell.came_back) for spell in own)
    used = asked if len(reached) < FEWEST else _long_enough(survival, asked)
    share = survival.lasts(asked * _AS_LONG_AGAIN, given=asked)
    is_known = len(reached) >= FEWEST and (share.low, share.high) != (0.0, 1.0)
    return Learned(
        kind=kind,
        alone=alone,
        asked_seconds=asked,
        used_seconds=max(asked, used),
        seen=len(reached),
        came_back=came_back,
        low=1.0 - share.high if is_known else None,
        high=1.0 - share.low if is_known else None,
    )


def _long_enough(survival: Survival, asked: float) -> float:
    """The first time from `asked` on after which hardly any comes back within as long again."""
    later = [time for time in survival.event_times if time > asked]
    for seconds in (asked, *later):
        back = 1.0 - survival.lasts(seconds * _AS_LONG_AGAIN, given=seconds).value
        if back <= _TOLERATED:
            return seconds
    return max(later, default=asked)


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
