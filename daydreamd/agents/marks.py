"""What a process bears of the agent that started it: marks in its environment.

The names are those that the agents' own packages set for what they start. An environment is
inherited by everything below, though: a mark proves descent, and says nothing about an owner.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.host.files.disks import glance

ANY_AGENT: Final = "an agent"
"""Who sets a mark that names no kind."""
# A name alone counts where nobody but the agent sets it. Settings that a person writes into a shell
# profile (CLAUDE_CODE_USE_BEDROCK, CODEX_HOME, GEMINI_API_KEY) are no marks.
_MARKS: Final = {
    "claude": (
        "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_CHILD_SESSION",
    ),
    "codex": ("CODEX_THREAD_ID", "CODEX_CI", "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED"),
    "gemini": ("GEMINI_CLI",),
    "qwen": ("QWEN_CODE",),
    "opencode": ("OPENCODE", "OPENCODE_PID", "OPENCODE_RUN_ID"),
    "cursor-agent": ("CURSOR_AGENT",),
    "copilot": ("COPILOT_CLI", "COPILOT_CLI_BINARY_VERSION", "COPILOT_AGENT_SESSION_ID"),
    "amp": ("AMP_CURRENT_THREAD_ID",),
    "goose": ("GOOSE_TERMINAL",),
    ANY_AGENT: ("AI_AGENT",),
}  # fmt: skip
MARKS: Final = tuple(f"{name}=".encode() for names in _MARKS.values() for name in names)
"""As they stand in an environment, for a quick look."""
_LEAST_NATIVE_BYTES: Final = 64 << 20


def started_by(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds of agent that an environment comes from: several where one started another."""
    return tuple(kind for kind, names in _MARKS.items() if any(environ.get(name) for name in names))


def is_native_claude(exe: str) -> bool:
    """Whether a program called `claude` is as large as Claude Code and built as it is, by Bun."""
    return glance(exe, partial(_is_built_by_bun, exe), unknown=False)


def _is_built_by_bun(exe: str) -> bool:
    try:
        with Path(exe).open("rb") as file:
            if os.fstat(file.fileno()).st_size < _LEAST_NATIVE_BYTES:
                return False
            header = file.read(64)
            if header[:5] != b"\x7fELF\x02":
                return False
            table = struct.unpack_from("<Q", header, 40)[0]
            size, count, names = struct.unpack_from("<HHH", header, 58)
            if names >= count:
                return False
            file.seek(table + names * size)
            offset, length = struct.unpack_from("<QQ", file.read(size), 24)
            file.seek(offset)
            return b"\0.bun\0" in file.read(min(length, 1 << 16))
    except (OSError, struct.error, OverflowError):  # gone, unreadable, or no program of today
        return False
