"""What a model has seen of the workspaces, in this session and before."""

from __future__ import annotations

from collections.abc import Iterable

from daydreamd.history.store import History
from daydreamd.records.reflected import Before
from daydreamd.records.workspace import Excerpt


async def saw_before(history: History, workspace_path: str) -> Before:
    """What earlier sessions saw of a workspace."""
    last = await history.last_reflection(workspace_path)
    keys: dict[str, float] = {}
    paths: dict[str, float] = {}
    for one in await history.shown(workspace_path):
        keys[one.key] = at = one.at.timestamp()
        paths[one.path] = max(at, paths.get(one.path, 0.0))
    return Before(
        reflected_at=last.at.timestamp() if last else None,
        fingerprint=last.fingerprint if last else "",
        keys=keys,
        paths=paths,
    )


def overlooked(found: Iterable[Excerpt], shown: Iterable[Excerpt]) -> set[str]:
    """The workspaces of which there was something to show, and nothing was shown."""
    return {one.workspace for one in found} - {one.workspace for one in shown}
