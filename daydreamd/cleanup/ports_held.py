"""Ports that are held by what agents left and nobody has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from daydreamd.cleanup.tidy_report import JudgedProcess
from daydreamd.records.hazard import Hazard

_FREED: Final = " would be free again"


def ports_held(left_behind: Sequence[JudgedProcess]) -> list[Hazard]:
    """A hazard for each port; it is told, and its process is the owner's to end."""
    return [
        Hazard(
            kind="port",
            subject=line.removesuffix(_FREED),
            what=f"{line.removesuffix(_FREED)} is held by {one.facts.command}, left by an agent",
            advice=f"if it is not wanted: kill {one.facts.pid}",
            since=datetime.now(UTC),
        )
        for one in left_behind
        for line in one.facts.proof
        if line.endswith(_FREED)
    ]
