"""Claude Code's registry of running sessions, `sessions/<pid>.json` in its configuration directory.

The only reader of these files. An entry counts only where its `procStart` is the start of the
process that has the pid now; its file's age means nothing, as it is not rewritten during a long
turn. Files are read only, never through a link, and may be of any version of Claude Code.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files.disks import glance
from daydreamd.host.files.json_files import read_json
from daydreamd.host.processes import read_environ, read_stat, read_uid


class RegistryEntry(msgspec.Struct, frozen=True, rename="camel"):
    """The keys of an entry that are of use here; `status_updated_at` in ms since the epoch."""

    proc_start: str | int
    session_id: str = ""
    cwd: str = ""
    status: str = ""
    status_updated_at: float | None = None
    kind: str = ""
    bridge_session_id: str | None = None

    def is_of(self, start_ticks: int) -> bool:
        """Whether it is of the process that started at `start_ticks` (clock ticks since boot)."""
        return str(self.proc_start) == str(start_ticks)


NO_ENTRY: Final = RegistryEntry(proc_start="")


def config_dir(environ: Mapping[str, str], uid: int) -> Path | None:
    """Where a Claude process with this environment keeps its files; None where that is unknown."""
    if given := environ.get("CLAUDE_CONFIG_DIR"):
        return Path(given) if given.startswith("/") else None
    home = environ.get("HOME")
    if not home:
        try:
            home = pwd.getpwuid(uid).pw_dir
        except KeyError:
            return None
    return Path(home, ".claude")


def parse_entry(path: Path) -> RegistryEntry:
    """The entry in one file. FileError where it cannot be read or holds none."""
    entry = read_json(path, RegistryEntry)
    # Whoever asks compares words, whatever their case.
    return msgspec.structs.replace(entry, status=entry.status.lower())


def read_entry(home: Path, pid: int, start_ticks: int) -> RegistryEntry | None:
    """The entry of this very process; None where there is none.

    FileError or OSError where there is one, or may be one, that cannot be read.
    """
    path = home / "sessions" / f"{pid}.json"
    if not os.path.lexists(path):
        if path.parent.is_dir() and not os.access(path.parent, os.R_OK | os.X_OK):
            raise FileError(f"cannot read {path.parent}: permission denied", path=path)
        return None
    entry = parse_entry(path)
    return entry if entry.is_of(start_ticks) else None


def is_registered(pid: int) -> bool:
    """Whether the registry has an entry of this very process; one that cannot be read is none."""
    stat, uid, environ = read_stat(pid), read_uid(pid), read_environ(pid)
    if stat is None or uid is None or environ is None:
        return False
    home = config_dir(environ, uid)
    if home is None:
        return False
    read = partial(read_entry, home, pid, stat.start_ticks)
    try:
        return glance(home, read, unknown=None) is not None
    except (FileError, OSError):
        return False


def agents_at_work(environ: Mapping[str, str]) -> list[str]:
    """Each Claude in the middle of a turn, in words; as root, everybody's.

    What cannot be read is no agent at work: whoever asks has other ways to see a busy machine.
    """
    own = config_dir(environ, os.geteuid())
    everybodys = pwd.getpwall() if os.geteuid() == 0 else ()
    homes = {*filter(None, [own]), *(Path(user.pw_dir, ".claude") for user in everybodys)}
    return [words for home in homes for words in _at_work_in(home)]


def _at_work_in(home: Path) -> Iterator[str]:
    try:
        files = sorted((home / "sessions").glob("*.json"))
    except OSError:  # somebody else's, and closed to us
        return
    for file in files:
        stat = read_stat(int(file.stem)) if file.stem.isdecimal() else None
        if stat is None:
            continue
        try:
            entry = parse_entry(file)
        except FileError:  # half written, or of another version
            continue
        if entry.is_of(stat.start_ticks) and entry.status in ("busy", "shell"):
            yield f"Claude is at work in {entry.cwd or 'a place unknown'} (pid {stat.pid})"
