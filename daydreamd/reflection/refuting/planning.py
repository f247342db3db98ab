"""Fitting the looks into the time that is left.

First come the claims of known truth, then the proposals, the most important first. Where not even
the first of them could be settled there is no second pass, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daydreamd.reflection.refuting.pace import Pace
from daydreamd.reflection.refuting.qualifying import LEAST_ASKED
from daydreamd.reflection.refuting.tally import QUICK, THOROUGH, Leads
from daydreamd.units import say_duration

_KNOWN_TOKENS: Final = 700
_LIKELY_ANSWER: Final = 16


@dataclass(frozen=True)
class LookPlan:
    """How thoroughly, and at how many of the claims, there is time to look.

    With no claims `too_slow` says why, for people.
    """

    leads: Leads
    claims: int
    too_slow: str = ""


def plan_looks(claim_tokens: Sequence[int], pace: Pace, seconds_left: float) -> LookPlan:
    """The most thorough plan that fits; all claims where nothing is known of the model's pace."""
    look = pace.seconds(_KNOWN_TOKENS, _LIKELY_ANSWER)
    if look is None:
        return LookPlan(QUICK, len(claim_tokens))
    left = seconds_left - LEAST_ASKED * look
    looks = [pace.seconds(tokens, _LIKELY_ANSWER) or 0.0 for tokens in claim_tokens]
    if sum(looks) * THOROUGH.usual_looks <= left:
        return LookPlan(THOROUGH, len(looks))
    taken, needed = 0, 0.0
    for seconds in looks:
        needed += seconds * QUICK.usual_looks
        if needed > left:
            break
        taken += 1
    if taken:
        return LookPlan(QUICK, taken)
    total = LEAST_ASKED * look + (looks[0] if looks else 0.0) * QUICK.usual_looks
    return LookPlan(
        QUICK,
        0,
        too_slow=f"this machine is too small for a second pass: to refute one claim would take"
        f" {say_duration(total)}, and {say_duration(max(seconds_left, 0.0))} were left",
    )
