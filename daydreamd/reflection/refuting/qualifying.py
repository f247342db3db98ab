"""Can a judge judge? Its answers to claims of known truth decide, before it has a vote.

Wald's sequential test again, between a judge that guesses and one that is right four times in five:
seven right answers on end are enough, and after that each wrong one costs two right ones. One that
says the same to everything is found out sooner.
"""

from __future__ import annotations

import math
from typing import Final

from daydreamd.records.claims import Says

_GUESSES: Final = 0.5
_CAN_JUDGE: Final = 0.8
# A judge that guesses gets a vote in 5 of 100 sessions, one that can judge loses it in 1 of 100.
_FOR: Final = math.log(0.99 / 0.05)
_AGAINST: Final = math.log(0.01 / 0.95)
_RIGHT: Final = math.log(_CAN_JUDGE / _GUESSES)
_WRONG: Final = math.log((1 - _CAN_JUDGE) / (1 - _GUESSES))
_SAME_TO_ALL: Final = 6
LEAST_ASKED: Final = math.ceil(_FOR / _RIGHT)
"""Known claims that even a judge without fault is asked."""
MOST_ASKED: Final = 40


class Qualifying:
    """The answers of one judge to claims of known truth, true and false ones in turn."""

    def __init__(self) -> None:
        self.asked = 0
        self.right = 0
        self._evidence = 0.0
        self._said: set[Says] = set()

    def add(self, says: Says, *, is_true: bool) -> None:
        """Take an answer into account. `cannot tell`, of what can be told, is a wrong one."""
        is_right = says is (Says.HOLDS if is_true else Says.REFUTED)
        self.asked += 1
        self.right += is_right
        self._evidence += _RIGHT if is_right else _WRONG
        self._said.add(says)

    @property
    def can_judge(self) -> bool | None:
        """Whether it can; None while that is not known."""
        if self._evidence >= _FOR and len(self._said) > 1:
            return True
        constant = self.asked >= _SAME_TO_ALL and len(self._said) == 1
        return False if constant or self._evidence <= _AGAINST else None
