"""The second pass: a judge that has shown that it can judge looks at each claim by itself.

What it is shown was gathered elsewhere; what follows from a verdict is decided elsewhere. Nothing
here raises: a model that is slow, gone or useless leaves claims of which nobody can tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from daydreamd.records.claims import (
    Claim,
    ClaimVerdict,
    JudgeRecord,
    Passage,
    PassRecord,
    Says,
    WhyUntold,
)
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.refuting.judge import Judge, PassCosts
from daydreamd.reflection.refuting.known_truths import known_claims
from daydreamd.reflection.refuting.look_page import ANSWER_TOKENS, LookPage, lay_out_look
from daydreamd.reflection.refuting.pace import Pace
from daydreamd.reflection.refuting.planning import LookPlan, plan_looks
from daydreamd.reflection.refuting.qualifying import MOST_ASKED, Qualifying
from daydreamd.reflection.refuting.tally import Tally
from daydreamd.reflection.tokens import estimate_tokens

_MOST_PROMPT_TOKENS: Final = 3_000
_MARGIN_TOKENS: Final = 200


@dataclass(frozen=True)
class Refutation:
    """What came of the pass: a verdict for every claim, and how the judge itself did."""

    verdicts: tuple[ClaimVerdict, ...] = ()
    judge: JudgeRecord = field(default_factory=JudgeRecord)
    passes: tuple[PassRecord, ...] = ()


async def refute(
    claims: Sequence[Claim],
    *,
    code: Sequence[Passage],
    choice: ModelChoice,
    pace: Pace,
    deadline: float,
    rng: random.Random,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Refutation:
    """Have each claim looked at, the first ones first, until `deadline` of `anyio.current_time`.

    `code` is what the claims of known truth are made from. `on_progress` is told how many of all
    claims are settled. A claim that could not be settled in time is never said to hold.
    """
    if not claims:
        return Refutation()
    work = _Work(claims, Judge(choice, pace), deadline, rng, choice)
    plan = work.plan()
    if plan.too_slow:
        record = JudgeRecord(model=choice.name, said=plan.too_slow)
        return Refutation(work.untold(WhyUntold.TOO_SLOW), record)
    record, known = await work.qualify(code)
    if not record.has_vote:
        gone = work.judge.is_gone
        why = WhyUntold.NO_ANSWER if gone else WhyUntold.NO_VOTE
        return Refutation(work.untold(why), record, (known,))
    verdicts, looks = await work.look_at_all(work.plan(), on_progress)
    return Refutation(verdicts, record, (known, looks))


class _Work:
    """The pass while it goes on."""

    def __init__(
        self,
        claims: Sequence[Claim],
        judge: Judge,
        deadline: float,
        rng: random.Random,
        choice: ModelChoice,
    ) -> None:
        self.judge = judge
        self._claims = claims
        self._deadline = deadline
        self._rng = rng
        room = choice.context_tokens - ANSWER_TOKENS - _MARGIN_TOKENS
        self._budget = min(_MOST_PROMPT_TOKENS, room)

    def untold(self, why: WhyUntold) -> tuple[ClaimVerdict, ...]:
        """Of no claim can anybody tell."""
        return tuple(_untold(claim, why) for claim in self._claims)

    def plan(self) -> LookPlan:
        """What there is time for from now on."""
        tokens = [estimate_tokens(self._page(claim).text) for claim in self._claims]
        return plan_looks(tokens, self.judge.pace, self._seconds_left())

    async def qualify(self, code: Sequence[Passage]) -> tuple[JudgeRecord, PassRecord]:
        """Ask the judge about claims of known truth, until it is clear whether it can judge."""
        qualifying, costs = Qualifying(), PassCosts()
        for known in known_claims(code, MOST_ASKED, rng=self._rng):
            if qualifying.can_judge is not None or self._is_over(page := self._page(known.claim)):
                break
            look = await self.judge.look(page, costs, seconds_left=self._seconds_left())
            if self.judge.is_gone:
                break
            qualifying.add(look.says if look else Says.CANNOT_TELL, is_true=known.is_true)
        record = JudgeRecord(
            model=self.judge.model,
            asked=qualifying.asked,
            right=qualifying.right,
            has_vote=qualifying.can_judge is True,
            said=self._why_no_vote(qualifying),
        )
        return record, costs.record("known", self.judge.model)

    def _why_no_vote(self, qualifying: Qualifying) -> str:
        if qualifying.can_judge:
            return ""
        if self.judge.is_gone:
            return f"{self.judge.model} did not answer in the second pass: {self.judge.failure}"
        did = f"{qualifying.right} of {qualifying.asked} right"
        if qualifying.can_judge is None and qualifying.asked < MOST_ASKED:
            return f"no time was left for {self.judge.model} to show that it can judge ({did})"
        return (
            f"{self.judge.model} has no vote: of made-up claims about this code, whose truth is"
            f" known, it got {did}"
        )

    async def look_at_all(
        self, plan: LookPlan, on_progress: Callable[[int, int], None]
    ) -> tuple[tuple[ClaimVerdict, ...], PassRecord]:
        """A verdict for each claim, in their order."""
        costs = PassCosts()
        verdicts = []
        for number, claim in enumerate(self._claims):
            on_progress(number, len(self._claims))
            if number >= plan.claims:
                verdicts.append(_untold(claim, WhyUntold.LATE))
            else:
                verdicts.append(await self._settle(claim, Tally(plan.leads), costs))
        return tuple(verdicts), costs.record("refute", self.judge.model)

    async def _settle(self, claim: Claim, tally: Tally, costs: PassCosts) -> ClaimVerdict:
        """Look at one claim as often as it takes."""
        while not tally.is_decided:
            page = self._page(claim)
            if self.judge.is_gone:
                return tally.verdict(claim.key, cut_short=WhyUntold.NO_ANSWER)
            if self._is_over(page):
                return tally.verdict(claim.key, cut_short=WhyUntold.LATE)
            tally.add(await self.judge.look(page, costs, seconds_left=self._seconds_left()))
        return tally.verdict(claim.key)

    def _page(self, claim: Claim) -> LookPage:
        return lay_out_look(claim, budget_tokens=self._budget, rng=self._rng)

    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - anyio.current_time())

    def _is_over(self, page: LookPage) -> bool:
        left = self._seconds_left()
        return left <= 0 or (self.judge.likely_seconds(page) or 0.0) > left


def _untold(claim: Claim, why: WhyUntold) -> ClaimVerdict:
    return ClaimVerdict(key=claim.key, says=Says.CANNOT_TELL, why_untold=why)
