"""The facts of a workspace, put together from what its sources answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daydreamd.context.activity import Churn, Commit, activity_facts, count_churn
from daydreamd.context.branches import with_branches
from daydreamd.context.lines import CountedFile, HotFile, code_facts, find_hot_files, language_facts
from daydreamd.context.markers import Growth, marker_facts
from daydreamd.context.state import State
from daydreamd.context.workspaces import printable
from daydreamd.records.facts import GitFacts, Marker, Technology, WorkspaceFacts
from daydreamd.records.instructions import InstructionFault
from daydreamd.records.workspace import Workspace


@dataclass(frozen=True)
class SourceAnswers:
    """The answers of the sources; None where a source failed or had nothing to be asked."""

    lines: list[CountedFile] | None = None
    tech_stack: tuple[Technology, ...] | None = None
    markers: list[Marker] | None = None
    growth: list[Growth] | None = None
    history: list[Commit] | None = None
    branches: dict[str, int] | None = None
    upstream: tuple[int, int] | None = None
    instructions: tuple[InstructionFault, ...] | None = None

    @property
    def hot_files(self) -> list[HotFile]:
        """The hottest files, as far as lines and history are known."""
        return find_hot_files(self.lines or (), self.churn)

    @property
    def churn(self) -> dict[str, Churn]:
        """Churn per file in 90 days."""
        return count_churn(self.history or ())


def make_facts(
    workspace: Workspace,
    state: State,
    found: SourceAnswers,
    *,
    now: float,
    excluded: Callable[[str], bool],
) -> WorkspaceFacts:
    """The facts of `workspace`, but for what is new with every look."""
    lines, markers = found.lines, found.markers
    unknown = found.history is None and state.head
    return WorkspaceFacts(
        name=workspace.name,
        path=printable(workspace.path),
        git=_git(state, found, now),
        tech_stack=found.tech_stack,
        languages=None if lines is None else language_facts(lines),
        complexity=None if lines is None else code_facts(lines, found.hot_files),
        markers=None
        if markers is None
        else marker_facts(
            markers, found.growth, root=Path(workspace.path), now=now, excluded=excluded
        ),
        activity=None
        if unknown
        else activity_facts(found.history or (), now=now, excluded=excluded),
        instructions=found.instructions,
        fingerprint=state.fingerprint,
    )


def _git(state: State, found: SourceAnswers, now: float) -> GitFacts | None:
    git = state.git_facts(now=now)
    if git is None or state.repository is None:
        return None
    if found.branches is not None:
        git = with_branches(git, state.repository, found.branches, now=now)
    if found.upstream is not None:
        ahead, behind = found.upstream
        git = msgspec.structs.replace(git, ahead=ahead, behind=behind)
    return git
