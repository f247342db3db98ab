"""Whose turn it is, where more workspaces are set than one session looks at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from daydreamd.records.workspace import Workspace

_NEVER = datetime.min.replace(tzinfo=UTC)


def choose_workspaces(
    workspaces: Sequence[Workspace],
    last_reflected: Mapping[str, datetime],
    limit: int,
    missing: Collection[str] = (),
) -> tuple[Workspace, ...]:
    """At most `limit`: those that waited longest first, by priority among equals.

    `last_reflected` tells by path when each was reflected on. Priority decides between those that
    never were and orders the chosen; it cannot keep the others out for ever. Nor can the paths
    that are `missing`: they are looked for where there is room.
    """
    by_waiting = sorted(
        workspaces,
        key=lambda one: (
            one.path in missing,
            last_reflected.get(one.path, _NEVER),
            -one.priority,
        ),
    )
    return tuple(sorted(by_waiting[:limit], key=lambda one: -one.priority))
