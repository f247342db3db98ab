"""What a session remembers of those before it: what was reflected on, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.events import Emitter
from daydreamd.records.failing import FailingPart
from daydreamd.records.insight import InsightItem
from daydreamd.records.workspace import Workspace
from daydreamd.sessions.findings import Findings, Recalled
from daydreamd.sessions.parts import failing_after, only_of, tell_parts

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Judgement, SaidOfClaim, Sifted
    from daydreamd.reflection.reflecting import Reflection


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
        )

    async def is_unchanged(self, found: Findings) -> bool:
        """Whether each workspace seen looks as it did when it was last reflected on."""
        for workspace in self._workspaces:
            if workspace.name in found.missing:
                continue
            last = await self._history.last_reflection(workspace.path)
            if last is None or last.fingerprint != found.fingerprints.get(workspace.name):
                return False
        return True

    async def judge(
        self,
        reflection: Reflection | None,
        recalled: Recalled,
        *,
        max_new: int,
        session_id: str,
        scratch: Path,
    ) -> Judgement:
        """What of the answer, if there is one, is true, new and worth keeping."""
        sifted = await self.sift(reflection, recalled, session_id=session_id, scratch=scratch)
        return await self.settle(sifted, max_new=max_new)

    async def sift(
        self, reflection: Reflection | None, recalled: Recalled, *, session_id: str, scratch: Path
    ) -> Sifted:
        """The claims of the answer that hold as far as can be told without a model."""
        from daydreamd.insights.judgement import sift
        from daydreamd.insights.novelty import from_workspaces
        from daydreamd.insights.workspace_search import FileSearch
        from daydreamd.sessions.searchable import look_around

        around = await look_around(self._workspaces, recalled.known, scratch)
        ask = partial(
            sift,
            reflection.text if reflection else "",
            excerpts=reflection.excerpts if reflection else (),
            search=FileSearch(around.snapshots),
            known=recalled.known,
            session_id=session_id,
            current=from_workspaces({one.name: Path(one.path) for one in self._workspaces}),
            renamed=around.renamed,
            waiting=recalled.waiting,
        )
        return await in_spare_thread(ask)  # it reads what the insights are about

    async def settle(
        self, sifted: Sifted, verdicts: Iterable[SaidOfClaim] = (), *, max_new: int
    ) -> Judgement:
        """What is kept of the claims after what others said of them."""
        from daydreamd.insights.judgement import settle

        taken = await self._history.insight_ids()
        return settle(sifted, verdicts=verdicts, max_new=max_new, taken=taken)

    async def keep(self, session: DaydreamSession, judgement: Judgement) -> list[InsightItem]:
        """Record what was said; the new insights, under the ids that they have from now on."""
        return await self._history.record_insights(
            session.session_id,
            judgement.new,
            paths={workspace.name: workspace.path for workspace in self._workspaces},
            recurring=[item.id for item in judgement.recurring],
            addressed=[item.id for item in judgement.addressed],
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
        """Remember what was reflected on; a failed or partial reflection does not count."""
        reflection = found.reflection
        if reflection is None or reflection.failure or reflection.timed_out:
            return
        for workspace in self._workspaces:
            if now := found.fingerprints.get(workspace.name):
                await self._history.note_reflection(workspace.path, now, session.session_id)
