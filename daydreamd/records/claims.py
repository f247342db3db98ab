"""A claim about code, what a judge is shown of it, and what the judge said.

A claim is one proposal of a model or a rule, taken by itself. It travels to the judge with all that
may refute it; only a verdict comes back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from daydreamd.units import say_number

PassageKind = Literal["function", "place", "test"]
PassName = Literal["propose", "known", "refute"]


class Says(StrEnum):
    """What a judge says of a claim. Whatever is unknown, torn or late is `cannot tell`."""

    HOLDS = "holds"
    REFUTED = "refuted"
    CANNOT_TELL = "cannot tell"


class WhyUntold(StrEnum):
    """Why a claim has neither been borne out nor refuted."""

    TOLD = ""
    TORN = "looks disagreed"
    LATE = "no time was left"
    NO_VOTE = "the model cannot judge"
    NO_ANSWER = "the model did not answer"
    TOO_SLOW = "the machine is too small for a second pass"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a file that may decide about a claim; `text` begins at line `first_line`, from 1.

    `kind` is `function` for the code that the claim is about, `place` for another that names what
    it speaks of, `test` for a test that does.
    """

    kind: PassageKind
    path: str
    text: str
    first_line: int = 1


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One statement about lines `line` to `end_line` of `path`, and what may refute it.

    `key` is unique among the claims of a session. `proposed_by` names the model that said it.
    """

    key: str
    workspace: str
    title: str
    body: str
    path: str
    line: int
    end_line: int
    passages: tuple[Passage, ...] = ()
    proposed_by: str = ""


class KnownClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A made-up claim whose truth is known: by such the judge itself is judged."""

    claim: Claim
    is_true: bool


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a judge was shown, and named as the one that decides."""

    path: str
    line: int
    text: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a judge about one claim."""

    says: Says
    decided_by: ShownLine | None = None


class ClaimVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What all looks at a claim came to; `looks` counts those that gave an opinion."""

    key: str
    says: Says
    looks: int = 0
    holds: int = 0
    refuted: int = 0
    decided_by: ShownLine | None = None
    why_untold: WhyUntold = WhyUntold.TOLD

    @property
    def falls(self) -> bool:
        """Whether the claim is not to be kept: refuted, or looked at without an agreement."""
        return self.says is Says.REFUTED or self.why_untold is WhyUntold.TORN

    def reason(self) -> str:
        """In a few words for people: `refuted by two of three looks`."""
        if self.says is Says.REFUTED:
            return f"refuted by {_of_looks(self.refuted, self.looks)}"
        if self.says is Says.HOLDS:
            return f"borne out by {_of_looks(self.holds, self.looks)}"
        return f"not settled: {self.why_untold}" if self.why_untold else "not settled"


class JudgeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a judge did on claims whose truth is known, and whether its verdicts count.

    `said` is one line for people; it is empty where nobody had to be told anything.
    """

    model: str = ""
    asked: int = 0
    right: int = 0
    has_vote: bool = False
    said: str = ""


class PassRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of a reflection: how often a model was asked in it, and what that cost.

    `known` are the claims of known truth by which the judge is judged. Seconds are those that were
    waited for the model; tokens that no server counted are estimated.
    """

    name: PassName
    model: str = ""
    questions: int = 0
    unanswered: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0


class SettledClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that was to be looked at again, and what came of it: for the session's record."""

    workspace: str
    title: str
    path: str
    line: int
    says: Says
    reason: str
    looks: int = 0
    holds: int = 0
    decided_by: ShownLine | None = None


def _of_looks(count: int, looks: int) -> str:
    return f"{say_number(count)} of {say_number(looks)} look{'' if looks == 1 else 's'}"
