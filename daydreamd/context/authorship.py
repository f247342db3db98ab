"""Which agent made a piece of work, told by signs that agents leave, and the sign with it.

A sign is a hint, never a proof: a person may name a branch as an agent would.
"""

from __future__ import annotations

from typing import Final

_AGENTS: Final = (
    "claude", "codex", "copilot", "cursor", "gemini", "jules", "devin", "aider", "opencode",
)  # fmt: skip
_PREFIXES: Final = {f"{agent}/": agent for agent in _AGENTS} | {
    "worktree-agent-": "claude",
    "cursor-": "cursor",
}
_PLACES: Final = {f"/.{agent}/worktrees/": agent for agent in _AGENTS} | {
    "/.claude-worktrees/": "claude",
    "/.opencode/": "opencode",
}
_ADDRESSES: Final = {
    "noreply@anthropic.com": "claude",
    "cursoragent@cursor.com": "cursor",
    "copilot-swe-agent": "copilot",
    "copilot@github.com": "copilot",
    "noreply@openai.com": "codex",
    "codex@openai.com": "codex",
    "aider@aider.chat": "aider",
    "noreply@aider.chat": "aider",
    "devin-ai-integration": "devin",
    "google-labs-jules": "jules",
    "gemini-code-assist": "gemini",
}


def name_agent(
    *, branch: str = "", path: str = "", author: str = "", helpers: str = ""
) -> str | None:
    """The agent and the sign: `claude (its worktree is below .claude/worktrees)`."""
    for place, agent in _PLACES.items():
        if place in f"{path}/":
            return f"{agent} (it is below {place.strip('/')})"
    for prefix, agent in _PREFIXES.items():
        if branch.startswith(prefix):
            return f"{agent} (the branch begins with {prefix})"
    for said, where in ((helpers, "Co-Authored-By"), (author, "author")):
        for address, agent in _ADDRESSES.items():
            if address in said.lower():
                return f"{agent} ({where}: {address})"
    if "(aider)" in author:
        return "aider (author: (aider))"
    return None
