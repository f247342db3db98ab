"""What a session is to do, as it is decided before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daydreamd.records.workspace import Workspace
from daydreamd.settings.schema import Model, WorkspaceSetting


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The workspaces of a session, and how it is held.

    Without `idle_gates` only the hard gates count. `again` has the model reflect even where nothing
    changed; `held_back` says why it is not asked at all. `waiting` are workspaces whose turn comes
    in a later session. One that `only_tidies`, for the reason given, does nothing else.
    """

    workspaces: Sequence[Workspace]
    idle_gates: bool
    again: bool = False
    held_back: str = ""
    only_tidies: str = ""
    waiting: Sequence[Workspace] = ()


def model_settings(model: Model, workspaces: Sequence[Workspace]) -> Model:
    """The settings of the model, which the first workspace may name itself."""
    own = workspaces[0].model if workspaces else None
    return msgspec.structs.replace(model, name=own) if own else model


def paths_of(settings: Sequence[WorkspaceSetting]) -> list[Path]:
    """Where the workspaces of the settings lie."""
    return [Path(one.path).expanduser() for one in settings]
