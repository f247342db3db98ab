"""Whether the paths in the settings lead anywhere, as the one who reads them sees it.

A directory may be away today and back tomorrow (a disk that is not mounted), so that the daemon
takes it as it comes; `daydreamd check` and `doctor` say it, as a mistyped path looks the same.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from daydreamd.settings.faults import Fault, say_value
from daydreamd.settings.loading import SYSTEM_FILE, Loaded
from daydreamd.settings.unit_paths import CLOSED, is_open_to_the_unit

_STATE: Final = Path("/var/lib/daydreamd")


def wrong_paths(loaded: Loaded) -> tuple[Fault, ...]:
    """A fault for each path that is not there, or is not what it should be."""
    home = _home_of_the_reader(loaded.files)
    file = ", ".join(map(str, loaded.files))
    return tuple(
        Fault(file=file, key=key, value=say_value("path", path), reason=reason)
        for key, path, reason in _look(loaded, home)
    )


def _look(loaded: Loaded, home: Path) -> Iterator[tuple[str, str, str]]:
    settings = loaded.settings
    for number, workspace in enumerate(settings.workspaces, 1):
        if reason := _not_a_directory(_expanded(workspace.path, home)):
            yield f"workspaces[{number}].path", workspace.path, reason
    for number, log in enumerate(settings.cleanup.logs, 1):
        if reason := _not_a_directory(_expanded(log.path, home).parent):
            yield f"cleanup.logs[{number}].path", log.path, f"its directory: {reason}"
        elif SYSTEM_FILE in loaded.files and not is_open_to_the_unit(_expanded(log.path, home)):
            yield f"cleanup.logs[{number}].path", log.path, CLOSED
    if settings.queue.backend == "sqlite" and not _expanded(settings.queue.path, home).is_file():
        yield "queue.path", settings.queue.path, "there is no such file"


def _not_a_directory(path: Path) -> str:
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return "it is not a directory"
    except OSError as error:
        return "there is no such directory" if error.errno == 2 else str(error.strerror).lower()
    return "" if os.access(path, os.R_OK | os.X_OK) else "it may not be looked into"


def _expanded(path: str, home: Path) -> Path:
    return home / path[2:] if path.startswith("~/") else Path(path).expanduser()


def _home_of_the_reader(files: Sequence[Path]) -> Path:
    """`~` in the system's settings is the home of the daemon's user, also where root asks."""
    try:
        if SYSTEM_FILE in files and os.geteuid() == 0:
            return Path(pwd.getpwuid(_STATE.stat().st_uid).pw_dir)
    except (KeyError, OSError):  # not installed, or nobody of that number: then the caller's own
        pass
    return Path.home()
