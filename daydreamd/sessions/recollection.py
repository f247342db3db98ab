"""What a session remembers of those before it: what was reflected on, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.events import Emitter
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.failing import FailingPart
from daydreamd.records.insight import InsightItem
from daydreamd.records.insight_stats import ProposalFate
from daydreamd.records.reflected import Before
from daydreamd.records.workspace import Workspace
from daydreamd.sessions.findings import Findings, Recalled
from daydreamd.sessions.parts import failing_after, only_of, tell_parts
from daydreamd.sessions.seen import overlooked, saw_before

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Judgement, SaidOfClaim, Sifted
    from daydreamd.reflection.reflecting import Answered
    from daydreamd.sessions.searchable import SearchableWorkspaces

MOST_FINDINGS: Final = 3
"""New findings of rules that a session takes up; the others are found again by the next."""
_SILENT_KEY: Final = "silent_rules"


class Recollection:
    """The history, as far as it speaks of these workspaces."""

    def __init__(
        self,
        history: History,
        workspaces: Sequence[Workspace],
        waiting: Sequence[Workspace] = (),
    ) -> None:
        self._history = history
        self._workspaces = workspaces
        self._all = (*workspaces, *waiting)
        self._workspace_facts: Mapping[str, WorkspaceFacts] = {}
        self._silent: list[str] = []
        self._silenced: tuple[str, ...] = ()

    def hear_rules(self, workspaces: Mapping[str, WorkspaceFacts]) -> None:
        """Take what rules found in these workspaces for proposals, beside those of the model."""
        self._workspace_facts = workspaces

    async def recall(self) -> Recalled:
        """What was said before, of these workspaces and of others."""
        known = [await self._history.known_insights(one.path) for one in self._workspaces]
        here = {one.path for one in self._workspaces}
        waiting = [await self._history.waiting_claims(one.path) for one in self._workspaces]
        standing = await self._history.insights(status="standing")
        return Recalled(
            known=tuple(insight for insights in known for insight in insights),
            waiting=tuple(claim for claims in waiting for claim in claims),
            elsewhere=tuple(one for one in standing if one.workspace_path not in here),
            before=await self.before(),
        )

    async def before(self) -> dict[str, Before]:
        """What earlier sessions saw of each workspace, by its name."""
        return {one.name: await saw_before(self._history, one.path) for one in self._workspaces}

    async def is_unchanged(self, found: Findings) -> bool:
        """Whether each workspace seen looks as it did when it was last reflected on."""
        for workspace in self._workspaces:
            if workspace.name in found.missing:
                continue
            last = await self._history.last_reflection(workspace.path)
            if last is None or last.fingerprint != found.fingerprints.get(workspace.name):
                return False
        return True

    async def sift(
        self,
        answers: Sequence[Answered],
        recalled: Recalled,
        session_id: str,
        around: SearchableWorkspaces,
    ) -> Sifted:
        """The claims of the answers that hold as far as can be told without a model."""
        from daydreamd.insights.joining import joined
        from daydreamd.insights.judgement import sift
        from daydreamd.insights.novelty import from_workspaces
        from daydreamd.insights.rule_findings import say_silenced, silenced, take_in

        ask = partial(
            sift,
            search=around.search,
            known=recalled.known,
            session_id=session_id,
            current=from_workspaces({one.name: Path(one.path) for one in self._workspaces}),
            renamed=around.renamed,
            waiting=recalled.waiting,
        )
        several = [
            # it reads what the insights are about
            await in_spare_thread(partial(ask, one.text, excerpts=one.excerpts))
            for one in answers
        ]
        sifted = joined(several or [await in_spare_thread(partial(ask, "", excerpts=()))])
        counts = await self._history.counts_by_rule()
        silent = silenced(counts)
        told = await self._history.get_state(_SILENT_KEY, list[str]) or []
        self._silent = sorted(silent)
        self._silenced = tuple(say_silenced(silent.difference(told), counts))
        return take_in(
            sifted, self._workspace_facts, known=recalled.known, silent=silent, most=MOST_FINDINGS
        )

    async def look_around(self, recalled: Recalled, scratch: Path) -> SearchableWorkspaces:
        """The workspaces as they are now, for what speaks against a claim or has moved."""
        from daydreamd.sessions.searchable import look_around

        return await look_around(self._workspaces, recalled.known, scratch)

    async def settle(
        self, sifted: Sifted, verdicts: Iterable[SaidOfClaim] = (), *, max_new: int
    ) -> Judgement:
        """What is kept of the claims after what others said of them."""
        from daydreamd.insights.judgement import settle

        taken = await self._history.insight_ids()
        judgement = settle(sifted, verdicts=verdicts, max_new=max_new, taken=taken)
        return msgspec.structs.replace(judgement, silenced=self._silenced)

    async def keep(self, session: DaydreamSession, judgement: Judgement) -> list[InsightItem]:
        """Record what was said; the new insights, under the ids that they have from now on."""
        await self._history.set_state(_SILENT_KEY, self._silent)
        return await self._history.record_insights(
            session.session_id,
            judgement.new,
            paths={workspace.name: workspace.path for workspace in self._workspaces},
            recurring=[item.id for item in judgement.recurring],
            addressed=[item.id for item in judgement.addressed],
            model=session.analysis.model or "",
            fates=[
                ProposalFate(
                    source=one.source,
                    reason=str(one.reason),
                    title=one.title,
                    path=one.path,
                    line=one.line,
                )
                for one in judgement.dropped
            ],
            moved=judgement.moved,
            waiting=judgement.waiting,
        )

    async def note_parts(
        self, session: DaydreamSession, found: Findings, emitter: Emitter
    ) -> tuple[FailingPart, ...]:
        """The parts that fail after this session, told and kept for the next."""
        try:
            before = await self._history.failing_parts()
        except DaydreamError:  # the history is at fault, which is told where it is written
            before = ()
        after = failing_after(before, found, self._workspaces, datetime.now(UTC))
        if session.trigger is not Trigger.ONCE:  # that one looks at what somebody typed
            after = only_of(after, self._all)
        tell_parts(before, after, emitter)
        session.system_health = msgspec.structs.replace(session.system_health, failing=after)
        try:
            if after != before:
                await self._history.keep_failing_parts(after)
        except DaydreamError as error:
            emitter.notice("error", "failing parts not kept", reason=str(error))
        return after

    async def note_reflections(self, session: DaydreamSession, found: Findings) -> None:
        """Remember what was reflected on; a failed or partial reflection does not count.

        Neither does a workspace that there was something to show of, and no room for it.
        """
        reflection = found.reflection
        if reflection is None or reflection.failure or reflection.timed_out:
            return
        passed_over = overlooked(found.excerpts, reflection.excerpts)
        for workspace in self._workspaces:
            if workspace.name in reflection.not_answered:
                continue
            now = found.fingerprints.get(workspace.name)
            if now and workspace.name not in passed_over:
                await self._history.note_reflection(workspace.path, now, session.session_id)
            shown = [one for one in reflection.excerpts if one.workspace == workspace.name]
            await self._history.note_shown(workspace.path, [(one.path, one.key) for one in shown])
