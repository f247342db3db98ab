"""What models are told of the workspaces: the same for a session and for `daydreamd prompt`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from daydreamd.insights.observations import observe
from daydreamd.records.workspace import Workspace
from daydreamd.reflection.composition import Material
from daydreamd.reflection.portions import Portion
from daydreamd.sessions.plan import models_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daydreamd.context.gathering import ContextReport
    from daydreamd.records.facts import WorkspaceFacts
    from daydreamd.records.reflected import Before
    from daydreamd.records.workspace import Excerpt
    from daydreamd.sessions.findings import Recalled
    from daydreamd.settings.schema import Settings


def portions_of(
    context: ContextReport,
    recalled: Recalled,
    workspaces: Sequence[Workspace],
    settings: Settings,
    observed: Mapping[str, Sequence[str]] | None = None,
) -> list[Portion]:
    """A prompt of its own for each workspace, the changed ones first, and who is asked about it.

    `observed` are further facts of a workspace, by its name.
    """
    by_name = {one.name: one for one in workspaces}
    portions = []
    for name, facts in sorted(
        context.workspaces.items(),
        key=lambda pair: _is_unchanged(pair[0], pair[1], recalled.before),
    ):
        alone = dataclasses.replace(
            context,
            workspaces={name: facts},
            excerpts=tuple(one for one in context.excerpts if one.workspace == name),
        )
        known = tuple(one for one in recalled.known if one.workspace == name)
        more = observed.get(name, ()) if observed else ()
        material = gather_material(alone, dataclasses.replace(recalled, known=known), more)
        proposers, refuter = models_for(by_name.get(name), facts, settings)
        portions.append(Portion(material, proposers, refuter))
    return portions


def gather_material(
    context: ContextReport, recalled: Recalled, observed: Sequence[str] = ()
) -> Material:
    """All that a prompt may hold, before anything is left out to fit its budget."""
    before = recalled.before
    return Material(
        workspace_analysis=context.workspaces,
        excerpts=in_turn(context.excerpts, before),
        observations=[*(one.text for one in observe(context.workspaces)), *observed],
        known_titles=[known.title for known in recalled.known],
        unchanged=frozenset(
            name for name, facts in context.workspaces.items() if _is_unchanged(name, facts, before)
        ),
    )


def in_turn(excerpts: tuple[Excerpt, ...], before: Mapping[str, Before]) -> tuple[Excerpt, ...]:
    """The excerpts as they come, those last that were shown before, the longest ago first."""

    def shown_at(one: Excerpt) -> float:
        return before[one.workspace].keys.get(one.key, 0.0) if one.workspace in before else 0.0

    return tuple(sorted(excerpts, key=shown_at))


def _is_unchanged(name: str, facts: WorkspaceFacts, before: Mapping[str, Before]) -> bool:
    """Whether a workspace looks as it did when it was last reflected on."""
    return bool(
        facts.fingerprint and name in before and facts.fingerprint == before[name].fingerprint
    )
