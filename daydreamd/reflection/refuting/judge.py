"""A model that is shown one claim at a time, and how long its looks take.

A look that fails is no opinion; a judge that fails several times on end is not asked again.
"""

from __future__ import annotations

import time
from typing import Final

import anyio

from daydreamd.errors import DaydreamError
from daydreamd.records.claims import Look, PassName, PassRecord
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.direct import ask_directly
from daydreamd.reflection.refuting.look_page import ANSWER_TOKENS, LookPage
from daydreamd.reflection.refuting.pace import Pace, Timing
from daydreamd.reflection.tokens import estimate_tokens

_FAILURES_ON_END: Final = 3
_LEAST_WAIT_SECONDS: Final = 10.0
_SLOWER_THAN_USUAL: Final = 4.0
# Looks are to differ from each other; what is asked for is a word and a number, and cannot ramble.
_TEMPERATURE: Final = 0.5


class PassCosts:
    """What one pass has cost so far."""

    def __init__(self) -> None:
        self.questions = self.unanswered = self.prompt_tokens = self.answer_tokens = 0
        self.seconds = 0.0

    def add(self, timing: Timing | None, seconds: float) -> None:
        """One question more; without a timing there was no answer."""
        self.questions += 1
        self.unanswered += timing is None
        self.seconds += seconds
        if timing is not None:
            self.prompt_tokens += timing.prompt_tokens
            self.answer_tokens += timing.answer_tokens

    def record(self, name: PassName, model: str) -> PassRecord:
        """As it is told in the session's record."""
        return PassRecord(
            name=name,
            model=model,
            questions=self.questions,
            unanswered=self.unanswered,
            prompt_tokens=self.prompt_tokens,
            answer_tokens=self.answer_tokens,
            seconds=round(self.seconds, 3),
        )


class Judge:
    """Asks one model, one look at a time. `failure` is the last reason why there was no answer."""

    def __init__(self, choice: ModelChoice, pace: Pace) -> None:
        self.model = choice.name
        self.pace = pace
        self.failure = ""
        self._choice = choice
        self._failed_on_end = 0

    @property
    def is_gone(self) -> bool:
        """Whether it has failed so often that it is not worth asking again."""
        return self._failed_on_end >= _FAILURES_ON_END

    def likely_seconds(self, page: LookPage) -> float | None:
        """How long this look will take, about; None while nothing is known of the model."""
        return self.pace.seconds(estimate_tokens(page.text), ANSWER_TOKENS // 2)

    async def look(self, page: LookPage, costs: PassCosts, *, seconds_left: float) -> Look | None:
        """What the model says; None where it gave no answer, or none that can be read."""
        usual = self.likely_seconds(page)
        most = seconds_left / 4 if usual is None else _SLOWER_THAN_USUAL * usual
        asking = _Asking(page, self._choice)
        try:
            with anyio.fail_after(min(seconds_left, max(_LEAST_WAIT_SECONDS, most))):
                await asking.ask()
        except (DaydreamError, TimeoutError) as error:
            self.failure = str(error) or "it takes too long"
            self._failed_on_end += 1
            costs.add(None, asking.seconds)
            return None
        self._failed_on_end = 0
        costs.add(asking.timing, asking.seconds)
        self.pace.note(asking.timing)
        return page.read(asking.answer)


class _Asking:
    """One question on its way, with its times."""

    def __init__(self, page: LookPage, choice: ModelChoice) -> None:
        self.answer = ""
        self.timing = Timing(0, 0, 0.0, 0.0)
        self._page = page
        self._choice = choice
        self._began = time.monotonic()
        self._first: float | None = None

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return time.monotonic() - self._began

    async def ask(self) -> None:
        """Wait for the whole answer."""
        told = await ask_directly(
            self._page,
            self._choice,
            max_answer_tokens=ANSWER_TOKENS,
            on_text=self._take,
            temperature=_TEMPERATURE,
        )
        reading = self.seconds if self._first is None else self._first
        self.timing = Timing(
            told.prompt_tokens or estimate_tokens(self._page.text),
            told.answer_tokens or estimate_tokens(self.answer),
            reading,
            self.seconds - reading,
        )

    def _take(self, text: str) -> None:
        if self._first is None:
            self._first = self.seconds
        self.answer += text
