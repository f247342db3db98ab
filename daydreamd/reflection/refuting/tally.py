"""When have enough looks been taken at a claim?

A look is an opinion that is right more often than not. Looks go on until one side leads by so much
that chance no longer explains it (Wald's sequential test): a judge that is right four times in five
then lets a false claim through once in 270 times, or once in 70 where time is short, and bears out
98 or 94 of 100 true ones, with five looks on the average, or four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daydreamd.records.claims import ClaimVerdict, Look, Says, ShownLine, WhyUntold


@dataclass(frozen=True)
class Leads:
    """How many more looks must say `holds` than `refuted`, or the other way round, to decide.

    `usual_looks` is what that takes with a judge that is right four times in five.
    """

    to_hold: int
    to_refute: int
    usual_looks: int


THOROUGH: Final = Leads(4, 3, 7)
QUICK: Final = Leads(3, 2, 5)
MOST_LOOKS: Final = 15
"""Looks at one claim; where these do not decide, nobody can tell."""


class Tally:
    """The looks at one claim, as they come."""

    def __init__(self, leads: Leads) -> None:
        self._leads = leads
        self._looks: list[Look] = []
        self._asked = 0

    @property
    def is_decided(self) -> bool:
        """Whether more looks would change nothing, or may not be taken."""
        return self._says() is not Says.CANNOT_TELL or self._asked >= MOST_LOOKS

    def add(self, look: Look | None) -> None:
        """Take a look into account; None where there was no answer, or none to be read."""
        self._asked += 1
        if look is not None and look.says is not Says.CANNOT_TELL:
            self._looks.append(look)

    def verdict(self, key: str, *, cut_short: WhyUntold = WhyUntold.TOLD) -> ClaimVerdict:
        """What the looks came to; `cut_short` says why there are no more of them."""
        says = self._says()
        untold = says is Says.CANNOT_TELL
        return ClaimVerdict(
            key=key,
            says=says,
            looks=len(self._looks),
            holds=self._count(Says.HOLDS),
            refuted=self._count(Says.REFUTED),
            decided_by=None if untold else _deciding(self._looks, says),
            why_untold=(cut_short or WhyUntold.TORN) if untold else WhyUntold.TOLD,
        )

    def _count(self, says: Says) -> int:
        return sum(look.says is says for look in self._looks)

    def _says(self) -> Says:
        lead = self._count(Says.HOLDS) - self._count(Says.REFUTED)
        if lead >= self._leads.to_hold:
            return Says.HOLDS
        return Says.REFUTED if -lead >= self._leads.to_refute else Says.CANNOT_TELL


def _deciding(looks: Sequence[Look], says: Says) -> ShownLine | None:
    """The line that most looks of the winning side have named; the first of equals."""
    named = [look.decided_by for look in looks if look.says is says and look.decided_by]
    return max(named, key=named.count, default=None)
