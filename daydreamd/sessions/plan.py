"""What a session is to do, as it is decided before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.workspace import Workspace
from daydreamd.settings.schema import Analysis, Model, Settings, WorkspaceSetting


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


def models_for(
    workspace: Workspace | None, facts: WorkspaceFacts, settings: Settings
) -> tuple[tuple[str, ...], str]:
    """The models that propose about a workspace, and the one that judges; empty: the session's.

    Its own model comes before that of its language, and that before the list of all.
    """
    analysis = settings.analysis
    own = (workspace.model if workspace else None) or _of_language(facts, analysis)
    listed = analysis.models
    first = own or (listed[0] if listed else "")
    others = tuple(name for name in listed if name != first)
    if not others:
        return ((first,) if first else ()), ""
    if analysis.second_model == "proposes":
        return ((first, others[0]) if first else (others[0],)), ""
    return ((first,) if first else ()), others[0]


def _of_language(facts: WorkspaceFacts, analysis: Analysis) -> str:
    """The model for the language that most of the code is written in."""
    languages = facts.languages or {}
    main = max(languages, key=lambda name: languages[name].code, default="")
    named = (one.partition("=") for one in analysis.language_models)
    return next((model.strip() for name, _, model in named if name.strip() == main), "")


def model_settings(settings: Settings, workspaces: Sequence[Workspace]) -> Model:
    """The settings of the session's model: the first workspace, or the list, may name it."""
    listed = settings.analysis.models
    own = (workspaces[0].model if workspaces else None) or (listed[0] if listed else None)
    return msgspec.structs.replace(settings.model, name=own) if own else settings.model


def paths_of(settings: Sequence[WorkspaceSetting]) -> list[Path]:
    """Where the workspaces of the settings lie."""
    return [Path(one.path).expanduser() for one in settings]
