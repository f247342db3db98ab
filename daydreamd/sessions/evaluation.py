"""A model, and what it is shown, tried on the faults of a workspace's own history.

Every fault is looked at as a session would have looked at it the night after it came, with the same
prompt; what is known by now is kept in the cache, so that a run that was stopped goes on.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from daydreamd import __version__
from daydreamd.context.cache import make_private
from daydreamd.context.discovery import find_repository
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.gathering import gather_context
from daydreamd.context.past_faults import find_faults, stand_unchanged
from daydreamd.context.replay import Replay, open_replay
from daydreamd.errors import DaydreamError, FileError, WorkspaceError
from daydreamd.host.files.access import read_beneath, write_atomically
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.events import Emitter
from daydreamd.records.model_choice import ModelChoice
from daydreamd.records.reflected import Before
from daydreamd.records.trial_results import Evaluation, FaultOutcome, PastFault, sum_up
from daydreamd.records.workspace import Excerpt, Workspace
from daydreamd.sessions.findings import Recalled
from daydreamd.sessions.material import gather_material
from daydreamd.settings.schema import Settings

if TYPE_CHECKING:
    from daydreamd.insights.verification import Checked
    from daydreamd.reflection.composition import Prompt

_GIT_SECONDS: Final = 60.0
_MAX_STATE: Final = 8 << 20
_NEAR_LINES: Final = 5
_LATER: Final = 14 * 86_400

Progress = Callable[[int, int, FaultOutcome | None], None]
"""Told how many faults are done of how many there are, and the outcome that just came."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is tried: on which workspace, with which model (None: only what is shown)."""

    workspace: Workspace
    settings: Settings
    model: ModelChoice | None
    most: int
    cache: Path


async def evaluate(trial: Trial, *, scratch: Path, progress: Progress) -> Evaluation:
    """Try every fault that is not known yet. WorkspaceError where there is no history to try on."""
    root = Path(trial.workspace.path)
    repository = await in_spare_thread(lambda: find_repository(root))
    if repository is None or repository.head is None:
        raise WorkspaceError(f"cannot try a model on {root}: it has no history", path=root)
    own, copy = scratch / "own", scratch / "copy"
    for place in (own, copy):
        place.mkdir(parents=True)
    git = await open_foreign(repository, own, deadline=_GIT_SECONDS)
    kept = _Kept(trial)
    faults = [fault async for fault in find_faults(git, most=trial.most)]
    replay = await open_replay(git, copy)
    outcomes: list[FaultOutcome] = []
    progress(0, len(faults), None)
    async for outcome in _tried(_Night(trial, git, replay, scratch), faults, kept):
        outcomes.append(outcome)
        progress(len(outcomes), len(faults), outcome)
    name = trial.model.name if trial.model else None
    return sum_up(trial.workspace.name, name, tuple(outcomes))


async def _tried(
    night: _Night, faults: list[PastFault], kept: _Kept
) -> AsyncIterator[FaultOutcome]:
    known = await in_spare_thread(kept.read)
    for fault in faults:
        outcome = known.get(fault.fixed)
        if outcome is None or outcome.failure:
            outcome = await night.look(fault)
            known[fault.fixed] = outcome
            await kept.write(known)
        yield outcome


class _Kept:
    """What is known already, in a file of the cache; another model or budget has another file."""

    def __init__(self, trial: Trial) -> None:
        model, settings = trial.model, trial.settings.model
        said = (
            __version__, trial.workspace.path, trial.workspace.exclude, model and model.name,
            model and model.provider, model and model.context_tokens, settings.context_tokens,
            settings.max_prompt_tokens, settings.max_answer_tokens,
        )  # fmt: skip
        digest = blake2b(repr(said).encode(errors="surrogateescape"), digest_size=12).hexdigest()
        self._cache = trial.cache
        self._name = f"eval-{digest}.json"

    def read(self) -> dict[str, FaultOutcome]:
        """By the fix's commit; nothing where there is none, or of another form."""
        try:
            content = read_beneath(self._cache, self._name, max_bytes=_MAX_STATE)
            found = msgspec.json.decode(content, type=list[FaultOutcome])
        except (FileError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}
        return {one.fault.fixed: one for one in found}

    async def write(self, known: dict[str, FaultOutcome]) -> None:
        """Keep it for a run that goes on; FileError where the cache cannot be written."""
        await in_spare_thread(lambda: make_private(self._cache))
        content = msgspec.json.encode(list(known.values()))
        await write_atomically(self._cache / self._name, content)


