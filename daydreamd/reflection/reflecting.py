"""One question to a local model, under one deadline, with an answer or a stated failure.

Chooses who asks (Aider, or we ourselves), falls back where Aider breaks, and decides whether an
answer may be trusted at all: failure text is never one, and neither is the answer to a prompt that
lost its front. Whether what the answer says is true is judged in another room.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from daydreamd.errors import CommandError, DaydreamError, ModelAnswerError, ModelError
from daydreamd.host.children.confinement import landlock_abi
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.events import AnalysisProgress, Emitter
from daydreamd.records.model_choice import ModelChoice
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.aider import ask_aider, find_aider
from daydreamd.reflection.aider_command import Question
from daydreamd.reflection.answer_stream import AnswerReader, without_aiders_words
from daydreamd.reflection.composition import Material
from daydreamd.reflection.direct import ask_directly
from daydreamd.reflection.served_model import budget_for, compose_for, serving
from daydreamd.reflection.tokens import learned_ratio
from daydreamd.settings.schema import Analysis, Model
from daydreamd.units import say_duration

__all__ = ["Material", "Reflection", "reflect"]

MOST_SECONDS: Final = 300.0
_PROGRESS_SECONDS: Final = 0.5
_CHARS_PER_TOKEN: Final = 4
_WHOLE_LANDLOCK_ABI: Final = 4  # older ones know files, but not connections


@dataclass(frozen=True)
class Reflection:
    """What came of it: `text` is the model's answer and nothing else, `failure` is for people.

    `excerpts` are those that the model saw, as it saw them: the only text it may cite.
    """

    text: str
    facts: AnalysisFacts
    excerpts: tuple[Excerpt, ...] = ()
    failure: str | None = None
    timed_out: bool = False
    token_ratio: float | None = None
    """What the server's count of the prompt taught of the model; see `ModelChoice`."""


@dataclass
class _Course:
    """How far a reflection has got: after a deadline, what it has left is read here."""

    emitter: Emitter
    facts: AnalysisFacts
    excerpts: tuple[Excerpt, ...] = ()
    canary: str = ""
    counted_by_server: bool = False
    token_ratio: float | None = None
    reader: AnswerReader = field(init=False)
    _told_at: float = 0.0

    def __post_init__(self) -> None:
        self.begin_answer()

    def begin_answer(self) -> None:
        """Drop what was read: another answer begins."""
        self.reader = AnswerReader(self._pass_on)

    def _pass_on(self, text: str) -> None:
        self.emitter.chunk(text)
        if time.monotonic() - self._told_at >= _PROGRESS_SECONDS:
            self._told_at = time.monotonic()
            self.emitter.emit(
                AnalysisProgress(
                    session_id=self.emitter.session_id,
                    stage="answering",
                    prompt_tokens=self.facts.prompt_tokens,
                    received_tokens=len(self.reader.text) // _CHARS_PER_TOKEN,
                )
            )


async def reflect(
    material: Material,
    *,
    choice: ModelChoice,
    model: Model,
    analysis: Analysis,
    scratch: Path,
    session_id: str,
    emitter: Emitter,
) -> Reflection:
    """Ask the chosen model about `material`; trouble with it is told in `failure`, never raised.

    At the deadline what was streamed so far is kept, marked partial. Whatever was started, the
    embedded engine included, has ended when this returns.
    """
    facts = AnalysisFacts(
        provider=choice.provider,
        model=choice.name,
        context_tokens=choice.context_tokens,
        workspaces=list(material.workspace_analysis),
    )
    course = _Course(emitter, facts)
    if not material.excerpts:  # an empty workspace is no failure, and nothing to ask about
        return Reflection(text="", facts=facts)
    seconds = min(float(analysis.timeout), MOST_SECONDS)
    failure: str | None = None
    timed_out = False
    try:
        with anyio.fail_after(seconds):
            try:
                await anyio.Path(scratch).mkdir(mode=0o700, parents=True, exist_ok=True)
                emitter.emit(AnalysisProgress(session_id=session_id, stage="starting"))
                async with serving(choice, analysis, scratch=scratch, session_id=session_id) as at:
                    await _ask(course, material, at, model, analysis, scratch)
            except (DaydreamError, OSError) as error:  # OSError: the scratch's disk is full
                failure = str(error)
                course.begin_answer()
    except TimeoutError:
        timed_out = True
    facts.partial = bool(course.reader.text) and not course.reader.is_whole
    text = without_aiders_words(course.reader.text) if facts.partial else course.reader.text
    if timed_out and not text:
        failure = f"cannot get an answer: the model gave none within {say_duration(seconds)}"
    if not course.counted_by_server and text:
        facts.truncated = not course.reader.gave_back(course.canary)
    if facts.truncated:
        text, failure = "", _lost_its_front(choice)
    return Reflection(
        text=text,
        facts=facts,
        excerpts=course.excerpts,
        failure=failure,
        timed_out=timed_out,
        token_ratio=course.token_ratio,
    )


async def _ask(
    course: _Course,
    material: Material,
    served: ModelChoice,
    model: Model,
    analysis: Analysis,
    scratch: Path,
) -> None:
    """Compose the prompt and put it to the model that is being served."""
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
    question = Question(prompt, served, analysis, budget.answer_tokens, scratch, session_id)
    if not await _ask_through_aider(course, question):
        await _ask_directly(course, question)
    if not course.reader.text:
        raise ModelAnswerError("cannot read the model's answer: it is not in the form asked for")


async def _ask_through_aider(course: _Course, question: Question) -> bool:
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
        course.begin_answer()
        return False
    return bool(course.reader.text) or analysis.engine == "aider"


async def _ask_directly(course: _Course, question: Question) -> None:
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
    course.token_ratio = learned_ratio(prompt.text, told.prompt_tokens or 0)
    facts.truncated = course.counted_by_server and facts.prompt_tokens < prompt.tokens


def _lost_its_front(choice: ModelChoice) -> str:
    return (
        "cannot trust the model's answer: the word at the head of the prompt did not come back;"
        f" does the server grant fewer than {choice.context_tokens} tokens (model.context_tokens)?"
    )
