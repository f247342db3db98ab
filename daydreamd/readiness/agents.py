"""Is an agent at work for somebody just now? Claude Code says so itself, in a file per session.

`~/.claude/sessions/<pid>.json` is believed only where it speaks of a process that lives: its
`procStart` is that process's start. The file's age means nothing, as it is not rewritten during a
long turn. What cannot be read is no agent at work: the other gates still stand.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files import read_text_nofollow
from daydreamd.host.processes import read_stat

_AT_WORK: Final = ("busy", "shell")


class _Entry(msgspec.Struct, rename="camel"):
    proc_start: str | int
    status: str = ""
    cwd: str = ""


def agents_at_work(environ: Mapping[str, str]) -> list[str]:
    """Each agent that is in the middle of a turn, in words; as root, everybody's."""
    return [words for home in _homes(environ) for words in _in_home(home)]


def _homes(environ: Mapping[str, str]) -> set[Path]:
    own = environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or "/", ".claude")
    everybodys = pwd.getpwall() if os.geteuid() == 0 else ()
    return {Path(own), *(Path(user.pw_dir, ".claude") for user in everybodys)}


def _in_home(home: Path) -> Iterator[str]:
    try:
        files = sorted((home / "sessions").glob("*.json"))
    except OSError:  # somebody else's, and closed to us
        return
    for file in files:
        stat = read_stat(int(file.stem)) if file.stem.isdecimal() else None
        if stat is None:
            continue
        try:
            entry = msgspec.json.decode(read_text_nofollow(file), type=_Entry)
        except (FileError, msgspec.DecodeError):  # half written, or of another version
            continue
        if str(entry.proc_start) == str(stat.start_ticks) and entry.status in _AT_WORK:
            yield f"Claude is at work in {entry.cwd or 'a place unknown'} (pid {stat.pid})"
