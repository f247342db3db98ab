"""A reflection in two passes under one deadline: models propose, then a judge tries to refute.

Each workspace has a prompt of its own. Which proposals are worth a second look, and with what they
are shown, is asked of the caller; what follows from a verdict is decided there, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from daydreamd.errors import DaydreamError
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.claims import ClaimVerdict
from daydreamd.records.events import AnalysisProgress, Emitter
from daydreamd.records.model_choice import ModelChoice
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.composition import Material
from daydreamd.reflection.passes import Means, Passes
from daydreamd.reflection.portions import Answered, ClaimsOf, Portion
from daydreamd.settings.schema import Analysis, Model
from daydreamd.units import say_duration

__all__ = ["Answered", "ClaimsOf", "Material", "Portion", "Reflection", "reflect"]

MOST_SECONDS: Final = 300.0
# What several prompts leave of the time for refuting what they bring.
_LEFT_FOR_REFUTING: Final = 0.35
# The second pass ends by itself, before the deadline of all would end it.
_ENDING_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Reflection:
    """What came of it. `failure` is for people, and says why there is no answer at all.

    `not_answered` says of single workspaces why there is none about them.
    """

    facts: AnalysisFacts
    answers: tuple[Answered, ...] = ()
    verdicts: tuple[ClaimVerdict, ...] = ()
    not_answered: dict[str, str] = field(default_factory=dict)
    failure: str | None = None
    timed_out: bool = False

    @property
    def text(self) -> str:
        """All answers, one below the other."""
        return "\n".join(answer.text for answer in self.answers)

    @property
    def excerpts(self) -> tuple[Excerpt, ...]:
        """All that was shown, as it was shown."""
        return tuple(one for answer in self.answers for one in answer.excerpts)


async def reflect(
    portions: Sequence[Portion],
    *,
    choice: ModelChoice,
    model: Model,
    analysis: Analysis,
    scratch: Path,
    emitter: Emitter,
    claims_of: ClaimsOf | None = None,
) -> Reflection:
    """Ask about each portion; trouble with a model is told in `failure`, never raised.

    At the deadline what was streamed so far is kept, marked partial. Whatever was started, the
    embedded engine included, has ended when this returns. Without `claims_of` there is no second
    pass.
    """
    asked = [portion for portion in portions if portion.material.excerpts]
    passes = Passes(Means(choice, model, analysis, scratch, emitter))
    if not asked:  # an empty workspace is no failure, and nothing to ask about
        names = [name for portion in portions for name in portion.workspaces]
        return Reflection(_begun(choice, names))
    seconds = min(float(analysis.timeout), MOST_SECONDS)
    ends_at = anyio.current_time() + seconds
    try:
        with anyio.fail_after(seconds):
            try:
                await anyio.Path(scratch).mkdir(mode=0o700, parents=True, exist_ok=True)
                emitter.emit(AnalysisProgress(session_id=emitter.session_id, stage="starting"))
                async with passes.served(asked):
                    leave = seconds * _LEFT_FOR_REFUTING if claims_of else 0.0
                    await passes.propose_all(asked, ends_at - leave)
                    if claims_of is not None and passes.answers:
                        await passes.refute_all(asked, claims_of, ends_at - _ENDING_SECONDS)
            except (DaydreamError, OSError) as error:  # OSError: the scratch's disk is full
                passes.failures.setdefault("", str(error))
    except TimeoutError:
        passes.timed_out = True
        passes.take_what_came(late=f"the model gave none within {say_duration(seconds)}")
    return _as_reflection(passes, _begun(choice, [n for one in asked for n in one.workspaces]))


def _begun(choice: ModelChoice, workspaces: list[str]) -> AnalysisFacts:
    return AnalysisFacts(
        provider=choice.provider,
        model=choice.name,
        context_tokens=choice.context_tokens,
        workspaces=workspaces,
    )


def _as_reflection(passes: Passes, begun: AnalysisFacts) -> Reflection:
    facts = begun.with_all(passes.facts)
    facts.passes = [*passes.records, *(one for r in passes.refutations for one in r.passes)]
    facts.judges = [one.judge for one in passes.refutations if one.judge.model]
    failures = list(passes.failures.values())
    late = "cannot get an answer: the model was not ready in time" if passes.timed_out else None
    return Reflection(
        facts=facts,
        answers=tuple(passes.answers),
        verdicts=tuple(verdict for one in passes.refutations for verdict in one.verdicts),
        not_answered={name: why for name, why in passes.failures.items() if name},
        failure=None if passes.answers else next(iter(failures), late),
        timed_out=passes.timed_out,
    )
