"""The control group of a process: its unit or container, and whether it is frozen.

The path is what systemd and container runtimes write; what it means for whom is not known here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")


def read_cgroup(pid: int) -> str | None:
    """The path in the unified hierarchy, or in systemd's own where that is all there is.

    "/" where the process is in no group; None where it cannot be read.
    """
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(errors="replace").splitlines()
    except OSError:  # gone, or hidden
        return None
    named = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    paths = {controllers: path for _, controllers, path in named}
    unified = paths.get("", "/")
    if unified != "/":
        return unified
    others = (path for path in paths.values() if path != "/")
    return paths.get("name=systemd", next(others, "/"))


def is_frozen(path: str) -> bool | None:
    """Whether the group, or one above it, is frozen; None where that cannot be told."""
    if path == "/" or "/.." in path:
        return False if path == "/" else None
    events = _ROOT / path.lstrip("/") / "cgroup.events"
    try:
        return "frozen 1" in events.read_text().splitlines()
    except OSError:  # no unified hierarchy: then freezing is another controller's
        pass
    try:
        return (
            _ROOT / "freezer" / path.lstrip("/") / "freezer.state"
        ).read_text().strip() != "THAWED"
    except OSError:
        return None
