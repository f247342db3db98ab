"""What a session is to do, as it is decided before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daydreamd.records.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The workspaces of a session, and how it is held.

    Without `idle_gates` only the hard gates count. `again` has the model reflect even where nothing
    changed; `held_back` says why it is not asked at all. `waiting` are workspaces whose turn comes
    in a later session.
    """

    workspaces: Sequence[Workspace]
    idle_gates: bool
    again: bool = False
    held_back: str = ""
    waiting: Sequence[Workspace] = ()
