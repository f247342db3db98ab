"""The first pass, for one prompt: a model proposes, through Aider or asked by ourselves.

Falls back where Aider breaks, and decides whether an answer may be trusted at all: failure text is
never one, and neither is the answer to a prompt that lost its front. Deadlines are the caller's;
whether what the answer says is true is judged elsewhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from daydreamd.errors import CommandError, DaydreamError, ModelAnswerError, ModelError
from daydreamd.host.children.confinement import landlock_abi
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.claims import PassRecord
from daydreamd.records.events import AnalysisProgress, Emitter
from daydreamd.records.model_choice import ModelChoice
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.aider import ask_aider, find_aider
from daydreamd.reflection.aider_command import Question
from daydreamd.reflection.answer_stream import AnswerReader, without_aiders_words
from daydreamd.reflection.composition import Material
from daydreamd.reflection.direct import ask_directly
from daydreamd.reflection.refuting.pace import Timing
from daydreamd.reflection.served_model import budget_for, compose_for
from daydreamd.settings.schema import Analysis, Model

_PROGRESS_SECONDS: Final = 0.5
_CHARS_PER_TOKEN: Final = 4
_WHOLE_LANDLOCK_ABI: Final = 4  # older ones know files, but not connections
_AIDER_STARTS_SECONDS: Final = 3.0


@dataclass
class Proposing:
    """How far one prompt has got: after a deadline, what it has left is read here."""

    emitter: Emitter
    facts: AnalysisFacts
    excerpts: tuple[Excerpt, ...] = ()
    canary: str = ""
    counted_by_server: bool = False
    reader: AnswerReader = field(init=False)
    _told_at: float = 0.0
    _asked_at: float | None = None
    _first_at: float | None = None

    def __post_init__(self) -> None:
        self.begin_answer()

    def begin_answer(self) -> None:
        """Drop what was read: another answer begins."""
        self.reader = AnswerReader(self._pass_on)
        self._first_at = None

    def begin_question(self) -> None:
        """From now on the model is waited for."""
        self.begin_answer()
        self._asked_at = time.monotonic()

    def settle(self) -> str:
        """Put into the facts what became of the answer; its text, which is empty if untrusted."""
        facts, text = self.facts, self.reader.text
        facts.partial = bool(text) and not self.reader.is_whole
        text = without_aiders_words(text) if facts.partial else text
        if not self.counted_by_server and text:
            facts.truncated = not self.reader.gave_back(self.canary)
        return "" if facts.truncated else text

    def timing(self) -> Timing | None:
        """How long the model took, as far as can be told; None where it did not answer."""
        if self._asked_at is None or self._first_at is None:
            return None
        reading = self._first_at - self._asked_at
        if self.facts.engine == "aider":
            reading = max(reading / 2, reading - _AIDER_STARTS_SECONDS)
        answer = self.facts.answer_tokens or len(self.reader.text) // _CHARS_PER_TOKEN
        sent = self.facts.prompt_tokens or 0
        return Timing(sent, answer, reading, time.monotonic() - self._first_at)

    def record(self, *, is_answered: bool) -> PassRecord:
        """What this question cost; nothing where the model was not even asked."""
        asked = self._asked_at is not None
        return PassRecord(
            name="propose",
            model=self.facts.model or "",
            questions=int(asked),
            unanswered=int(asked and not is_answered),
            prompt_tokens=self.facts.prompt_tokens or 0,
            answer_tokens=self.facts.answer_tokens or len(self.reader.text) // _CHARS_PER_TOKEN,
            seconds=round(time.monotonic() - self._asked_at, 3) if self._asked_at else 0.0,
        )

    def _pass_on(self, text: str) -> None:
        self.emitter.chunk(text)
        now = time.monotonic()
        self._first_at = self._first_at or now
        if now - self._told_at >= _PROGRESS_SECONDS:
            self._told_at = now
            self.emitter.emit(
                AnalysisProgress(
                    session_id=self.emitter.session_id,
                    stage="answering",
                    prompt_tokens=self.facts.prompt_tokens,
                    received_tokens=len(self.reader.text) // _CHARS_PER_TOKEN,
                )
            )


async def propose(
    course: Proposing,
    material: Material,
    *,
    served: ModelChoice,
    model: Model,
    analysis: Analysis,
    scratch: Path,
) -> None:
    """Compose the prompt and put it to the model that is being served.

    DaydreamError where there is no answer, OSError where the scratch's disk is full.
    """
    budget = budget_for(served, model)
    prompt, course.counted_by_server = await compose_for(material, served, budget)
    if not prompt.excerpts:
        raise ModelError("cannot ask the model: none of the code fits into its prompt")
    course.excerpts, course.canary = prompt.excerpts, prompt.canary
    course.facts.prompt_tokens = prompt.tokens
    session_id = course.emitter.session_id
    course.emitter.emit(
        AnalysisProgress(session_id=session_id, stage="reading", prompt_tokens=prompt.tokens)
    )
    course.begin_question()
    question = Question(prompt, served, analysis, budget.answer_tokens, scratch, session_id)
    if not await _ask_through_aider(course, question):
        await _ask_directly(course, question)
    if not course.reader.text:
        raise ModelAnswerError("cannot read the model's answer: it is not in the form asked for")


async def _ask_through_aider(course: Proposing, question: Question) -> bool:
    """Whether Aider has brought an answer; it raises only where nothing else may be tried."""
    analysis, emitter = question.settings, course.emitter
    if analysis.engine == "direct":
        return False
    aider = find_aider(analysis)
    course.facts.engine = "aider"
    try:
        if aider is None:
            raise CommandError(
                f"cannot find aider: {analysis.aider} is no program (analysis.aider)"
            )
        if analysis.confine and landlock_abi() < _WHOLE_LANDLOCK_ABI:
            emitter.notice("warning", "aider not wholly confined", landlock_abi=landlock_abi())
        await ask_aider(aider, question, facts=course.facts, on_text=course.reader.feed)
    except DaydreamError as error:
        if analysis.engine == "aider":
            raise
        emitter.notice("warning", "aider not used", reason=str(error))
        course.begin_question()
        return False
    return bool(course.reader.text) or analysis.engine == "aider"


async def _ask_directly(course: Proposing, question: Question) -> None:
    facts, prompt = course.facts, question.prompt
    facts.engine = "direct"
    told = await ask_directly(
        prompt,
        question.choice,
        max_answer_tokens=question.max_answer_tokens,
        on_text=course.reader.feed,
    )
    facts.answer_tokens = told.answer_tokens
    facts.prompt_tokens = told.prompt_tokens or prompt.tokens
    facts.truncated = course.counted_by_server and facts.prompt_tokens < prompt.tokens
