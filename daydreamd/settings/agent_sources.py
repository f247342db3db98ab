"""Whose transcripts are read, to tell what the agents did."""

from __future__ import annotations

from typing import Annotated

from daydreamd.settings.group import Group, says


class Agents(Group, frozen=True, kw_only=True):
    """Whose transcripts are read, to tell what they did. Nothing of them leaves this machine."""

    claude: Annotated[bool, says("Read those of Claude Code.")] = True
    codex: Annotated[bool, says("Read those of Codex.")] = True
    gemini: Annotated[bool, says("Read those of Gemini.")] = True
    opencode: Annotated[bool, says("Read those of opencode.")] = True
    aider: Annotated[bool, says("Read those of Aider, which lie in the workspaces.")] = True
