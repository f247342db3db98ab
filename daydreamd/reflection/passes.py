"""The passes of one reflection, and what they have come to so far.

A deadline may end them at any moment: everything that is known by then is kept here, so that
whoever held the deadline can still read it.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import msgspec

from daydreamd.errors import DaydreamError
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.claims import Claim, Passage, PassRecord
from daydreamd.records.events import AnalysisProgress, Emitter
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.model_memory import in_memory_for_now
from daydreamd.reflection.portions import Answered, ClaimsOf, Portion
from daydreamd.reflection.proposing import Proposing, propose
from daydreamd.reflection.refuting.pace import Pace
from daydreamd.reflection.refuting.refutation import Refutation, refute
from daydreamd.reflection.served_model import must_answer, serving
from daydreamd.settings.schema import Analysis, Model
from daydreamd.units import say_duration


@dataclass(frozen=True)
class Means:
    """With what, and within which limits, a reflection is made."""

    choice: ModelChoice
    model: Model
    analysis: Analysis
    scratch: Path
    emitter: Emitter


class Passes:
    """All questions of one reflection. `failures` are by workspace, or by "" for all of them."""

    def __init__(self, means: Means) -> None:
        self.answers: list[Answered] = []
        self.failures: dict[str, str] = {}
        self.timed_out = False
        self.facts: list[AnalysisFacts] = []
        self.records: list[PassRecord] = []
        self.refutations: list[Refutation] = []
        self._means = means
        self._served = means.choice
        self._choices: dict[str, ModelChoice] = {}
        self._paces: dict[str, Pace] = {}
        self._course: Proposing | None = None

    @asynccontextmanager
    async def served(self, portions: Sequence[Portion]) -> AsyncGenerator[None]:
        """All models that are wanted, ready to be asked."""
        means = self._means
        names = {name for one in portions for name in (*one.proposers, one.refuter) if name}
        async with serving(
            means.choice,
            means.analysis,
            scratch=means.scratch,
            session_id=means.emitter.session_id,
        ) as served:
            others = set() if served.provider == "embedded" else names - {served.name}
            wanted = [msgspec.structs.replace(served, name=name) for name in sorted(others)]
            async with in_memory_for_now((served, *wanted)) as choices:
                self._served = choices[0]
                self._choices = {one.name: one for one in choices}
                yield

    async def propose_all(self, portions: Sequence[Portion], ends_at: float) -> None:
        """Ask about each portion in turn, each within its share of the time until `ends_at`."""
        turns = [(one, name) for one in portions for name in one.proposers or (self._served.name,)]
        if len(turns) == 1:  # then the deadline of all is its own
            await self._propose(portions[0], self._choice_of(turns[0][1]))
            return
        for number, (portion, name) in enumerate(turns):
            share = (ends_at - anyio.current_time()) / (len(turns) - number)
            with anyio.move_on_after(share) as scope:
                await self._propose(portion, self._choice_of(name), is_first=number == 0)
            if scope.cancelled_caught:
                self.take_what_came(late=f"its model gave none within {say_duration(share)}")

    def _choice_of(self, name: str) -> ModelChoice:
        return self._choices.get(name, self._served)

    async def _propose(
        self, portion: Portion, choice: ModelChoice, *, is_first: bool = True
    ) -> None:
        facts = AnalysisFacts(
            provider=choice.provider,
            model=choice.name,
            context_tokens=choice.context_tokens,
            workspaces=portion.workspaces,
        )
        self.facts.append(facts)
        self._course = Proposing(self._means.emitter, facts)
        try:
            if not is_first:  # Aider would try for a minute and a half where nobody answers now
                await must_answer(choice)
            await propose(
                self._course,
                portion.material,
                served=choice,
                model=self._means.model,
                analysis=self._means.analysis,
                scratch=self._means.scratch,
            )
        except (DaydreamError, OSError) as error:  # OSError: the scratch's disk is full
            self._course.begin_answer()
            self.take_what_came(failure=str(error))
        else:
            self.take_what_came()

    def take_what_came(self, *, failure: str = "", late: str = "") -> None:
        """Keep the answer in hand, as far as it has come and may be trusted, or why there is none.

        `late` says that time ran out, for people.
        """
        course, self._course = self._course, None
        if course is None:
            return
        self.timed_out |= bool(late)
        text, facts, model = course.settle(), course.facts, course.facts.model or ""
        if timing := course.timing():
            self._paces.setdefault(model, Pace()).note(timing)
        self.records.append(course.record(is_answered=bool(text)))
        if text:
            self.answers.append(Answered(text, course.excerpts, model, facts.partial))
            return
        if facts.truncated:
            failure = _lost_its_front(self._served)
        elif late:
            failure = f"cannot get an answer: {late}"
        for name in facts.workspaces:
            self.failures.setdefault(name, failure)

    async def refute_all(
        self, portions: Sequence[Portion], claims_of: ClaimsOf, ends_at: float
    ) -> None:
        """Have the claims of all answers looked at, by a judge that did not propose them."""
        by_judge: dict[str, list[Claim]] = {}
        for claim in await claims_of(self.answers):
            by_judge.setdefault(_judge_of(claim, portions), []).append(claim)
        for name, claims in by_judge.items():
            choice = self._choice_of(name)
            refutation = await refute(
                claims,
                code=_code_of(self.answers),
                choice=choice,
                pace=self._paces.setdefault(choice.name, Pace()),
                deadline=ends_at,
                rng=random.Random(),  # noqa: S311 - an order of passages is no secret
                on_progress=self._tell,
            )
            self.refutations.append(refutation)

    def _tell(self, settled: int, claims: int) -> None:
        emitter = self._means.emitter
        emitter.emit(
            AnalysisProgress(
                session_id=emitter.session_id, stage="refuting", settled=settled, claims=claims
            )
        )


def _judge_of(claim: Claim, portions: Sequence[Portion]) -> str:
    about = (one for one in portions if claim.workspace in one.workspaces)
    portion = next(about, None)
    return portion.judge_of(claim.proposed_by) if portion else claim.proposed_by


def _code_of(answers: Sequence[Answered]) -> list[Passage]:
    """What was shown, to make claims of known truth from."""
    return [
        Passage(kind="function", path=one.path, text=one.text, first_line=one.first_line)
        for answer in answers
        for one in answer.excerpts
    ]


def _lost_its_front(choice: ModelChoice) -> str:
    return (
        "cannot trust the model's answer: the word at the head of the prompt did not come back;"
        f" does the server grant fewer than {choice.context_tokens} tokens (model.context_tokens)?"
    )