@dataclass(frozen=True)
class _Night:
    """Looks at one fault after the other, as it was the night after it came."""

    trial: Trial
    git: ForeignGit
    replay: Replay
    scratch: Path

    async def look(self, fault: PastFault) -> FaultOutcome:
        """What was shown of it, and what the model made of that; a failure is told in it."""
        try:
            await self.replay.stand_at(fault.night)
            with tempfile.TemporaryDirectory(prefix="night-", dir=self.scratch) as place:
                prompt, answer = await self._ask(fault, Path(place))
        except (DaydreamError, OSError, TimeoutError) as error:
            reason = str(error) or "the model did not answer in time"
            return FaultOutcome(fault=fault, shown=False, failure=reason)
        shown = any(_holds(one, fault) for one in prompt.excerpts)
        outcome = FaultOutcome(fault=fault, shown=shown, prompt_tokens=prompt.tokens)
        return outcome if answer is None else await self._judged(outcome, prompt, answer)

    async def _ask(self, fault: PastFault, place: Path) -> tuple[Prompt, str | None]:
        """The prompt of that night, composed as a session does, and the answer of the model."""
        from daydreamd.reflection.composition import compose_prompt
        from daydreamd.reflection.direct import ask_directly
        from daydreamd.reflection.served_model import budget_for, compose_for, serving
        from daydreamd.reflection.tokens import estimated

        workspace = msgspec.structs.replace(
            self.trial.workspace, path=str(self.replay.root / self.git.repository.prefix)
        )
        context = await gather_context(
            [workspace],
            scratch=place / "context",
            cache=place / "cache",
            emitter=Emitter("", lambda _: None),
            now=float(fault.at),
            before=(nothing := {workspace.name: Before()}),
        )
        material = gather_material(context, Recalled(before=nothing))
        model, settings = self.trial.model, self.trial.settings
        if model is None:
            tokens = settings.model.context_tokens or 8192
            assumed = ModelChoice(provider="", name="", context_tokens=tokens)
            budget = budget_for(assumed, settings.model)
            prompt = await compose_prompt(
                material,
                budget_tokens=budget.prompt_tokens,
                count_tokens=estimated,
                max_answer_tokens=budget.answer_tokens,
            )
            return prompt, None
        said: list[str] = []
        async with serving(model, settings.analysis, scratch=place, session_id="eval") as served:
            budget = budget_for(served, settings.model)
            prompt, _ = await compose_for(material, served, budget)
            with anyio.fail_after(float(settings.analysis.timeout)):
                await ask_directly(
                    prompt, served, max_answer_tokens=budget.answer_tokens, on_text=said.append
                )
        return prompt, "".join(said)

    async def _judged(self, outcome: FaultOutcome, prompt: Prompt, answer: str) -> FaultOutcome:
        from daydreamd.insights.judgement import sift

        fault = outcome.fault
        sifted = await in_spare_thread(lambda: sift(answer, excerpts=prompt.excerpts))
        named = [claim for claim in sifted.claims if _names(claim, fault)]
        others = [claim for claim in sifted.claims if not _names(claim, fault)]
        wrongly = [claim for claim in others if await self._stood(claim, fault)]
        refuted = [
            one
            for one in sifted.dropped
            if one.path.endswith(fault.path) and _is_near(one.line, one.line, fault)
        ]
        return msgspec.structs.replace(
            outcome,
            named=bool(named),
            kept=len(sifted.claims),
            wrongly_kept=len(wrongly),
            wrongly_refuted=len(refuted),
        )

    async def _stood(self, claim: Checked, fault: PastFault) -> bool:
        """Whether nobody changed the lines within two weeks: nobody saw a fault in them."""
        evidence = claim.evidence
        head = str(self.git.repository.head)
        return await stand_unchanged(
            self.git, evidence.path, evidence.quote, until=fault.at + _LATER, head=head
        )


def _holds(excerpt: Excerpt, fault: PastFault) -> bool:
    """Whether a line of the fault stands in the excerpt."""
    last = excerpt.first_line + excerpt.text.removesuffix("\n").count("\n")
    return excerpt.path == fault.path and any(
        excerpt.first_line <= line <= last for line in fault.lines
    )


def _names(claim: Checked, fault: PastFault) -> bool:
    evidence = claim.evidence
    return evidence.path == fault.path and _is_near(evidence.line, evidence.end_line, fault)


def _is_near(line: int, end_line: int, fault: PastFault) -> bool:
    return any(line - _NEAR_LINES <= one <= end_line + _NEAR_LINES for one in fault.lines)
