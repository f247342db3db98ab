"""What the judge may look at beside the answer: the workspaces' files, and where some have moved.

A workspace that cannot be listed is not searched; what is said of it is then held only against what
the model was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.cache import make_private
from daydreamd.context.discovery import find_repository
from daydreamd.context.exclusion import is_worth_reading, make_exclusion
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.listing import list_files
from daydreamd.context.moved_files import moved_since
from daydreamd.errors import DaydreamError
from daydreamd.host.threads import in_spare_thread
from daydreamd.insights.workspace_search import Snapshot
from daydreamd.records.insight import AnyInsight
from daydreamd.records.workspace import Workspace

_SECONDS: Final = 12.0
_GIT_SECONDS: Final = 8.0
_MOST_COMMITS: Final = 6


@dataclass
class SearchableWorkspaces:
    """The files of each workspace by its name, and what became of former paths, by commit."""

    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    moved: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def renamed(self, workspace: str, path: str, commit: str) -> str | None:
        """Where a file of a commit lies now, if git says that it has moved."""
        return self.moved.get((workspace, commit), {}).get(path)


async def look_around(
    workspaces: Sequence[Workspace], known: Sequence[AnyInsight], scratch: Path
) -> SearchableWorkspaces:
    """List the files of the workspaces, and ask git about the files that `known` cite.

    Foreign git directories are laid below `scratch`, which goes with the session.
    """
    found = SearchableWorkspaces()
    with anyio.move_on_after(_SECONDS):
        async with anyio.create_task_group() as group:
            for number, workspace in enumerate(workspaces):
                place = scratch / f"search-{number}"
                group.start_soon(_look_at, workspace, known, place, found)
    return found


async def _look_at(
    workspace: Workspace, known: Sequence[AnyInsight], place: Path, found: SearchableWorkspaces
) -> None:
    root = Path(workspace.path)
    try:
        repository = await in_spare_thread(partial(find_repository, root))
        git = None
        if repository is not None:
            make_private(place)
            git = await open_foreign(repository, place, deadline=_GIT_SECONDS)
        listed = await list_files(root, git, excluded=make_exclusion(workspace.exclude))
        found.snapshots[workspace.name] = Snapshot(
            root=root,
            files=listed.files,
            whole=not any(map(is_worth_reading, listed.too_large)),
        )
        if git is not None:
            await _ask_git(workspace, known, set(listed.files), git, found)
    except (DaydreamError, OSError):
        return  # what is not known refutes nothing, and the phase before has told of the workspace


async def _ask_git(
    workspace: Workspace,
    known: Sequence[AnyInsight],
    files: set[str],
    git: ForeignGit,
    found: SearchableWorkspaces,
) -> None:
    cited = [one for item in known if item.workspace == workspace.name for one in item.evidence]
    commits = dict.fromkeys(one.commit for one in cited if one.path not in files and one.commit)
    for commit in list(commits)[-_MOST_COMMITS:]:
        try:
            found.moved[workspace.name, commit] = await moved_since(git, commit)
        except DaydreamError:
            continue  # a commit that is gone says nothing about the others
