"""What a model is told of the workspaces: the same for a session and for `daydreamd prompt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daydreamd.insights.observations import observe
from daydreamd.reflection.composition import Material

if TYPE_CHECKING:
    from daydreamd.context.gathering import ContextReport
    from daydreamd.sessions.findings import Recalled


def gather_material(context: ContextReport, recalled: Recalled) -> Material:
    """All that a prompt may hold, before anything is left out to fit its budget."""
    return Material(
        workspace_analysis=context.workspaces,
        excerpts=context.excerpts,
        observations=[observation.text for observation in observe(context.workspaces)],
        known_titles=[known.title for known in recalled.known],
    )
