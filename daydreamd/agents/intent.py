"""What the words that an agent was started with say of how long it is meant to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daydreamd.agents.kinds import AIDER, CLAUDE, OTHER_AGENTS
from daydreamd.agents.sampling import Sample

_DAEMON_WORDS: Final = frozenset({"--daemon", "--daemonize", "--detach", "--service"})
# What other agents than Claude are started with to wait for files or for somebody far away.
_WORKS_ALONE: Final = frozenset({
    "--watch-files", "--remote", "--remote-control", "remote-control", "app-server", "exec-server",
    "worker",
})  # fmt: skip


def meant_to_stay(pid: int, sample: Sample, environ: Mapping[str, str]) -> str:
    """Why a process is meant to outlive whoever started it; "" where nothing says so."""
    words = {*sample.argv[1:]}
    if sample.kind != CLAUDE and words & _DAEMON_WORDS:
        return "meant to outlive its starter: it was started as a daemon"
    if sample.kind in (AIDER, *OTHER_AGENTS) and (alone := words & _WORKS_ALONE):
        return f"meant to go on by itself: it was started with {min(alone)}"
    if sample.argv[1:2] == ("daemon",):
        return "meant to outlive its starter: it was started as `daemon`"
    if environ.get("SYSTEMD_EXEC_PID") == str(pid):
        return "meant to outlive its starter: it is a systemd unit of its own"
    return ""
