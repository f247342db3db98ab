"""What a model is told of the workspaces: the same for a session and for `daydreamd prompt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daydreamd.insights.observations import observe
from daydreamd.reflection.composition import Material

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daydreamd.context.gathering import ContextReport
    from daydreamd.records.reflected import Before
    from daydreamd.records.workspace import Excerpt
    from daydreamd.sessions.findings import Recalled


def gather_material(context: ContextReport, recalled: Recalled) -> Material:
    """All that a prompt may hold, before anything is left out to fit its budget."""
    before = recalled.before
    return Material(
        workspace_analysis=context.workspaces,
        excerpts=in_turn(context.excerpts, before),
        observations=[observation.text for observation in observe(context.workspaces)],
        known_titles=[known.title for known in recalled.known],
        unchanged=frozenset(
            name
            for name, facts in context.workspaces.items()
            if facts.fingerprint
            and name in before
            and facts.fingerprint == before[name].fingerprint
        ),
    )


def in_turn(excerpts: tuple[Excerpt, ...], before: Mapping[str, Before]) -> tuple[Excerpt, ...]:
    """The excerpts as they come, those last that were shown before, the longest ago first."""

    def shown_at(one: Excerpt) -> float:
        return before[one.workspace].keys.get(one.key, 0.0) if one.workspace in before else 0.0

    return tuple(sorted(excerpts, key=shown_at))
