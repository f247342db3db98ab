"""What a session remembers of those before it: what was reflected on, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daydreamd.findings import Findings
from daydreamd.history.store import History
from daydreamd.host.threads import in_spare_thread
from daydreamd.session import DaydreamSession, InsightItem, Workspace

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Verdict


class Memory:
    """The history, as far as it speaks of these workspaces."""

    def __init__(self, history: History, workspaces: Sequence[Workspace]) -> None:
        self._history = history
        self._workspaces = workspaces

    async def recall(self, found: Findings) -> None:
        """Bring to mind what was said of these workspaces before."""
        known = [await self._history.known_insights(one.path) for one in self._workspaces]
        found.known = [insight for insights in known for insight in insights]
        here = {one.path for one in self._workspaces}
        standing = await self._history.insights(status="standing")
        found.elsewhere = [insight for insight in standing if insight.workspace_path not in here]

    async def is_unchanged(self, found: Findings) -> bool:
        """Whether every workspace looks as it did when it was last reflected on."""
        for workspace in self._workspaces:
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

    async def note_reflections(self, session: DaydreamSession, found: Findings) -> None:
        """Remember what was reflected on; a failed or partial reflection does not count."""
        reflection = found.reflection
        if reflection is None or reflection.failure or reflection.timed_out:
            return
        for workspace in self._workspaces:
            if now := found.fingerprints.get(workspace.name):
                await self._history.note_reflection(workspace.path, now, session.session_id)
