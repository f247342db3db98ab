"""What was found out about a workspace, in the shape that travels.

A part whose source failed is None; one that does not apply (no repository, no commit) is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daydreamd.context.activity import Churn, Commit, activity_facts, count_churn
from daydreamd.context.branches import branch_facts
from daydreamd.context.lines import (
    CountedFile,
    Hotspot,
    complexity_facts,
    find_hotspots,
    language_facts,
)
from daydreamd.context.markers import Growth, Marker, marker_facts
from daydreamd.context.state import State
from daydreamd.context.workspaces import printable
from daydreamd.records.workspace import Workspace


@dataclass(frozen=True)
class Findings:
    """The answers of the sources; None where a source failed or had nothing to be asked."""

    lines: list[CountedFile] | None = None
    tech_stack: list[dict[str, str]] | None = None
    markers: list[Marker] | None = None
    growth: list[Growth] | None = None
    history: list[Commit] | None = None
    branches: dict[str, int] | None = None
    upstream: tuple[int, int] | None = None

    @property
    def hotspots(self) -> list[Hotspot]:
        """The hottest files, as far as lines and history are known."""
        return find_hotspots(self.lines or (), self.churn)

    @property
    def churn(self) -> dict[str, Churn]:
        """Churn per file in 90 days."""
        return count_churn(self.history or ())


def make_entry(
    workspace: Workspace,
    state: State,
    found: Findings,
    *,
    now: float,
    excluded: Callable[[str], bool],
) -> dict[str, Any]:
    """The entry of `workspace` in the context, but for what is new with every look."""
    return {
        "name": workspace.name,
        "path": printable(workspace.path),
        "git": _git(state, found, now),
        "tech_stack": found.tech_stack,
        "languages": None if found.lines is None else language_facts(found.lines),
        "complexity": None
        if found.lines is None
        else complexity_facts(found.lines, found.hotspots),
        "markers": None
        if found.markers is None
        else marker_facts(
            found.markers, found.growth, root=Path(workspace.path), now=now, excluded=excluded
        ),
        "activity": None
        if found.history is None and state.head
        else activity_facts(found.history or (), now=now, excluded=excluded),
        "fingerprint": state.fingerprint,
    }


def _git(state: State, found: Findings, now: float) -> dict[str, Any] | None:
    git = state.git_facts(now=now)
    if git is None or state.repository is None:
        return None
    if found.branches is not None:
        git |= branch_facts(state.repository, found.branches, now=now)
    if found.upstream is not None:
        git["ahead"], git["behind"] = found.upstream
    return git
