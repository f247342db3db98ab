"""What a session remembers of those before it: what was reflected on, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daydreamd.errors import DaydreamError
from daydreamd.events import Emitter
from daydreamd.findings import Findings
from daydreamd.history.store import History
from daydreamd.host.threads import in_spare_thread
from daydreamd.parts import PARTS_KEY, failing_after, from_json, only_of, tell_parts, to_json
from daydreamd.session import DaydreamSession, FailingPart, InsightItem, Trigger, Workspace

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Verdict


class Memory:
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

    async def recall(self, found: Findings) -> None:
        """Bring to mind what was said of these workspaces before."""
        known = [await self._history.known_insights(one.path) for one in self._workspaces]
        found.known = [insight for insights in known for insight in insights]
        here = {one.path for one in self._workspaces}
        standing = await self._history.insights(status="standing")
        found.elsewhere = [insight for insight in standing if insight.workspace_path not in here]

    async def is_unchanged(self, found: Findings) -> bool:
        """Whether each workspace seen looks as it did when it was last reflected on."""
        for workspace in self._workspaces:
            if workspace.name in found.missing:
                continue
            last = await self._history.last_reflection(workspace.path)
            if last is None or last.fingerprint != found.fingerprints.get(workspace.name):
                return False
        return True

    async def judge(self, found: Findings, *, max_new: int, session_id: str) -> Verdict:
        """What of the answer, if there is one, is true, new and worth keeping."""
        from daydreamd.insights.judgement import judge
        from daydreamd.insights.novelty import from_workspaces

        reflection = found.reflection
        ask = partial(
            judge,
            reflection.text if reflection else "",
            excerpts=reflection.excerpts if reflection else (),
            known=found.known,
            max_new=max_new,
            session_id=session_id,
            current=from_workspaces({one.name: Path(one.path) for one in self._workspaces}),
            taken=tuple(await self._history.insight_ids()),
        )
        return await in_spare_thread(ask)  # it reads what the insights are about

    async def keep(self, session: DaydreamSession, verdict: Verdict) -> list[InsightItem]:
        """Record what was said; the new insights, under the ids that they have from now on."""
        return await self._history.record_insights(
            session.session_id,
            verdict.new,
            paths={workspace.name: workspace.path for workspace in self._workspaces},
            recurring=[item.id for item in verdict.recurring],
            addressed=[item.id for item in verdict.addressed],
        )

    async def note_parts(
        self, session: DaydreamSession, found: Findings, emitter: Emitter
    ) -> tuple[FailingPart, ...]:
        """The parts that fail after this session, told and kept for the next."""
        try:
            before = from_json(await self._history.get_state(PARTS_KEY))
        except DaydreamError:  # the history is at fault, which is told where it is written
            before = ()
        after = failing_after(before, found, self._workspaces, datetime.now(UTC))
        if session.trigger is not Trigger.ONCE:  # that one looks at what somebody typed
            after = only_of(after, self._all)
        tell_parts(before, after, emitter)
        session.system_health["failing"] = msgspec.to_builtins(after)
        try:
            if after != before:
                await self._history.set_state(PARTS_KEY, to_json(after))
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
