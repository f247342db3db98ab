"""The section "Instructions that are no longer true": file and line, what is said, what is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.instructions import InstructionFault

_MAX_SHOWN: Final = 15


class InstructionSection(NamedTuple):
    """Faults with the workspace of each, and how many more there are."""

    faults: tuple[tuple[str, InstructionFault], ...]
    more: int


def instruction_section(workspaces: Mapping[str, WorkspaceFacts]) -> InstructionSection:
    """What is to be told of all workspaces."""
    found = [(name, one) for name, facts in workspaces.items() for one in facts.instructions or ()]
    return InstructionSection(tuple(found[:_MAX_SHOWN]), max(0, len(found) - _MAX_SHOWN))
