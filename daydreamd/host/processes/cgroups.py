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
    paths = _paths(pid)
    if paths is None:
        return None
    unified = paths.get("", "/")
    if unified != "/":
        return unified
    others = (path for path in paths.values() if path != "/")
    return paths.get("name=systemd", next(others, "/"))


def is_frozen(pid: int) -> bool:
    """Whether its group, or one above it, is seen to be frozen, in either hierarchy."""
    paths = _paths(pid) or {}
    freezers = [path for names, path in paths.items() if "freezer" in names.split(",")]
    return (
        "frozen 1" in _read(_ROOT / paths.get("", "/").lstrip("/") / "cgroup.events").splitlines()
        or "frozen 1" in _read(_ROOT / "unified" / paths.get("", "/").lstrip("/") / "cgroup.events")
        or any(_v1_state(path) in ("FROZEN", "FREEZING") for path in freezers)
    )


def _v1_state(path: str) -> str:
    return _read(_ROOT / "freezer" / path.lstrip("/") / "freezer.state").strip()


def _paths(pid: int) -> dict[str, str] | None:
    """The group in each hierarchy, by its controllers; that of the unified one has none."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(errors="replace").splitlines()
    except OSError:  # gone, or hidden
        return None
    named = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return {controllers: path for _, controllers, path in named}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # no such hierarchy, or another namespace's
        return ""
